/* SPDX-License-Identifier: GPL-2.0-only */
/* What the commands' option parsing has in common. */
#ifndef KSPLICE_OPTIONS_H
#define KSPLICE_OPTIONS_H

#include "message.h"

/* What getopt_long() shall return for --json; the commands' own numbers start above it. */
#define OPTION_JSON 256

/*
 * The options that the commands have in common: OPTION_JSON, 'v', 'h' and 'V';
 * any other `c' of getopt_long() is a usage error. Returns a status to exit
 * with, or -1 to go on.
 */
int option_common(int c, char **argv, struct speaker *who, const char *help);

/* A number of seconds, at most a day; -1 with a failure (STATUS_USAGE) otherwise. */
int option_seconds(const char *text, unsigned int *ret, struct failure *f);

/* Says what is wrong with the command line, as say_failure(); returns STATUS_USAGE. */
int option_usage(const struct speaker *who, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

/* Fails with STATUS_DENIED unless the caller is root. */
int option_need_root(struct failure *f);

#endif
