// SPDX-License-Identifier: GPL-2.0-only
#include "compare.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "constant.h"
#include "pair.h"

#define MAX_ENTRY 16
#define MAX_DEPTH 4 /* of code without a name that such code leads to */

static bool differs(struct atom *a, struct atom *b, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* Marks a pair; always true, for `return differs(...)'. */
static bool differs(struct atom *a, struct atom *b, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(b->reason, sizeof(b->reason), fmt, ap);
	va_end(ap);
	memcpy(a->reason, b->reason, sizeof(a->reason));
	a->changed = b->changed = true;
	return true;
}

/* ---- references ------------------------------------------------------------ */

static const char *target_name(const struct ref *ref)
{
	if (ref->name)
		return ref->name;
	if (ref->literal)
		return ref->literal->flags & SHF_STRINGS ? "a string" : "a constant";
	return atom_name(ref->atom);
}

static bool same_entries(const struct atom *a, const struct atom *b, unsigned int depth,
			 const struct elf_section **where);

/* Contents are all that tells which is which. */
static bool same_unnamed(const struct atom *a, const struct atom *b, unsigned int depth)
{
	const struct elf_section *where;

	return depth && !a->sym && !b->sym && a->class == b->class && pair_same_content(a, b) &&
	       same_entries(a, b, depth - 1, &where);
}

static bool same_target(const struct ref *x, const struct ref *y, unsigned int depth)
{
	if (x->name || y->name)
		return x->name && y->name && !strcmp(x->name, y->name) && x->place == y->place;
	if (x->literal || y->literal)
		return x->literal && y->literal && pair_same_literal(x, y);
	if (x->place != y->place)
		return false;
	if (pair_by_content(x->atom) && pair_by_content(y->atom))
		return pair_same_content(x->atom, y->atom);
	/* A constant that is rewritten keeps its place. */
	if (x->atom->twin == y->atom)
		return !y->atom->renewed;
	return same_unnamed(x->atom, y->atom, depth);
}

bool compare_same_target(const struct ref *x, const struct ref *y)
{
	return same_target(x, y, MAX_DEPTH);
}

static bool refs_differ(struct atom *a, struct atom *b, const struct atom *x, const struct atom *y,
			const char *where)
{
	for (size_t i = 0; i < y->nr_refs; i++) {
		const struct ref *p = &x->refs[i], *q = &y->refs[i];

		if (compare_same_target(p, q))
			continue;
		if (q->atom && p->atom && p->atom->twin == q->atom && p->place == q->place)
			return differs(a, b, "%s+0x%llx uses %s, which changes", where,
				       (unsigned long long)q->offset, target_name(q));
		if (strcmp(target_name(p), target_name(q)))
			return differs(a, b, "%s+0x%llx refers to %s instead of %s", where,
				       (unsigned long long)q->offset, target_name(q),
				       target_name(p));
		return differs(a, b,
			       "%s+0x%llx refers to %s of other contents or another place in it",
			       where, (unsigned long long)q->offset, target_name(q));
	}
	return false;
}

/* ---- table entries ---------------------------------------------------------- */

static void entry_bytes(const struct atom *entry, unsigned char *bytes)
{
	size_t size = atom_size(entry);

	memset(bytes, 0, MAX_ENTRY);
	memcpy(bytes, atom_bytes(entry), size);
	for (size_t i = 0; i < entry->nr_refs; i++)
		memset(bytes + entry->refs[i].offset, 0, reloc_size(entry->refs[i].type));
	if (entry->table->ignore_from_end)
		memset(bytes + size - entry->table->ignore_from_end, 0, 2);
}

static bool same_entry(const struct atom *x, const struct atom *y, unsigned int depth)
{
	unsigned char p[MAX_ENTRY], q[MAX_ENTRY];
	size_t nr = x->nr_refs;

	if (x->table != y->table || atom_size(x) != atom_size(y) || x->nr_refs != y->nr_refs)
		return false;
	entry_bytes(x, p);
	entry_bytes(y, q);
	if (memcmp(p, q, MAX_ENTRY))
		return false;
	if (x->table->ends_with_length && !p[atom_size(x) - 1])
		nr = 1;
	for (size_t i = 0; i < nr; i++) {
		const struct ref *s = &x->refs[i], *t = &y->refs[i];
		bool own = s->atom == x->owner && t->atom == y->owner && x->owner;

		if (s->offset != t->offset ||
		    !(own ? s->place == t->place : same_target(s, t, depth)))
			return false;
	}
	return true;
}

static struct atom *next_entry(const struct atom *atom, size_t *cursor)
{
	while (*cursor < atom->nr_entries) {
		struct atom *entry = atom->entries[(*cursor)++];

		if (!entry->table->unimportant)
			return entry;
	}
	return NULL;
}

/* On a difference, *where is the table. */
static bool same_entries(const struct atom *a, const struct atom *b, unsigned int depth,
			 const struct elf_section **where)
{
	size_t i = 0, k = 0;

	for (;;) {
		const struct atom *x = next_entry(a, &i), *y = next_entry(b, &k);

		if (!x && !y)
			return true;
		if (!x || !y || !same_entry(x, y, depth)) {
			*where = (y ? y : x)->sec;
			return false;
		}
	}
}

static bool entries_differ(struct atom *a, struct atom *b)
{
	const struct elf_section *where;

	return !same_entries(a, b, MAX_DEPTH, &where) &&
	       differs(a, b, "other entries in %s", where->name);
}

/* ---- pairs ------------------------------------------------------------------ */

static bool bytes_differ(struct atom *a, struct atom *b)
{
	const unsigned char *x = atom_bytes(a), *y = atom_bytes(b);
	uint64_t pos = 0;

	for (size_t i = 0; i <= b->nr_refs; i++) {
		uint64_t field = i < b->nr_refs ? b->refs[i].offset : atom_size(b);

		for (; pos < field; pos++)
			if ((x ? x[pos] : 0) != (y ? y[pos] : 0))
				return differs(a, b, "+0x%llx differs", (unsigned long long)pos);
		if (i < b->nr_refs)
			pos = field + reloc_size(b->refs[i].type);
	}
	return false;
}

static bool pair_differs(struct atom *a, struct atom *b)
{
	/* Another unit cannot find a static function by its name: it gets the new copy. */
	if (b->class == SECTION_CODE && a->sym->bind == STB_LOCAL && b->sym->bind != STB_LOCAL)
		return differs(a, b, "no longer static");
	if (atom_size(a) != atom_size(b))
		return differs(a, b, "size 0x%llx, was 0x%llx", (unsigned long long)atom_size(b),
			       (unsigned long long)atom_size(a));
	if (a->class != b->class && !atom_is_code(a))
		return differs(a, b, "moved from %s to %s", a->sec->name, b->sec->name);
	if (!pair_same_shape(a, b))
		return bytes_differ(a, b) || differs(a, b, "other references");
	return refs_differ(a, b, a, b, "") || entries_differ(a, b);
}

/* foo and foo.cold are one function. */
static bool join_families(struct unit *unit)
{
	bool any = false;

	for (size_t i = 0; i < unit->nr_named; i++) {
		struct atom *part = unit->by_name[i], *whole = part->owner;

		if (!whole || !atom_is_code(part) || !whole->twin)
			continue;
		if (!whole->changed && (part->changed || part->twin != whole->twin->cold))
			any |= differs(whole->twin, whole, "%s changes", atom_name(part));
		if (whole->changed && part->twin && !part->changed)
			any |= differs(part->twin, part, "%s changes", atom_name(whole));
	}
	return any;
}

/*
 * Objects that nobody misses need not be the same: a changed one is simply new.
 * Line numbers in the description of a pr_debug are no change.
 */
static void part_harmless(struct unit *post)
{
	for (size_t i = 0; i < post->nr_named; i++) {
		struct atom *b = post->by_name[i], *a = b->twin;

		if (!a || !pair_is_harmless(b))
			continue;
		if (!strncmp(atom_name(b), "__UNIQUE_ID_ddebug", 18) && a->nr_refs == b->nr_refs &&
		    atom_size(a) == atom_size(b)) {
			size_t r = 0;

			while (r < b->nr_refs && compare_same_target(&a->refs[r], &b->refs[r]))
				r++;
			if (r == b->nr_refs)
				continue;
		} else if (pair_same_content(a, b)) {
			continue;
		}
		a->twin = b->twin = NULL;
	}
}

static bool compared(const struct atom *atom)
{
	return atom->twin && atom->sym && atom->class != SECTION_TABLE &&
	       atom->class != SECTION_REGISTRY && !pair_is_harmless(atom);
}

/* Marks what differs, and what therefore differs, until nothing is added. */
static void find_changes(struct unit *pre, struct unit *post)
{
	bool any;

	do {
		any = false;
		for (size_t i = 0; i < post->nr_named; i++) {
			struct atom *b = post->by_name[i];

			if (compared(b) && !b->changed)
				any |= pair_differs(b->twin, b);
		}
		any |= join_families(pre);
		any |= join_families(post);
	} while (any);
}

void compare_units(struct unit *pre, struct unit *post)
{
	pair_units(pre, post);
	part_harmless(post);
	do
		find_changes(pre, post);
	while (constants_settle(post));
}

bool compare_replaces(const struct atom *post, const char *target)
{
	if (!post->changed || !post->sym)
		return false;
	return post->class == SECTION_CODE ||
	       (post->class == SECTION_EXIT_CODE && strcmp(target, "vmlinux"));
}

bool compare_new_global(const struct atom *post)
{
	return post->sym && !post->twin && post->sym->bind != STB_LOCAL &&
	       (post->class == SECTION_CODE || post->class == SECTION_DATA ||
		post->class == SECTION_RODATA);
}

bool compare_any_change(const struct unit *post, const char *target)
{
	for (size_t i = 0; i < post->nr_atoms; i++)
		if (compare_replaces(post->atoms[i], target) ||
		    compare_new_global(post->atoms[i]) || post->atoms[i]->rewritten)
			return true;
	return false;
}
