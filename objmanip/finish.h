/* SPDX-License-Identifier: GPL-2.0-only */
/* Completes an update's module after Kbuild has linked it. */
#ifndef OBJMANIP_FINISH_H
#define OBJMANIP_FINISH_H

#include "object.h"
#include "symvers.h"

/*
 * Until it is finished, a module has each new address in its table of functions
 * this much too high. objtool takes what points at code for a pointer that is
 * called through: it wants an ENDBR there, and keeps it. These are where jumps go.
 */
#define FINISH_NEW_ADDR_APART (1LL << 40)

/*
 * Turns the references that the kernel's module loader could not resolve into
 * ksplice_relocs, and fills the descriptor. Changes `elf' in place; after a
 * failure it is only good for elf_free(). Refuses what cannot be relocated in
 * time, and fails on symbols that nobody defines; both by name.
 */
int finish_update(struct elf_file *elf, const struct symvers *symvers, struct error *err);

#endif
