/* SPDX-License-Identifier: GPL-2.0-only */
/* Completes an update's module after Kbuild has linked it. */
#ifndef OBJMANIP_FINISH_H
#define OBJMANIP_FINISH_H

#include "object.h"
#include "symvers.h"

/*
 * Turns the references that the kernel's module loader could not resolve into
 * ksplice_relocs, and fills the descriptor. Changes `elf' in place; after a
 * failure it is only good for elf_free(). Refuses what cannot be relocated in
 * time, and fails on symbols that nobody defines; both by name.
 */
int finish_update(struct elf_file *elf, const struct symvers *symvers, struct error *err);

#endif
