// SPDX-License-Identifier: GPL-2.0-only
/* Finds the places of a unit's code that the kernel rewrites by itself. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "image_priv.h"

/* A place in the object's code. */
struct place {
	const struct elf_section *sec;
	struct build_section *bs;
	uint64_t offset;
};

static bool is_code(const struct build_section *bs)
{
	return bs->kind == KSPLICE_TEXT || bs->kind == KSPLICE_VARIANT;
}

static bool starts(const char *name, const char *prefix)
{
	return !strncmp(name, prefix, strlen(prefix));
}

/* Adds a site, once checked to lie in its section. */
static int add_site(struct build *b, const struct place *at, struct ksplice_site site)
{
	if (at->offset + site.length > at->sec->size)
		return error_refuse(b->err, "%s: %s+0x%llx: a site of kind %u runs past the section's end",
				    b->unit, at->sec->name, (unsigned long long)at->offset, site.kind);
	site.offset = at->offset;
	if (!vec_push(&at->bs->sites, &site, 1))
		return error_set(b->err, -ENOMEM, "out of memory");
	return 0;
}

/* The image's symbol of a name, as an extern when the unit has none. */
static int named_symbol(struct build *b, const char *name, uint32_t *ret)
{
	*ret = image_find_symbol(b->image, name);
	if (*ret == KSPLICE_NONE)
		*ret = image_add_extern(b->image, name, KSPLICE_SYM_GLOBAL);
	return *ret == KSPLICE_NONE ? error_set(b->err, -ENOMEM, "out of memory") : 0;
}

/* ---- sites that a relocation in the code gives away -------------------------- */

static int thunk_register(const char *name)
{
	static const char *const registers[16] = {
		"rax", "rcx", "rdx", "rbx", "rsp", "rbp", "rsi", "rdi",
		"r8", "r9", "r10", "r11", "r12", "r13", "r14", "r15",
	};

	for (int i = 0; i < 16; i++)
		if (!strcmp(name, registers[i]))
			return i;
	return -1;
}

static int retpoline(struct build *b, const struct place *at, const char *reg,
		     const struct insn *insn)
{
	int number = thunk_register(reg);

	if (number < 0)
		return error_refuse(b->err, "%s: %s+0x%llx: unknown thunk __x86_indirect_thunk_%s",
				    b->unit, at->sec->name, (unsigned long long)at->offset, reg);
	return add_site(b, at, (struct ksplice_site){ .kind = KSPLICE_SITE_RETPOLINE,
			.length = insn->length, .symbol = KSPLICE_NONE, .arg = number });
}

static int static_call(struct build *b, const struct place *at, const char *name,
		       unsigned int length)
{
	struct ksplice_site site = { .kind = KSPLICE_SITE_STATIC_CALL, .length = length };
	char *key = NULL;
	int ret;

	if (asprintf(&key, "__SCK__%s", name) < 0)
		return error_set(b->err, -ENOMEM, "out of memory");
	ret = named_symbol(b, key, &site.symbol);
	free(key);
	return ret ? ret : add_site(b, at, site);
}

/* A branch (call, jump) whose displacement is this relocation. */
static int branch_site(struct build *b, const struct place *at, const struct elf_reloc *rel,
		       const struct insn *insn)
{
	static const char thunk[] = "__x86_indirect_thunk_", tramp[] = "__SCT__";
	const char *name = rel->symbol->name;
	bool plain = insn->length == 5;

	if (!strcmp(name, "__fentry__") && insn->kind == INSN_CALL && plain)
		return add_site(b, at, (struct ksplice_site){ .kind = KSPLICE_SITE_FENTRY,
				.length = 5, .symbol = KSPLICE_NONE });
	if (!strcmp(name, "__x86_return_thunk") && insn->kind == INSN_JUMP && plain)
		return add_site(b, at, (struct ksplice_site){ .kind = KSPLICE_SITE_RETURN,
				.length = 5, .symbol = KSPLICE_NONE });
	if (starts(name, thunk) && strcmp(name, "__x86_indirect_thunk_array"))
		return retpoline(b, at, name + strlen(thunk), insn);
	if (starts(name, tramp))
		return static_call(b, at, name + strlen(tramp), insn->length);
	return 0;
}

