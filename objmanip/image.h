/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The image of a unit: what the distribution's own build of it must look like
 * in memory, as struct ksplice_image describes. Built from the RUN object,
 * completed by extract (externs and symbols that the new code needs), and
 * serialised into .init.ksplice.image.
 */
#ifndef OBJMANIP_IMAGE_H
#define OBJMANIP_IMAGE_H

#include <stddef.h>
#include <stdint.h>

#include "../kmodsrc/ksplice_format.h"
#include "error.h"
#include "object.h"

/* Everything that the image needs is copied: the object may be freed before it. */
struct image;

/*
 * Builds the image of `run', the unit `unit' ("fs/proc/cmdline.o") of `target'
 * ("vmlinux" or a module's name). On success *ret is the caller's, for
 * image_free(). Fails with the name of what it cannot describe (a relocation
 * type, an instruction, a table's layout).
 */
int image_build(const struct elf_file *run, const char *unit, const char *target,
		struct image **ret, struct error *err);

/* NULL is legal. */
void image_free(struct image *image);
static inline void image_freep(struct image **image)
{
	image_free(*image);
}
#define _cleanup_image_ __attribute__((cleanup(image_freep)))

/* The 32-bit FNV-1a hash of a unit's name. */
uint32_t image_unit_id(const char *unit);

/* ---- symbols: indices are stable; externs that are added come last ---------- */

/* The image's symbol for a symbol of the object it was built from, or KSPLICE_NONE. */
uint32_t image_symbol(const struct image *image, const struct elf_symbol *sym);

/*
 * The first symbol of that name, defined ones before externs, or KSPLICE_NONE.
 * Several local symbols may share a name (statics of different functions).
 */
uint32_t image_find_symbol(const struct image *image, const char *name);

/* The next one of the same name after `index', or KSPLICE_NONE. */
uint32_t image_next_symbol(const struct image *image, uint32_t index);

/*
 * The named symbol at this place (NULL name: any but a section symbol, a
 * function or object before an untyped label), or KSPLICE_NONE.
 */
uint32_t image_find_symbol_at(const struct image *image, const char *section, uint64_t offset,
			      const char *name);

/* The symbol itself (valid until the next image_add_extern()), or NULL. */
const struct ksplice_symbol *image_symbol_at(const struct image *image, uint32_t index);
const char *image_symbol_name(const struct image *image, uint32_t index);

/*
 * The extern of that name with these flags (KSPLICE_SYM_*) added to those it
 * has; made when there is none. If the image defines the name as a global, that
 * definition. KSPLICE_NONE: out of memory.
 */
uint32_t image_add_extern(struct image *image, const char *name, unsigned int flags);

/* Marks a symbol KSPLICE_SYM_NEEDED. -EINVAL: no such symbol. */
int image_need(struct image *image, uint32_t index);

/*
 * The section symbol of the first section of that name, for code that means
 * "section + offset" (anonymous data). KSPLICE_NONE: not in the image.
 */
uint32_t image_section_symbol(const struct image *image, const char *section);

/* ---- sections and sites ----------------------------------------------------- */

/* The index of the first section of that name, or KSPLICE_NONE. */
uint32_t image_find_section(const struct image *image, const char *name);

/* Its descriptor, or NULL. */
const struct ksplice_section *image_section_at(const struct image *image, uint32_t index);
const char *image_section_name(const struct image *image, uint32_t index);

/*
 * The next site of a section that touches [offset, offset + length), or NULL.
 * *cursor is 0 at first:
 *	size_t cursor = 0;
 *	while ((site = image_sites_in(image, section, offset, 5, &cursor))) ...
 */
const struct ksplice_site *image_sites_in(const struct image *image, uint32_t section,
					  uint64_t offset, uint64_t length, size_t *cursor);

/*
 * Where a function or object lies. -EINVAL: no such symbol; -ENOENT: it is not
 * defined in this unit. Any pointer may be NULL.
 */
int image_symbol_range(const struct image *image, uint32_t index, uint32_t *section,
		       uint64_t *offset, uint64_t *size);

/* ---- output ----------------------------------------------------------------- */

/* The bytes, a multiple of KSPLICE_IMAGE_ALIGN; free() them. */
int image_serialise(const struct image *image, unsigned char **bytes, size_t *size,
		    struct error *err);

/*
 * Checks everything in `bytes' that a reader relies on (offsets, indices,
 * order). `what' names the input in messages.
 */
int image_check(const unsigned char *bytes, size_t size, const char *what, struct error *err);

#endif
