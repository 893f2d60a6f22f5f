/* SPDX-License-Identifier: GPL-2.0-only */
/* The image of a unit, as an update's module has it (struct ksplice_image). */
#ifndef KSPLICE_UNIT_IMAGE_H
#define KSPLICE_UNIT_IMAGE_H

#include <stddef.h>

#include "../kmodsrc/ksplice_format.h"
#include "message.h"

/*
 * The image at byte `at' of `images', `size' bytes of images that follow each other: its sections,
 * symbols and names are sound. NULL: described in *f. The next one is behind image->size bytes.
 */
const struct ksplice_image *unit_image_at(const void *images, size_t size, size_t at,
					  struct failure *f);

static inline const struct ksplice_section *unit_image_sections(const struct ksplice_image *image)
{
	return (const void *)((const char *)image + image->sections_off);
}

static inline const struct ksplice_symbol *unit_image_symbols(const struct ksplice_image *image)
{
	return (const void *)((const char *)image + image->symbols_off);
}

/* A name by its offset: of a symbol or a section. */
static inline const char *unit_image_name(const struct ksplice_image *image, __u32 offset)
{
	return (const char *)image + image->strings_off + offset;
}

#endif
