/* SPDX-License-Identifier: GPL-2.0-only */
/* Decides what differs between two builds of a unit, and whether that can be handled. */
#ifndef OBJMANIP_COMPARE_H
#define OBJMANIP_COMPARE_H

#include "unit.h"

/*
 * Pairs the units and sets atom->changed and ->reason on both atoms of every
 * pair that differs: code that runs otherwise or refers to something else, and
 * data with other initial contents.
 */
void compare_units(struct unit *pre, struct unit *post);

/*
 * Refuses, by name, what a running kernel cannot be given. `name' is the
 * unit's, `target' "vmlinux" or a module's name. To be called after
 * compare_units().
 */
int compare_check(const struct unit *pre, const struct unit *post, const char *name,
		  const char *target, struct error *err);

/* Do these references of PRE and POST mean the same in the running kernel? */
bool compare_same_target(const struct ref *pre, const struct ref *post);

/*
 * Is it an entry, which PRE has not, of a table that is read only at boot or when
 * a module is loaded?
 */
bool compare_registers(const struct unit *pre, const struct atom *post);

/* Is this atom of POST code that replaces a running function or comes with one? */
bool compare_replaces(const struct atom *post, const char *target);

/* Is it new, and visible to other units? */
bool compare_new_global(const struct atom *post);

/* Does a changed function only call other clones (foo.isra.0) of what it called before? */
bool compare_only_clones(const struct atom *post);

/* Anything for the running kernel in it? */
bool compare_any_change(const struct unit *post, const char *target);

#endif
