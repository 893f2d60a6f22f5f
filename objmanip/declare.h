/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Where the source declares a unit's static objects. The compiler numbers those
 * of functions, and says only in debugging information which is whose.
 */
#ifndef OBJMANIP_DECLARE_H
#define OBJMANIP_DECLARE_H

#include "unit.h"

struct declaration {
	char *function;			/* that has it, inlined or not; "" for a file's own */
	char *file;
	int line;
};

/*
 * Sets atom->declaration of the unit's objects from the debugging information
 * in `path', an object compiled as the unit was but for that. Sets nothing if
 * its code is another: its names need not mean the same then. 0 or an error;
 * without debugging information in the file that is no error.
 */
int declare_objects(struct unit *unit, const char *path, struct error *err);

/* NULL is legal. */
void declaration_free(struct declaration *d);

/* Declared in the same function of the same file? */
bool declaration_same_function(const struct declaration *a, const struct declaration *b);

#endif
