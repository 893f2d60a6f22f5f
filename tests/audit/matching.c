// SPDX-License-Identifier: GPL-2.0-only
/* See matching.h. */
#include "tests/unit/kshim/matcher.h"
#include "tests/unit/kshim/calls.h"

#include "matching.h"

static const struct memory *memory; /* what ksplice_read_original() reads */

/* ---- what the matcher calls ------------------------------------------------ */

int ksplice_read_original(void *dst, unsigned long address, size_t len)
{
	const u8 *bytes = memory_at(memory, address, len);

	if (!bytes)
		return -EFAULT;
	memcpy(dst, bytes, len);
	return 0;
}

/* As the kernel names it: a trampoline of BPF without [MODULE]. */
int sprint_symbol(char *buffer, unsigned long address)
{
	const struct entry *e = memory_entry_from(memory, address);
	bool module;

	if (!e || e->address != address)
		return sprintf(buffer, "0x%lx", address);
	module = *e->module && strcmp(e->module, "bpf");
	return snprintf(buffer, KSYM_SYMBOL_LEN, "%s+0x0/0x1%s%s%s", e->name, module ? " [" : "",
			module ? e->module : "", module ? "]" : "");
}

/* ---- matching -------------------------------------------------------------- */

void matching_start(const struct memory *copy, const void *core)
{
	memory = copy;
	ksplice_core_addresses_set(core);
}

static struct ksplice_match *match(const struct unit *unit, char *why, size_t why_size)
{
	struct module mod = {
		.ranges = (uint64_t (*)[2])unit->ranges,
		.nr_ranges = unit->nr_ranges,
	};
	struct ksplice_abort abort = { 0 };
	struct ksplice_match *m;

	if (unit->file) {
		mod.core_kallsyms = (struct mod_kallsyms){ unit->file->symbols,
							   unit->file->nr_symbols,
							   unit->file->names };
		mod.constants = (uint64_t (*)[2])unit->file->constants;
		mod.nr_constants = LOADED_CONSTANTS;
	}
	if (!ksplice_match_images(unit->image, unit->size, unit->candidates, unit->target,
				  unit->nr_ranges ? &mod : NULL, &m, &abort))
		return m;
	snprintf(why, why_size, "%s", abort.detail);
	return NULL;
}

bool matching_try(const struct unit *unit, char *why, size_t why_size)
{
	struct ksplice_match *m = match(unit, why, why_size);

	ksplice_match_free(m);
	return m;
}

/* ---- what was matched ------------------------------------------------------ */

/* The string or constant that a reference means: at `value', less its addend, or by the section. */
static void find_mergeable(struct reference *to, const struct ksplice_unit *ku,
			   const struct ksplice_section *sec, const struct ksplice_ref *ref,
			   uint64_t value)
{
	bool by_section = ku->symbols[ref->symbol].type == KSPLICE_SYM_SECTION;
	s64 into = by_section ? ref->addend + ref->adjust :
				(s64)ku->symbols[ref->symbol].offset;

	if (into < 0 || into >= sec->size)
		return;
	to->object = by_section ? value + ref->adjust : value - ref->addend;
	if (sec->kind == KSPLICE_STRINGS) {
		const char *text = (const char *)ksplice_section_bytes(ku, sec) + into;

		to->kind = OBJECT_STRING;
		to->object_size = strnlen(text, sec->size - into) + 1;
	} else {
		to->kind = OBJECT_CONSTANT;
		to->object -= into % sec->entsize;
		to->object_size = sec->entsize;
	}
}

/* The named object at an offset of read-only data, or else the word there. */
static void find_table(struct reference *to, const struct ksplice_unit *ku, u32 section, s64 offset)
{
	const struct ksplice_section *sec = &ku->sections[section];
	u32 start = offset, size, i;

	if (!ku->places[section].verified || offset < 0 || offset >= sec->size)
		return;
	size = min_t(u32, 8, sec->size - start);
	for (i = sec->first_symbol; i < sec->first_symbol + sec->nr_symbols; i++) {
		const struct ksplice_symbol *sym = &ku->symbols[i];

		if (sym->type == KSPLICE_SYM_OBJECT && (u64)offset - sym->offset < sym->size) {
			start = sym->offset;
			size = sym->size;
		}
	}
	to->kind = OBJECT_TABLE;
	to->object = ku->places[section].base + start;
	to->object_size = size;
}

/* Is the reference in a site that has another form now than the compiler gave it? */
static bool is_rewritten(const struct ksplice_unit *ku, const struct ksplice_section *sec,
			 unsigned long base, const struct ksplice_ref *ref)
{
	const u8 *bytes = ksplice_section_bytes(ku, sec);
	u32 i;

	for (i = sec->first_site; i < sec->first_site + sec->nr_sites; i++) {
		const struct ksplice_site *site = &ku->sites[i];
		const u8 *run = memory_at(memory, base + site->offset, site->length);

		if (ref->offset < site->offset || ref->offset >= site->offset + site->length)
			continue;
		if (!run || site->kind == KSPLICE_SITE_ALTERNATIVE ||
		    memcmp(run, bytes + site->offset, ref->offset - site->offset))
			return true;
	}
	return false;
}

