/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A unit as functions and objects that refer to each other, whatever sections
 * the compiler put them into. The parts are called atoms: what is compared,
 * chosen and copied as one.
 */
#ifndef OBJMANIP_UNIT_H
#define OBJMANIP_UNIT_H

#include "object.h"
#include "special.h"

struct atom;
struct declaration;		/* declare.h */

/* A reference of an atom: an ELF relocation, with its real target worked out. */
struct ref {
	uint64_t offset;		/* of the field, in the atom */
	uint32_t type;			/* R_X86_64_*; R_X86_64_NONE: see ref_is_next() */
	unsigned int adjust;		/* PC-relative in code: field to end of instruction */
	const struct elf_symbol *symbol; /* ELF's */
	/* Exactly one of these is set. */
	struct atom *atom;		/* in this unit */
	const struct elf_section *literal; /* in a section of strings or constants: */
	const char *name;		/* in another unit; or of a section that has no atoms */
	/*
	 * The place meant, from the start of the atom or literal, or from the named
	 * symbol: without the bias of PC-relative fields.
	 */
	int64_t place;
	int64_t literal_start;		/* in its section */
};

struct atom {
	struct unit *unit;
	struct elf_section *sec;
	enum section_class class;
	uint64_t start, end;		/* bytes in `sec'; padding after it not included */
	uint64_t lead;			/* bytes of nops before a function's entry that belong to it */
	struct elf_symbol *sym;		/* its name; NULL: anonymous, compared by content */
	struct ref *refs;		/* ascending offset */
	size_t nr_refs;
	struct atom *owner;		/* table entry: the code it belongs to; foo.cold: foo */
	struct atom *cold;		/* foo: its foo.cold */
	struct atom *next;		/* code without a jump or return at its end: what follows */
	struct atom **entries;		/* code: its table entries, section by section in order */
	size_t nr_entries;
	const struct special_table *table; /* table entry only */

	struct declaration *declaration; /* where the source has it; NULL: not known */
	struct atom *twin;		/* the same thing in the other object (pair.c) */
	bool unsure;			/* unpaired, but the other object has one it might be */
	bool referred;			/* by code or data of its unit (pair_objects.c) */
	bool changed;			/* differs from its twin (compare.c) */
	char reason[160];		/* why */
	/* Of a changed constant: what becomes of it (constant.c). One of them or none. */
	bool renewed;			/* a changed copy comes along; its users change */
	bool rewritten;			/* changed where it is; its users stay */

	bool included;			/* chosen for the new code (extract.c) */
	struct elf_section *out_sec;	/* new code: where it begins, */
	uint64_t out_start;
	uint64_t out_end;		/* its end there, where jumps for short branches begin */
	struct elf_symbol *out;		/* and its symbol, or NULL */
};

struct unit {
	struct elf_file *elf;
	struct atom **atoms;
	size_t nr_atoms, max_atoms;
	struct atom **by_name;		/* those with a symbol, sorted */
	size_t nr_named;
	bool unclear;			/* of POST: it takes declarations to pair all (pair.c) */
	const char *accept;		/* POST: the changes to let pass (accept.h), or NULL */
	char *debug;			/* file with its debugging information, or NULL */
};

/*
 * Reads an object and cuts it. On success *ret is the caller's, for unit_free().
 * Fails with what it cannot understand (a table's layout, an instruction).
 */
int unit_open(const char *path, struct unit **ret, struct error *err);

/* As unit_open() for an object in memory, which becomes the unit's in any case. */
int unit_from_elf(struct elf_file *elf, struct unit **ret, struct error *err);

/* NULL is legal. */
void unit_free(struct unit *unit);
static inline void unit_freep(struct unit **unit)
{
	unit_free(*unit);
}
#define _cleanup_unit_ __attribute__((cleanup(unit_freep)))

/* The first atom of that name, or NULL. */
struct atom *unit_find(const struct unit *unit, const char *name);

enum section_class unit_section_class(const struct elf_section *sec);

/* The atom of a section that contains the offset, or NULL. */
struct atom *unit_atom_at(const struct elf_section *sec, uint64_t offset);

/* The name for messages: the symbol's, or the section's. */
const char *atom_name(const struct atom *atom);

/* Its first byte; NULL if it has no contents (.bss). */
const unsigned char *atom_bytes(const struct atom *atom);

static inline uint64_t atom_size(const struct atom *atom)
{
	return atom->end - atom->start;
}

static inline bool atom_is_code(const struct atom *atom)
{
	return atom->class == SECTION_CODE || atom->class == SECTION_INIT_CODE ||
	       atom->class == SECTION_EXIT_CODE;
}

/* The reference to atom.next: no field, at the end of the code. */
static inline bool ref_is_next(const struct ref *ref)
{
	return ref->type == R_X86_64_NONE;
}

/* Does this reference of code call, jump or go on there, rather than take an address? */
bool ref_is_branch(const struct atom *atom, const struct ref *ref);

/* foo for foo.cold, else itself. */
static inline const struct atom *atom_family(const struct atom *atom)
{
	return atom->owner && atom_is_code(atom) ? atom->owner : atom;
}

/* How many bytes a relocation of this type fills; 0: unknown type. */
unsigned int reloc_size(uint32_t type);
bool reloc_is_pc_relative(uint32_t type);
const char *reloc_name(uint32_t type);

#endif
