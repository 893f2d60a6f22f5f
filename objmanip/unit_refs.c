// SPDX-License-Identifier: GPL-2.0-only
/*
 * Works out what refers to what: the assembler replaces local symbols by
 * section + offset, and much has no symbol at all.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "unit_internal.h"

#define no_memory(err, unit) error_set(err, -ENOMEM, "%s: out of memory", (unit)->elf->path)

static const struct reloc_type {
	uint32_t type;
	unsigned char size;
	bool pc_relative;
	const char *name;
} reloc_types[] = {
	{ R_X86_64_64, 8, false, "R_X86_64_64" },    { R_X86_64_32, 4, false, "R_X86_64_32" },
	{ R_X86_64_32S, 4, false, "R_X86_64_32S" },  { R_X86_64_16, 2, false, "R_X86_64_16" },
	{ R_X86_64_8, 1, false, "R_X86_64_8" },	     { R_X86_64_PC64, 8, true, "R_X86_64_PC64" },
	{ R_X86_64_PC32, 4, true, "R_X86_64_PC32" }, { R_X86_64_PLT32, 4, true, "R_X86_64_PLT32" },
	{ R_X86_64_PC16, 2, true, "R_X86_64_PC16" }, { R_X86_64_PC8, 1, true, "R_X86_64_PC8" },
};

static const struct reloc_type *find_type(uint32_t type)
{
	for (size_t i = 0; i < sizeof(reloc_types) / sizeof(reloc_types[0]); i++)
		if (reloc_types[i].type == type)
			return &reloc_types[i];
	return NULL;
}

unsigned int reloc_size(uint32_t type)
{
	const struct reloc_type *t = find_type(type);

	return t ? t->size : 0;
}

bool reloc_is_pc_relative(uint32_t type)
{
	const struct reloc_type *t = find_type(type);

	return t && t->pc_relative;
}

const char *reloc_name(uint32_t type)
{
	const struct reloc_type *t = find_type(type);

	return t ? t->name : "a relocation of unknown type";
}

/* ---- targets -------------------------------------------------------------- */

/* Bias of the relocation's field: what is added to S + A to get the place meant. */
static unsigned int adjust_of(const struct elf_section *sec, size_t index)
{
	const unsigned char *adjusts = section_atoms(sec)->adjusts;

	return adjusts ? adjusts[index] : 0;
}

static int64_t place_of(const struct elf_section *sec, size_t index)
{
	const struct elf_reloc *r = &sec->relocs[index];

	/* Unsigned: a damaged object may overflow. */
	return (int64_t)(r->symbol->value + (uint64_t)r->addend + adjust_of(sec, index));
}

/* ---- what has no symbol: cut where something refers to it ----------------- */

struct cuts {
	uint64_t *offsets;
	size_t nr, max;
};

/* May this section hold anonymous parts between, or instead of, named ones? */
static bool may_be_anonymous(const struct elf_section *sec)
{
	const struct section_atoms *list = section_atoms(sec);

	switch (list->class) {
	case SECTION_IGNORED:
	case SECTION_TABLE:
	case SECTION_STRINGS:
	case SECTION_CONSTS:
		return false;
	case SECTION_RODATA:
		return true;
	default:
		return !list->nr;
	}
}

static int add_cut(struct cuts *cuts, uint64_t offset)
{
	if (cuts->nr == cuts->max) {
		size_t max = cuts->max ? 2 * cuts->max : 16;
		uint64_t *grown = realloc(cuts->offsets, max * sizeof(*grown));

		if (!grown)
			return -ENOMEM;
		cuts->offsets = grown;
		cuts->max = max;
	}
	cuts->offsets[cuts->nr++] = offset;
	return 0;
}

/*
 * Code between functions that only tables name, as the one to go on at after a fault: it
 * may look like padding. Only what is copied with code counts.
 */
