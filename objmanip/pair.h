/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Finds the same function or object in two builds of a unit. Most have names
 * that say so; the compiler numbers the others (statics of a function, clones),
 * and the numbers move whenever one is added.
 */
#ifndef OBJMANIP_PAIR_H
#define OBJMANIP_PAIR_H

#include "unit.h"

/*
 * Sets atom->twin in both units, and atom->unsure where an object is left
 * unpaired but might be one of the other's. post->unclear tells whether objects of
 * one name are left, which declare_objects(), called on both before, might tell apart.
 */
void pair_units(struct unit *pre, struct unit *post);

/* How many bytes of the name are left without the compiler's numbers. */
size_t pair_base_length(const char *name);

/* Has the name a number that may differ between two builds? */
bool pair_is_numbered(const char *name);

/*
 * An object that nobody misses: a copy of its own does as well as the kernel's
 * (a once flag, a lock class, the description of a pr_debug). Its contents may
 * hold line numbers.
 */
bool pair_is_harmless(const struct atom *atom);

/* A constant that is the same thing if it has the same contents (__func__, ...). */
bool pair_by_content(const struct atom *atom);

/* Same bytes outside of the fields that relocations fill, same fields there? */
bool pair_same_shape(const struct atom *a, const struct atom *b);

/* Same text or constant, for two references to literals. */
bool pair_same_literal(const struct ref *a, const struct ref *b);

/*
 * The literal's bytes and how many there are (a string with its terminator).
 * -ENOENT when it lies outside of its section.
 */
int pair_literal(const struct ref *ref, const unsigned char **bytes, size_t *size);

/* Same contents, references included? For atoms without a twin that may differ in name. */
bool pair_same_content(const struct atom *a, const struct atom *b);

#endif