static int sites_of_relocs(struct build *b, struct place at)
{
	for (size_t i = 0; i < at.sec->nr_relocs; i++) {
		const struct elf_reloc *rel = &at.sec->relocs[i];
		const struct insn *insn = build_insn_at(at.bs, rel->offset);
		int ret;

		if (!insn || insn->disp_size != 4 ||
		    rel->offset + 4 != insn->offset + insn->length)
			continue;
		at.offset = insn->offset;
		ret = branch_site(b, &at, rel, insn);
		if (ret)
			return ret;
	}
	return 0;
}

/* The trampolines are what the sites call until they are patched; they are patched too. */
static int sites_of_trampolines(struct build *b, struct place at)
{
	for (size_t i = 0; i < at.sec->nr_symbols; i++) {
		const struct elf_symbol *sym = at.sec->symbols[i];
		int ret;

		if (!starts(sym->name, "__SCT__"))
			continue;
		at.offset = sym->value;
		ret = static_call(b, &at, sym->name + strlen("__SCT__"), 5);
		if (ret)
			return ret;
	}
	return 0;
}

static int sites_of_endbr(struct build *b, struct place at)
{
	for (size_t i = 0; i < at.sec->nr_symbols; i++) {
		const struct elf_symbol *sym = at.sec->symbols[i];
		const struct insn *insn = build_insn_at(at.bs, sym->value);
		int ret;

		if (sym->type != STT_FUNC || !insn || insn->kind != INSN_ENDBR ||
		    insn->offset != sym->value || (i && sym->value == at.sec->symbols[i - 1]->value &&
						   at.sec->symbols[i - 1]->type == STT_FUNC))
			continue;
		at.offset = sym->value;
		ret = add_site(b, &at, (struct ksplice_site){ .kind = KSPLICE_SITE_ENDBR,
			       .length = 4, .symbol = KSPLICE_NONE });
		if (ret)
			return ret;
	}
	return 0;
}

/*
 * Calls that call depth tracking may send through its accounting: every direct
 * call that is no site already, where functions are padded for it.
 */
static int sites_of_calls(struct build *b, struct place at)
{
	for (size_t i = 0; i < at.bs->nr_insns; i++) {
		const struct insn *insn = &at.bs->insns[i];
		struct ksplice_site site = { .kind = KSPLICE_SITE_CALL, .length = 5 };
		size_t r;
		int ret;

		if (insn->kind != INSN_CALL || insn->length != 5)
			continue;
		r = elf_reloc_at(at.sec, insn->offset);
		if (r < at.sec->nr_relocs && at.sec->relocs[r].offset == insn->offset + 1) {
			const struct elf_reloc *rel = &at.sec->relocs[r];

			if (!strcmp(rel->symbol->name, "__fentry__") ||
			    starts(rel->symbol->name, "__x86_indirect_thunk_") ||
			    starts(rel->symbol->name, "__SCT__"))
				continue;
			site.symbol = image_symbol(b->image, rel->symbol);
			site.addend = rel->addend + 4;
		} else {
			site.symbol = image_symbol(b->image, at.sec->symbol);
			site.addend = insn->target;
		}
		at.offset = insn->offset;
		ret = add_site(b, &at, site);
		if (ret)
			return ret;
	}
	return 0;
}

static int sites_of_code(struct build *b)
{
	bool padded = elf_find_section(b->elf, "__patchable_function_entries");

	for (size_t i = 1; i < b->elf->nr_sections; i++) {
		struct place at = { b->elf->sections[i], &b->sections[i], 0 };
		int ret = 0;

		if (!is_code(at.bs))
			continue;
		if (!strcmp(at.sec->name, ".static_call.text")) {
			ret = sites_of_trampolines(b, at);
		} else {
			ret = sites_of_relocs(b, at);
			if (!ret)
				ret = sites_of_endbr(b, at);
			if (!ret && padded)
				ret = sites_of_calls(b, at);
		}
		if (ret)
			return ret;
	}
	return 0;
}

/* ---- sites that a table lists ------------------------------------------------- */

/* What the relocation of a table's field at `offset' means. */
static int field(struct build *b, const struct elf_section *table, uint64_t offset,
		 const struct elf_reloc **ret)
{
	size_t i = elf_reloc_at(table, offset);

	if (i >= table->nr_relocs || table->relocs[i].offset != offset)
		return error_refuse(b->err, "%s: %s+0x%llx: no relocation where its layout wants one",
				    b->unit, table->name, (unsigned long long)offset);
	*ret = &table->relocs[i];
	return 0;
}

