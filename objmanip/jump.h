/* SPDX-License-Identifier: GPL-2.0-only */
/* Where in the running function the jump to the new one goes. */
#ifndef OBJMANIP_JUMP_H
#define OBJMANIP_JUMP_H

#include "image.h"
#include "object.h"

struct jump {
	uint32_t offset;	/* from the function's start */
	uint32_t flags;		/* KSPLICE_FUNC_* */
};

/*
 * `sym' is a function of the RUN object, `index' the same one in its image,
 * `name' the unit's. Refuses functions that have no room for a jump.
 */
int jump_find(const struct elf_symbol *sym, const struct image *image, uint32_t index,
	      const char *name, struct jump *ret, struct error *err);

#endif
