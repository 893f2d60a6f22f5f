// SPDX-License-Identifier: GPL-2.0-only
/* Look-ups in an image, additions to it, and its bytes. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "image_priv.h"

void *vec_push(struct vec *vec, const void *items, size_t nr)
{
	unsigned char *at;

	if (vec->nr + nr > vec->max) {
		size_t max = vec->max * 2 > vec->nr + nr ? vec->max * 2 : vec->nr + nr + 16;
		void *grown = realloc(vec->data, max * vec->item);

		if (!grown)
			return NULL;
		vec->data = grown;
		vec->max = max;
	}
	at = (unsigned char *)vec->data + vec->nr * vec->item;
	if (items)
		memcpy(at, items, nr * vec->item);
	else
		memset(at, 0, nr * vec->item);
	vec->nr += nr;
	return at;
}

void image_free(struct image *image)
{
	if (!image)
		return;
	free(image->sections.data);
	free(image->symbols.data);
	free(image->refs.data);
	free(image->sites.data);
	free(image->variants.data);
	free(image->bytes.data);
	free(image->strings.data);
	free(image->symbol_map);
	free(image);
}

uint32_t image_unit_id(const char *unit)
{
	uint32_t hash = 0x811c9dc5;

	for (; *unit; unit++)
		hash = (hash ^ (unsigned char)*unit) * 0x01000193;
	return hash;
}

uint32_t image_string(struct image *image, const char *name)
{
	size_t at = image->strings.nr;

	return vec_push(&image->strings, name, strlen(name) + 1) ? at : KSPLICE_NONE;
}

static const char *string_at(const struct image *image, uint32_t offset)
{
	return (const char *)image->strings.data + offset;
}

/* ---- symbols ---------------------------------------------------------------- */

uint32_t image_symbol(const struct image *image, const struct elf_symbol *sym)
{
	return sym->index < image->nr_symbol_map ? image->symbol_map[sym->index] : KSPLICE_NONE;
}

const struct ksplice_symbol *image_symbol_at(const struct image *image, uint32_t index)
{
	return index < image->symbols.nr ? &image_symbols(image)[index] : NULL;
}

const char *image_symbol_name(const struct image *image, uint32_t index)
{
	return index < image->symbols.nr ? string_at(image, image_symbols(image)[index].name) : "?";
}

static uint32_t find_from(const struct image *image, size_t i, const char *name)
{
	for (; i < image->symbols.nr; i++)
		if (!strcmp(string_at(image, image_symbols(image)[i].name), name))
			return i;
	return KSPLICE_NONE;
}

uint32_t image_find_symbol(const struct image *image, const char *name)
{
	return *name ? find_from(image, 0, name) : KSPLICE_NONE;
}

uint32_t image_next_symbol(const struct image *image, uint32_t index)
{
	if (index >= image->symbols.nr)
		return KSPLICE_NONE;
	return find_from(image, (size_t)index + 1, image_symbol_name(image, index));
}

uint32_t image_find_symbol_at(const struct image *image, const char *section, uint64_t offset,
			      const char *name)
{
	uint32_t at = image_find_section(image, section), found = KSPLICE_NONE;
	const struct ksplice_section *sec = image_section_at(image, at);

	for (uint32_t i = 0; sec && i < sec->nr_symbols; i++) {
		uint32_t index = sec->first_symbol + i;
		const struct ksplice_symbol *sym = &image_symbols(image)[index];

		if (sym->offset != offset || sym->type == KSPLICE_SYM_SECTION)
			continue;
		if (name && strcmp(string_at(image, sym->name), name))
			continue;
		if (sym->type != KSPLICE_SYM_NOTYPE)
			return index;
		if (found == KSPLICE_NONE)
			found = index;
	}
	return found;
}

uint32_t image_add_extern(struct image *image, const char *name, unsigned int flags)
{
	/* What another unit defines for this one is global. */
	struct ksplice_symbol sym = { .section = KSPLICE_EXTERN,
				      .flags = flags | KSPLICE_SYM_GLOBAL };
	uint32_t index;

	for (index = image_find_symbol(image, name); index != KSPLICE_NONE;
	     index = image_next_symbol(image, index)) {
		struct ksplice_symbol *old = &image_symbols(image)[index];

		/* A local of the unit is another thing that happens to share the name. */
		if (old->section != KSPLICE_EXTERN && !(old->flags & KSPLICE_SYM_GLOBAL))
			continue;
		old->flags |= old->section == KSPLICE_EXTERN ? flags : flags & KSPLICE_SYM_NEEDED;
		return index;
	}
	sym.name = image_string(image, name);
	if (sym.name == KSPLICE_NONE || !vec_push(&image->symbols, &sym, 1))
		return KSPLICE_NONE;
	return image->symbols.nr - 1;
}

