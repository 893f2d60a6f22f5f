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

/* A branch into the middle of the jump, from anywhere in the function. */
static bool has_branch_into(struct insn_decoder *decoder, const struct elf_symbol *sym,
			    uint64_t offset, uint64_t *from)
{
	const struct elf_section *sec = sym->section;
	uint64_t end = sym->value + sym->size, start = sym->value + offset;
	struct insn insn;

	for (uint64_t off = sym->value; off < end; off += insn.length) {
		insn_decode(decoder, sec->data, end, off, &insn);
		if (insn.kind != INSN_JUMP && insn.kind != INSN_JCC)
			continue;
		/* With a relocation it goes elsewhere. */
		size_t r = elf_reloc_at(sec, off + insn.length - insn.disp_size);

		if (r < sec->nr_relocs && sec->relocs[r].offset < off + insn.length)
			continue;
		if (insn.target > start && insn.target < start + JUMP_SIZE) {
			*from = off - sym->value;
			return true;
		}
	}
	return false;
}

int jump_find(const struct elf_symbol *sym, const struct image *image, uint32_t index,
	      const char *name, struct jump *ret, struct error *err)
{
	_cleanup_decoder_ struct insn_decoder *decoder = insn_decoder_new();
	const struct ksplice_site *site;
	uint64_t offset, from;
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
	if (sym->size < (uint64_t)ret->offset + JUMP_SIZE) {
		rc = error_refuse(err, "%s: %s() is too short to be replaced: %llu bytes, a jump needs %u",
				  name, sym->name, (unsigned long long)sym->size,
				  ret->offset + JUMP_SIZE);
		error_hint(err, "change its callers instead");
		return rc;
	}
	if (has_branch_into(decoder, sym, ret->offset, &from)) {
		rc = error_refuse(err, "%s: %s() cannot be replaced: its instruction at +0x%llx branches into the bytes where the jump goes",
				  name, sym->name, (unsigned long long)from);
		error_hint(err, "change its callers instead");
		return rc;
	}
	while ((site = image_sites_in(image, section, offset + ret->offset, JUMP_SIZE, &cursor))) {
		if (site->kind != KSPLICE_SITE_JUMP_LABEL && site->kind != KSPLICE_SITE_STATIC_CALL)
			continue;
		if (!fentry) {
			rc = error_refuse(err, "%s: %s() cannot be replaced: it begins with a %s, which the kernel rewrites, and it cannot be traced",
					  name, sym->name,
					  site->kind == KSPLICE_SITE_JUMP_LABEL ? "jump label" :
										  "static call");
			error_hint(err, "change its callers instead");
			return rc;
		}
		ret->flags |= KSPLICE_FUNC_FTRACE;
	}
	return 0;
}
