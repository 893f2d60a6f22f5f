/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * vmlinux or a module's file as it was loaded: each section at the address that it has in the
 * running kernel, with the relocations applied that the module loader applies. So all of what the
 * linker made is here as it was before the kernel changed anything of it.
 */
#ifndef TESTS_AUDIT_LOADED_H
#define TESTS_AUDIT_LOADED_H

#include <elf.h>
#include <stddef.h>
#include <stdint.h>

#include "memory.h"

struct loaded_section {
	const char *name;
	uint64_t address;
	uint64_t size;
	uint8_t *data;
};

#define LOADED_CONSTANTS 2

struct loaded {
	const char *module; /* "" for vmlinux */
	struct loaded_section *sections;
	size_t nr_sections;
	/* A module's symbols, at their addresses; 0 for what is not in memory. Index 0 is empty. */
	Elf64_Sym *symbols;
	size_t nr_symbols;
	char *names; /* st_name counts from here */
	/* What nothing writes in a module, code and constants: the start and the size of each. */
	uint64_t constants[LOADED_CONSTANTS][2];
};

/*
 * Reads an ELF file: vmlinux (module "") of a kernel that runs where it was linked to, or a module
 * that is in the copy. NULL: said on stderr why. For loaded_free(); `module' must stay.
 */
struct loaded *loaded_read(const struct memory *m, const char *module, const char *path);
void loaded_free(struct loaded *l);

/* The bytes that the file has for an address; NULL: not all of them are in one section. */
const uint8_t *loaded_at(const struct loaded *l, uint64_t address, size_t length);

/* The next section whose name begins with `prefix', behind `last' (NULL: the first); or NULL. */
const struct loaded_section *loaded_next(const struct loaded *l, const char *prefix,
					 const struct loaded_section *last);

#endif
