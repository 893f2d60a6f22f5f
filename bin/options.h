/* SPDX-License-Identifier: GPL-2.0-only */
/* What the commands' option parsing has in common. */
#ifndef KSPLICE_OPTIONS_H
#define KSPLICE_OPTIONS_H

#include "message.h"

/* A number of seconds, at most a day; -1 with a failure (STATUS_USAGE) otherwise. */
int option_seconds(const char *text, unsigned int *ret, struct failure *f);

/* "Try 'NAME --help'" on stderr; returns STATUS_USAGE. */
int option_usage(const struct speaker *who);

/* "NAME VERSION" on stdout; returns STATUS_OK. */
int option_version(const struct speaker *who);

/* Fails with STATUS_DENIED unless the caller is root. */
int option_need_root(struct failure *f);

#endif
