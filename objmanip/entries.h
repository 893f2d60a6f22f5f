/* SPDX-License-Identifier: GPL-2.0-only */
/* Ways into a replaced function that its jump does not catch. */
#ifndef OBJMANIP_ENTRIES_H
#define OBJMANIP_ENTRIES_H

#include "extract.h"

/*
 * Refuses, by name, a replaced function that something else enters in the
 * middle: the old code there would go on running. After what comes along is
 * chosen (atom->included).
 */
int entries_check(const struct extract *x, struct error *err);

#endif
