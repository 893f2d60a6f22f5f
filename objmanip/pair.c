// SPDX-License-Identifier: GPL-2.0-only
/*
 * A wrong pair of functions costs little: whatever then differs is replaced,
 * callers included. A wrong pair of objects loses or mixes up the kernel's
 * state: see pair_objects.c.
 */
#include "pair_internal.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "btf.h"

static const char unique_id[] = "__UNIQUE_ID_";

size_t pair_base_length(const char *name)
{
	size_t len = strlen(name);

	for (;;) {
		size_t end = len;

		while (end && isdigit((unsigned char)name[end - 1]))
			end--;
		if (end == len || end < 2)
			return len;
		if (name[end - 1] == '.')
			len = end - 1;
		else if (!strncmp(name, unique_id, strlen(unique_id)) || btf_is_id(name))
			return end;
		else
			return len;
	}
}

/* foo.isra.0, foo.constprop.0.cold: the number is not at the end. */
static const char *clone_suffix(const char *name)
{
	static const char *const suffixes[] = { ".isra.", ".constprop.", ".part.",
						".cold",  ".localalias", ".lto_priv." };

	for (size_t i = 0; i < sizeof(suffixes) / sizeof(suffixes[0]); i++) {
		const char *found = strstr(name, suffixes[i]);

		if (found)
			return found;
	}
	return NULL;
}

bool pair_is_numbered(const char *name)
{
	return clone_suffix(name) || pair_base_length(name) != strlen(name);
}

bool pair_same_base(const char *a, const char *b)
{
	size_t na = pair_base_length(a), nb = pair_base_length(b);

	if (!clone_suffix(a) && !clone_suffix(b))
		return na == nb && !memcmp(a, b, na);
	while (*a && *b) {
		if (*a == '.' && *b == '.' && isdigit((unsigned char)a[1]) &&
		    isdigit((unsigned char)b[1])) {
			a += 1 + strspn(a + 1, "0123456789");
			b += 1 + strspn(b + 1, "0123456789");
		} else if (*a++ != *b++) {
			return false;
		}
	}
	return !*a && !*b;
}

static bool name_begins(const struct atom *atom, const char *const list[], size_t nr)
{
	size_t len;

	if (!atom->sym)
		return false;
	len = pair_base_length(atom->sym->name);
	for (size_t i = 0; i < nr; i++)
		if (strlen(list[i]) == len && !memcmp(atom->sym->name, list[i], len))
			return true;
	return false;
}

bool pair_is_harmless(const struct atom *atom)
{
	static const char *const names[] = {
		"__key", "_rs", "_entry", "_entry_ptr", "___tp_str", "______f", "______r",
	};
	static const char *const once[] = { "__already_done", "__warned", "__print_once" };

	if (!section_is_data(atom->class) || !atom->sym || atom->sym->bind != STB_LOCAL ||
	    !pair_is_numbered(atom->sym->name))
		return false;
	if (!strcmp(atom->sec->name, "__dyndbg"))
		return true;
	/* Anybody may give an object such a name; only a flag is put there. */
	if (name_begins(atom, once, sizeof(once) / sizeof(once[0])))
		return atom_size(atom) == 1;
	return name_begins(atom, names, sizeof(names) / sizeof(names[0]));
}

bool pair_by_content(const struct atom *atom)
{
	static const char *const names[] = {
		"__func__", "__FUNCTION__", "__PRETTY_FUNCTION__", "CSWTCH", "__compound_literal",
		"C",	    "str__",
	};

	if (atom->class != SECTION_RODATA)
		return false;
	if (!atom->sym)
		return true;
	/* A function's own constant; with references in it, its address might be stored. */
	if (atom->sym->bind == STB_LOCAL && pair_is_numbered(atom->sym->name) && !atom->nr_refs)
		return true;
	return name_begins(atom, names, sizeof(names) / sizeof(names[0]));
}

static bool is_init(const struct atom *atom)
{
	return atom->class == SECTION_INIT_CODE || atom->class == SECTION_INIT_DATA;
}