static bool names_code(const struct elf_section *sec, const struct elf_section *target)
{
	const struct special_table *table = special_table_find(sec);

	switch (section_atoms(target)->class) {
	case SECTION_CODE:
	case SECTION_INIT_CODE:
	case SECTION_EXIT_CODE:
		return table && !table->unimportant && section_atoms(target)->nr;
	default:
		return false;
	}
}

/* Is something without a name meant, in a section that may have such? */
static bool means_anonymous(const struct elf_section *sec, const struct elf_symbol *sym, bool code)
{
	const struct elf_section *target = sym->section;

	if (!target || sym->priv)
		return false;
	if (code)
		return names_code(sec, target);
	return may_be_anonymous(target) &&
	       (section_atoms(target)->nr != 1 || sym->type != STT_SECTION);
}

static int collect_cuts(const struct unit *unit, bool code, struct cuts *cuts)
{
	for (size_t i = 1; i < unit->elf->nr_sections; i++) {
		const struct elf_section *sec = unit->elf->sections[i];

		if (unit_section_class(sec) == SECTION_IGNORED)
			continue;
		for (size_t r = 0; r < sec->nr_relocs; r++) {
			const struct elf_symbol *sym = sec->relocs[r].symbol;
			const struct elf_section *target = sym->section;
			int64_t place = place_of(sec, r);

			if (!means_anonymous(sec, sym, code))
				continue;
			if (place < 0 || (uint64_t)place >= target->size ||
			    unit_atom_at(target, (uint64_t)place))
				continue;
			if (add_cut(&cuts[target->index], (uint64_t)place))
				return -ENOMEM;
		}
	}
	return 0;
}

