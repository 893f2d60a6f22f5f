// SPDX-License-Identifier: GPL-2.0-only
/*
 * Objects of one name that only a number tells apart: the statics of functions.
 * Pairing the wrong two would mix up what the running kernel keeps in them, so
 * nothing is guessed. Two are the same object if the source declares them in
 * the same function; or, without debugging information, if unchanged code uses
 * one where it used the other. What is unclear then is marked, and refused if
 * new code needs it.
 */
#include <string.h>

#include "declare.h"
#include "pair_internal.h"

/* Is this an object that its name does not identify? */
static bool is_numbered_object(const struct atom *atom)
{
	return atom->sym && !atom_is_code(atom) && atom->class != SECTION_TABLE &&
	       pair_is_numbered(atom->sym->name);
}

/*
 * Nothing can be kept in an empty object (a lock_class_key without lockdep), and it may share its
 * address with others: one is as good as another.
 */
static bool is_empty_object(const struct atom *atom)
{
	return is_numbered_object(atom) && section_is_data(atom->class) && !atom_size(atom);
}

/* ---- by declaration ---------------------------------------------------------------- */

static bool same_declaration(const struct atom *a, const struct atom *b, bool same_line)
{
	return a->declaration && b->declaration && !a->twin && !b->twin &&
	       pair_same_base(a->sym->name, b->sym->name) && pair_compatible(a, b) &&
	       declaration_same_function(a->declaration, b->declaration) &&
	       (!same_line || a->declaration->line == b->declaration->line);
}

/* The only atom of the unit that is declared as this one of the other unit is, or NULL. */
static struct atom *only_declared(const struct unit *unit, const struct atom *like, bool same_line)
{
	struct atom *only = NULL;
	size_t i, end = pair_range(unit, like->sym->name, &i);

	for (; i < end; i++) {
		if (!same_declaration(unit->by_name[i], like, same_line))
			continue;
		if (only)
			return NULL;
		only = unit->by_name[i];
	}
	return only;
}

/*
 * Lines are numbered as before the patch, so an unchanged declaration has the
 * line that it had. One that the patch edits is the only one left of its
 * function and name.
 */
static void pair_declared(struct unit *pre, struct unit *post, bool same_line)
{
	for (size_t i = 0; i < pre->nr_named; i++) {
		struct atom *a = pre->by_name[i], *b;

		if (a->twin || !a->declaration || !is_numbered_object(a))
			continue;
		b = only_declared(post, a, same_line);
		if (b && only_declared(pre, b, same_line) == a)
			pair_set_twins(a, b);
	}
}

/* ---- by unchanged code --------------------------------------------------------------- */

static bool may_pair(const struct atom *a, const struct atom *b)
{
	return pair_same_base(a->sym->name, b->sym->name) && atom_size(a) == atom_size(b) &&
	       pair_compatible(a, b) &&
	       (a->class == SECTION_RODATA) == (b->class == SECTION_RODATA);
}

/* What two references at one place of equal code refer to, if that is numbered objects. */
static bool same_place(const struct ref *p, const struct ref *q)
{
	return p->atom && q->atom && p->place == q->place && is_numbered_object(p->atom) &&
	       is_numbered_object(q->atom) && may_pair(p->atom, q->atom);
}

/* Calls `visit' for each such two of an atom, its table entries included; true if one did. */
static bool each_place(const struct atom *a, const struct atom *b,
		       bool (*visit)(struct atom *a, struct atom *b))
{
	bool any = false;

	if (a->nr_entries != b->nr_entries || !pair_same_shape(a, b))
		return false;
	for (size_t i = 0; i < a->nr_refs; i++)
		if (same_place(&a->refs[i], &b->refs[i]))
			any |= visit(a->refs[i].atom, b->refs[i].atom);
	for (size_t e = 0; e < a->nr_entries; e++)
		if (a->entries[e]->table == b->entries[e]->table)
			any |= each_place(a->entries[e], b->entries[e], visit);
	return any;
}

static bool each_pair(struct unit *pre, bool (*visit)(struct atom *a, struct atom *b))
{
	bool any = false;

	for (size_t i = 0; i < pre->nr_atoms; i++)
		if (pre->atoms[i]->twin)
			any |= each_place(pre->atoms[i], pre->atoms[i]->twin, visit);
	return any;
}

