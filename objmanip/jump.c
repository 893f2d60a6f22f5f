// SPDX-License-Identifier: GPL-2.0-only
#include "jump.h"

#include <errno.h>
#include <string.h>

#include "insn.h"

#define JUMP_SIZE 5

/* The jump leaves alone what tracing and indirect calls need: ENDBR and the fentry call. */
static uint32_t find_offset(struct insn_decoder *decoder, const struct elf_symbol *sym,
			    bool *fentry)
{
	const struct elf_section *sec = sym->section;
	uint64_t off = sym->value, end = sym->value + sym->size;
	struct insn insn;

	*fentry = false;
	if (!insn_decode(decoder, sec->data, end, off, &insn) && insn.kind == INSN_ENDBR)
		off += insn.length;
	for (size_t r = elf_reloc_at(sec, off); r < sec->nr_relocs; r++) {
		if (sec->relocs[r].offset != off + 1)
			break;
		if (!strcmp(sec->relocs[r].symbol->name, "__fentry__") && sec->data[off] == 0xe8) {
			*fentry = true;
			off += 5;
		}
		break;
	}
	return (uint32_t)(off - sym->value);
}

/*
 * A second entry in the bytes of the jump: assembler code has such labels. The
 * function's own branches do not count: nobody is inside when the jump is
 * written, and nobody gets inside while it stands.
 */
static const struct elf_symbol *second_entry(const struct elf_symbol *sym, uint64_t end)
{
	const struct elf_section *sec = sym->section;

	for (size_t i = 0; i < sec->nr_symbols; i++) {
		const struct elf_symbol *other = sec->symbols[i];

		if (other->type != STT_SECTION && other->value > sym->value &&
		    other->value < sym->value + end)
			return other;
	}
	return NULL;
}

int jump_find(const struct elf_symbol *sym, const struct image *image, uint32_t index,
	      const char *name, struct jump *ret, struct error *err)
{
	_cleanup_decoder_ struct insn_decoder *decoder = insn_decoder_new();
	const struct ksplice_site *site;
	const struct elf_symbol *other;
	uint64_t offset;
	uint32_t section;
	size_t cursor = 0;
	bool fentry;
	int rc;

	if (!decoder)
		return error_set(err, -ENOMEM, "%s: out of memory", name);
	if (!sym->section->data || image_symbol_range(image, index, &section, &offset, NULL))
		return error_set(err, -EINVAL, "%s: %s has no code", name, sym->name);
	ret->offset = find_offset(decoder, sym, &fentry);
	ret->flags = 0;
	if (!sym->size) {
		rc = error_refuse(
			err,
			"%s: %s cannot be replaced: it is a label, and does not say how long it is",
			name, sym->name);
		error_hint(err, "change who goes there instead");
		return rc;
	}
	if (sym->size < (uint64_t)ret->offset + JUMP_SIZE) {
		rc = error_refuse(
			err, "%s: %s() is too short to be replaced: %llu bytes, a jump needs %u",
			name, sym->name, (unsigned long long)sym->size, ret->offset + JUMP_SIZE);
		error_hint(err, "change its callers instead");
		return rc;
	}
	other = second_entry(sym, (uint64_t)ret->offset + JUMP_SIZE);
	if (other) {
		rc = error_refuse(
			err,
			"%s: %s() cannot be replaced: %s is another entry, where the jump goes",
			name, sym->name, other->name);
		error_hint(err, "change its callers instead");
		return rc;
	}
	while ((site = image_sites_in(image, section, offset + ret->offset, JUMP_SIZE, &cursor))) {
		if (site->kind != KSPLICE_SITE_JUMP_LABEL && site->kind != KSPLICE_SITE_STATIC_CALL)
			continue;
		if (!fentry) {
			rc = error_refuse(
				err,
				"%s: %s() cannot be replaced: it begins with a %s, which the kernel rewrites, and it cannot be traced",
				name, sym->name,
				site->kind == KSPLICE_SITE_JUMP_LABEL ? "jump label"
								      : "static call");
			error_hint(err, "change its callers instead");
			return rc;
		}
		ret->flags |= KSPLICE_FUNC_FTRACE;
	}
	return 0;
}
