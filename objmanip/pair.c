// SPDX-License-Identifier: GPL-2.0-only
/*
 * A wrong pair of functions costs little: whatever then differs is replaced,
 * callers included. A wrong pair of objects loses or mixes up the kernel's
 * state; so a numbered object is paired only by who uses it and in which order,
 * and what stays unclear is marked, to be refused if the new code needs it.
 */
#include "pair.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

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
		else if (!strncmp(name, unique_id, strlen(unique_id)))
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

/* Equal but for the numbers, wherever these are? */
static bool same_base(const char *a, const char *b)
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
		"__already_done",
		"__warned",
		"__print_once",
		"___once",
		"__once",
		"__key",
		"_rs",
		"rs",
		"_entry",
		"_entry_ptr",
		"___tp_str",
		"descriptor",
		"branch_counter",
		"__UNIQUE_ID_ddebug",
		"______f",
		"______r",
	};

	return section_is_data(atom->class) && atom->sym && atom->sym->bind == STB_LOCAL &&
	       pair_is_numbered(atom->sym->name) &&
	       name_begins(atom, names, sizeof(names) / sizeof(names[0]));
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

/* May one be the other at all? */
static bool compatible(const struct atom *a, const struct atom *b)
{
	return atom_is_code(a) == atom_is_code(b) && is_init(a) == is_init(b);
}

static void set_twins(struct atom *a, struct atom *b)
{
	a->twin = b;
	b->twin = a;
}

/* ---- plain names ----------------------------------------------------------- */

static void pair_plain(struct unit *pre, struct unit *post)
{
	for (size_t i = 0; i < pre->nr_named; i++) {
		struct atom *a = pre->by_name[i], *b;

		if (pair_is_numbered(a->sym->name))
			continue;
		b = unit_find(post, a->sym->name);
		if (b && !b->twin && compatible(a, b))
			set_twins(a, b);
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
			if (a && !a->twin && compatible(a, b))
				set_twins(a, b);
		}
	}
}

/* ---- numbered functions ---------------------------------------------------- */

enum likeness { SAME_NAME_AND_SHAPE, SAME_SHAPE, SAME_NAME, SAME_BASE, NR_LIKENESS };

