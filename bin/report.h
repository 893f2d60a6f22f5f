/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What there is to say about an update, as JSON values with stable keys. The
 * text that people read is printed from the same values, so both agree.
 */
#ifndef KSPLICE_REPORT_H
#define KSPLICE_REPORT_H

#include <jansson.h>

#include "message.h"
#include "update_file.h"

/* An update in the kernel; a new reference, or NULL with a failure. */
json_t *report_update(const char *id, struct failure *f);

/* All updates in the kernel, the oldest first: {"updates": [...]}. */
json_t *report_all(struct failure *f);

/* An update file. `path' is where it was read from. */
json_t *report_file(const struct update_file *file, const char *path, struct failure *f);

#endif
