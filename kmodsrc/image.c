// SPDX-License-Identifier: GPL-2.0-only
/* The check of a unit's image; see image.h. */
#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/string.h>

#include "image.h"

const u8 *ksplice_section_bytes(const struct ksplice_unit *unit, const struct ksplice_section *sec)
{
	return sec->bytes == KSPLICE_NONE ? NULL : unit->bytes + sec->bytes;
}

/* Do `count' items of `size' bytes at `offset' fit into `total' bytes? */
static bool fits(u32 offset, u64 count, u64 size, u64 total)
{
	return offset <= total && count * size <= total - offset;
}

/* Is `count' items from `first' a range of a table of `total' items? */
static bool in_table(u32 first, u32 count, u32 total)
{
	return first <= total && count <= total - first;
}

static const char *check_header(const struct ksplice_image *image, size_t size)
{
	if (size < sizeof(*image))
		return "it is shorter than its header";
	if (image->magic != KSPLICE_IMAGE_MAGIC)
		return "it does not begin as an image does";
	if (image->version != KSPLICE_FORMAT_VERSION)
		return "it is of another format version";
	if (image->size < sizeof(*image) || image->size > size ||
	    image->size % KSPLICE_IMAGE_ALIGN)
		return "its size is wrong";
	if ((image->sections_off | image->symbols_off | image->refs_off | image->sites_off |
	     image->variants_off) % 8)
		return "a table is not aligned";
	if (!fits(image->sections_off, image->nr_sections, sizeof(struct ksplice_section),
		  image->size) ||
	    !fits(image->symbols_off, image->nr_symbols, sizeof(struct ksplice_symbol),
		  image->size) ||
	    !fits(image->refs_off, image->nr_refs, sizeof(struct ksplice_ref), image->size) ||
	    !fits(image->sites_off, image->nr_sites, sizeof(struct ksplice_site), image->size) ||
	    !fits(image->variants_off, image->nr_variants, sizeof(struct ksplice_variant),
		  image->size) ||
	    !fits(image->bytes_off, image->bytes_size, 1, image->size) ||
	    !fits(image->strings_off, image->strings_size, 1, image->size))
		return "a table reaches beyond its end";
	if (!image->strings_size ||
	    ((const char *)image)[image->strings_off + image->strings_size - 1])
		return "its strings do not end";
	if (image->unit_name >= image->strings_size)
		return "it has no name";
	return NULL;
}

static const char *check_symbols(const struct ksplice_unit *unit)
{
	const struct ksplice_image *image = unit->image;
	u32 i, end;

	for (i = 0; i < image->nr_symbols; i++) {
		const struct ksplice_symbol *sym = &unit->symbols[i];
		const struct ksplice_section *sec;

		if (sym->name >= image->strings_size)
			return "a symbol's name is out of range";
		if (!ksplice_symbol_defined(sym))
			continue;
		if (sym->section >= image->nr_sections)
			return "a symbol's section is out of range";
		sec = &unit->sections[sym->section];
		end = sec->first_symbol + sec->nr_symbols;
		if (i < sec->first_symbol || i >= end)
			return "a symbol is not among those of its section";
		if (sym->offset > sec->size || sym->size > sec->size - sym->offset)
			return "a symbol reaches beyond its section";
		if (i > sec->first_symbol && sym->offset < sym[-1].offset)
			return "symbols are not in order";
	}
	return NULL;
}

static const char *check_refs(const struct ksplice_unit *unit, const struct ksplice_section *sec)
{
	u64 end = 0;
	u32 i;

	for (i = 0; i < sec->nr_refs; i++) {
		const struct ksplice_ref *ref = &unit->refs[sec->first_ref + i];
		u32 width = ksplice_ref_width(ref->type);

		if (!width)
			return "a reference is of an unknown type";
		if (ref->offset < end || !fits(ref->offset, width, 1, sec->size))
			return "a reference is out of range or order";
		if (ref->symbol >= unit->image->nr_symbols)
			return "a reference has no symbol";
		end = (u64)ref->offset + width;
	}
	return NULL;
}

static bool site_length_valid(const struct ksplice_site *site)
{
	switch (site->kind) {
	case KSPLICE_SITE_FENTRY:
	case KSPLICE_SITE_RETURN:
	case KSPLICE_SITE_CALL:
		return site->length == 5;
	case KSPLICE_SITE_RETPOLINE:
		return (site->length == 5 || site->length == 6) && site->arg < 16;
	case KSPLICE_SITE_STATIC_CALL:
		return site->length == 5 || site->length == 6;
	case KSPLICE_SITE_JUMP_LABEL:
		return site->length == 2 || site->length == 5;
	case KSPLICE_SITE_ALTERNATIVE:
		return site->length && site->length <= KSPLICE_SITE_MAX;
	case KSPLICE_SITE_PARAVIRT:
		return site->length >= 5 && site->length <= KSPLICE_SITE_MAX;
	case KSPLICE_SITE_LOCK:
	case KSPLICE_SITE_RUNTIME_SHIFT:
		return site->length == 1;
	case KSPLICE_SITE_ENDBR:
		return site->length == 4;
	case KSPLICE_SITE_RUNTIME_PTR:
		return site->length == 8;
	case KSPLICE_SITE_PADDING:
		return site->length == 10;
	default:
		return false;
	}
}

static bool site_needs_symbol(const struct ksplice_site *site)
{
	return site->kind == KSPLICE_SITE_STATIC_CALL || site->kind == KSPLICE_SITE_JUMP_LABEL ||
	       site->kind == KSPLICE_SITE_RUNTIME_PTR || site->kind == KSPLICE_SITE_RUNTIME_SHIFT;
}