int image_need(struct image *image, uint32_t index)
{
	if (index >= image->symbols.nr)
		return -EINVAL;
	image_symbols(image)[index].flags |= KSPLICE_SYM_NEEDED;
	return 0;
}

uint32_t image_section_symbol(const struct image *image, const char *section)
{
	const struct ksplice_section *sec =
		image_section_at(image, image_find_section(image, section));

	return sec ? sec->first_symbol : KSPLICE_NONE;
}

/* ---- sections and sites ----------------------------------------------------- */

uint32_t image_find_section(const struct image *image, const char *name)
{
	for (size_t i = 0; i < image->sections.nr; i++)
		if (!strcmp(string_at(image, image_sections(image)[i].name), name))
			return i;
	return KSPLICE_NONE;
}

const struct ksplice_section *image_section_at(const struct image *image, uint32_t index)
{
	return index < image->sections.nr ? &image_sections(image)[index] : NULL;
}

const char *image_section_name(const struct image *image, uint32_t index)
{
	return index < image->sections.nr ? string_at(image, image_sections(image)[index].name)
					  : "?";
}

const struct ksplice_site *image_sites_in(const struct image *image, uint32_t section,
					  uint64_t offset, uint64_t length, size_t *cursor)
{
	const struct ksplice_section *sec = image_section_at(image, section);

	while (sec && *cursor < sec->nr_sites) {
		const struct ksplice_site *site =
			&image_sites(image)[sec->first_site + (*cursor)++];

		if (site->offset < offset + length && site->offset + site->length > offset)
			return site;
	}
	return NULL;
}

int image_symbol_range(const struct image *image, uint32_t index, uint32_t *section,
		       uint64_t *offset, uint64_t *size)
{
	const struct ksplice_symbol *sym = image_symbol_at(image, index);

	if (!sym)
		return -EINVAL;
	if (sym->section >= image->sections.nr)
		return -ENOENT;
	if (section)
		*section = sym->section;
	if (offset)
		*offset = sym->offset;
	if (size)
		*size = sym->size;
	return 0;
}

/* ---- output ----------------------------------------------------------------- */

static size_t place(size_t *end, const struct vec *vec)
{
	size_t start = (*end + 7) / 8 * 8;

	*end = start + vec->nr * vec->item;
	return start;
}

static void put(unsigned char *out, size_t at, const struct vec *vec)
{
	if (vec->nr)
		memcpy(out + at, vec->data, vec->nr * vec->item);
}

int image_serialise(const struct image *image, unsigned char **bytes, size_t *size,
		    struct error *err)
{
	size_t end = sizeof(struct ksplice_image);
	struct ksplice_image head = {
		.magic = KSPLICE_IMAGE_MAGIC,
		.version = KSPLICE_FORMAT_VERSION,
		.unit_id = image->unit_id,
		.unit_name = image->unit_name,
		.nr_sections = image->sections.nr,
		.sections_off = place(&end, &image->sections),
		.nr_symbols = image->symbols.nr,
		.symbols_off = place(&end, &image->symbols),
		.nr_refs = image->refs.nr,
		.refs_off = place(&end, &image->refs),
		.nr_sites = image->sites.nr,
		.sites_off = place(&end, &image->sites),
		.nr_variants = image->variants.nr,
		.variants_off = place(&end, &image->variants),
		.bytes_off = place(&end, &image->bytes),
		.bytes_size = image->bytes.nr,
		.strings_off = place(&end, &image->strings),
		.strings_size = image->strings.nr,
	};
	unsigned char *out;

	end = (end + KSPLICE_IMAGE_ALIGN - 1) / KSPLICE_IMAGE_ALIGN * KSPLICE_IMAGE_ALIGN;
	if (end > INT32_MAX)
		return error_refuse(err, "%s: the unit is too large",
				    string_at(image, image->unit_name));
	out = calloc(1, end);
	if (!out)
		return error_set(err, -ENOMEM, "out of memory");
	head.size = end;
	memcpy(out, &head, sizeof(head));
	put(out, head.sections_off, &image->sections);
	put(out, head.symbols_off, &image->symbols);
	put(out, head.refs_off, &image->refs);
	put(out, head.sites_off, &image->sites);
	put(out, head.variants_off, &image->variants);
	put(out, head.bytes_off, &image->bytes);
	put(out, head.strings_off, &image->strings);
	*bytes = out;
	*size = end;
	return 0;
}
