// SPDX-License-Identifier: GPL-2.0-only
#include "place.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "rewrite.h"

#define NOP	       0x90
#define PERCPU_SECTION ".data..percpu"

static int no_memory(const struct extract *x, struct error *err)
{
	return error_set(err, -ENOMEM, "%s: out of memory", x->name);
}

/*
 * Init sections of the update's module are freed, too: what stays has to leave them. And a module
 * has one section of per-CPU variables, where the kernel itself has more (..shared_aligned,
 * ..page_aligned, ...): in any other the variable would be no per-CPU one.
 */
static int section_name(const struct atom *atom, char *buf, size_t size)
{
	const char *name = atom->sec->name;
	const char *text = "";

	if (atom_is_code(atom) && atom->sym &&
	    (!strncmp(name, ".exit", 5) || !strncmp(name, ".meminit", 8) ||
	     !strncmp(name, ".init", 5) || !strncmp(name, ".ref", 4))) {
		text = ".text.";
		name = atom->sym->name;
	} else if (!strncmp(name, ".meminit", 8) || !strncmp(name, ".ref", 4)) {
		text = atom->class == SECTION_RODATA ? ".rodata" : ".data";
		name = "";
	}
	if (!strncmp(name, PERCPU_SECTION, strlen(PERCPU_SECTION)))
		name = PERCPU_SECTION;
	return snprintf(buf, size, "%s%s", text, name) < (int)size ? 0 : -ENAMETOOLONG;
}

/* What the atom's place in its section says about its alignment. */
static uint64_t alignment(const struct atom *atom)
{
	uint64_t align = atom->sec->align ? atom->sec->align : 1, start = atom->start - atom->lead;

	if (atom->table)
		return atom->start ? 1 : align;
	while (align > 1 && start % align)
		align /= 2;
	return align;
}

static struct elf_section *output_section(struct extract *x, const struct atom *atom,
					  const char *name)
{
	struct elf_section *sec = elf_find_section(x->out, name);

	if (sec)
		return sec;
	return elf_add_section(x->out, name, atom->sec->type,
			       atom->sec->flags & ~(uint64_t)(SHF_GROUP | SHF_LINK_ORDER |
							      SHF_MERGE | SHF_STRINGS),
			       1, atom->sec->entsize, NULL, 0);
}

/* New to other units: they have no other way to find it than by its name in new code. */
static bool is_new_global(const struct atom *atom)
{
	return atom->sym && atom->sym->bind != STB_LOCAL &&
	       (!atom->twin || atom->twin->sym->bind == STB_LOCAL);
}

bool place_is_short_branch(const struct atom *atom, const struct ref *ref)
{
	return ref->type == R_X86_64_PC8 && atom_is_code(atom);
}

/*
 * Jumps behind the copy: first to what followed the code, if that goes on there; then one for
 * each short branch, which reaches no other function.
 */
static int add_tail(const struct atom *atom)
{
	static const unsigned char jump[PLACE_JUMP_SIZE] = { 0xe9 };

	if (atom->next && elf_append(atom->out_sec, jump, sizeof(jump), 1, NULL))
		return -ENOMEM;
	for (size_t i = 0; i < atom->nr_refs; i++)
		if (place_is_short_branch(atom, &atom->refs[i]) &&
		    elf_append(atom->out_sec, jump, sizeof(jump), 1, NULL))
			return -ENOMEM;
	return 0;
}

static int place_atom(struct extract *x, struct error *err, struct atom *atom)
{
	uint64_t start = atom->start - atom->lead, offset, before;
	const unsigned char *bytes = atom->sec->data ? atom->sec->data + start : NULL;
	struct elf_section *sec;
	char name[512];

	if (section_name(atom, name, sizeof(name)))
		return error_set(err, -EINVAL, "%s: the name of section %s is too long", x->name,
				 atom->sec->name);
	sec = output_section(x, atom, name);
	if (!sec)
		return no_memory(x, err);
	before = sec->size;
	if (elf_append(sec, bytes, atom->end - start, alignment(atom), &offset))
		return no_memory(x, err);
	if ((sec->flags & SHF_EXECINSTR) && sec->data)
		memset(sec->data + before, NOP, offset - before);
	atom->out_sec = sec;
	atom->out_start = offset + atom->lead;
	atom->out_end = sec->size;
	if (add_tail(atom))
		return no_memory(x, err);
	if (!atom->sym)
		return 0;
	atom->out = elf_add_symbol(x->out, atom->sym->name, sec, atom->out_start,
				   sec->size - atom->out_start, atom->sym->type,
				   is_new_global(atom) ? atom->sym->bind : STB_LOCAL);
	if (!atom->out)
		return no_memory(x, err);
	atom->out->visibility = atom->sym->visibility;
	return 0;
}

/* Further names of a new global. */
static int place_aliases(struct extract *x, struct error *err, struct atom *atom)
{
	const struct elf_section *sec = atom->sec;

	for (size_t i = 0; i < sec->nr_symbols; i++) {
		const struct elf_symbol *sym = sec->symbols[i];

		if (sym->priv != atom || sym == atom->sym || sym->bind == STB_LOCAL)
			continue;
		if (!elf_add_symbol(x->out, sym->name, atom->out_sec,
				    atom->out_start + sym->value - atom->start, sym->size,
				    sym->type, sym->bind))
			return no_memory(x, err);
	}
	return 0;
}

/* An entry that becomes a relocation of the update's own. */
bool place_is_runtime(const struct atom *atom)
{
	return atom->table && atom->table->runtime;
}

/* The new contents of a constant, and which of them count. */
static int place_contents(struct extract *x, struct error *err, struct atom *atom)
{
	uint64_t size = atom_size(atom), mask;

	atom->out_sec = elf_find_section(x->out, REWRITE_SECTION);
	if (!atom->out_sec)
		atom->out_sec = elf_add_section(x->out, REWRITE_SECTION, SHT_PROGBITS, SHF_ALLOC, 8,
						0, NULL, 0);
	if (!atom->out_sec ||
	    elf_append(atom->out_sec, atom_bytes(atom), size, 8, &atom->out_start) ||
	    elf_append(atom->out_sec, NULL, size, 1, &mask))
		return no_memory(x, err);
	rewrite_mask(atom, atom->out_sec->data + mask);
	return 0;
}

int place_all(struct extract *x, struct error *err)
{
	const struct unit *post = x->post;

	for (size_t i = 0; i < post->nr_atoms; i++) {
		struct atom *atom = post->atoms[i];
		int rc = 0;

		if (atom->table)
			atom->included = atom->owner && atom->owner->included;
		if (atom->rewritten)
			rc = place_contents(x, err, atom);
		else if (atom->included && !place_is_runtime(atom))
			rc = place_atom(x, err, atom);
		if (!rc && atom->included && is_new_global(atom))
			rc = place_aliases(x, err, atom);
		if (rc)
			return rc;
	}
	return 0;
}
