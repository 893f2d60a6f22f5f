// SPDX-License-Identifier: GPL-2.0-only
/*
 * What only the instructions tell: code between the named functions of a section,
 * branches between two of its parts, which the assembler resolves by itself, where
 * control goes on from one into the next, and where the instruction of a
 * PC-relative field ends.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "insn.h"
#include "unit_internal.h"

#define no_memory(err, unit) error_set(err, -ENOMEM, "%s: out of memory", (unit)->elf->path)

static bool class_is_code(enum section_class class)
{
	return class == SECTION_CODE || class == SECTION_INIT_CODE || class == SECTION_EXIT_CODE;
}

/* ---- code without a name --------------------------------------------------- */

/* Where the padding at `off' ends: what no control reaches, or nothing but nops. */
static uint64_t skip_padding(struct insn_decoder *decoder, const struct elf_section *sec,
			     uint64_t off, uint64_t end)
{
	struct insn insn;

	while (off < end) {
		if (sec->data[off] && insn_decode(decoder, sec->data, end, off, &insn))
			break;
		if (!sec->data[off])
			insn.length = 1;
		else if (insn.kind != INSN_NOP && sec->data[off] != 0xcc)
			break;
		off += insn.length;
	}
	return off;
}

/*
 * Assembler code may have parts whose labels are not kept (SYM_CODE_START_LOCAL
 * of a name that begins with .L). They lie between the named ones.
 */
static int cut_unnamed(struct insn_decoder *decoder, struct unit *unit, struct elf_section *sec)
{
	struct section_atoms *list = section_atoms(sec);
	size_t nr_named = list->nr;
	uint64_t end = 0;

	for (size_t i = 0; i <= nr_named; i++) {
		uint64_t next = i < nr_named ? list->atoms[i]->start : sec->size;

		if (next > end) {
			uint64_t start = skip_padding(decoder, sec, end, next);

			if (start < next && !unit_add_atom(unit, sec, start, next, NULL))
				return -ENOMEM;
		}
		if (i < nr_named && list->atoms[i]->end > end)
			end = list->atoms[i]->end;
	}
	if (list->nr == nr_named)
		return 0;
	unit_sort_atoms(sec);
	/* Branches there need something to refer to. */
	if (!sec->symbol)
		sec->symbol = elf_add_symbol(unit->elf, "", sec, 0, 0, STT_SECTION, STB_LOCAL);
	return sec->symbol ? 0 : -ENOMEM;
}

/* ---- code that goes on into what follows ------------------------------------- */

/*
 * Does control leave the code at its end? A call there is one that does not come
 * back: the compiler leaves nothing after it.
 */
static bool ends(struct insn_decoder *decoder, const struct atom *atom)
{
	enum insn_kind last = INSN_OTHER;
	struct insn insn;

	for (uint64_t off = atom->start; off < atom->end; off += insn.length) {
		if (insn_decode(decoder, atom->sec->data, atom->end, off, &insn))
			return true;
		if (insn.kind != INSN_NOP)
			last = insn.kind;
	}
	return last != INSN_OTHER && last != INSN_JCC && last != INSN_ENDBR;
}

static void find_next(struct insn_decoder *decoder, struct elf_section *sec)
{
	const struct section_atoms *list = section_atoms(sec);

	for (size_t i = 0; i + 1 < list->nr; i++) {
		struct atom *atom = list->atoms[i], *next = list->atoms[i + 1];

		if (atom->start == atom->end || next->start < atom->end || ends(decoder, atom))
			continue;
		if (skip_padding(decoder, sec, atom->end, next->start) == next->start)
			atom->next = next;
	}
}

/* ---- branches without relocations ---------------------------------------- */

/* What is found, until all is: the section's own relocations stay sorted meanwhile. */
struct branches {
	struct elf_reloc *list;
	size_t nr, max;
};

/* To a part of the section `sec', which may have no name. */
static int add_branch(struct branches *b, uint64_t field, const struct insn *insn,
		      const struct elf_section *sec, const struct atom *to)
{
	struct elf_symbol *symbol;

	if (b->nr == b->max) {
		size_t max = b->max ? 2 * b->max : 16;
		struct elf_reloc *grown = realloc(b->list, max * sizeof(*grown));

		if (!grown)
			return -ENOMEM;
		b->list = grown;
		b->max = max;
	}
	symbol = to->sym ? to->sym : sec->symbol;
	b->list[b->nr++] = (struct elf_reloc){
		.offset = field,
		.type = insn->disp_size == 1 ? R_X86_64_PC8 : R_X86_64_PLT32,
		.symbol = symbol,
		.addend = (int64_t)(insn->target - symbol->value) - (int64_t)insn->disp_size,
	};
	return 0;
}

