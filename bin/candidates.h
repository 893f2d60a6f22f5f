/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The candidate table of an update's module: for each symbol of its images,
 * the addresses that /proc/kallsyms knows by its name, and for what a module
 * has freed those that its sections and its file tell. Which of them is the
 * right one is found by ksplice.ko's matching, not here.
 */
#ifndef KSPLICE_CANDIDATES_H
#define KSPLICE_CANDIDATES_H

#include <stddef.h>

#include "freed.h"
#include "kallsyms.h"
#include "message.h"

/* Checks the images (contents of a module's .init.ksplice.image) and asks for their names. */
int candidates_want(struct kallsyms *k, const void *images, size_t size, struct failure *f);

/* Asks for the names that ksplice.ko itself needs. */
int candidates_want_core(struct kallsyms *k, struct failure *f);

/*
 * Makes the table (struct ksplice_candidates) of update `id' for `target'
 * from images that candidates_want() accepted. `freed' is what the target has
 * freed; NULL for vmlinux. *blob is the caller's, to be freed.
 */
int candidates_make(const struct kallsyms *k, const struct freed *freed, const void *images,
		    size_t images_size, const char *id, const char *target, void **blob,
		    size_t *size, struct failure *f);

/* Makes the table of ksplice.ko's own names. */
int candidates_make_core(const struct kallsyms *k, void **blob, size_t *size, struct failure *f);

#endif
