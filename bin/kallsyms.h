/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * /proc/kallsyms: names are asked for first, then the file (some 200 000
 * lines) is read once and only those are kept.
 */
#ifndef KSPLICE_KALLSYMS_H
#define KSPLICE_KALLSYMS_H

#include <stddef.h>
#include <stdint.h>

#include "message.h"

struct kallsyms;

struct kallsyms_entry {
	uint64_t address; /* or per-CPU offset, as the kernel prints it */
	char type; /* its letter */
	char module[64]; /* "" for vmlinux */
};

/* NULL: out of memory. For kallsyms_free(). */
struct kallsyms *kallsyms_new(void);
void kallsyms_free(struct kallsyms *k);

/* Asks for a name; asking twice is the same as once. 0 or -1 (out of memory). */
int kallsyms_want(struct kallsyms *k, const char *name);

/*
 * Reads `path'. Leaves out what is no code or data of the kernel: modules of
 * updates, BPF programs, trampolines. Fails when the kernel hides the addresses.
 */
int kallsyms_read(struct kallsyms *k, const char *path, struct failure *f);

/*
 * The same for symbols of modules as well. The file lists these by their number in a list: when a
 * module comes or goes meanwhile, lines of others are left out, and a function whose address is
 * missing could be taken for another one. So what was read counts only if no module came or went;
 * else it is read again, for so many seconds.
 */
int kallsyms_read_modules(struct kallsyms *k, const char *path, unsigned int seconds,
			  struct failure *f);

/* All entries of that name, exactly, in the file's order; NULL and *count 0: none. */
const struct kallsyms_entry *kallsyms_find(const struct kallsyms *k, const char *name,
					   size_t *count);

static inline void kallsyms_freep(struct kallsyms **k)
{
	kallsyms_free(*k);
}
#define _cleanup_kallsyms_ __attribute__((cleanup(kallsyms_freep)))

#endif
