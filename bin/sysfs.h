/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * /sys/kernel/ksplice: reading an update's state and asking for a step. Every
 * attribute has one value; a missing one is an error only where it is needed.
 */
#ifndef KSPLICE_SYSFS_H
#define KSPLICE_SYSFS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "message.h"

#define SYSFS_VALUE_MAX 4096 /* one page: the most that sysfs gives for an attribute */

/* Is ksplice.ko loaded? */
bool sysfs_core_is_loaded(void);

/* The format version of the loaded ksplice.ko; -1 with a failure if it cannot be read. */
int sysfs_core_version(struct failure *f);

/* Writes a candidate table to the core. */
int sysfs_write_symbols(const void *blob, size_t size, struct failure *f);

/* Does the kernel know the update? */
bool sysfs_update_exists(const char *id);

/*
 * Reads ID/ATTRIBUTE, without the newline at its end. Returns false, and an
 * empty string, when there is none or it may not be read.
 */
bool sysfs_read(const char *id, const char *attribute, char value[SYSFS_VALUE_MAX]);

/* Writes `word' to ID/stage. Returns 0 or a negative errno. */
int sysfs_write_stage(const char *id, const char *word);

/* Names in a directory below /sys/kernel/ksplice ("" is that itself), sorted. For sysfs_free_names(). */
char **sysfs_list_dirs(const char *path, size_t *count);
void sysfs_free_names(char **names, size_t count);

/*
 * A number that the kernel gives to a module when it is loaded, and to no other one later; 0: it
 * is not there.
 */
uint64_t sysfs_module_number(const char *name);

/* Is a module loaded (or built in) that has finished its own start? */
bool sysfs_module_is_live(const char *name);

/* Does another module need it? */
bool sysfs_module_is_held(const char *name);

/* Is a module of that name there, in whatever state? */
bool sysfs_module_exists(const char *name);

#endif