static bool alike(const struct atom *a, const struct atom *b, enum likeness like)
{
	if (!same_base(a->sym->name, b->sym->name) || !compatible(a, b))
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

static void pair_clones(struct unit *pre, struct unit *post, bool cold, enum likeness like)
{
	for (size_t i = 0; i < pre->nr_named; i++) {
		struct atom *a = pre->by_name[i];

		if (a->twin || !atom_is_code(a) || (a->owner != NULL) != cold)
			continue;
		for (size_t k = 0; k < post->nr_named; k++) {
			struct atom *b = post->by_name[k];

			if (b->twin || !atom_is_code(b) || !alike(a, b, like))
				continue;
			set_twins(a, b);
			break;
		}
	}
}

/* ---- numbered objects: by their users -------------------------------------- */

/* Is this reference to an object that only its users tell apart? */
static struct atom *wanted(const struct ref *ref)
{
	struct atom *atom = ref->atom;

	if (!atom || atom->twin || !atom->sym || atom_is_code(atom) || atom->class == SECTION_TABLE)
		return NULL;
	return pair_is_numbered(atom->sym->name) ? atom : NULL;
}

/* The objects that an atom and its table entries use, each once, in order of first use. */
struct uses {
	struct atom **atoms;
	size_t nr, max;
};

static int add_use(struct uses *uses, struct atom *atom)
{
	for (size_t i = 0; i < uses->nr; i++)
		if (uses->atoms[i] == atom)
			return 0;
	if (uses->nr == uses->max) {
		size_t max = uses->max ? 2 * uses->max : 8;
		struct atom **grown = realloc(uses->atoms, max * sizeof(*grown));

		if (!grown)
			return -ENOMEM;
		uses->atoms = grown;
		uses->max = max;
	}
	uses->atoms[uses->nr++] = atom;
	return 0;
}

static int add_uses(struct uses *uses, const struct atom *user)
{
	for (size_t i = 0; i < user->nr_refs; i++) {
		struct atom *atom = wanted(&user->refs[i]);

		if (atom && add_use(uses, atom))
			return -ENOMEM;
	}
	for (size_t e = 0; e < user->nr_entries; e++)
		if (add_uses(uses, user->entries[e]))
			return -ENOMEM;
	return user->cold ? add_uses(uses, user->cold) : 0;
}

static bool may_pair(const struct atom *a, const struct atom *b)
{
	return same_base(a->sym->name, b->sym->name) && atom_size(a) == atom_size(b) &&
	       compatible(a, b) && (a->class == SECTION_RODATA) == (b->class == SECTION_RODATA);
}

/* Same code: the reference at a place in one is the reference at that place in the other. */
static bool pair_by_place(const struct atom *a, const struct atom *b)
{
	bool found = false;

	if (a->nr_entries != b->nr_entries || !pair_same_shape(a, b))
		return false;
	for (size_t i = 0; i < a->nr_refs; i++) {
		struct atom *x = wanted(&a->refs[i]), *y = wanted(&b->refs[i]);

		if (x && y && may_pair(x, y) && a->refs[i].place == b->refs[i].place) {
			set_twins(x, y);
			found = true;
		}
	}
	for (size_t e = 0; e < a->nr_entries; e++)
		if (a->entries[e]->table == b->entries[e]->table)
			found |= pair_by_place(a->entries[e], b->entries[e]);
	return found;
}

static unsigned long number_of(const struct atom *atom)
{
	const char *name = atom->sym->name;

	name += pair_base_length(name);
	return strtoul(*name == '.' ? name + 1 : name, NULL, 10);
}

/*
 * Different code. Statics of one name that a function uses are taken in order
 * of first use, if the compiler's own order agrees; with another count than
 * before, only those that size and contents tell apart.
 */
static bool pair_group(struct uses *x, struct uses *y, const struct atom *like)
{
	struct atom *a[8], *b[8];
	size_t na = 0, nb = 0, matches = 0;
	bool ordered = true, found = false;

	for (size_t i = 0; i < x->nr; i++)
		if (!x->atoms[i]->twin && same_base(x->atoms[i]->sym->name, like->sym->name) &&
		    na++ < 8)
			a[na - 1] = x->atoms[i];
	for (size_t i = 0; i < y->nr; i++)
		if (!y->atoms[i]->twin && same_base(y->atoms[i]->sym->name, like->sym->name) &&
		    nb++ < 8)
			b[nb - 1] = y->atoms[i];
	if (!nb || na > 8 || nb > 8)
		return false;
	for (size_t i = 1; i < na; i++)
		ordered &= number_of(a[i - 1]) < number_of(a[i]);
	for (size_t i = 1; i < nb; i++)
		ordered &= number_of(b[i - 1]) < number_of(b[i]);
	for (size_t i = 0; na == nb && i < na; i++)
		matches += may_pair(a[i], b[i]);
	if (na == nb && matches == na && (ordered || na == 1)) {
		for (size_t i = 0; i < na; i++)
			set_twins(a[i], b[i]);
		return true;
	}
	/* One that fits exactly one, both ways. */
	for (size_t i = 0; i < na; i++) {
		struct atom *only = NULL;
		size_t fits = 0, back = 0;

		for (size_t k = 0; k < nb; k++) {
			if (!b[k]->twin && may_pair(a[i], b[k]) && pair_same_content(a[i], b[k])) {
				only = b[k];
				fits++;
			}
		}
		for (size_t k = 0; only && k < na; k++)
			back += !a[k]->twin && may_pair(a[k], only) &&
				pair_same_content(a[k], only);
		if (fits == 1 && back == 1) {
			set_twins(a[i], only);
			found = true;
		}
	}
	return found;
}

static int pair_by_uses(const struct atom *a, const struct atom *b, bool *found)
{
	struct uses x = { 0 }, y = { 0 };
	int rc = add_uses(&x, a);

	if (!rc)
		rc = add_uses(&y, b);
	for (size_t i = 0; !rc && i < x.nr; i++)
		if (!x.atoms[i]->twin)
			*found |= pair_group(&x, &y, x.atoms[i]);
	free(x.atoms);
	free(y.atoms);
	return rc;
}

static int pair_objects(struct unit *pre)
{
	bool found;

	do {
		found = false;
		for (size_t i = 0; i < pre->nr_atoms; i++)
			if (pre->atoms[i]->twin)
				found |= pair_by_place(pre->atoms[i], pre->atoms[i]->twin);
	} while (found);
	do {
		found = false;
		for (size_t i = 0; i < pre->nr_atoms; i++) {
			struct atom *a = pre->atoms[i];

			if (a->twin && !(a->owner && atom_is_code(a)) &&
			    pair_by_uses(a, a->twin, &found))
				return -ENOMEM;
		}
	} while (found);
	return 0;
}

/* ---- what is left ----------------------------------------------------------- */

/* Does any atom with a twin use it? */
static bool has_lasting_user(const struct unit *unit, const struct atom *object)
{
	for (size_t i = 0; i < unit->nr_atoms; i++) {
		const struct atom *user = unit->atoms[i];
		const struct atom *top = user->class == SECTION_TABLE && user->owner ? user->owner
										     : user;

		for (size_t r = 0; atom_family(top)->twin && r < user->nr_refs; r++)
			if (user->refs[r].atom == object)
				return true;
	}
	return false;
}

/*
 * A static of a function that the compiler inlined in one build only: pair it
 * if it is the only one of its name that is left and its old users are gone.
 * If they are not, it may be another: unsure.
 */
static void settle_rest(struct unit *pre, struct unit *post)
{
	/* What is freed after boot: contents decide. */
	for (size_t i = 0; i < post->nr_named; i++) {
		struct atom *b = post->by_name[i];

		for (size_t k = 0; k < pre->nr_named && !b->twin; k++) {
			struct atom *a = pre->by_name[k];

			if (!a->twin && a->class == b->class && b->class == SECTION_INIT_DATA &&
			    same_base(a->sym->name, b->sym->name) && pair_same_content(a, b))
				set_twins(a, b);
		}
	}
	/* What nobody misses: a wrong pair does no harm either. */
	for (size_t i = 0; i < post->nr_named; i++) {
		struct atom *b = post->by_name[i], *a = unit_find(pre, b->sym->name);

		if (a && !a->twin && !b->twin && pair_is_harmless(a) && pair_same_content(a, b))
			set_twins(a, b);
	}
	for (size_t i = 0; i < post->nr_named; i++) {
		struct atom *b = post->by_name[i], *only = NULL;
		size_t left = 0, rivals = 0;

		if (b->twin || !section_is_data(b->class) || !pair_is_numbered(b->sym->name) ||
		    pair_is_harmless(b) || pair_by_content(b))
			continue;
		for (size_t k = 0; k < pre->nr_named; k++) {
			struct atom *a = pre->by_name[k];

			if (!a->twin && section_is_data(a->class) &&
			    same_base(a->sym->name, b->sym->name)) {
				only = a;
				left++;
			}
		}
		if (!left)
			continue;
		for (size_t k = 0; k < post->nr_named; k++)
			rivals += post->by_name[k] != b && !post->by_name[k]->twin &&
				  section_is_data(post->by_name[k]->class) &&
				  same_base(post->by_name[k]->sym->name, b->sym->name);
		if (left == 1 && !rivals && may_pair(only, b) &&
		    (!has_lasting_user(pre, only) || !has_lasting_user(post, b)))
			set_twins(only, b);
		else
			b->unsure = true;
	}
}

int pair_units(struct unit *pre, struct unit *post, struct error *err)
{
	pair_plain(pre, post);
	pair_aliases(pre, post);
	for (int cold = 0; cold <= 1; cold++)
		for (int like = 0; like < NR_LIKENESS; like++)
			pair_clones(pre, post, cold, (enum likeness)like);
	if (pair_objects(pre))
		return error_set(err, -ENOMEM, "%s: out of memory", pre->elf->path);
	settle_rest(pre, post);
	return 0;
}
