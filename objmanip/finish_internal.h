/* SPDX-License-Identifier: GPL-2.0-only */
/* What the parts of finish share. */
#ifndef OBJMANIP_FINISH_INTERNAL_H
#define OBJMANIP_FINISH_INTERNAL_H

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>

#include "../kmodsrc/ksplice_format.h"
#include "error.h"
#include "image_view.h"
#include "object.h"
#include "symvers.h"

struct finish {
	struct elf_file *elf;
	const struct symvers *symvers;
	struct elf_section *descriptor;
	struct elf_section *funcs; /* NULL: no function changes */
	struct elf_section *rewrites; /* NULL: no constant changes where it is */
	struct elf_section *images;
	struct elf_section *relocs; /* NULL while there is none */
	struct image_view *views;
	size_t nr_views;
	bool *used; /* by symbol index: some relocation needs it */
	struct error *err;
};

static inline int finish_no_memory(struct finish *f)
{
	return error_set(f->err, -ENOMEM, "out of memory");
}

/* Has the loader, or a relocation of ours, to find the symbol elsewhere? */
static inline bool finish_is_undefined(const struct elf_symbol *sym)
{
	return !sym->section && sym->shndx == SHN_UNDEF && sym->index;
}

/*
 * Makes relocations of ours out of those of a section that the loader cannot resolve, and notes in
 * f->used which symbols the others need. 0, -EINVAL or what error_refuse() gives, with f->err set.
 */
int finish_section(struct finish *f, struct elf_section *sec);

/*
 * Takes out what the loader would look up in vain, once all sections are finished: call sites whose
 * callee is not known yet, symbols that nothing needs, and their checksums.
 */
void finish_drop_unused(struct finish *f);

#endif /* OBJMANIP_FINISH_INTERNAL_H */
