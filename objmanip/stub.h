/* SPDX-License-Identifier: GPL-2.0-only */
/* Small pieces of code that new code branches to where it cannot branch to its real target. */
#ifndef OBJMANIP_STUB_H
#define OBJMANIP_STUB_H

#include "unit.h"

/*
 * Does the kernel patch the instruction before an update is relocated? That is:
 * is the reference in an alternative, the original or a replacement.
 */
bool stub_is_patched_early(const struct atom *atom, const struct ref *ref);

/*
 * A stub in `out' that jumps to the undefined symbol `to' (made once for each).
 * 0 or -ENOMEM.
 */
int stub_jump(struct elf_file *out, struct elf_symbol *to, struct elf_symbol **ret);

/* A stub that traps, in place of the function `name', which is freed. 0 or -ENOMEM. */
int stub_trap(struct elf_file *out, const char *name, struct elf_symbol **ret);

#endif
