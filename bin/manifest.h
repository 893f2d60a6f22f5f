/* SPDX-License-Identifier: GPL-2.0-only */
/* The manifest of an update file: what it is for and what is in it (see ksplice-file(5)). */
#ifndef KSPLICE_MANIFEST_H
#define KSPLICE_MANIFEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "message.h"

struct manifest_file {
	const char *target; /* target's name; NULL for core and patch */
	const char *name; /* of the member, without directory */
	const char *sha256; /* 64 lower-case hexadecimal digits */
};

struct manifest_function {
	const char *target;
	bool replaced; /* false: added */
	const char *name;
	const char *unit;
};

/* A constant that is rewritten where it is. */
struct manifest_datum {
	const char *target;
	const char *name;
	const char *unit;
};

/* All strings point into `text'. */
struct manifest {
	char *text;
	const char *id;
	const char *kernel; /* release, as uname -r */
	const char *machine; /* as uname -m */
	const char *version; /* as uname -v, or "-" */
	int64_t created; /* seconds since 1970 */
	struct manifest_file core;
	struct manifest_file patch;
	struct manifest_file *targets;
	size_t nr_targets;
	struct manifest_function *functions;
	size_t nr_functions;
	struct manifest_datum *data;
	size_t nr_data;
	const char *description; /* "" if there is none */
};

/*
 * Parses `size' bytes. Everything is checked that does not need the other
 * members. On success *m is the caller's, for manifest_free(); on failure *m
 * needs no freeing.
 */
int manifest_parse(const char *data, size_t size, struct manifest *m, struct failure *f);

void manifest_free(struct manifest *m);

/* How many functions of `target' the update replaces. */
size_t manifest_count_replaced(const struct manifest *m, const char *target);

/* How many constants of `target' it rewrites. */
size_t manifest_count_data(const struct manifest *m, const char *target);

/* Is it a legal update id: [a-z0-9_]{1,24}? */
bool manifest_id_is_valid(const char *id);

#define _cleanup_manifest_ __attribute__((cleanup(manifest_free)))

#endif
