/* SPDX-License-Identifier: GPL-2.0-only */
/* Small pieces of code that new code branches to where it cannot branch to its real target. */
#ifndef OBJMANIP_STUB_H
#define OBJMANIP_STUB_H

#include "extract.h"

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

/*
 * With IBT: does new code take the address of this running function, which the
 * unit itself never did? It may then begin without ENDBR, or have lost it.
 */
bool stub_needs_entry(const struct extract *x, const struct atom *target);

/* A symbol for such an address: an ENDBR, and a jump to the function. */
int stub_entry(struct elf_file *out, struct elf_symbol *to, struct elf_symbol **ret);

#endif
