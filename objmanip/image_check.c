// SPDX-License-Identifier: GPL-2.0-only
/* Checks an image that was read from a file, before anything in it is followed. */
#include <errno.h>
#include <string.h>

#include "image.h"
#include "ref.h"

struct check {
	const unsigned char *bytes;
	const struct ksplice_image *head;
	const struct ksplice_section *sections;
	const struct ksplice_symbol *symbols;
	const struct ksplice_ref *refs;
	const struct ksplice_site *sites;
	const struct ksplice_variant *variants;
	const char *what;
	struct error *err;
};

#define bad(c, ...) error_set((c)->err, -EINVAL, __VA_ARGS__)

static int check_table(const struct check *c, const char *name, uint32_t offset, uint32_t nr,
		       size_t item)
{
	if (offset % (item > 1 ? 8 : 1) || offset < sizeof(*c->head) || offset > c->head->size ||
	    nr > (c->head->size - offset) / item)
		return bad(c, "%s: bad image: its %s lie outside of it", c->what, name);
	return 0;
}

static int check_head(struct check *c, size_t size)
{
	const struct ksplice_image *h = c->head;
	int ret;

	if (size < sizeof(*h) || h->magic != KSPLICE_IMAGE_MAGIC)
		return bad(c, "%s: not an image", c->what);
	if (h->version != KSPLICE_FORMAT_VERSION)
		return bad(c, "%s: image of format %u; this objmanip knows format %u", c->what,
			   h->version, KSPLICE_FORMAT_VERSION);
	if (h->size < sizeof(*h) || h->size > size || h->size % KSPLICE_IMAGE_ALIGN)
		return bad(c, "%s: bad image: truncated (%zu bytes of %u)", c->what, size, h->size);
	ret = check_table(c, "sections", h->sections_off, h->nr_sections, sizeof(*c->sections));
	if (!ret)
		ret = check_table(c, "symbols", h->symbols_off, h->nr_symbols, sizeof(*c->symbols));
	if (!ret)
		ret = check_table(c, "refs", h->refs_off, h->nr_refs, sizeof(*c->refs));
	if (!ret)
		ret = check_table(c, "sites", h->sites_off, h->nr_sites, sizeof(*c->sites));
	if (!ret)
		ret = check_table(c, "variants", h->variants_off, h->nr_variants,
				  sizeof(*c->variants));
	if (!ret)
		ret = check_table(c, "bytes", h->bytes_off, h->bytes_size, 1);
	if (!ret)
		ret = check_table(c, "strings", h->strings_off, h->strings_size, 1);
	if (ret)
		return ret;
	if (!h->strings_size || c->bytes[h->strings_off + h->strings_size - 1])
		return bad(c, "%s: bad image: its strings do not end", c->what);
	if (h->unit_name >= h->strings_size)
		return bad(c, "%s: bad image: its unit has no name", c->what);
	return 0;
}

static int check_ref(const struct check *c, uint32_t i, const struct ksplice_section *sec,
		     uint32_t *last)
{
	const struct ksplice_ref *ref = &c->refs[i];
	unsigned int size = ksplice_ref_width(ref->type);

	if (!size || ref->symbol >= c->head->nr_symbols || ref->offset < *last ||
	    ref->offset > sec->size || size > sec->size - ref->offset)
		return bad(c, "%s: bad image: ref %u", c->what, i);
	*last = ref->offset + size;
	return 0;
}

static int check_site(const struct check *c, uint32_t i, const struct ksplice_section *sec,
		      uint32_t *last)
{
	const struct ksplice_site *site = &c->sites[i];

	if (site->kind < KSPLICE_SITE_FENTRY || site->kind > KSPLICE_SITE_PADDING ||
	    !site->length || site->offset < *last || site->offset > sec->size ||
	    site->length > sec->size - site->offset ||
	    (site->symbol != KSPLICE_NONE && site->symbol >= c->head->nr_symbols))
		return bad(c, "%s: bad image: site %u", c->what, i);
	if (site->kind == KSPLICE_SITE_ALTERNATIVE &&
	    (site->first_variant > c->head->nr_variants ||
	     site->nr_variants > c->head->nr_variants - site->first_variant))
		return bad(c, "%s: bad image: site %u has variants that do not exist", c->what, i);
	*last = site->offset;
	return 0;
}

static bool in_table(uint32_t first, uint32_t nr, uint32_t total)
{
	return first <= total && nr <= total - first;
}

static int check_section(const struct check *c, uint32_t i)
{
	const struct ksplice_section *sec = &c->sections[i];
	uint32_t last = 0;
	int ret = 0;

	if (sec->name >= c->head->strings_size || sec->kind < KSPLICE_TEXT ||
	    sec->kind > KSPLICE_VARIANT || !sec->align || (sec->align & (sec->align - 1)) ||
	    (sec->bytes != KSPLICE_NONE && !in_table(sec->bytes, sec->size, c->head->bytes_size)) ||
	    !in_table(sec->first_ref, sec->nr_refs, c->head->nr_refs) ||
	    !in_table(sec->first_site, sec->nr_sites, c->head->nr_sites) ||
	    !in_table(sec->first_symbol, sec->nr_symbols, c->head->nr_symbols) ||
	    (sec->kind == KSPLICE_CONSTS && (!sec->entsize || sec->size % sec->entsize)))
		return bad(c, "%s: bad image: section %u", c->what, i);
	for (uint32_t r = 0; r < sec->nr_refs && !ret; r++)
		ret = check_ref(c, sec->first_ref + r, sec, &last);
	last = 0;
	for (uint32_t s = 0; s < sec->nr_sites && !ret; s++)
		ret = check_site(c, sec->first_site + s, sec, &last);
	last = 0;
	for (uint32_t s = 0; s < sec->nr_symbols && !ret; s++) {
		const struct ksplice_symbol *sym = &c->symbols[sec->first_symbol + s];

		if (sym->section != i || sym->offset < last || sym->offset > sec->size)
			ret = bad(c, "%s: bad image: symbol %u", c->what, sec->first_symbol + s);
		else
			last = sym->offset;
	}
	return ret;
}

int image_check(const unsigned char *bytes, size_t size, const char *what, struct error *err)
{
	struct check c = { .bytes = bytes, .head = (const void *)bytes, .what = what, .err = err };
	int ret = check_head(&c, size);

	if (ret)
		return ret;
	c.sections = (const void *)(bytes + c.head->sections_off);
	c.symbols = (const void *)(bytes + c.head->symbols_off);
	c.refs = (const void *)(bytes + c.head->refs_off);
	c.sites = (const void *)(bytes + c.head->sites_off);
	c.variants = (const void *)(bytes + c.head->variants_off);
	for (uint32_t i = 0; i < c.head->nr_symbols; i++)
		if (c.symbols[i].name >= c.head->strings_size ||
		    (c.symbols[i].section >= c.head->nr_sections &&
		     c.symbols[i].section != KSPLICE_EXTERN && c.symbols[i].section != KSPLICE_ABS))
			return bad(&c, "%s: bad image: symbol %u", what, i);
	for (uint32_t i = 0; i < c.head->nr_variants; i++) {
		const struct ksplice_variant *v = &c.variants[i];

		if (v->section >= c.head->nr_sections ||
		    c.sections[v->section].kind != KSPLICE_VARIANT ||
		    !in_table(v->offset, v->length, c.sections[v->section].size))
			return bad(&c, "%s: bad image: variant %u", what, i);
	}
	for (uint32_t i = 0; i < c.head->nr_sections && !ret; i++)
		ret = check_section(&c, i);
	return ret;
}
