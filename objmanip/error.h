/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * How objmanip's functions fail: they return a negative errno and describe the
 * cause once, at the place that knows it. Nothing below main() prints or exits.
 */
#ifndef OBJMANIP_ERROR_H
#define OBJMANIP_ERROR_H

#include <stddef.h>

/* Zero-initialise; `text' is empty while nothing has failed. */
struct error {
	int code;		/* negative errno, or -ERROR_REFUSED */
	char text[1024];	/* one line, no newline: what, where, why */
	char hint[512];		/* what to do about it; may be empty */
};

/* The input is sound, but what it asks for cannot be done safely. */
#define ERROR_REFUSED 4095

/*
 * Records a failure and returns `code', for `return error_set(...)'. The first
 * message wins: a caller that adds its own does not hide the cause.
 */
int error_set(struct error *err, int code, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* As error_set() with -ERROR_REFUSED. */
int error_refuse(struct error *err, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

/* Adds the hint to an error already set. */
void error_hint(struct error *err, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

#endif