bool pair_compatible(const struct atom *a, const struct atom *b)
{
	return atom_is_code(a) == atom_is_code(b) && is_init(a) == is_init(b);
}

/* ---- plain names ----------------------------------------------------------- */

static void pair_plain(struct unit *pre, struct unit *post)
{
	for (size_t i = 0; i < pre->nr_named; i++) {
		struct atom *a = pre->by_name[i], *b;

		if (pair_is_numbered(a->sym->name))
			continue;
		b = unit_find(post, a->sym->name);
		if (b && !b->twin && pair_compatible(a, b))
			pair_set_twins(a, b);
	}
}

/* Functions and objects may have more names; a patch can add one or take one away. */
static void pair_aliases(struct unit *pre, struct unit *post)
{
	for (size_t i = 0; i < post->nr_named; i++) {
		struct atom *b = post->by_name[i];

		for (size_t k = 0; !b->twin && k < b->sec->nr_symbols; k++) {
			const struct elf_symbol *alias = b->sec->symbols[k], *other;
			struct atom *a;

			if (alias->priv != b || pair_is_numbered(alias->name))
				continue;
			other = elf_find_symbol(pre->elf, alias->name);
			a = other && other->section ? other->priv : NULL;
			if (a && !a->twin && pair_compatible(a, b))
				pair_set_twins(a, b);
		}
	}
}

/* ---- numbered functions ---------------------------------------------------- */

enum likeness { SAME_NAME_AND_SHAPE, SAME_SHAPE, SAME_NAME, SAME_BASE, NR_LIKENESS };

/* Of a round: the likeness that it asks for; those of cold parts come after all others. */
static bool alike(const struct atom *a, const struct atom *b, int round)
{
	bool cold = round >= NR_LIKENESS;
	enum likeness like = (enum likeness)(round % NR_LIKENESS);

	if ((a->owner != NULL) != cold || !atom_is_code(b) ||
	    !pair_same_base(a->sym->name, b->sym->name) || !pair_compatible(a, b))
		return false;
	/* A cold part goes with its function. */
	if (a->owner || b->owner)
		return a->owner && b->owner && a->owner->twin == b->owner;
	if (like == SAME_NAME_AND_SHAPE || like == SAME_NAME)
		if (strcmp(a->sym->name, b->sym->name))
			return false;
	if (like == SAME_NAME_AND_SHAPE || like == SAME_SHAPE)
		return pair_same_shape(a, b);
	return true;
}

/* ---- all of it --------------------------------------------------------------- */

/* Where the first name that does not come before this beginning is. */
static size_t lower_bound(const struct unit *unit, const char *begin, size_t len)
{
	size_t low = 0, high = unit->nr_named;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (strncmp(unit->by_name[mid]->sym->name, begin, len) < 0)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

size_t pair_range(const struct unit *unit, const char *name, size_t *first)
{
	size_t base = pair_base_length(name), stem = strcspn(name, "."), end;
	size_t len = stem && stem < base ? stem : base;

	*first = end = lower_bound(unit, name, len);
	while (end < unit->nr_named && !strncmp(unit->by_name[end]->sym->name, name, len))
		end++;
	return end;
}

void pair_left(struct unit *pre, struct unit *post, bool (*may)(const struct atom *pre),
	       bool (*same)(const struct atom *pre, const struct atom *post, int round), int round)
{
	for (size_t i = 0; i < pre->nr_named; i++) {
		struct atom *a = pre->by_name[i];
		size_t k, end;

		if (a->twin || !may(a))
			continue;
		end = pair_range(post, a->sym->name, &k);
		for (; k < end && !a->twin; k++)
			if (!post->by_name[k]->twin && same(a, post->by_name[k], round))
				pair_set_twins(a, post->by_name[k]);
	}
}

void pair_units(struct unit *pre, struct unit *post)
{
	pair_plain(pre, post);
	pair_aliases(pre, post);
	for (int round = 0; round < 2 * NR_LIKENESS; round++)
		pair_left(pre, post, atom_is_code, alike, round);
	btf_pair(pre, post);
	pair_objects(pre, post);
}
