/* SPDX-License-Identifier: GPL-2.0-only */
/* How an instruction uses the symbol that its relocation names. */
#ifndef OBJMANIP_OPERAND_H
#define OBJMANIP_OPERAND_H

#include "unit.h"

/*
 * Does the code take the address, so that it may be stored somewhere, rather
 * than load from there? True where it is not clear. Only for references of code.
 */
bool operand_is_address(const struct atom *atom, const struct ref *ref);

#endif
