/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a loaded module had for its start only. The kernel has freed it, and kallsyms has forgotten
 * it; but /sys/module/NAME/sections goes on telling where its sections were, and the module's file
 * what was where in them.
 */
#ifndef KSPLICE_FREED_H
#define KSPLICE_FREED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A section of which nothing is left. */
struct freed_section {
	char *name;
	uint64_t address;
	uint64_t size; /* up to the next section of the module, or to the end of all addresses */
};

struct freed_symbol {
	char *name;
	uint64_t address;
	bool global;
};

struct freed {
	struct freed_section *sections; /* in the order of their addresses */
	size_t nr_sections;
	struct freed_symbol *symbols; /* in the order of their names */
	size_t nr_symbols;
	bool has_sections; /* else nothing is known */
	bool has_symbols; /* the file is the loaded module's; else only the sections are known */
	char missing[160]; /* for people: why that is so; "" if all is known */
};

/*
 * Reads what there is to know of a module: its sections from /sys, and its file from the modules of
 * `release' (modules.dep), whose build id must be the loaded one's. Never fails for what is not
 * there, only for lack of memory: -1.
 */
int freed_read(const char *module, const char *release, struct freed *ret);
void freed_free(struct freed *freed);

/* All symbols of that name, and how many: the first one, or NULL. */
const struct freed_symbol *freed_find(const struct freed *freed, const char *name, size_t *count);

#define _cleanup_freed_ __attribute__((cleanup(freed_free)))

#endif
