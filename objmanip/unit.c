// SPDX-License-Identifier: GPL-2.0-only
/* Cuts the sections of an object into atoms, at the symbols. See also unit_refs.c. */
#include "unit.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "declare.h"
#include "unit_internal.h"

#define no_memory(err, unit) error_set(err, -ENOMEM, "%s: out of memory", (unit)->elf->path)

struct atom *unit_add_atom(struct unit *unit, struct elf_section *sec, uint64_t start, uint64_t end,
			   struct elf_symbol *sym)
{
	struct section_atoms *list = section_atoms(sec);
	struct atom *atom;

	if (unit->nr_atoms == unit->max_atoms) {
		size_t max = unit->max_atoms ? 2 * unit->max_atoms : 256;
		struct atom **grown = realloc(unit->atoms, max * sizeof(*grown));

		if (!grown)
			return NULL;
		unit->atoms = grown;
		unit->max_atoms = max;
	}
	if (list->nr == list->max) {
		size_t max = list->max ? 2 * list->max : 2;
		struct atom **grown = realloc(list->atoms, max * sizeof(*grown));

		if (!grown)
			return NULL;
		list->atoms = grown;
		list->max = max;
	}
	atom = calloc(1, sizeof(*atom));
	if (!atom)
		return NULL;
	atom->unit = unit;
	atom->sec = sec;
	atom->class = list->class;
	atom->start = start;
	atom->end = end;
	atom->sym = sym;
	unit->atoms[unit->nr_atoms++] = atom;
	list->atoms[list->nr++] = atom;
	return atom;
}

/* Symbols that name something: not section symbols, files, or the compiler's labels. */
static bool is_name(const struct elf_symbol *sym)
{
	return (sym->type == STT_FUNC || sym->type == STT_OBJECT || sym->type == STT_NOTYPE) &&
	       sym->name[0] && strncmp(sym->name, ".L", 2);
}

/* Made for the kernel's build alone: by BTF_ID() and MODULE_DEVICE_TABLE(). */
static bool is_for_build(const struct elf_symbol *sym)
{
	return !strncmp(sym->name, "__BTF_ID__", 10) || !strncmp(sym->name, "__mod_", 6);
}

/* Of several names for one place, the one that means most to a reader. */
static bool better_name(const struct elf_symbol *a, const struct elf_symbol *b)
{
	if (is_for_build(a) != is_for_build(b))
		return is_for_build(b);
	if ((a->type != STT_NOTYPE) != (b->type != STT_NOTYPE))
		return a->type != STT_NOTYPE;
	if ((a->bind != STB_LOCAL) != (b->bind != STB_LOCAL))
		return a->bind != STB_LOCAL;
	return strcmp(a->name, b->name) < 0;
}

/*
 * A symbol that begins where another one does, or inside it, is part of it:
 * an alias or an inner label. An object without a size is apart from them all:
 * an empty struct shares its address with whatever comes next.
 */
static int cut_at_symbols(struct unit *unit, struct elf_section *sec)
{
	struct atom *last = NULL;

	for (size_t i = 0; i < sec->nr_symbols; i++) {
		struct elf_symbol *sym = sec->symbols[i];
		bool empty = sym->type == STT_OBJECT && !sym->size;
		uint64_t end = sym->value + sym->size;

		if (!is_name(sym))
			continue;
		if (end > sec->size || end < sym->value)
			end = sec->size;
		if (!empty && last && (sym->value < last->end || sym->value == last->start)) {
			if (end > last->end)
				last->end = end;
			if (sym->value == last->start && better_name(sym, last->sym))
				last->sym = sym;
			sym->priv = last;
			continue;
		}
		struct atom *atom = unit_add_atom(unit, sec, sym->value, end, sym);

		if (!atom)
			return -ENOMEM;
		sym->priv = atom;
		if (!empty)
			last = atom;
	}
	return 0;
}

/* Code without a size (labels of assembler files) goes on to the next one. */
static void extend_sizeless(struct elf_section *sec)
{
	struct section_atoms *list = section_atoms(sec);
	uint64_t next = sec->size;

	for (size_t i = list->nr; i-- > 0;) {
		struct atom *atom = list->atoms[i];

		if (atom->start == atom->end && atom->sym->type != STT_OBJECT)
			atom->end = next;
		next = atom->start;
	}
}

static int cut(struct unit *unit, struct error *err)
{
	for (size_t i = 1; i < unit->elf->nr_symbols; i++)
		unit->elf->symbols[i]->priv = NULL;
	for (size_t i = 1; i < unit->elf->nr_sections; i++)
		unit->elf->sections[i]->priv = NULL;
	for (size_t i = 1; i < unit->elf->nr_sections; i++) {
		struct elf_section *sec = unit->elf->sections[i];
		struct section_atoms *list = calloc(1, sizeof(*list));

		if (!list)
			return no_memory(err, unit);
		sec->priv = list;
		list->class = section_classify(sec);
		switch (list->class) {
		case SECTION_IGNORED:
		case SECTION_TABLE:
		case SECTION_STRINGS:
		case SECTION_CONSTS:
			continue;
		default:
			if (cut_at_symbols(unit, sec))
				return no_memory(err, unit);
			extend_sizeless(sec);
		}
	}
	return 0;
}

