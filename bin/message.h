/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the commands say and the status they end with. A function that fails
 * returns -1 and describes the failure once, where the cause is known; main()
 * prints it. Nothing below main() exits.
 */
#ifndef KSPLICE_MESSAGE_H
#define KSPLICE_MESSAGE_H

#include <stdbool.h>
#include <stddef.h>

#include <jansson.h>

/* The exit statuses that all commands share (see the manual pages). */
enum status {
	STATUS_OK = 0,
	STATUS_FAILED = 1,
	STATUS_USAGE = 2,
	STATUS_MISMATCH = 3, /* the update does not match this kernel */
	STATUS_BUSY = 4, /* a thread is inside; later it may work */
	STATUS_DENIED = 5, /* not root, signature, lockdown */
};

/* Zero-initialise; `text' is empty while nothing has failed. */
struct failure {
	int status; /* enum status, or 128 + signal */
	char code[32]; /* stable word for scripts, printed in brackets */
	char text[1400]; /* one line: what, where, why */
	char hint[512]; /* what to do about it; may be empty */
	char conflicts[4096]; /* who is in the way, as the kernel lists it (conflicts.h) */
	bool unchanged; /* known: the kernel is as it was before the command */
};

/*
 * Records a failure and returns -1, for `return fail(...)'. The first one wins:
 * a caller that adds its own does not hide the cause.
 */
int fail(struct failure *f, int status, const char *code, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));

/* fail() for lack of memory. */
int fail_memory(struct failure *f);

/* Adds a hint to a failure that has none. */
void fail_hint(struct failure *f, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* How a command talks; filled by main() from its options. */
struct speaker {
	const char *name; /* "ksplice-apply" */
	const char *unchanged; /* what a failure with `unchanged' means for this command */
	int verbose;
	int json;
};

/* A step, on stderr, if -v is given. */
void say_step(const struct speaker *who, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

/* Something to know, on stderr. */
void say_note(const struct speaker *who, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

/* A result on stdout; NULL (no memory for it): nothing. The reference stays the caller's. */
void say_json(const json_t *value);

/*
 * The failure as text on stderr, and with --json as {"error": {...}} on
 * stdout. Returns its status, for `return say_failure(...)' in main().
 */
int say_failure(const struct speaker *who, const struct failure *f);

#endif
