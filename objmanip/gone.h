/* SPDX-License-Identifier: GPL-2.0-only */
/* Functions that a unit loses: removed by the patch, or moved to another unit. */
#ifndef OBJMANIP_GONE_H
#define OBJMANIP_GONE_H

#include "extract.h"

/*
 * Is it a running function of PRE that POST lacks? Then a task may be inside of
 * it. To be called after compare_units(), as all here.
 */
bool gone_function(const struct atom *pre);

/*
 * The unit that gets a function which this unit loses, or NULL; *size is its
 * size there. Calls of its old address have to reach the new one.
 */
const char *gone_to(const struct extract *x, const struct atom *pre, uint32_t *size);

/* Does the unit lose any function? */
bool gone_any(const struct extract *x);

/*
 * May its old address be stored, by code or in data? Then it goes on being called
 * there, and it is the old code that is called.
 */
bool gone_is_stored(const struct extract *x, const struct atom *pre);

/*
 * Refuses, by name, to lose what others may refer to: an export whose function
 * is nowhere in the update.
 */
int gone_check(const struct extract *x, struct error *err);

/*
 * Is it a global variable of POST that is another unit's in the running kernel, and
 * begins as that did? Then that one is meant.
 */
bool gone_moved_variable(const struct extract *x, const struct atom *post);

/*
 * Refuses a new variable of POST that is another unit's old one, unless gone_moved_variable(): the
 * value that the running kernel has there would be lost.
 */
int gone_check_variable(const struct extract *x, const struct atom *post, struct error *err);

#endif
