/* SPDX-License-Identifier: GPL-2.0-only */
/* What readers of a unit's debugging information share. */
#ifndef OBJMANIP_DECLARE_INTERNAL_H
#define OBJMANIP_DECLARE_INTERNAL_H

#include <elfutils/libdw.h>
#include <elfutils/libdwfl.h>

#include "unit.h"

/*
 * Opens the debugging information of an object file. On success *module is the
 * file's, and the result the caller's, for dwfl_end(). NULL: dwfl_errmsg() tells.
 */
Dwfl *declare_open(const char *path, Dwfl_Module **module);

/* The object of the unit that a variable's description in its debugging information means, or NULL. */
struct atom *declare_find(const struct unit *unit, Dwfl_Module *module, Dwarf_Die *variable);

#endif
