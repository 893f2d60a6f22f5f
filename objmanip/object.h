/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A relocatable object in memory: sections, symbols, relocations. The only
 * part of objmanip that knows libelf. An object is read whole, or built from
 * nothing, changed freely, and written as a new file.
 */
#ifndef OBJMANIP_OBJECT_H
#define OBJMANIP_OBJECT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <gelf.h>

#include "error.h"

struct elf_symbol;

struct elf_reloc {
	uint64_t offset;		/* of the field, in its section */
	uint32_t type;			/* R_X86_64_* */
	struct elf_symbol *symbol;
	int64_t addend;
};

/*
 * Symbol tables, string tables and SHT_RELA sections are not in the list: they
 * are read into symbols and relocs, and made anew by elf_write().
 */
struct elf_section {
	struct elf_file *elf;
	unsigned int index;		/* position in elf->sections */
	char *name;
	uint32_t type;			/* SHT_* */
	uint64_t flags;			/* SHF_* */
	uint64_t align;
	uint64_t entsize;
	uint64_t size;			/* bytes, also for SHT_NOBITS */
	unsigned char *data;		/* owned; NULL for SHT_NOBITS and for size 0 */
	struct elf_reloc *relocs;	/* ascending offset after elf_open() */
	size_t nr_relocs;
	size_t max_relocs;		/* capacity, for elf_add_reloc() */
	struct elf_symbol **symbols;	/* defined here, ascending value; see elf_index_symbols() */
	size_t nr_symbols;
	struct elf_symbol *symbol;	/* its STT_SECTION symbol, or NULL */
	void *priv;			/* for the user of the object */
};

struct elf_symbol {
	unsigned int index;		/* position in elf->symbols; 0 is the null symbol */
	char *name;			/* "" for section symbols */
	struct elf_section *section;	/* NULL: undefined, absolute or common, see shndx */
	uint32_t shndx;			/* SHN_UNDEF, SHN_ABS, SHN_COMMON or ELF_IN_SECTION */
	uint64_t value;
	uint64_t size;
	unsigned char type;		/* STT_* */
	unsigned char bind;		/* STB_* */
	unsigned char visibility;	/* STV_* */
	void *priv;			/* for the user of the object */
};

#define ELF_IN_SECTION 0xffffffffu

struct elf_file {
	char *path;
	uint16_t machine;		/* EM_X86_64 */
	uint32_t eflags;
	struct elf_section **sections;	/* [0] is NULL */
	size_t nr_sections;
	struct elf_symbol **symbols;	/* [0] is the null symbol */
	size_t nr_symbols;
};

/*
 * Reads a relocatable x86-64 ELF object. On success *ret is the caller's, to be
 * given to elf_free(). Refuses, with the reason: what is not ELF, is truncated,
 * is for another machine or class, is not ET_REL, or is inconsistent in any
 * index or range.
 */
int elf_open(const char *path, struct elf_file **ret, struct error *err);

/* An empty object of the same machine as `like'. NULL: out of memory. */
struct elf_file *elf_new(const char *path, const struct elf_file *like);

/* Frees the object and all in it, except what `priv' points to. NULL is legal. */
void elf_free(struct elf_file *elf);
static inline void elf_freep(struct elf_file **elf)
{
	elf_free(*elf);
}
#define _cleanup_elf_ __attribute__((cleanup(elf_freep)))

/* Writes the object to `path', replacing a file there only when all went well. */
int elf_write(const struct elf_file *elf, const char *path, struct error *err);

/*
 * Adds a section with a copy of `size' bytes (zeros for NULL) and its section
 * symbol. NULL: out of memory.
 */
struct elf_section *elf_add_section(struct elf_file *elf, const char *name, uint32_t type,
				    uint64_t flags, uint64_t align, uint64_t entsize,
				    const void *data, uint64_t size);

/* Appends bytes, aligned to `align' with zeros; the offset is in *ret. 0 or -ENOMEM. */
int elf_append(struct elf_section *sec, const void *data, uint64_t size, uint64_t align,
	       uint64_t *ret);

/* Adds a symbol; section NULL: undefined. NULL: out of memory. */
struct elf_symbol *elf_add_symbol(struct elf_file *elf, const char *name,
				  struct elf_section *section, uint64_t value, uint64_t size,
				  unsigned char type, unsigned char bind);

/* Adds a relocation. 0 or -ENOMEM. */
int elf_add_reloc(struct elf_section *sec, uint64_t offset, uint32_t type,
		  struct elf_symbol *symbol, int64_t addend);

/* Sorts the relocations by offset, keeping the order of equal ones. 0 or -ENOMEM. */
int elf_sort_relocs(struct elf_section *sec);

/* Makes sec->symbols of all sections anew (ascending value, then larger size first). */
int elf_index_symbols(struct elf_file *elf);

struct elf_section *elf_find_section(const struct elf_file *elf, const char *name);

/* The first symbol of that name, or NULL. Linear: for the odd look-up only. */
struct elf_symbol *elf_find_symbol(const struct elf_file *elf, const char *name);

/* The first reloc of `sec' at or after `offset'; index nr_relocs if there is none. */
size_t elf_reloc_at(const struct elf_section *sec, uint64_t offset);

/* The function symbol of `sec' that contains `offset', or NULL. */
struct elf_symbol *elf_func_at(const struct elf_section *sec, uint64_t offset);

#endif
