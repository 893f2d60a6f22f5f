/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Loading and removing modules. By the system calls themselves: a module is
 * loaded from the very bytes that were checked, no file and no modprobe
 * configuration is involved, and the errno tells all that the kernel tells.
 */
#ifndef KSPLICE_MODULE_H
#define KSPLICE_MODULE_H

#include <stddef.h>

#include "message.h"

/*
 * Loads a module from memory. Returns 0 or a negative errno, without a
 * failure: the caller may know better why (see module_load_failure()).
 */
int module_load(const void *data, size_t size);

/* Describes, in words, why module_load() gave `err' for module `name'. */
int module_load_failure(const char *name, int err, struct failure *f);

/*
 * Removes a module. While something still holds it, tries again for a short
 * while. Returns 0 (also when there is none of that name) or a negative errno.
 */
int module_unload(const char *name);

#endif