static const char *check_variants(const struct ksplice_unit *unit, const struct ksplice_site *site)
{
	u32 i;

	if (!in_table(site->first_variant, site->nr_variants, unit->image->nr_variants))
		return "an alternative's replacements are out of range";
	for (i = 0; i < site->nr_variants; i++) {
		const struct ksplice_variant *v = &unit->variants[site->first_variant + i];

		if (v->section >= unit->image->nr_sections ||
		    unit->sections[v->section].kind != KSPLICE_VARIANT ||
		    !fits(v->offset, v->length, 1, unit->sections[v->section].size) ||
		    v->length > site->length)
			return "an alternative's replacement is out of range";
	}
	return NULL;
}

/* Does a reference of the section reach over `boundary'? *ref advances to the first one behind it. */
static bool splits_ref(const struct ksplice_unit *unit, const struct ksplice_section *sec, u32 *ref,
		       u64 boundary)
{
	const struct ksplice_ref *refs = &unit->refs[sec->first_ref];

	while (*ref < sec->nr_refs && refs[*ref].offset < boundary)
		(*ref)++;
	return *ref &&
	       (u64)refs[*ref - 1].offset + ksplice_ref_width(refs[*ref - 1].type) > boundary;
}

/*
 * Sites may lie inside an alternative (and there only), whole; so may references
 * inside any site. An alternative has no alternative inside it, nor in its
 * replacements: that bounds the depth of the comparison.
 */
static const char *check_sites(const struct ksplice_unit *unit, const struct ksplice_section *sec)
{
	u64 outer_end = 0, inner_end = 0;
	u32 i, ref = 0;

	if (sec->nr_sites && sec->kind != KSPLICE_TEXT && sec->kind != KSPLICE_VARIANT &&
	    sec->kind != KSPLICE_FREED)
		return "a section without code has sites";
	for (i = 0; i < sec->nr_sites; i++) {
		const struct ksplice_site *site = &unit->sites[sec->first_site + i];
		bool alternative = site->kind == KSPLICE_SITE_ALTERNATIVE;
		u64 end = (u64)site->offset + site->length;
		const char *why;

		if (!site_length_valid(site) || end > sec->size)
			return "a site is of an unknown kind or out of range";
		if (site->symbol != KSPLICE_NONE ? site->symbol >= unit->image->nr_symbols :
						   site_needs_symbol(site))
			return "a site has no symbol";
		if (alternative && sec->kind == KSPLICE_VARIANT)
			return "an alternative's replacement has alternatives";
		why = alternative ? check_variants(unit, site) : NULL;
		if (why)
			return why;
		if (i && site->offset < site[-1].offset)
			return "sites are not in order";
		if (site->offset >= outer_end) {
			if (splits_ref(unit, sec, &ref, site->offset) ||
			    splits_ref(unit, sec, &ref, end))
				return "a reference reaches over the edge of a site";
			outer_end = end;
			inner_end = alternative ? site->offset : end;
		} else if (alternative || site->offset < inner_end || end > outer_end) {
			return "sites overlap";
		} else {
			inner_end = end;
		}
	}
	return NULL;
}

static const char *check_section(const struct ksplice_unit *unit, const struct ksplice_section *sec)
{
	const struct ksplice_image *image = unit->image;
	const char *why;
	u32 i;

	if (sec->name >= image->strings_size)
		return "a section's name is out of range";
	if (sec->kind < KSPLICE_TEXT || sec->kind > KSPLICE_VARIANT)
		return "a section is of an unknown kind";
	if (!sec->align || (sec->align & (sec->align - 1)))
		return "a section's alignment is no power of two";
	if (sec->kind == KSPLICE_CONSTS && !sec->entsize)
		return "a section of constants has no entry size";
	if (sec->bytes == KSPLICE_NONE) {
		if (sec->size && sec->kind != KSPLICE_DATA && sec->kind != KSPLICE_FREED)
			return "a section has no contents";
	} else if (!fits(sec->bytes, sec->size, 1, image->bytes_size)) {
		return "a section's contents are out of range";
	}
	if (!in_table(sec->first_symbol, sec->nr_symbols, image->nr_symbols) ||
	    !in_table(sec->first_ref, sec->nr_refs, image->nr_refs) ||
	    !in_table(sec->first_site, sec->nr_sites, image->nr_sites))
		return "a section's tables are out of range";
	for (i = 0; i < sec->nr_symbols; i++)
		if (unit->symbols[sec->first_symbol + i].section != sec - unit->sections)
			return "a section has symbols of another";
	why = check_refs(unit, sec);
	return why ?: check_sites(unit, sec);
}

const char *ksplice_image_open(struct ksplice_unit *unit, const void *data, size_t size)
{
	const struct ksplice_image *image = data;
	const char *why = check_header(image, size);
	u32 i;

	if (why)
		return why;
	unit->image = image;
	unit->sections = data + image->sections_off;
	unit->symbols = data + image->symbols_off;
	unit->refs = data + image->refs_off;
	unit->sites = data + image->sites_off;
	unit->variants = data + image->variants_off;
	unit->bytes = data + image->bytes_off;
	unit->strings = data + image->strings_off;
	for (i = 0; i < image->nr_sections && !why; i++)
		why = check_section(unit, &unit->sections[i]);
	return why ?: check_symbols(unit);
}
