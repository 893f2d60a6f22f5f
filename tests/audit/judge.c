// SPDX-License-Identifier: GPL-2.0-only
/* The kernel's tables of the places that it changes; see judge.h. */
#include "judge.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *const judge_words[JUDGE_NR] = {
	[JUDGE_LOCK] = "lock", [JUDGE_JUMP] = "jump_label", [JUDGE_STATIC_CALL] = "static_call",
	[JUDGE_TRACE] = "fentry", [JUDGE_RETURN] = "return", [JUDGE_INDIRECT] = "retpoline",
	[JUDGE_CALL] = "call", [JUDGE_ENDBR] = "endbr", [JUDGE_PARAVIRT] = "paravirt",
	[JUDGE_RUNTIME] = "runtime", [JUDGE_ALTERNATIVE] = "alternative",
};

/* Entries of a table: [start, end), in a section of the file. */
struct table {
	const struct loaded_section *in;
	uint64_t start, end;
};

static int32_t number(const struct table *t, uint64_t address)
{
	int32_t value;

	memcpy(&value, t->in->data + (address - t->in->address), sizeof(value));
	return value;
}

static uint64_t word(const struct table *t, uint64_t address)
{
	uint64_t value;

	memcpy(&value, t->in->data + (address - t->in->address), sizeof(value));
	return value;
}

/* A field that holds the distance from itself. */
static uint64_t place(const struct table *t, uint64_t address)
{
	return address + number(t, address);
}

static uint8_t byte(const struct table *t, uint64_t address)
{
	return t->in->data[address - t->in->address];
}

static int add(struct judge *j, const struct loaded *file, struct judge_site site)
{
	struct judge_site *sites;

	site.file = file;
	site.original = loaded_at(file, site.address, site.length);
	/* Code that the copy does not have (of another processor, freed) has no sites. */
	if (!site.length || !site.original || !memory_at(j->memory, site.address, site.length))
		return 0;
	if (!(j->nr_sites & (j->nr_sites - 1))) {
		size_t capacity = j->nr_sites ? 2 * j->nr_sites : 1;

		sites = reallocarray(j->sites, capacity, sizeof(*sites));
		if (!sites)
			return -1;
		j->sites = sites;
	}
	j->sites[j->nr_sites++] = site;
	if (site.length > j->longest)
		j->longest = site.length;
	return 0;
}

/* ---- tables of places only ----------------------------------------------------- */

static uint8_t branch_length(const uint8_t *code)
{
	/* A prefix (cs, or the first byte of a conditional jump) makes it six bytes. */
	return code && (code[0] == 0xe8 || code[0] == 0xe9) ? 5 : 6;
}

static int add_places(struct judge *j, const struct loaded *file, const struct table *t,
		      enum judge_kind kind)
{
	uint64_t stride = kind == JUDGE_TRACE ? 8 : 4;

	for (uint64_t at = t->start; at + stride <= t->end; at += stride) {
		uint64_t address = kind == JUDGE_TRACE ? word(t, at) : place(t, at);
		struct judge_site site = { .address = address, .kind = kind };

		switch (kind) {
		case JUDGE_LOCK:
			site.length = 1;
			break;
		case JUDGE_ENDBR:
			site.length = 4;
			break;
		case JUDGE_INDIRECT:
			site.length = branch_length(loaded_at(file, address, 1));
			break;
		default:
			site.length = 5;
		}
		if (add(j, file, site))
			return -1;
	}
	return 0;
}

/* ---- tables with more in an entry ---------------------------------------------- */

/* struct jump_entry: code, target, key (64 bits) */
static int add_jumps(struct judge *j, const struct loaded *file, const struct table *t)
{
	for (uint64_t at = t->start; at + 16 <= t->end; at += 16) {
		struct judge_site site = { .address = place(t, at), .kind = JUDGE_JUMP,
					   .value = place(t, at + 4) };
		const uint8_t *code = loaded_at(file, site.address, 2);

		site.length = code && (code[0] == 0xe9 || code[0] == 0x0f) ? 5 : 2;
		if (add(j, file, site))
			return -1;
	}
	return 0;
}

/* A module that must not know a key knows its trampoline: __SCT__NAME for __SCK__NAME. */
static uint64_t static_call_key(const struct judge *j, uint64_t address)
{
	const struct entry *e = memory_entry_from(j->memory, address);
	char key[640];

	if (!e || e->address != address || strncmp(e->name, "__SCT__", 7))
		return address;
	snprintf(key, sizeof(key), "__SCK__%s", e->name + 7);
	return memory_symbol_anywhere(j->memory, key);
}

