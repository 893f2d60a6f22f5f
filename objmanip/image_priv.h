/* SPDX-License-Identifier: GPL-2.0-only */
/* Inside of the image: shared by image*.c only. */
#ifndef OBJMANIP_IMAGE_PRIV_H
#define OBJMANIP_IMAGE_PRIV_H

#include <stdbool.h>
#include <string.h>

#include "image.h"
#include "insn.h"

/* A growing array of items of one size; zero-initialise with .item set. */
struct vec {
	void *data;
	size_t nr;
	size_t max;
	size_t item; /* bytes of each */
};

/* Appends a copy of `nr' items (zeros for NULL). The first new one, or NULL: out of memory. */
void *vec_push(struct vec *vec, const void *items, size_t nr);

struct image {
	uint32_t unit_id;
	uint32_t unit_name; /* in strings */
	struct vec sections; /* struct ksplice_section */
	struct vec symbols; /* struct ksplice_symbol */
	struct vec refs; /* struct ksplice_ref */
	struct vec sites; /* struct ksplice_site */
	struct vec variants; /* struct ksplice_variant */
	struct vec bytes;
	struct vec strings;
	uint32_t *symbol_map; /* index in the object -> index here, or KSPLICE_NONE */
	size_t nr_symbol_map;
};

#define image_sections(image) ((struct ksplice_section *)(image)->sections.data)
#define image_symbols(image)  ((struct ksplice_symbol *)(image)->symbols.data)
#define image_sites(image)    ((struct ksplice_site *)(image)->sites.data)

/* Offset of a copy of `name' in the strings, or KSPLICE_NONE: out of memory. */
uint32_t image_string(struct image *image, const char *name);

/* What is known of a section of the object while its image is built. */
struct build_section {
	uint32_t kind; /* enum ksplice_section_kind; 0: left out */
	bool if_referenced; /* decided by whether something kept refers to it */
	bool never; /* a table that the link takes apart: must not be referenced */
	uint32_t index; /* in the image */
	struct insn *insns; /* of code: ascending offset */
	size_t nr_insns;
	struct vec sites; /* struct ksplice_site, unordered until image_sort_sites() */
};

struct build {
	struct image *image;
	const struct elf_file *elf;
	const char *unit;
	bool builtin; /* target is vmlinux */
	struct build_section *sections; /* by index in the object */
	struct error *err;
};

/* The instruction that contains `offset', or NULL (also for what is no instruction). */
const struct insn *build_insn_at(const struct build_section *bs, uint64_t offset);

/* Do an image's sections of this kind have references? */
static inline bool build_has_refs(uint32_t kind)
{
	return kind == KSPLICE_TEXT || kind == KSPLICE_RODATA || kind == KSPLICE_VARIANT;
}

/* image_sections.c: classifies all sections and adds those that are kept. */
int image_add_sections(struct build *b);

/* A place in the object's code. */
struct place {
	const struct elf_section *sec;
	struct build_section *bs;
	uint64_t offset;
};

static inline bool is_code(const struct build_section *bs)
{
	return bs->kind == KSPLICE_TEXT || bs->kind == KSPLICE_VARIANT;
}

static inline bool starts_with(const char *name, const char *prefix)
{
	return !strncmp(name, prefix, strlen(prefix));
}

/* A site without a symbol; its offset is filled in by build_add_site(). */
static inline struct ksplice_site site_of(enum ksplice_site_kind kind, unsigned int length,
					  uint32_t arg)
{
	return (struct ksplice_site){
		.kind = kind,
		.length = length,
		.symbol = KSPLICE_NONE,
		.arg = arg,
	};
}

/* Adds a site at a place, once checked to lie in its section. */
int build_add_site(struct build *b, const struct place *at, struct ksplice_site site);

/* The image's symbol of a name, as an extern when the unit has none. */
int build_named_symbol(struct build *b, const char *name, uint32_t *ret);

/* image_tables.c: adds the sites that tables list to build_section.sites. */
int image_find_table_sites(struct build *b);

/* image_sites.c: finds all sites, into build_section.sites (sorted and nested soundly). */
int image_find_sites(struct build *b);

#endif
