/* SPDX-License-Identifier: GPL-2.0-only */
/* Asking the kernel to apply or reverse an update, again and again while it is busy. */
#ifndef KSPLICE_ATTEMPT_H
#define KSPLICE_ATTEMPT_H

#include <stdint.h>

#include "message.h"

/*
 * Writes `word' ("applied", "dry-run", "reversed") to the update's stage, waits
 * for the end of the attempt, and repeats it for at most `seconds' while a
 * thread is in the way. A signal ends it between two attempts, never within
 * one. Returns 0 when the kernel did it.
 */
int attempt(const struct speaker *who, const char *id, const char *word, unsigned int seconds,
	    struct failure *f);

/*
 * Describes why the kernel's last attempt at the update (or the load of one of
 * its modules) failed, from abort_cause and abort_detail. Returns -1, or 0
 * without a failure when the kernel gives no cause.
 */
int attempt_failure(const char *id, struct failure *f);

/* How long the machine stood still in the last attempt, in ns; 0: the kernel does not say. */
int64_t attempt_stop_ns(const char *id);

#endif
