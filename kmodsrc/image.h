/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Reading the image of a unit. An image is checked completely, once; after
 * that every index, offset and name in it may be used as it is.
 */
#ifndef _KSPLICE_IMAGE_H
#define _KSPLICE_IMAGE_H

#include <linux/types.h>

#include "ksplice_format.h"

/* The longest site; what the kernel keeps of an alternative's length is a byte. */
#define KSPLICE_SITE_MAX 255

/* Where a section lies in memory. */
struct ksplice_place {
	unsigned long base;	/* or the per-CPU offset */
	bool known;
	bool verified;		/* contents compared (KSPLICE_TEXT and KSPLICE_RODATA) */
};

/* The address of a symbol that no section's base gives: an extern, a weak one. */
struct ksplice_value {
	unsigned long address;
	bool known;
	bool freed;		/* of a module: nothing is there any more */
};

/* One unit: its image, which this only points into, and what is known of it so far. */
struct ksplice_unit {
	const struct ksplice_image *image;
	const struct ksplice_section *sections;
	const struct ksplice_symbol *symbols;
	const struct ksplice_ref *refs;
	const struct ksplice_site *sites;
	const struct ksplice_variant *variants;
	const u8 *bytes;
	const char *strings;
	struct ksplice_place *places;	/* one per section; owned by the match */
	struct ksplice_value *values;	/* one per symbol; owned by the match */
};

/*
 * Checks the image at `data', of which `size' bytes exist, and fills the
 * pointers into it. Returns NULL when it is sound, else what is wrong with it.
 */
const char *ksplice_image_open(struct ksplice_unit *unit, const void *data, size_t size);

/* The contents of a section; NULL when the image holds none. */
const u8 *ksplice_section_bytes(const struct ksplice_unit *unit, const struct ksplice_section *sec);

static inline const char *ksplice_unit_name(const struct ksplice_unit *unit)
{
	return unit->strings + unit->image->unit_name;
}

static inline const char *ksplice_unit_symbol_name(const struct ksplice_unit *unit, u32 symbol)
{
	return unit->strings + unit->symbols[symbol].name;
}

static inline const char *ksplice_section_name(const struct ksplice_unit *unit,
					       const struct ksplice_section *sec)
{
	return unit->strings + sec->name;
}

/* Is the symbol defined in a section of its unit? */
static inline bool ksplice_symbol_defined(const struct ksplice_symbol *sym)
{
	return sym->section != KSPLICE_EXTERN && sym->section != KSPLICE_ABS;
}

#endif /* _KSPLICE_IMAGE_H */
