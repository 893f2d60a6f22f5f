/* SPDX-License-Identifier: GPL-2.0-only */
/* The tasks that are inside of a function, as the kernel lists them: "PID COMM FUNCTION" lines. */
#ifndef KSPLICE_CONFLICTS_H
#define KSPLICE_CONFLICTS_H

#include <stdio.h>

#include <jansson.h>

/* As a table with a header. */
void conflicts_print(const char *lines, FILE *out);

/* As an array of {"pid", "comm", "function"}; a new reference, or NULL (out of memory). */
json_t *conflicts_to_json(const char *lines);

#endif
