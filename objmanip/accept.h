/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Changes that an update does not carry and that the user has looked at: the
 * option --accept of `objmanip extract'.
 */
#ifndef OBJMANIP_ACCEPT_H
#define OBJMANIP_ACCEPT_H

#include <stdbool.h>
#include <stddef.h>

#include "unit.h"

#define ACCEPT_INIT_CODE     "init-code" /* a function that ran already, or what has it run */
#define ACCEPT_INITIAL_VALUE "initial-value" /* an object that has a value already */

/*
 * Is `list' well formed: KIND or KIND=NAME, separated by commas, each KIND one
 * of the above? NULL is an empty list.
 */
bool accept_valid(const char *list);

/* Does the list of the unit that `atom' belongs to have it, or all of the kind? */
bool accept_covers(const struct atom *atom, const char *kind);

/*
 * The kind that accepts this changed atom of POST, NULL if none can: its size
 * or its section are beyond that. Of what only the start of the kernel or a
 * module reads (SECTION_REGISTRY) it must be known that it is new.
 */
const char *accept_kind(const struct atom *post);

/*
 * Puts what an object was and what it would be into `text', as the first number
 * that differs; false if only its references do.
 */
bool accept_values(const struct atom *pre, const struct atom *post, char *text, size_t size);

/*
 * Puts which part of an object that is first to differ, as "[3].open", into `text';
 * "" if that is not known (field.h).
 */
void accept_field(const struct atom *pre, const struct atom *post, char *text, size_t size);

#endif