static bool pair_place(struct atom *a, struct atom *b)
{
	if (a->twin || b->twin || a->unsure || b->unsure)
		return false;
	pair_set_twins(a, b);
	return true;
}

static void part(struct atom *atom)
{
	if (atom->twin)
		atom->twin->twin = NULL;
	atom->twin = NULL;
}

/*
 * Code of two places does not agree on who is who: one of them was changed to
 * use another object. Declarations would tell which.
 */
static bool part_contradiction(struct atom *a, struct atom *b)
{
	struct atom *involved[] = { a, b, a->twin, b->twin };

	if (a->twin == b || (!a->twin && !b->twin) || (a->declaration && b->declaration) ||
	    pair_by_content(a) || is_empty_object(a))
		return false;
	part(a);
	part(b);
	for (size_t i = 0; i < sizeof(involved) / sizeof(involved[0]); i++)
		if (involved[i])
			involved[i]->unsure = true;
	return true;
}

/* ---- what is left ----------------------------------------------------------------------- */

/* What code and data refer to. */
static void mark_referred(struct unit *unit)
{
	for (size_t i = 0; i < unit->nr_atoms; i++)
		for (size_t r = 0; r < unit->atoms[i]->nr_refs; r++)
			if (unit->atoms[i]->refs[r].atom)
				unit->atoms[i]->refs[r].atom->referred = true;
}

/*
 * What is freed after boot, what is empty, and what nobody refers to, or only the list that it is
 * in (constants that the compiler has put into the code itself; ___tp_str): contents decide.
 */
static bool decided_by_content(const struct atom *atom)
{
	return atom->class == SECTION_INIT_DATA || is_empty_object(atom) ||
	       (!atom->referred && (pair_is_harmless(atom) || pair_by_content(atom)));
}

static bool same_content(const struct atom *a, const struct atom *b, int round)
{
	(void)round;
	return a->class == b->class && decided_by_content(b) &&
	       pair_same_base(a->sym->name, b->sym->name) && pair_same_content(a, b);
}

/* Has one build an object of such a name to spare, and the other any of that name? */
static bool one_is_left(const struct unit *unit, const struct unit *other)
{
	for (size_t i = 0; i < unit->nr_named; i++) {
		const struct atom *a = unit->by_name[i];
		size_t k, end;

		if (a->twin || !section_is_data(a->class) || !is_numbered_object(a) ||
		    pair_by_content(a))
			continue;
		end = pair_range(other, a->sym->name, &k);
		for (; k < end; k++)
			if (section_is_data(other->by_name[k]->class) &&
			    pair_same_base(a->sym->name, other->by_name[k]->sym->name))
				return true;
	}
	return false;
}

/*
 * An object of a new place, and one of that name that has lost its own: moved
 * by the patch, or another? The kernel's value is lost if that is guessed wrong.
 */
static void mark_unsure(struct unit *pre, struct unit *post)
{
	for (size_t i = 0; i < post->nr_named; i++) {
		struct atom *b = post->by_name[i];
		size_t k, end;

		if (b->twin || !section_is_data(b->class) || pair_by_content(b))
			continue;
		end = pair_range(pre, b->sym->name, &k);
		for (; k < end && !b->unsure; k++) {
			const struct atom *a = pre->by_name[k];

			b->unsure = !a->twin && section_is_data(a->class) && !pair_by_content(a) &&
				    pair_same_base(a->sym->name, b->sym->name);
		}
		if (pair_is_harmless(b))
			b->unsure = false;
	}
}

void pair_objects(struct unit *pre, struct unit *post)
{
	pair_declared(pre, post, true);
	pair_declared(pre, post, false);
	while (each_pair(pre, pair_place))
		;
	while (each_pair(pre, part_contradiction))
		;
	mark_referred(pre);
	mark_referred(post);
	pair_left(pre, post, decided_by_content, same_content, 0);
	mark_unsure(pre, post);
	post->unclear = one_is_left(pre, post) || one_is_left(post, pre);
}
