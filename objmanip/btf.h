/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The numbers of types and functions in the kernel's type information (.BTF_ids). They are filled
 * in after the final link, by the names of symbols: __BTF_ID__KIND__NAME__ and a number that
 * counts the lines and macros before it, and so moves with any patch.
 */
#ifndef OBJMANIP_BTF_H
#define OBJMANIP_BTF_H

#include "unit.h"

/* Is that the name of such a symbol? */
bool btf_is_id(const char *name);

/* Pairs those of two builds: all of one kind and name hold the same. */
void btf_pair(struct unit *pre, struct unit *post);

/* Refuses one that the running kernel does not have; `name' is the unit's. 0, or an error. */
int btf_check(const struct atom *post, const char *name, struct error *err);

#endif
