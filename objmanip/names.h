/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a patch makes appear in, and disappear from, each unit of a target: a
 * function or variable that moved to another unit is one that two units name.
 */
#ifndef OBJMANIP_NAMES_H
#define OBJMANIP_NAMES_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "error.h"
#include "object.h"

enum name_kind {
	NAME_FUNCTION, /* lasting code; only globals are listed */
	NAME_CONSTANT, /* the same for read-only data */
	NAME_VARIABLE, /* writable data, static ones too: it has a value that could be lost */
};

/*
 * Prints a line for each name that only one of the two objects defines:
 *
 *	UNIT TAB lost|new TAB function|constant|variable TAB global|static TAB SIZE TAB NAME
 *	[TAB CONTENTS]
 *
 * Numbers that the compiler gave statics are left out, also when counting. CONTENTS, of global
 * variables, is a checksum: equal for objects that lie in equal sections and begin equally. 0 or
 * -ENOMEM.
 */
int names_print(const struct elf_file *pre, const struct elf_file *post, const char *unit,
		FILE *out, struct error *err);

/* Such lines, of all units of a target. */
struct names;

/* On success *ret is the caller's, for names_free(). */
int names_open(const char *path, struct names **ret, struct error *err);

/* NULL is legal. */
void names_free(struct names *names);
static inline void names_freep(struct names **names)
{
	names_free(*names);
}
#define _cleanup_names_ __attribute__((cleanup(names_freep)))

/*
 * The unit other than `unit' that gets the global function `name' and is the
 * only one to get it, or NULL; *size is its size there. NULL `names': NULL.
 */
const char *names_new_function(const struct names *names, const char *unit, const char *name,
			       uint32_t *size);

/* Does one unit lose this global function, and only one other one get it? */
bool names_moved_function(const struct names *names, const char *name);

/* Does any unit get a global of this name? */
bool names_new_global(const struct names *names, const char *name);

/*
 * Does only one unit lose this global variable, and only one get it, of the same size,
 * contents and section?
 */
bool names_moved_variable(const struct names *names, const char *name);

/* A unit other than `unit' that loses a variable of this name, or NULL. */
const char *names_lost_variable(const struct names *names, const char *unit, const char *name);

#endif