static int compare_names(const void *a, const void *b)
{
	return strcmp((*(struct atom *const *)a)->sym->name, (*(struct atom *const *)b)->sym->name);
}

static int compare_name(const void *key, const void *b)
{
	return strcmp(key, (*(struct atom *const *)b)->sym->name);
}

struct atom *unit_find(const struct unit *unit, const char *name)
{
	struct atom **found =
		bsearch(name, unit->by_name, unit->nr_named, sizeof(*unit->by_name), compare_name);

	if (!found)
		return NULL;
	while (found > unit->by_name && !strcmp(found[-1]->sym->name, name))
		found--;
	return *found;
}

static int index_names(struct unit *unit)
{
	unit->by_name = calloc(unit->nr_atoms + 1, sizeof(*unit->by_name));
	if (!unit->by_name)
		return -ENOMEM;
	for (size_t i = 0; i < unit->nr_atoms; i++)
		if (unit->atoms[i]->sym)
			unit->by_name[unit->nr_named++] = unit->atoms[i];
	if (unit->nr_named)
		qsort(unit->by_name, unit->nr_named, sizeof(*unit->by_name), compare_names);
	return 0;
}

/* "foo.cold" and the older "foo.cold.12" belong to "foo". */
static int find_parents(struct unit *unit)
{
	for (size_t i = 0; i < unit->nr_named; i++) {
		struct atom *atom = unit->by_name[i], *parent;
		const char *suffix = strstr(atom->sym->name, ".cold");
		char *name;

		if (!suffix || !atom_is_code(atom) || (suffix[5] && suffix[5] != '.'))
			continue;
		name = strndup(atom->sym->name, (size_t)(suffix - atom->sym->name));
		if (!name)
			return -ENOMEM;
		parent = unit_find(unit, name);
		free(name);
		if (parent && atom_is_code(parent)) {
			atom->owner = parent;
			parent->cold = atom;
		}
	}
	return 0;
}

int unit_from_elf(struct elf_file *elf, struct unit **ret, struct error *err)
{
	struct unit *unit = calloc(1, sizeof(*unit));
	int rc;

	*ret = NULL;
	if (!unit) {
		rc = error_set(err, -ENOMEM, "%s: out of memory", elf->path);
		elf_free(elf);
		return rc;
	}
	unit->elf = elf;
	rc = cut(unit, err);
	if (!rc && (index_names(unit) || find_parents(unit)))
		rc = no_memory(err, unit);
	if (!rc)
		rc = unit_resolve(unit, err);
	if (rc) {
		unit_free(unit);
		return rc;
	}
	*ret = unit;
	return 0;
}

int unit_open(const char *path, struct unit **ret, struct error *err)
{
	struct elf_file *elf;
	int rc = elf_open(path, &elf, err);

	*ret = NULL;
	return rc ? rc : unit_from_elf(elf, ret, err);
}

void unit_free(struct unit *unit)
{
	if (!unit)
		return;
	for (size_t i = 0; i < unit->nr_atoms; i++) {
		free(unit->atoms[i]->refs);
		free(unit->atoms[i]->entries);
		declaration_free(unit->atoms[i]->declaration);
		free(unit->atoms[i]);
	}
	for (size_t i = 1; i < unit->elf->nr_sections; i++) {
		struct section_atoms *list = section_atoms(unit->elf->sections[i]);

		if (!list)
			continue;
		free(list->atoms);
		free(list->adjusts);
		free(list);
	}
	free(unit->atoms);
	free(unit->by_name);
	free(unit->debug);
	elf_free(unit->elf);
	free(unit);
}

struct atom *unit_atom_at(const struct elf_section *sec, uint64_t offset)
{
	const struct section_atoms *list = section_atoms(sec);
	size_t low = 0, high = list->nr;

	/* The last atom that starts at or before the offset and is not empty. */
	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (list->atoms[mid]->start <= offset)
			low = mid + 1;
		else
			high = mid;
	}
	while (low-- > 0) {
		struct atom *atom = list->atoms[low];

		if (atom->start == atom->end)
			continue;
		return offset < atom->end ? atom : NULL;
	}
	return NULL;
}

enum section_class unit_section_class(const struct elf_section *sec)
{
	return section_atoms(sec)->class;
}

const char *atom_name(const struct atom *atom)
{
	return atom->sym ? atom->sym->name : atom->sec->name;
}

const unsigned char *atom_bytes(const struct atom *atom)
{
	return atom->sec->data ? atom->sec->data + atom->start : NULL;
}
