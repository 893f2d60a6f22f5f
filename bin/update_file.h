/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * An update file (ID.ksplice) in memory. It is read whole and checked before
 * anything is done with it; nothing of it is written to disk on the way, so
 * what was checked is what is used.
 */
#ifndef KSPLICE_UPDATE_FILE_H
#define KSPLICE_UPDATE_FILE_H

#include <stddef.h>

#include "manifest.h"
#include "message.h"

struct update_member {
	char *name; /* without the directory */
	unsigned char *data; /* `size' bytes and a NUL */
	size_t size;
};

struct update_file {
	struct manifest manifest;
	struct update_member *members;
	size_t nr_members;
};

/*
 * Reads and checks `path'. On success *ret is the caller's, for
 * update_file_free(); on failure it needs no freeing.
 */
int update_file_read(const char *path, struct update_file *ret, struct failure *f);

void update_file_free(struct update_file *file);

/* A member by name, or NULL. Those that the manifest names exist. */
const struct update_member *update_file_member(const struct update_file *file, const char *name);

#define _cleanup_update_file_ __attribute__((cleanup(update_file_free)))

#endif