/* The place that a table's field points at; at->bs is NULL when it is not kept code. */
static int field_place(struct build *b, const struct elf_section *table, uint64_t offset,
		       struct place *at)
{
	const struct elf_reloc *rel;
	int ret = field(b, table, offset, &rel);

	if (ret)
		return ret;
	if (!rel->symbol->section)
		return error_refuse(b->err, "%s: %s+0x%llx points at \"%s\", which is not in this unit",
				    b->unit, table->name, (unsigned long long)offset,
				    rel->symbol->name);
	at->sec = rel->symbol->section;
	at->bs = &b->sections[at->sec->index];
	at->offset = rel->symbol->value + rel->addend;
	if (at->offset > at->sec->size)
		return error_refuse(b->err, "%s: %s+0x%llx points outside %s", b->unit, table->name,
				    (unsigned long long)offset, at->sec->name);
	if (!is_code(at->bs))
		at->bs = NULL;
	return 0;
}

/* A table of `stride' bytes an entry, or a refusal that names it. */
static int check_stride(struct build *b, const struct elf_section *table, uint64_t stride)
{
	if (table->size % stride == 0)
		return 0;
	return error_refuse(b->err, "%s: %s: %llu bytes are not a multiple of an entry's %llu",
			    b->unit, table->name, (unsigned long long)table->size,
			    (unsigned long long)stride);
}

static int table_jump_label(struct build *b, const struct elf_section *table)
{
	int ret = check_stride(b, table, 16);

	for (uint64_t entry = 0; entry < table->size && !ret; entry += 16) {
		struct ksplice_site site = { .kind = KSPLICE_SITE_JUMP_LABEL };
		const struct elf_reloc *target;
		const struct insn *insn;
		struct place at;

		ret = field_place(b, table, entry, &at);
		if (!ret)
			ret = field(b, table, entry + 4, &target);
		if (ret || !at.bs)
			continue;
		insn = build_insn_at(at.bs, at.offset);
		if (!insn || insn->offset != at.offset || (insn->length != 2 && insn->length != 5) ||
		    (insn->kind != INSN_JUMP && insn->kind != INSN_NOP))
			return error_refuse(b->err, "%s: %s+0x%llx: a jump label is neither jump nor nop",
					    b->unit, at.sec->name, (unsigned long long)at.offset);
		site.length = insn->length;
		site.symbol = image_symbol(b->image, target->symbol);
		site.addend = target->addend;
		if (site.symbol == KSPLICE_NONE)
			return error_refuse(b->err, "%s: %s+0x%llx: a jump label's target is not kept",
					    b->unit, at.sec->name, (unsigned long long)at.offset);
		ret = add_site(b, &at, site);
	}
	return ret;
}

/* Entries of struct alt_instr: how long, and how wide the feature word is. */
static unsigned int alternative_stride(const struct elf_section *table)
{
	static const unsigned int known[] = { 12, 14 };

	for (size_t k = 0; k < 2; k++) {
		size_t nr = table->size / known[k], i;

		if (table->size % known[k] || table->nr_relocs != 2 * nr)
			continue;
		for (i = 0; i < 2 * nr; i++)
			if (table->relocs[i].offset != i / 2 * known[k] + i % 2 * 4)
				break;
		if (i == 2 * nr)
			return known[k];
	}
	return 0;
}

/* One entry of .altinstructions. */
struct alternative {
	struct place at;
	struct ksplice_variant variant;
	unsigned int length;
	uint64_t order;
};

static int read_alternative(struct build *b, const struct elf_section *table, uint64_t entry,
			    unsigned int stride, struct alternative *alt)
{
	const unsigned char *bytes = table->data + entry;
	struct place repl;
	int ret = field_place(b, table, entry, &alt->at);

	if (!ret)
		ret = field_place(b, table, entry + 4, &repl);
	if (ret)
		return ret;
	if (!repl.bs || repl.bs->kind != KSPLICE_VARIANT)
		return error_refuse(b->err, "%s: %s+0x%llx: replacement in %s", b->unit, table->name,
				    (unsigned long long)entry, repl.sec->name);
	alt->order = entry;
	alt->length = bytes[stride - 2];
	alt->variant.section = repl.bs->index;
	alt->variant.offset = repl.offset;
	alt->variant.length = bytes[stride - 1];
	memcpy(&alt->variant.feature, bytes + 8, stride - 10);
	if (repl.offset + alt->variant.length > repl.sec->size)
		return error_refuse(b->err, "%s: %s+0x%llx: replacement outside %s", b->unit,
				    table->name, (unsigned long long)entry, repl.sec->name);
	return 0;
}