/* struct static_call_site: code, key with two flags */
static int add_static_calls(struct judge *j, const struct loaded *file, const struct table *t)
{
	for (uint64_t at = t->start; at + 8 <= t->end; at += 8) {
		struct judge_site site = { .address = place(t, at), .kind = JUDGE_STATIC_CALL };

		site.value = static_call_key(j, (at + 4 + number(t, at + 4)) & ~3UL);
		site.length = branch_length(loaded_at(file, site.address, 1));
		if (add(j, file, site))
			return -1;
	}
	return 0;
}

/* struct paravirt_patch_site: instr, type, len */
static int add_paravirt(struct judge *j, const struct loaded *file, const struct table *t)
{
	for (uint64_t at = t->start; at + 16 <= t->end; at += 16)
		if (add(j, file,
			(struct judge_site){ .address = word(t, at), .kind = JUDGE_PARAVIRT,
					     .value = byte(t, at + 8),
					     .length = byte(t, at + 9) }))
			return -1;
	return 0;
}

/*
 * struct alt_instr: instr, replacement, feature (2 bytes, since 6.3 four), two lengths. How wide
 * it is shows in where its entries lead.
 */
static uint64_t alternative_stride(const struct loaded *file, const struct table *t)
{
	static const uint64_t known[] = { 12, 14 };

	for (size_t k = 0; k < 2; k++) {
		uint64_t at, size = known[k];

		if ((t->end - t->start) % size)
			continue;
		for (at = t->start; at < t->end; at += size)
			if (!loaded_at(file, place(t, at), byte(t, at + size - 2)) ||
			    byte(t, at + size - 1) > byte(t, at + size - 2) ||
			    !loaded_at(file, place(t, at + 4), byte(t, at + size - 1)))
				break;
		if (at == t->end)
			return size;
	}
	return 0;
}

#define FLAG_DIRECT_CALL (1U << 17)

static int add_alternatives(struct judge *j, const struct loaded *file, const struct table *t)
{
	uint64_t size = alternative_stride(file, t);

	if (!size) {
		fprintf(stderr, "audit-mutate: error: .altinstructions of %s: unknown layout\n",
			*file->module ? file->module : "vmlinux");
		return -1;
	}
	for (uint64_t at = t->start; at < t->end; at += size)
		if (add(j, file,
			(struct judge_site){
				.address = place(t, at), .kind = JUDGE_ALTERNATIVE,
				.value = place(t, at + 4), .length = byte(t, at + size - 2),
				.value_length = byte(t, at + size - 1),
				.direct_call = size == 14 &&
					       (uint32_t)number(t, at + 8) & FLAG_DIRECT_CALL }))
			return -1;
	return 0;
}

static int add_runtime(struct judge *j, const struct loaded *file, const struct table *t)
{
	bool shift = !strncmp(t->in->name, "runtime_shift_", 14);
	uint64_t variable = memory_symbol(j->memory, t->in->name + (shift ? 14 : 12));

	for (uint64_t at = t->start; at + 4 <= t->end; at += 4)
		if (add(j, file,
			(struct judge_site){ .address = place(t, at), .kind = JUDGE_RUNTIME,
					     .value = variable, .length = shift ? 1 : 8 }))
			return -1;
	return 0;
}

/* ---- all of them ----------------------------------------------------------------- */

static int add_table(struct judge *j, const struct loaded *file, const struct table *t,
		     enum judge_kind kind)
{
	switch (kind) {
	case JUDGE_JUMP:
		return add_jumps(j, file, t);
	case JUDGE_STATIC_CALL:
		return add_static_calls(j, file, t);
	case JUDGE_PARAVIRT:
		return add_paravirt(j, file, t);
	case JUDGE_ALTERNATIVE:
		return add_alternatives(j, file, t);
	case JUDGE_RUNTIME:
		return add_runtime(j, file, t);
	default:
		return add_places(j, file, t, kind);
	}
}

static const struct {
	enum judge_kind kind;
	const char *section;
	const char *start, *stop; /* in vmlinux, where it is a part of another section */
} tables[] = {
	{ JUDGE_LOCK, ".smp_locks", NULL, NULL },
	{ JUDGE_JUMP, "__jump_table", "__start___jump_table", "__stop___jump_table" },
	{ JUDGE_STATIC_CALL, ".static_call_sites", "__start_static_call_sites",
	  "__stop_static_call_sites" },
	{ JUDGE_TRACE, "__mcount_loc", "__start_mcount_loc", "__stop_mcount_loc" },
	{ JUDGE_RETURN, ".return_sites", NULL, NULL },
	{ JUDGE_INDIRECT, ".retpoline_sites", NULL, NULL },
	{ JUDGE_CALL, ".call_sites", NULL, NULL },
	{ JUDGE_ENDBR, ".ibt_endbr_seal", NULL, NULL },
	{ JUDGE_PARAVIRT, ".parainstructions", NULL, NULL },
	{ JUDGE_ALTERNATIVE, ".altinstructions", NULL, NULL },
	{ JUDGE_RUNTIME, "runtime_ptr_", NULL, NULL },
	{ JUDGE_RUNTIME, "runtime_shift_", NULL, NULL },
};

