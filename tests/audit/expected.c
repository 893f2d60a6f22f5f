// SPDX-License-Identifier: GPL-2.0-only
/* Counts what an image has. */
#include "expected.h"

#include <stdlib.h>

const char *const site_names[NR_SITE_KINDS] = {
	[KSPLICE_SITE_FENTRY] = "fentry",
	[KSPLICE_SITE_RETURN] = "return",
	[KSPLICE_SITE_RETPOLINE] = "retpoline",
	[KSPLICE_SITE_STATIC_CALL] = "static_call",
	[KSPLICE_SITE_JUMP_LABEL] = "jump_label",
	[KSPLICE_SITE_ALTERNATIVE] = "alternative",
	[KSPLICE_SITE_PARAVIRT] = "paravirt",
	[KSPLICE_SITE_LOCK] = "lock",
	[KSPLICE_SITE_ENDBR] = "endbr",
	[KSPLICE_SITE_CALL] = "call",
	[KSPLICE_SITE_RUNTIME_PTR] = "runtime_ptr",
	[KSPLICE_SITE_RUNTIME_SHIFT] = "runtime_shift",
	[KSPLICE_SITE_PADDING] = "padding",
};

const struct ksplice_section *image_section(const struct ksplice_image *image, uint32_t i)
{
	const char *base = (const char *)image;

	return (const struct ksplice_section *)(base + image->sections_off) + i;
}

struct ksplice_symbol *image_symbol(const struct ksplice_image *image, uint32_t i)
{
	char *base = (char *)image;

	return (struct ksplice_symbol *)(base + image->symbols_off) + i;
}

const char *image_string(const struct ksplice_image *image, uint32_t offset)
{
	return (const char *)image + image->strings_off + offset;
}

static const struct ksplice_site *image_site(const struct ksplice_image *image, uint32_t i)
{
	const char *base = (const char *)image;

	return (const struct ksplice_site *)(base + image->sites_off) + i;
}

static const struct ksplice_ref *image_ref(const struct ksplice_image *image, uint32_t i)
{
	const char *base = (const char *)image;

	return (const struct ksplice_ref *)(base + image->refs_off) + i;
}

bool is_function_of(const struct ksplice_image *image, const struct ksplice_symbol *sym,
		    enum ksplice_section_kind kind)
{
	return sym->type == KSPLICE_SYM_FUNC && sym->section < image->nr_sections &&
	       image_section(image, sym->section)->kind == kind;
}

void expected_count(const struct ksplice_image *image, struct expected *e)
{
	for (uint32_t i = 0; i < image->nr_symbols; i++) {
		const struct ksplice_symbol *sym = image_symbol(image, i);

		e->functions += is_function_of(image, sym, KSPLICE_TEXT);
		e->freed += is_function_of(image, sym, KSPLICE_FREED);
	}
	for (uint32_t i = 0; i < image->nr_sections; i++) {
		const struct ksplice_section *sec = image_section(image, i);

		if (sec->kind != KSPLICE_TEXT)
			continue;
		for (uint32_t j = 0; j < sec->nr_sites; j++)
			e->sites[image_site(image, sec->first_site + j)->kind % NR_SITE_KINDS]++;
	}
}

static bool is_plain(const struct ksplice_image *image, const struct ksplice_section *sec,
		     uint32_t offset)
{
	for (uint32_t i = sec->first_site; i < sec->first_site + sec->nr_sites; i++) {
		const struct ksplice_site *site = image_site(image, i);

		if (offset >= site->offset && offset < site->offset + site->length)
			return false;
	}
	for (uint32_t i = sec->first_ref; i < sec->first_ref + sec->nr_refs; i++) {
		const struct ksplice_ref *ref = image_ref(image, i);

		if (offset >= ref->offset && offset < ref->offset + ksplice_ref_width(ref->type))
			return false;
	}
	return true;
}

/* A plain byte of one function, or NULL: a hundred tries at random found none. */
static unsigned char *plain_byte_of(const struct ksplice_image *image,
				    const struct ksplice_symbol *sym)
{
	const struct ksplice_section *sec = image_section(image, sym->section);

	for (unsigned int i = 0; i < 100 && sym->size; i++) {
		uint32_t at = sym->offset + rand() % sym->size;

		if (at < sec->size && is_plain(image, sec, at))
			return (unsigned char *)image + image->bytes_off + sec->bytes + at;
	}
	return NULL;
}

unsigned char *plain_byte(const struct ksplice_image *image)
{
	unsigned char *found = NULL;
	unsigned int seen = 0;

	for (uint32_t i = 0; i < image->nr_symbols; i++) {
		const struct ksplice_symbol *sym = image_symbol(image, i);
		unsigned char *byte;

		/* Any of the functions, each as probable as the others. */
		if (!is_function_of(image, sym, KSPLICE_TEXT) || rand() % ++seen)
			continue;
		byte = plain_byte_of(image, sym);
		found = byte ?: found;
	}
	return found;
}
