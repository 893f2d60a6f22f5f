/* SPDX-License-Identifier: GPL-2.0-only */
/* Names the parts of objects, for messages. */
#ifndef OBJMANIP_FIELD_H
#define OBJMANIP_FIELD_H

#include "unit.h"

/*
 * Puts the way from an object to the part of it at the offset into `text', as C
 * has it: "[3].ops.open"; as much of it as there is room for. "" if the object has
 * no parts, or its unit no debugging information (declare.h).
 */
void field_name(const struct atom *atom, uint64_t offset, char *text, size_t size);

#endif
