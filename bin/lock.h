/* SPDX-License-Identifier: GPL-2.0-only */
/* One command at a time changes the kernel: a lock on /run/ksplice/lock. */
#ifndef KSPLICE_LOCK_H
#define KSPLICE_LOCK_H

#include "message.h"

/*
 * Takes the lock, waiting for at most `seconds'. The lock goes with the file
 * descriptor *ret, which the caller closes (_cleanup_close_), and with the process.
 */
int lock_take(const struct speaker *who, unsigned int seconds, int *ret, struct failure *f);

#endif