static int add_named(struct judge *j, const struct loaded *file, enum judge_kind kind,
		     const char *start, const char *stop)
{
	struct table t = { NULL, memory_symbol(j->memory, start), memory_symbol(j->memory, stop) };

	for (size_t i = 0; i < file->nr_sections && t.start < t.end; i++) {
		t.in = &file->sections[i];
		if (t.in->data && t.in->address <= t.start &&
		    t.end <= t.in->address + t.in->size)
			return add_table(j, file, &t, kind);
	}
	fprintf(stderr, "audit-mutate: error: vmlinux: no table from %s to %s\n", start, stop);
	return -1;
}

/* The trampolines of static calls go where their keys say, as jumps do; no table lists them. */
static int add_trampolines(struct judge *j, const struct loaded *file)
{
	size_t count;
	const struct entry *e = memory_entries(j->memory, &count);

	for (; count; count--, e++) {
		struct judge_site site = { .address = e->address, .kind = JUDGE_STATIC_CALL,
					   .length = 5 };

		if (strcmp(e->module, file->module) || strncmp(e->name, "__SCT__", 7))
			continue;
		site.value = static_call_key(j, e->address);
		if (add(j, file, site))
			return -1;
	}
	return 0;
}

/*
 * The endbr at the entry of each function, in the table or not: only the final link decides
 * which are sealed, and no unit tells, so either form of any is let pass.
 */
static int add_entries(struct judge *j, const struct loaded *file)
{
	size_t count;
	const struct entry *e = memory_entries(j->memory, &count);

	for (; count; count--, e++) {
		struct judge_site site = {
			.address = e->address, .kind = JUDGE_ENDBR, .length = 4
		};
		const uint8_t *code = loaded_at(file, e->address, 4);

		if (strcmp(e->module, file->module) || !code)
			continue;
		if (!memcmp(code, "\xf3\x0f\x1e\xfa", 4) && add(j, file, site))
			return -1;
	}
	return 0;
}

int judge_add(struct judge *j, const struct loaded *file)
{
	for (size_t i = 0; i < sizeof(tables) / sizeof(*tables); i++) {
		const struct loaded_section *s = NULL;

		if (!*file->module && tables[i].start) {
			if (add_named(j, file, tables[i].kind, tables[i].start, tables[i].stop))
				return -1;
			continue;
		}
		while ((s = loaded_next(file, tables[i].section, s))) {
			struct table t = { s, s->address, s->address + s->size };

			if (s->address && add_table(j, file, &t, tables[i].kind))
				return -1;
		}
	}
	return add_trampolines(j, file) || add_entries(j, file) ? -1 : 0;
}

static int by_address(const void *left, const void *right)
{
	const struct judge_site *l = left, *r = right;

	if (l->address != r->address)
		return l->address < r->address ? -1 : 1;
	return (int)l->kind - (int)r->kind;
}

void judge_ready(struct judge *j)
{
	if (j->nr_sites)
		qsort(j->sites, j->nr_sites, sizeof(*j->sites), by_address);
}

void judge_free(struct judge *j)
{
	free(j->sites);
}

const struct judge_site *judge_from(const struct judge *j, uint64_t address)
{
	size_t low = 0, high = j->nr_sites;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (j->sites[middle].address < address)
			low = middle + 1;
		else
			high = middle;
	}
	return j->sites + low;
}

/* Is a byte in a site whose content is legal? */
static bool byte_legal(const struct judge *j, uint64_t address)
{
	const struct judge_site *s = judge_from(j, address - j->longest);

	for (; s < j->sites + j->nr_sites && s->address <= address; s++)
		if (address - s->address < s->length && judge_site_legal(j, s))
			return true;
	return false;
}

bool judge_understands(const struct judge *j, const struct judge_site *site)
{
	const struct judge_site *s = judge_from(j, site->address - j->longest);

	for (; s < j->sites + j->nr_sites && s->address <= site->address; s++)
		if (site->address + site->length <= s->address + s->length &&
		    judge_site_legal(j, s))
			return true;
	return false;
}

bool judge_legal(const struct judge *j, uint64_t address, const uint8_t *old, size_t length)
{
	const uint8_t *new = memory_at(j->memory, address, length);

	for (size_t i = 0; new && i < length; i++)
		if (new[i] != old[i] && !byte_legal(j, address + i))
			return false;
	return new;
}
