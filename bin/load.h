/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Bringing an update into the kernel, short of splicing it: ksplice.ko, the
 * candidates of each target's symbols, the modules. Steps in this order; after
 * a failure in any of them, load_roll_back() takes out what came in.
 */
#ifndef KSPLICE_LOAD_H
#define KSPLICE_LOAD_H

#include <stdbool.h>
#include <stdint.h>

#include "kallsyms.h"
#include "message.h"
#include "module_file.h"
#include "update_file.h"

/* Zero-initialise, set `who', `file' and `wait'; at the end load_free(). */
struct load {
	const struct speaker *who;
	const struct update_file *file;
	struct module_file *modules; /* one per target of the manifest */
	struct kallsyms *symbols;
	unsigned int wait; /* seconds, for what passes */
	uint64_t *targets; /* sysfs_module_number() of each, before symbols were read */
	bool changes_modules; /* not only vmlinux */
	bool has_begun; /* something may be in the kernel */
};

/* Are release and machine those that the update is for, and the modules sound? */
int load_check(struct load *l, struct failure *f);

/* Are the update's targets there? */
int load_check_targets(struct load *l, struct failure *f);

/* Reads /proc/kallsyms for all names that are needed. */
int load_read_symbols(struct load *l, struct failure *f);

/* Loads ksplice.ko, unless one of the same format is loaded, and gives it its symbols. */
int load_core(struct load *l, struct failure *f);

/* Loads the module of each target: the kernel matches and links it. */
int load_modules(struct load *l, struct failure *f);

/*
 * Takes everything out that was loaded. Sets f->unchanged when the kernel is as
 * it was; says on stderr what could not be removed.
 */
void load_roll_back(struct load *l, struct failure *f);

void load_free(struct load *l);

#define _cleanup_load_ __attribute__((cleanup(load_free)))

#endif
