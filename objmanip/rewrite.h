/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Rewriting a constant where it is: its new contents, and which bytes of them
 * differ from what the running kernel has. See struct ksplice_rewrite.
 */
#ifndef OBJMANIP_REWRITE_H
#define OBJMANIP_REWRITE_H

#include "extract.h"
#include "image_view.h"

/* The section of the update's modules with the new contents. */
#define REWRITE_SECTION ".rodata.ksplice"

/* Can this constant of POST, which differs from its twin, be rewritten? Else *why says why not. */
bool rewrite_possible(const struct atom *post, const char **why);

/* Would its new contents point to something that only the update has? */
bool rewrite_points_into_update(const struct atom *post);

/* Is this reference of a rewritten constant new, or another than the running kernel has there? */
bool rewrite_changes_ref(const struct atom *post, const struct ref *ref);

/*
 * Sets a byte of `mask' (atom_size() bytes) to 1 for each byte of the constant
 * that changes, to 0 for the others.
 */
void rewrite_mask(const struct atom *post, unsigned char *mask);

/*
 * Adds .ksplice.rewrites to x->out, and the names to `names', for the constants
 * whose contents emit_code() has placed. Marks them as needed in the image.
 */
int rewrite_emit(struct extract *x, struct elf_section *names, struct error *err);

/* Checks .ksplice.rewrites of an update's module against its images. */
int rewrite_check(const struct elf_section *rewrites, struct image_view *views, size_t nr_views,
		  const char *path, struct error *err);

/*
 * Once finished, are there pointers into the update among the new contents? Then
 * anybody may have read one when the constant is as it was again.
 */
bool rewrite_points_into(const struct elf_section *rewrites);

#endif
