/* SPDX-License-Identifier: GPL-2.0-only */
/* Taking an update that is not applied out of the kernel: its modules, its directory, the core. */
#ifndef KSPLICE_REMOVE_H
#define KSPLICE_REMOVE_H

#include "message.h"

/*
 * Unloads the update's modules and has the kernel forget it. Fails with "kept"
 * when the kernel keeps a module because something may still use its code.
 */
int remove_update(const char *id, struct failure *f);

/* Unloads ksplice.ko if the kernel has no update any more. Returns whether it is gone. */
bool remove_core_if_idle(void);

#endif