/* Collects the branches from one atom into another that have no relocation, and clears them. */
static int find_branches(struct insn_decoder *decoder, struct elf_section *sec,
			 const struct atom *atom, struct branches *found)
{
	struct insn insn;

	for (uint64_t off = atom->start; off < atom->end; off += insn.length) {
		const struct atom *to;
		uint64_t field;
		size_t r;

		insn_decode(decoder, sec->data, atom->end, off, &insn);
		if (insn.kind != INSN_JUMP && insn.kind != INSN_JCC && insn.kind != INSN_CALL)
			continue;
		field = off + insn.length - insn.disp_size;
		if (insn.target >= atom->start && insn.target < atom->end)
			continue;
		r = elf_reloc_at(sec, field);
		if (r < sec->nr_relocs && sec->relocs[r].offset == field)
			continue;
		to = unit_atom_at(sec, insn.target);
		if (!to)
			continue;
		if (add_branch(found, field, &insn, sec, to))
			return -ENOMEM;
		memset(sec->data + field, 0, insn.disp_size);
	}
	return 0;
}

/* Gives every branch from one atom of the section into another a relocation. */
static int add_branch_relocs(struct insn_decoder *decoder, struct elf_section *sec)
{
	const struct section_atoms *list = section_atoms(sec);
	struct branches found = { 0 };
	int rc = 0;

	for (size_t i = 0; !rc && i < list->nr; i++)
		rc = find_branches(decoder, sec, list->atoms[i], &found);
	for (size_t i = 0; !rc && i < found.nr; i++)
		rc = elf_add_reloc(sec, found.list[i].offset, found.list[i].type,
				   found.list[i].symbol, found.list[i].addend);
	free(found.list);
	return rc ? rc : elf_sort_relocs(sec);
}

/* ---- PC-relative fields: where their instruction ends --------------------- */

/* Does the meaning of this relocation hang on the exact offset? */
static bool needs_adjust(const struct elf_reloc *r)
{
	const struct elf_section *target = r->symbol->section;

	return reloc_is_pc_relative(r->type) && r->symbol->type == STT_SECTION && target &&
	       section_atoms(target)->nr != 1;
}

static void fill_adjusts(struct insn_decoder *decoder, struct elf_section *sec, uint64_t start,
			 uint64_t end)
{
	unsigned char *adjusts = section_atoms(sec)->adjusts;
	size_t r = elf_reloc_at(sec, start);
	struct insn insn;

	for (uint64_t off = start; off < end; off += insn.length) {
		insn_decode(decoder, sec->data, end, off, &insn);
		for (; r < sec->nr_relocs && sec->relocs[r].offset < off + insn.length; r++)
			if (reloc_is_pc_relative(sec->relocs[r].type))
				adjusts[r] =
					(unsigned char)(off + insn.length - sec->relocs[r].offset);
	}
}

static int make_adjusts(struct insn_decoder *decoder, struct elf_section *sec)
{
	struct section_atoms *list = section_atoms(sec);
	bool needed = list->nr == 0;

	if (!sec->nr_relocs)
		return 0;
	list->adjusts = calloc(sec->nr_relocs, 1);
	if (!list->adjusts)
		return -ENOMEM;
	for (size_t i = 0; i < sec->nr_relocs; i++) {
		if (reloc_is_pc_relative(sec->relocs[i].type))
			list->adjusts[i] = (unsigned char)reloc_size(sec->relocs[i].type);
		needed |= needs_adjust(&sec->relocs[i]);
	}
	if (!needed || !sec->data)
		return 0;
	for (size_t i = 0; i < list->nr; i++)
		fill_adjusts(decoder, sec, list->atoms[i]->start, list->atoms[i]->end);
	if (!list->nr)
		fill_adjusts(decoder, sec, 0, sec->size);
	return 0;
}

int unit_prepare_code(struct unit *unit, struct error *err)
{
	_cleanup_decoder_ struct insn_decoder *decoder = insn_decoder_new();

	if (!decoder)
		return no_memory(err, unit);
	for (size_t i = 1; i < unit->elf->nr_sections; i++) {
		struct elf_section *sec = unit->elf->sections[i];

		if (!class_is_code(unit_section_class(sec)))
			continue;
		if (section_atoms(sec)->nr && sec->data && cut_unnamed(decoder, unit, sec))
			return no_memory(err, unit);
		if (section_atoms(sec)->nr > 1 && sec->data) {
			find_next(decoder, sec);
			if (add_branch_relocs(decoder, sec))
				return no_memory(err, unit);
		}
		if (make_adjusts(decoder, sec))
			return no_memory(err, unit);
	}
	return 0;
}
