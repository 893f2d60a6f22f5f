/* SPDX-License-Identifier: GPL-2.0-only */
/* What pair.c and pair_objects.c share. */
#ifndef OBJMANIP_PAIR_INTERNAL_H
#define OBJMANIP_PAIR_INTERNAL_H

#include "pair.h"

/* Equal but for the numbers, wherever these are? */
bool pair_same_base(const char *a, const char *b);

/* May one be the other at all? */
bool pair_compatible(const struct atom *a, const struct atom *b);

static inline void pair_set_twins(struct atom *a, struct atom *b)
{
	a->twin = b;
	b->twin = a;
}

/*
 * The atoms of a unit whose names may have the same base as this one, or be
 * clones of the same function: by_name[*first] up to, not including, the result.
 */
size_t pair_range(const struct unit *unit, const char *name, size_t *first);

/*
 * Pairs each atom of `pre' that has no twin yet, and that `may' lets, with the first such of `post'
 * that is the `same', in the round given, of those that pair_range() finds.
 */
void pair_left(struct unit *pre, struct unit *post, bool (*may)(const struct atom *pre),
	       bool (*same)(const struct atom *pre, const struct atom *post, int round), int round);

/* Pairs the objects whose names have numbers, after the functions are paired. */
void pair_objects(struct unit *pre, struct unit *post);

#endif
