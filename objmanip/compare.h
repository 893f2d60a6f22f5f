/* SPDX-License-Identifier: GPL-2.0-only */
/* Decides what differs between two builds of a unit. */
#ifndef OBJMANIP_COMPARE_H
#define OBJMANIP_COMPARE_H

#include "unit.h"

/*
 * Pairs the units and sets atom->changed and ->reason on both atoms of every
 * pair that differs: code that runs otherwise or refers to something else, and
 * data with other initial contents.
 */
void compare_units(struct unit *pre, struct unit *post);

/* Do these references of PRE and POST mean the same in the running kernel? */
bool compare_same_target(const struct ref *pre, const struct ref *post);

/* Is this atom of POST code that replaces a running function or comes with one? */
bool compare_replaces(const struct atom *post, const char *target);

/* Is it new, and visible to other units? */
bool compare_new_global(const struct atom *post);

/* Anything for the running kernel in it? */
bool compare_any_change(const struct unit *post, const char *target);

#endif