static void add_reference(struct unit *unit, const struct ksplice_unit *ku, u32 section,
			  const struct ksplice_ref *ref)
{
	const struct ksplice_symbol *sym = &ku->symbols[ref->symbol];
	const struct ksplice_section *sec = &ku->sections[section];
	unsigned long place = ku->places[section].base + ref->offset;
	u32 width = ksplice_ref_width(ref->type);
	const u8 *field = memory_at(memory, place, width);
	struct reference *to = &unit->references[unit->nr_references];
	u64 value;

	if (!field || is_rewritten(ku, sec, ku->places[section].base, ref))
		return;
	value = decode(ref, field, place);
	*to = (struct reference){
		.place = place, .width = width,
		.relative = ref->type != KSPLICE_ABS64 && ref->type != KSPLICE_ABS32S &&
			    ref->type != KSPLICE_ABS32,
	};
	if (ksplice_symbol_defined(sym)) {
		switch (ku->sections[sym->section].kind) {
		case KSPLICE_STRINGS:
		case KSPLICE_CONSTS:
			find_mergeable(to, ku, &ku->sections[sym->section], ref, value);
			break;
		case KSPLICE_RODATA:
			find_table(to, ku, sym->section, sym->offset + ref->addend + ref->adjust);
			break;
		}
	}
	unit->nr_references++;
}

static void add_function(struct unit *unit, const struct ksplice_unit *ku, u32 symbol)
{
	const struct ksplice_symbol *sym = &ku->symbols[symbol];
	const struct ksplice_section *sec = &ku->sections[sym->section];
	struct function *f = &unit->functions[unit->nr_functions++];
	u32 i;

	*f = (struct function){
		.name = ksplice_unit_symbol_name(ku, symbol),
		.address = ku->places[sym->section].base + sym->offset, .size = sym->size,
		.first_reference = unit->nr_references,
	};
	for (i = first_ref_at(ku, sec, sym->offset); i < sec->first_ref + sec->nr_refs; i++) {
		if (ku->refs[i].offset >= sym->offset + sym->size)
			break;
		add_reference(unit, ku, sym->section, &ku->refs[i]);
	}
	f->nr_references = unit->nr_references - f->first_reference;
}

/* Symbols are in order of their offsets: one of the same place and size is another name. */
static bool is_alias(const struct ksplice_unit *ku, u32 symbol)
{
	const struct ksplice_symbol *sym = &ku->symbols[symbol];
	u32 i;

	for (i = symbol; i-- > ku->sections[sym->section].first_symbol;) {
		if (ku->symbols[i].offset != sym->offset)
			return false;
		if (ku->symbols[i].type == KSPLICE_SYM_FUNC)
			return true;
	}
	return false;
}

/* A weak function in place of which the final link uses another is code that nothing calls. */
static bool is_unused(const struct ksplice_unit *ku, u32 symbol)
{
	const struct ksplice_symbol *sym = &ku->symbols[symbol];
	unsigned long address;

	return (sym->flags & KSPLICE_SYM_WEAK) &&
	       !(ksplice_known(ku, symbol, &address) &&
		 address == ku->places[sym->section].base + sym->offset);
}

int matching_list(struct unit *unit, char *why, size_t why_size)
{
	struct ksplice_match *m = match(unit, why, why_size);
	const struct ksplice_unit *ku;
	u32 i;

	if (!m)
		return -1;
	ku = &m->units[0];
	unit->bytes = m->stats.bytes;
	unit->functions = calloc(ku->image->nr_symbols + 1, sizeof(*unit->functions));
	/* Functions do not overlap but for a few that assembly has; room for all twice. */
	unit->references = calloc(2 * (size_t)ku->image->nr_refs + 1, sizeof(*unit->references));
	if (!unit->functions || !unit->references) {
		snprintf(why, why_size, "no memory");
		ksplice_match_free(m);
		return -1;
	}
	for (i = 0; i < ku->image->nr_symbols; i++) {
		const struct ksplice_symbol *sym = &ku->symbols[i];

		if (ksplice_symbol_defined(sym) && sym->type == KSPLICE_SYM_FUNC && sym->size &&
		    ku->sections[sym->section].kind == KSPLICE_TEXT &&
		    ku->places[sym->section].verified && !is_alias(ku, i) &&
		    !is_unused(ku, i))
			add_function(unit, ku, i);
	}
	ksplice_match_free(m);
	return 0;
}

void unit_free(struct unit *unit)
{
	free(unit->functions);
	free(unit->references);
}
