/* SPDX-License-Identifier: GPL-2.0-only */
/* What a running kernel cannot be given, of what compare_units() found; to be called after it. */
#ifndef OBJMANIP_CHECK_H
#define OBJMANIP_CHECK_H

#include "unit.h"

/* Refuses it, by name. `name' is the unit's, `target' "vmlinux" or a module's name. */
int check_units(const struct unit *pre, const struct unit *post, const char *name,
		const char *target, struct error *err);

/*
 * Is it an entry, which PRE has not, of a table that is read only at boot or when
 * a module is loaded?
 */
bool check_registers(const struct unit *pre, const struct atom *post);

/* Does a changed function only call other clones (foo.isra.0) of what it called before? */
bool check_only_clones(const struct atom *post);

#endif
