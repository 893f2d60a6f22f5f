/* SPDX-License-Identifier: GPL-2.0-only */
/* The file that a module was loaded from, as far as it is still where modules are. */
#ifndef KSPLICE_INSTALLED_MODULE_H
#define KSPLICE_INSTALLED_MODULE_H

#include <stddef.h>

/*
 * Finds the file of a module in the folder of a release (modules.dep), and unpacks it. *data is the
 * caller's, to be freed; NULL: there is none, or it cannot be read, for the reason in `why'. -1: no
 * memory.
 */
int installed_module_read(const char *module, const char *release, void **data, size_t *size,
			  char *why, size_t why_size);

#endif
