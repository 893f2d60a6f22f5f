/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Whether the address of something that only the update has may get to where
 * undo cannot see it. Then the update's modules have to stay in memory after it.
 */
#ifndef OBJMANIP_ESCAPE_H
#define OBJMANIP_ESCAPE_H

#include "unit.h"

/*
 * May this reference of new code or data hand out the address of the new object
 * or function that it means? Not by a call, a jump or an access to the object,
 * nor by passing it on to a function of the kernel that is known not to keep it.
 * True where it is not clear.
 */
bool escape_address(const struct atom *from, const struct ref *ref);

/*
 * Does this reference of new code write the address into memory, other than the
 * stack? For strings and the like, which nearly every function passes on.
 */
bool escape_stored(const struct atom *from, const struct ref *ref);

#endif
