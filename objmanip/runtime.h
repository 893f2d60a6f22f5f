/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Run-time constants: immediates that the kernel fills in at boot, in its own
 * code only. In new code they become relocations of the update's own.
 */
#ifndef OBJMANIP_RUNTIME_H
#define OBJMANIP_RUNTIME_H

#include "extract.h"

/*
 * Adds the relocation for one entry of a runtime_* section, whose code has been
 * placed in x->out. Refuses a kind of constant that is not known.
 */
int runtime_emit(struct extract *x, const struct atom *entry, struct error *err);

#endif
