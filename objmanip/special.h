/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the kernel's sections mean: the one place that knows their names. A
 * section that no row knows is SECTION_UNKNOWN: it may stay as it is, but
 * nothing in it may change, and nothing new may be put there.
 */
#ifndef OBJMANIP_SPECIAL_H
#define OBJMANIP_SPECIAL_H

#include <stdbool.h>
#include <stdint.h>

#include "object.h"

enum section_class {
	SECTION_IGNORED,	/* says nothing about running code: notes, objtool's tables, ... */
	SECTION_CODE,
	SECTION_DATA,		/* writable */
	SECTION_RODATA,
	SECTION_STRINGS,	/* mergeable strings: compared and copied by content */
	SECTION_CONSTS,		/* mergeable constants: likewise */
	SECTION_TABLE,		/* entries that belong to code: see struct special_table */
	SECTION_INIT_CODE,	/* runs once, then is freed */
	SECTION_INIT_DATA,
	SECTION_EXIT_CODE,	/* in modules only; the kernel itself has none */
	SECTION_EXIT_DATA,
	SECTION_REGISTRY,	/* read when the kernel or module starts: must not change */
	SECTION_UNKNOWN,
};

/*
 * A table of fixed-size entries. The first field of an entry refers to the code or object
 * that it belongs to, and it goes where that code goes.
 */
struct special_table {
	const char *name;
	bool prefix;			/* `name' is the beginning of the section's name */
	unsigned char sizes[4];		/* possible entry sizes, 0-terminated */
	/* How entries are compared. */
	bool unimportant;		/* not at all: follows from the code itself */
	unsigned char ignore_from_end;	/* offset from the end of two bytes to ignore, 0: none */
	bool ends_with_length;		/* the last byte is 0: the second field means nothing */
	bool runtime;			/* a run-time constant: see runtime.h */
};

/* Classifies a section by name and flags. */
enum section_class section_classify(const struct elf_section *sec);

/* The row of a SECTION_TABLE section. */
const struct special_table *special_table_find(const struct elf_section *sec);

/*
 * The entry size of a table, which must agree with where its relocations are.
 * 0 on success (*ret is 0 for an empty section).
 */
int special_entry_size(const struct elf_section *sec, const struct special_table *table,
		       unsigned int *ret, struct error *err);

/* Writable or constant data, of any lifetime but init and exit. */
static inline bool section_is_data(enum section_class class)
{
	return class == SECTION_DATA || class == SECTION_RODATA || class == SECTION_UNKNOWN;
}

#endif