static int compare_alternatives(const void *left, const void *right)
{
	const struct alternative *l = left, *r = right;

	if (l->at.sec != r->at.sec)
		return l->at.sec->index < r->at.sec->index ? -1 : 1;
	if (l->at.offset != r->at.offset)
		return l->at.offset < r->at.offset ? -1 : 1;
	return l->order < r->order ? -1 : l->order > r->order;
}

/*
 * Since 6.8 a call of a pv operation is an alternative: `call *pv_ops+X', whose
 * replacement with this flag is a direct call to what the field holds.
 */
#define ALT_FLAG_DIRECT_CALL (2u << 16)

static int direct_call(struct build *b, const struct place *at)
{
	size_t r = elf_reloc_at(at->sec, at->offset);
	const struct elf_reloc *rel = &at->sec->relocs[r];

	if (r >= at->sec->nr_relocs || rel->offset != at->offset + 2 || !at->sec->data ||
	    at->sec->data[at->offset] != 0xff || at->sec->data[at->offset + 1] != 0x15 ||
	    strcmp(rel->symbol->name, "pv_ops"))
		return 0;
	return add_site(b, at, (struct ksplice_site){ .kind = KSPLICE_SITE_PARAVIRT, .length = 6,
			.symbol = KSPLICE_NONE, .arg = (rel->addend + 4) / 8 });
}

/* All entries for one place make one site. */
static int group_alternatives(struct build *b, const struct alternative *alt, size_t nr)
{
	struct ksplice_site site = {
		.kind = KSPLICE_SITE_ALTERNATIVE,
		.symbol = KSPLICE_NONE,
		.first_variant = b->image->variants.nr,
		.nr_variants = nr,
	};
	bool direct = false;
	int ret;

	/* Nested alternatives pad the outer one more: the kernel takes the longest, too. */
	for (size_t i = 0; i < nr; i++) {
		if (alt[i].length > site.length)
			site.length = alt[i].length;
		direct |= alt[i].variant.feature & ALT_FLAG_DIRECT_CALL;
	}
	if (!site.length)
		return 0;
	for (size_t i = 0; i < nr; i++) {
		if (alt[i].variant.length > site.length)
			return error_refuse(b->err, "%s: %s+0x%llx: a replacement is longer than the original",
					    b->unit, alt[i].at.sec->name,
					    (unsigned long long)alt[i].at.offset);
		if (!vec_push(&b->image->variants, &alt[i].variant, 1))
			return error_set(b->err, -ENOMEM, "out of memory");
	}
	ret = add_site(b, &alt[0].at, site);
	return ret || !direct ? ret : direct_call(b, &alt[0].at);
}

static int table_alternative(struct build *b, const struct elf_section *table)
{
	unsigned int stride = alternative_stride(table);
	struct alternative *list;
	size_t nr, n = 0, last;
	int ret = 0;

	if (!stride)
		return error_refuse(b->err, "%s: .altinstructions has an unknown layout (%llu bytes, %zu relocations)",
				    b->unit, (unsigned long long)table->size, table->nr_relocs);
	nr = table->size / stride;
	list = calloc(nr ? nr : 1, sizeof(*list));
	if (!list)
		return error_set(b->err, -ENOMEM, "out of memory");
	for (size_t i = 0; i < nr && !ret; i++) {
		ret = read_alternative(b, table, i * stride, stride, &list[n]);
		n += !ret && list[n].at.bs;
	}
	qsort(list, n, sizeof(*list), compare_alternatives);
	for (size_t i = 0; i < n && !ret; i = last) {
		for (last = i + 1; last < n && list[last].at.sec == list[i].at.sec &&
		     list[last].at.offset == list[i].at.offset; last++)
			;
		ret = group_alternatives(b, &list[i], last - i);
	}
	free(list);
	return ret;
}

static int table_paravirt(struct build *b, const struct elf_section *table)
{
	int ret = check_stride(b, table, 16);

	for (uint64_t entry = 0; entry < table->size && !ret; entry += 16) {
		struct place at;

		ret = field_place(b, table, entry, &at);
		if (!ret && at.bs)
			ret = add_site(b, &at, (struct ksplice_site){
				.kind = KSPLICE_SITE_PARAVIRT, .symbol = KSPLICE_NONE,
				.arg = table->data[entry + 8], .length = table->data[entry + 9] });
	}
	return ret;
}

