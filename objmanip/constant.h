/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What becomes of a constant whose contents change. Either the changed copy
 * comes along, and who uses the constant uses the copy: then all of them are
 * new code. Or it is rewritten where it is, for everybody at once; see rewrite.h.
 */
#ifndef OBJMANIP_CONSTANT_H
#define OBJMANIP_CONSTANT_H

#include "unit.h"

/*
 * Decides for each constant of POST that differs from its twin and has not been
 * decided on: sets ->renewed or ->rewritten, on both. Returns true if one is
 * renewed: the comparison has to go on, since its users change.
 */
bool constants_settle(struct unit *post);

/* Refuses, by name, a changed constant that can be neither. `name' is the unit's. */
int constant_check(const struct atom *post, const char *name, struct error *err);

#endif
