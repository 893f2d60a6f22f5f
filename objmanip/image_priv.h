/* SPDX-License-Identifier: GPL-2.0-only */
/* Inside of the image: shared by image*.c only. */
#ifndef OBJMANIP_IMAGE_PRIV_H
#define OBJMANIP_IMAGE_PRIV_H

#include <stdbool.h>

#include "image.h"
#include "insn.h"

/* A growing array of items of one size; zero-initialise with .item set. */
struct vec {
	void *data;
	size_t nr;
	size_t max;
	size_t item;		/* bytes of each */
};

/* Appends a copy of `nr' items (zeros for NULL). The first new one, or NULL: out of memory. */
void *vec_push(struct vec *vec, const void *items, size_t nr);

struct image {
	uint32_t unit_id;
	uint32_t unit_name;	/* in strings */
	struct vec sections;	/* struct ksplice_section */
	struct vec symbols;	/* struct ksplice_symbol */
	struct vec refs;	/* struct ksplice_ref */
	struct vec sites;	/* struct ksplice_site */
	struct vec variants;	/* struct ksplice_variant */
	struct vec bytes;
	struct vec strings;
	uint32_t *symbol_map;	/* index in the object -> index here, or KSPLICE_NONE */
	size_t nr_symbol_map;
};

#define image_sections(image) ((struct ksplice_section *)(image)->sections.data)
#define image_symbols(image) ((struct ksplice_symbol *)(image)->symbols.data)
#define image_sites(image) ((struct ksplice_site *)(image)->sites.data)

/* Offset of a copy of `name' in the strings, or KSPLICE_NONE: out of memory. */
uint32_t image_string(struct image *image, const char *name);

/* What is known of a section of the object while its image is built. */
struct build_section {
	uint32_t kind;		/* enum ksplice_section_kind; 0: left out */
	bool if_referenced;	/* decided by whether something kept refers to it */
	bool never;		/* a table that the link takes apart: must not be referenced */
	uint32_t index;		/* in the image */
	struct insn *insns;	/* of code: ascending offset */
	size_t nr_insns;
	struct vec sites;	/* struct ksplice_site, unordered until image_sort_sites() */
};

struct build {
	struct image *image;
	const struct elf_file *elf;
	const char *unit;
	bool builtin;		/* target is vmlinux */
	struct build_section *sections;	/* by index in the object */
	struct error *err;
};

/* The instruction that contains `offset', or NULL (also for what is no instruction). */
const struct insn *build_insn_at(const struct build_section *bs, uint64_t offset);

/* image_sites.c: finds all sites, into build_section.sites (sorted and nested soundly). */
int image_find_sites(struct build *b);

#endif
