/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * SIGINT, SIGTERM and SIGHUP do not end a command in the middle of a step:
 * they are noted, and looked at where the step can be undone.
 */
#ifndef KSPLICE_INTERRUPT_H
#define KSPLICE_INTERRUPT_H

#include <stdint.h>

#include "message.h"

/* Installs the handlers; to be called once, by main(). */
void interrupt_catch(void);

/* The signal that came, or 0. */
int interrupt_pending(void);

/* If a signal came: a failure with status 128 + signal, and -1. Otherwise 0. */
int interrupt_check(struct failure *f);

/*
 * Sleeps; returns early when a signal comes. Who sleeps in a function of the kernel holds up
 * its replacement, and so do we: sleeps of odd and of even `turn' are in other functions.
 */
void interrupt_sleep_ms(unsigned int ms, unsigned int turn);

/* Monotonic time in milliseconds. */
int64_t now_ms(void);

#endif