static int table_lock(struct build *b, const struct elf_section *table)
{
	int ret = check_stride(b, table, 4);

	for (uint64_t entry = 0; entry < table->size && !ret; entry += 4) {
		struct place at;

		ret = field_place(b, table, entry, &at);
		if (!ret && at.bs)
			ret = add_site(b, &at, (struct ksplice_site){ .kind = KSPLICE_SITE_LOCK,
					.length = 1, .symbol = KSPLICE_NONE });
	}
	return ret;
}

/* runtime_ptr_NAME, runtime_shift_NAME: constants that are filled in at boot. */
static int table_runtime(struct build *b, const struct elf_section *table)
{
	static const char ptr[] = "runtime_ptr_", shift[] = "runtime_shift_";
	struct ksplice_site site = { .kind = KSPLICE_SITE_RUNTIME_PTR, .length = 8 };
	const char *name = table->name + strlen(ptr);
	int ret;

	if (starts(table->name, shift)) {
		site.kind = KSPLICE_SITE_RUNTIME_SHIFT;
		site.length = 1;
		name = table->name + strlen(shift);
	} else if (!starts(table->name, ptr)) {
		return error_refuse(b->err, "%s: section %s: this kind of run-time constant is not known",
				    b->unit, table->name);
	}
	ret = check_stride(b, table, 4);
	if (!ret)
		ret = named_symbol(b, name, &site.symbol);
	for (uint64_t entry = 0; entry < table->size && !ret; entry += 4) {
		struct place at;

		ret = field_place(b, table, entry, &at);
		if (!ret && at.bs)
			ret = add_site(b, &at, site);
	}
	return ret;
}

static const struct {
	const char *prefix;
	int (*read)(struct build *b, const struct elf_section *table);
} tables[] = {
	{ "__jump_table", table_jump_label },
	{ ".altinstructions", table_alternative },
	{ ".parainstructions", table_paravirt },
	{ ".smp_locks", table_lock },
	{ "runtime_", table_runtime },
};

static int sites_of_tables(struct build *b)
{
	for (size_t i = 1; i < b->elf->nr_sections; i++) {
		const struct elf_section *sec = b->elf->sections[i];

		for (size_t t = 0; t < sizeof(tables) / sizeof(tables[0]); t++) {
			int ret;

			if (!(sec->flags & SHF_ALLOC) || !starts(sec->name, tables[t].prefix))
				continue;
			ret = tables[t].read(b, sec);
			if (ret)
				return ret;
		}
	}
	return 0;
}

/* ---- order -------------------------------------------------------------------- */

static int compare_sites(const void *left, const void *right)
{
	const struct ksplice_site *l = left, *r = right;

	if (l->offset != r->offset)
		return l->offset < r->offset ? -1 : 1;
	if (l->length != r->length)
		return l->length > r->length ? -1 : 1;
	if ((l->kind == KSPLICE_SITE_ALTERNATIVE) != (r->kind == KSPLICE_SITE_ALTERNATIVE))
		return l->kind == KSPLICE_SITE_ALTERNATIVE ? -1 : 1;
	return l->kind < r->kind ? -1 : l->kind > r->kind;
}

/* Sorts a section's sites; they must be apart or lie in an alternative. */
static int sort_sites(struct build *b, const struct elf_section *sec, struct build_section *bs)
{
	const struct ksplice_site *site = bs->sites.data, *outer = NULL;

	if (bs->sites.nr)
		qsort(bs->sites.data, bs->sites.nr, sizeof(*site), compare_sites);
	for (size_t i = 0; i < bs->sites.nr; i++) {
		uint64_t end = site[i].offset + site[i].length;

		if (outer && site[i].offset < outer->offset + outer->length &&
		    (outer->kind != KSPLICE_SITE_ALTERNATIVE || end > outer->offset + outer->length))
			return error_refuse(b->err, "%s: %s+0x%x: sites of kinds %u and %u overlap",
					    b->unit, sec->name, site[i].offset, outer->kind,
					    site[i].kind);
		/* Within an alternative, each is held against the alternative only. */
		if (!outer || site[i].offset >= outer->offset + outer->length)
			outer = &site[i];
	}
	return 0;
}

int image_find_sites(struct build *b)
{
	int ret = sites_of_code(b);

	if (!ret)
		ret = sites_of_tables(b);
	for (size_t i = 1; i < b->elf->nr_sections && !ret; i++)
		ret = sort_sites(b, b->elf->sections[i], &b->sections[i]);
	return ret;
}
