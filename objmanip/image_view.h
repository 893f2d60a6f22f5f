/* SPDX-License-Identifier: GPL-2.0-only */
/* Reading images that were serialised: one after another, as an update's module has them. */
#ifndef OBJMANIP_IMAGE_VIEW_H
#define OBJMANIP_IMAGE_VIEW_H

#include <stddef.h>
#include <stdint.h>

#include "../kmodsrc/ksplice_format.h"
#include "error.h"

/* Pointers into the bytes; sound once image_views_read() has accepted them. */
struct image_view {
	unsigned char *bytes;
	struct ksplice_image *head;
	struct ksplice_section *sections;
	struct ksplice_symbol *symbols;
	struct ksplice_ref *refs;
	struct ksplice_site *sites;
	struct ksplice_variant *variants;
	const unsigned char *contents; /* of the sections */
	const char *strings;
};

/*
 * Checks the images in `bytes' (8-byte aligned, stays the caller's and must
 * outlive the views) and that their units differ. On success *ret holds *nr
 * views; free() it. `what' names the input in messages.
 */
int image_views_read(unsigned char *bytes, size_t size, const char *what, struct image_view **ret,
		     size_t *nr, struct error *err);

/* The image of a unit, or NULL. */
struct image_view *image_view_of(struct image_view *views, size_t nr, uint32_t unit_id);

static inline const char *image_view_unit(const struct image_view *view)
{
	return view->strings + view->head->unit_name;
}

static inline const char *image_view_symbol(const struct image_view *view, uint32_t symbol)
{
	return symbol < view->head->nr_symbols ? view->strings + view->symbols[symbol].name : "?";
}

#endif
