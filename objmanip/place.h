/* SPDX-License-Identifier: GPL-2.0-only */
/* Where the parts of new code lie in the new object. */
#ifndef OBJMANIP_PLACE_H
#define OBJMANIP_PLACE_H

#include "extract.h"

#define PLACE_JUMP_SIZE 5	/* of the jump behind a function for each of its short branches */

/*
 * Copies the included atoms of x->post with their table entries, and the contents
 * of the constants that are rewritten, into x->out: sets ->out, ->out_sec,
 * ->out_start and ->out_end of each, and ->included of entries. References come
 * later. 0 or an error.
 */
int place_all(struct extract *x, struct error *err);

/* Does it reach no farther than 127 bytes? Then it goes by a jump of PLACE_JUMP_SIZE. */
bool place_is_short_branch(const struct atom *atom, const struct ref *ref);

/* Is it an entry that becomes a relocation of the update's own, and has no place? */
bool place_is_runtime(const struct atom *atom);

#endif
