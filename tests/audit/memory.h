/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The copy of a running kernel's memory that audit-copy made, and the names that its /proc/kallsyms
 * had. The copy can be changed; the file stays as it is.
 */
#ifndef TESTS_AUDIT_MEMORY_H
#define TESTS_AUDIT_MEMORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct memory;

/* A symbol of code: what kallsyms shows as t, T, w or W. */
struct entry {
	uint64_t address;
	const char *name;
	const char *module; /* "" for vmlinux */
};

/*
 * Opens DIR/memory and DIR/kallsyms. NULL: said on stderr why. For memory_free().
 */
struct memory *memory_open(const char *dir);
void memory_free(struct memory *m);

/* The bytes at an address, to read and to change; NULL: not all of them are in the copy. */
uint8_t *memory_at(const struct memory *m, uint64_t address, size_t length);

/* The 8 bytes at an address, 0 where there are none. */
uint64_t memory_word(const struct memory *m, uint64_t address);

/* Where a branch goes: what the s32 at `field', relative to what follows it, leads to. */
uint64_t memory_target(const struct memory *m, uint64_t field);

/* All code symbols in the order of their addresses. */
const struct entry *memory_entries(const struct memory *m, size_t *count);

/* The first code symbol at or behind an address; NULL: none. */
const struct entry *memory_entry_from(const struct memory *m, uint64_t address);

/* The address of a symbol of vmlinux, of any type; 0: there is none, or there are several. */
uint64_t memory_symbol(const struct memory *m, const char *name);

/* The same, of a module; "" for vmlinux. */
uint64_t memory_symbol_of(const struct memory *m, const char *name, const char *module);

/* The same, of vmlinux or else of whichever module has it first in the order of addresses. */
uint64_t memory_symbol_anywhere(const struct memory *m, const char *name);

/*
 * Code symbol number `which` (of *count, which is filled) of that name that is not at `address`;
 * 0: there is none.
 */
uint64_t memory_namesake(const struct memory *m, const char *name, uint64_t address, size_t which,
			 size_t *count);

/*
 * The parts of the copy that a module is in: the areas that have a symbol of it, or a section of
 * it as DIR/sections says. Fills `ranges' (pairs of start and size) and returns their number.
 */
size_t memory_module(const struct memory *m, const char *module, uint64_t (*ranges)[2],
		     size_t max);

/* Where a section of a module is (DIR/sections); 0: unknown. */
uint64_t memory_section(const struct memory *m, const char *module, const char *section);

#endif
