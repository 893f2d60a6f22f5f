/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What user space remembers of an applied update: /run/ksplice/ID/manifest
 * and .../patch. For reports only; the kernel's own state is the truth.
 */
#ifndef KSPLICE_RECORD_H
#define KSPLICE_RECORD_H

#include <stdint.h>

#include "manifest.h"
#include "message.h"
#include "update_file.h"

/* Makes /run/ksplice if it is missing. */
int record_make_dir(struct failure *f);

/* /run/ksplice/ID[/NAME]; to be freed. NULL: out of memory. */
char *record_path(const char *id, const char *name);

/* Remembers an update. */
int record_save(const struct update_file *file, struct failure *f);

/* The remembered manifest; -1 if there is none. For manifest_free(). */
int record_load(const char *id, struct manifest *m);

/* The remembered patch as a string, or NULL; to be freed. */
char *record_load_patch(const char *id);

/* When it was applied (nanoseconds since 1970), or 0. */
int64_t record_time(const char *id);

/* Forgets an update. */
void record_remove(const char *id);

#endif
