/* SPDX-License-Identifier: GPL-2.0-only */
/* What unit.c and unit_refs.c share. */
#ifndef OBJMANIP_UNIT_INTERNAL_H
#define OBJMANIP_UNIT_INTERNAL_H

#include "unit.h"

/* elf_section.priv */
struct section_atoms {
	enum section_class class;
	struct atom **atoms;		/* ascending start */
	size_t nr, max;
	unsigned char *adjusts;		/* per relocation, see struct ref; NULL: not worked out */
};

static inline struct section_atoms *section_atoms(const struct elf_section *sec)
{
	return sec->priv;
}

/* Appends an atom to the unit and to its section. NULL: out of memory. */
struct atom *unit_add_atom(struct unit *unit, struct elf_section *sec, uint64_t start, uint64_t end,
			   struct elf_symbol *sym);

/* Puts the atoms of a section in order again. */
void unit_sort_atoms(const struct elf_section *sec);

/*
 * Cuts code without a name, finds what code goes on into (atom.next), gives branches
 * between the atoms of a section relocations, and fills section_atoms.adjusts of code.
 * After the cut at symbols.
 */
int unit_prepare_code(struct unit *unit, struct error *err);

/* Cuts what has no symbols and the tables, and works out all references. */
int unit_resolve(struct unit *unit, struct error *err);

#endif
