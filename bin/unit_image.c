// SPDX-License-Identifier: GPL-2.0-only
/* Checks an image before anything in it is followed. */
#include "unit_image.h"

#include <stdbool.h>
#include <stdint.h>

static const struct ksplice_image *bad(struct failure *f, const char *why)
{
	fail(f, STATUS_FAILED, "bad_update", "the update's image of the old code: %s", why);
	return NULL;
}

static bool is_inside(uint64_t offset, uint64_t count, uint64_t item, uint64_t size)
{
	return offset <= size && count <= (size - offset) / item;
}

/* Where a symbol is: in a section, in another unit or nowhere. */
static bool has_section(const struct ksplice_image *image, const struct ksplice_symbol *symbol)
{
	return symbol->section < image->nr_sections || symbol->section == KSPLICE_EXTERN ||
	       symbol->section == KSPLICE_ABS;
}

static const char *check_names(const struct ksplice_image *image)
{
	const struct ksplice_section *sections = unit_image_sections(image);
	const struct ksplice_symbol *symbols = unit_image_symbols(image);

	if (*unit_image_name(image, image->strings_size - 1))
		return "the names do not end";
	for (uint32_t i = 0; i < image->nr_sections; i++)
		if (sections[i].name >= image->strings_size)
			return "a name is outside of it";
	for (uint32_t i = 0; i < image->nr_symbols; i++) {
		if (symbols[i].name >= image->strings_size)
			return "a name is outside of it";
		if (!has_section(image, &symbols[i]))
			return "a symbol is in none of its sections";
	}
	return NULL;
}

const struct ksplice_image *unit_image_at(const void *images, size_t size, size_t at,
					  struct failure *f)
{
	const struct ksplice_image *image = (const void *)((const char *)images + at);
	const char *why;

	if ((uintptr_t)image % 8)
		return bad(f, "not aligned");
	if (size - at < sizeof(*image) || image->magic != KSPLICE_IMAGE_MAGIC)
		return bad(f, "damaged header");
	if (image->version != KSPLICE_FORMAT_VERSION) {
		fail(f, STATUS_FAILED, "bad_update",
		     "the update's modules have format %u, this program knows %u", image->version,
		     KSPLICE_FORMAT_VERSION);
		return NULL;
	}
	if (image->size < sizeof(*image) || image->size > size - at ||
	    image->size % KSPLICE_IMAGE_ALIGN)
		return bad(f, "wrong size");
	if (image->symbols_off % 8 || image->sections_off % 8 ||
	    !is_inside(image->sections_off, image->nr_sections, sizeof(struct ksplice_section),
		       image->size) ||
	    !is_inside(image->symbols_off, image->nr_symbols, sizeof(struct ksplice_symbol),
		       image->size) ||
	    !is_inside(image->strings_off, image->strings_size, 1, image->size) ||
	    !image->strings_size)
		return bad(f, "a table is outside of it");
	why = check_names(image);
	return why ? bad(f, why) : image;
}