static int compare_offsets(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

static int compare_atoms(const void *a, const void *b)
{
	const struct atom *x = *(struct atom *const *)a, *y = *(struct atom *const *)b;

	if (x->start != y->start)
		return x->start < y->start ? -1 : 1;
	return x->end < y->end ? -1 : x->end > y->end;
}

void unit_sort_atoms(const struct elf_section *sec)
{
	struct section_atoms *list = section_atoms(sec);

	if (list->nr)
		qsort(list->atoms, list->nr, sizeof(list->atoms[0]), compare_atoms);
}

static int cut_anonymous(struct unit *unit, struct elf_section *sec, bool code, struct cuts *cuts)
{
	struct section_atoms *list = section_atoms(sec);
	size_t nr_named = list->nr;

	if (!code && !nr_named && sec->size && may_be_anonymous(sec) && add_cut(cuts, 0))
		return -ENOMEM;
	if (!cuts->nr)
		return 0;
	qsort(cuts->offsets, cuts->nr, sizeof(cuts->offsets[0]), compare_offsets);
	for (size_t i = 0; i < cuts->nr; i++) {
		uint64_t start = cuts->offsets[i], end = sec->size;

		if (i + 1 < cuts->nr && cuts->offsets[i + 1] == start)
			continue;
		if (i + 1 < cuts->nr)
			end = cuts->offsets[i + 1];
		for (size_t k = 0; k < nr_named; k++) {
			if (list->atoms[k]->start > start) {
				if (list->atoms[k]->start < end)
					end = list->atoms[k]->start;
				break;
			}
		}
		if (!unit_add_atom(unit, sec, start, end, NULL))
			return -ENOMEM;
	}
	unit_sort_atoms(sec);
	return 0;
}

/* Code between functions, or all the rest: where that is meant, the code has to tell first. */
static int cut_all_anonymous(struct unit *unit, bool code, struct error *err)
{
	struct cuts *cuts = calloc(unit->elf->nr_sections, sizeof(*cuts));
	int rc;

	if (!cuts)
		return no_memory(err, unit);
	rc = collect_cuts(unit, code, cuts);
	for (size_t i = 1; !rc && i < unit->elf->nr_sections; i++)
		rc = cut_anonymous(unit, unit->elf->sections[i], code, &cuts[i]);
	for (size_t i = 1; i < unit->elf->nr_sections; i++)
		free(cuts[i].offsets);
	free(cuts);
	return rc ? no_memory(err, unit) : 0;
}

/* ---- references ------------------------------------------------------------ */

/*
 * Where the literal that is meant starts: what the linker finds an equal one for. Only of a
 * section's own symbol is the addend what chooses; any other symbol stands in the literal meant,
 * even if the place is behind that (the end of a table that a loop compares with).
 */
static int64_t literal_start(const struct elf_symbol *sym, int64_t place)
{
	int64_t start = sym->type == STT_SECTION ? place : (int64_t)sym->value;

	if (sym->section->flags & SHF_STRINGS || start < 0 || !sym->section->entsize)
		return start;
	return start - start % (int64_t)sym->section->entsize;
}

static void resolve_ref(const struct elf_section *sec, size_t index, struct ref *ref)
{
	const struct elf_reloc *r = &sec->relocs[index];
	const struct elf_symbol *sym = r->symbol;
	const struct section_atoms *list;

	ref->type = r->type;
	ref->symbol = sym;
	ref->adjust = adjust_of(sec, index);
	ref->place = place_of(sec, index);
	if (!sym->section) {
		ref->name = sym->name;
		ref->place = (int64_t)((uint64_t)ref->place - sym->value);
		return;
	}
	list = section_atoms(sym->section);
	if (list->class == SECTION_STRINGS || list->class == SECTION_CONSTS) {
		ref->literal = sym->section;
		ref->literal_start = literal_start(sym, ref->place);
		ref->place = (int64_t)((uint64_t)ref->place - (uint64_t)ref->literal_start);
		return;
	}
	if (sym->priv) {
		ref->atom = sym->priv;
	} else if (list->nr == 1) {
		ref->atom = list->atoms[0];
	} else if (list->nr) {
		ref->atom = ref->place < 0 ? list->atoms[0]
					   : unit_atom_at(sym->section, (uint64_t)ref->place);
		/* The end of an object, or padding: count from what is before it. */
		for (size_t i = 0; !ref->atom && i < list->nr; i++)
			if (i + 1 == list->nr || list->atoms[i + 1]->start > (uint64_t)ref->place)
				ref->atom = list->atoms[i];
	} else {
		ref->name = sym->section->name;
		return;
	}
	ref->place = (int64_t)((uint64_t)ref->place - ref->atom->start);
}

bool ref_is_branch(const struct atom *atom, const struct ref *ref)
{
	const unsigned char *code = atom_bytes(atom);

	if (ref_is_next(ref))
		return true;
	if (!atom_is_code(atom) || !reloc_is_pc_relative(ref->type) || !ref->offset)
		return false;
	if (ref->type == R_X86_64_PC8)
		return true;
	code += ref->offset;
	if (code[-1] == 0xe8 || code[-1] == 0xe9)
		return true;
	return ref->offset > 1 && code[-2] == 0x0f && (code[-1] & 0xf0) == 0x80;
}

static int make_refs(struct unit *unit, struct atom *atom, struct error *err)
{
	const struct elf_section *sec = atom->sec;
	size_t first = elf_reloc_at(sec, atom->start), last = elf_reloc_at(sec, atom->end);

	if (first == last && !atom->next)
		return 0;
	atom->refs = calloc(last - first + 1, sizeof(atom->refs[0]));
	if (!atom->refs)
		return no_memory(err, unit);
	for (size_t i = first; i < last; i++) {
		const struct elf_reloc *r = &sec->relocs[i];
		unsigned int size = reloc_size(r->type);

		if (!size || r->offset + size > atom->end)
			return error_set(err, -EINVAL, "%s: %s+0x%llx: %s does not fit there",
					 unit->elf->path, atom_name(atom),
					 (unsigned long long)(r->offset - atom->start),
					 reloc_name(r->type));
		resolve_ref(sec, i, &atom->refs[i - first]);
		atom->refs[i - first].offset = r->offset - atom->start;
		atom->nr_refs++;
	}
	if (atom->next)
		atom->refs[atom->nr_refs++] = (struct ref){
			.offset = atom_size(atom),
			.type = R_X86_64_NONE,
			.symbol = atom->next->sym,
			.atom = atom->next,
		};
	return 0;
}

static int add_entry(struct atom *owner, struct atom *entry)
{
	struct atom **grown = realloc(owner->entries, (owner->nr_entries + 1) * sizeof(*grown));

	if (!grown)
		return -ENOMEM;
	grown[owner->nr_entries++] = entry;
	owner->entries = grown;
	entry->owner = owner;
	return 0;
}

static int cut_table(struct unit *unit, struct elf_section *sec, struct error *err)
{
	const struct special_table *table = special_table_find(sec);
	unsigned int size;
	int rc = special_entry_size(sec, table, &size, err);

	if (rc || !size)
		return rc;
	for (uint64_t off = 0; off < sec->size; off += size) {
		struct atom *entry = unit_add_atom(unit, sec, off, off + size, NULL);

		if (!entry)
			return no_memory(err, unit);
		entry->table = table;
		rc = make_refs(unit, entry, err);
		if (rc)
			return rc;
		/* Without an owner: belongs to what nobody copies, e.g. an export. */
		if (entry->refs[0].atom && add_entry(entry->refs[0].atom, entry))
			return no_memory(err, unit);
	}
	return 0;
}

/*
 * With -fpatchable-function-entry=N,N a function has nops before its entry. N is
 * where the functions that have a section to themselves begin in it.
 */
static void find_leads(struct unit *unit)
{
	uint64_t lead = 0;

	if (!elf_find_section(unit->elf, "__patchable_function_entries"))
		return;
	for (size_t i = 0; i < unit->nr_atoms && !lead; i++) {
		const struct atom *atom = unit->atoms[i];

		if (atom_is_code(atom) && atom->sym && section_atoms(atom->sec)->nr == 1)
			lead = atom->start;
	}
	for (size_t i = 0; i < unit->nr_atoms; i++) {
		struct atom *atom = unit->atoms[i];

		if (atom_is_code(atom) && atom->sym && !atom->owner && atom->start >= lead)
			atom->lead = lead;
	}
}

static int compare_entries(const void *a, const void *b)
{
	const struct atom *x = *(struct atom *const *)a, *y = *(struct atom *const *)b;

	if (x->table != y->table)
		return x->table < y->table ? -1 : 1;
	if (x->sec != y->sec)
		return strcmp(x->sec->name, y->sec->name);
	return x->start < y->start ? -1 : x->start > y->start;
}

/* The order of the sections in the file means nothing, that of the entries does. */
static void sort_entries(struct unit *unit)
{
	for (size_t i = 0; i < unit->nr_atoms; i++)
		if (unit->atoms[i]->nr_entries)
			qsort(unit->atoms[i]->entries, unit->atoms[i]->nr_entries,
			      sizeof(struct atom *), compare_entries);
}

int unit_resolve(struct unit *unit, struct error *err)
{
	size_t nr;
	int rc;

	rc = cut_all_anonymous(unit, true, err);
	if (!rc)
		rc = unit_prepare_code(unit, err);
	if (!rc)
		rc = cut_all_anonymous(unit, false, err);
	nr = unit->nr_atoms;
	for (size_t i = 0; !rc && i < nr; i++)
		rc = make_refs(unit, unit->atoms[i], err);
	for (size_t i = 1; !rc && i < unit->elf->nr_sections; i++)
		if (unit_section_class(unit->elf->sections[i]) == SECTION_TABLE)
			rc = cut_table(unit, unit->elf->sections[i], err);
	if (!rc) {
		sort_entries(unit);
		find_leads(unit);
	}
	return rc;
}
