// SPDX-License-Identifier: GPL-2.0-only
/* From the RUN object to an image: symbols and references. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "image_priv.h"
#include "ref.h"

/* ---- symbols ---------------------------------------------------------------- */

static int add_symbol(struct build *b, const struct elf_symbol *sym, uint32_t section,
		      unsigned int flags)
{
	struct ksplice_symbol out = {
		.name = image_string(b->image, sym->name),
		.section = section,
		.offset = section == KSPLICE_EXTERN ? 0 : sym->value,
		.size = sym->size > UINT32_MAX ? UINT32_MAX : sym->size,
		.flags = flags,
	};

	switch (sym->type) {
	case STT_FUNC:
	case STT_GNU_IFUNC:
		out.type = KSPLICE_SYM_FUNC;
		break;
	case STT_OBJECT:
	case STT_COMMON:
		out.type = KSPLICE_SYM_OBJECT;
		break;
	case STT_SECTION:
		out.type = KSPLICE_SYM_SECTION;
		break;
	}
	if (sym->bind == STB_GLOBAL || sym->bind == STB_WEAK)
		out.flags |= KSPLICE_SYM_GLOBAL;
	if (sym->bind == STB_WEAK)
		out.flags |= KSPLICE_SYM_WEAK;
	b->image->symbol_map[sym->index] = b->image->symbols.nr;
	if (out.name == KSPLICE_NONE || !vec_push(&b->image->symbols, &out, 1))
		return error_set(b->err, -ENOMEM, "out of memory");
	return 0;
}

/* The symbols of one section: its own first, then by offset. */
static int add_section_symbols(struct build *b, const struct elf_section *sec)
{
	struct build_section *bs = &b->sections[sec->index];
	uint32_t first = b->image->symbols.nr;
	unsigned int flags = starts_with(sec->name, ".data..percpu") ? KSPLICE_SYM_PERCPU : 0;
	int ret = 0;

	if (!sec->symbol || sec->symbol->value)
		return error_refuse(b->err, "%s: section %s has no symbol of its start", b->unit,
				    sec->name);
	ret = add_symbol(b, sec->symbol, bs->index, flags);
	for (size_t i = 0; i < sec->nr_symbols && !ret; i++) {
		const struct elf_symbol *sym = sec->symbols[i];

		if (sym->type == STT_SECTION)
			b->image->symbol_map[sym->index] = first;
		else if (sym->value > sec->size)
			return error_refuse(b->err, "%s: symbol %s lies outside section %s",
					    b->unit, sym->name, sec->name);
		else if (*sym->name)
			ret = add_symbol(b, sym, bs->index, flags);
	}
	image_sections(b->image)[bs->index].first_symbol = first;
	image_sections(b->image)[bs->index].nr_symbols = b->image->symbols.nr - first;
	return ret;
}

static int add_symbols(struct build *b)
{
	const struct elf_file *elf = b->elf;
	int ret = 0;

	b->image->nr_symbol_map = elf->nr_symbols;
	b->image->symbol_map = malloc(elf->nr_symbols * sizeof(uint32_t));
	if (!b->image->symbol_map)
		return error_set(b->err, -ENOMEM, "out of memory");
	memset(b->image->symbol_map, 0xff, elf->nr_symbols * sizeof(uint32_t));

	for (size_t i = 1; i < elf->nr_sections && !ret; i++)
		if (b->sections[i].kind)
			ret = add_section_symbols(b, elf->sections[i]);
	for (size_t i = 1; i < elf->nr_symbols && !ret; i++) {
		const struct elf_symbol *sym = elf->symbols[i];

		if (sym->shndx == SHN_ABS && sym->type != STT_FILE && *sym->name)
			ret = add_symbol(b, sym, KSPLICE_ABS, 0);
	}
	/* The compiler leaves names undefined that it does not use in the end: not those. */
	for (size_t i = 1; i < elf->nr_sections && !ret; i++) {
		const struct elf_section *sec = elf->sections[i];

		for (size_t r = 0; r < sec->nr_relocs && build_has_refs(b->sections[i].kind); r++) {
			const struct elf_symbol *sym = sec->relocs[r].symbol;

			if (!sym->section && sym->shndx != SHN_ABS && *sym->name &&
			    image_symbol(b->image, sym) == KSPLICE_NONE && !ret)
				ret = add_symbol(b, sym, KSPLICE_EXTERN, 0);
		}
	}
	return ret;
}

/* ---- references ------------------------------------------------------------- */

const struct insn *build_insn_at(const struct build_section *bs, uint64_t offset)
{
	size_t low = 0, high = bs->nr_insns;

	while (low < high) {
		size_t mid = (low + high) / 2;
		const struct insn *insn = &bs->insns[mid];

		if (offset < insn->offset)
			high = mid;
		else if (offset >= insn->offset + insn->length)
			low = mid + 1;
		else
			return insn->bad ? NULL : insn;
	}
	return NULL;
}

/*
 * Instruction by instruction; begins anew at every function, so that data
 * between functions (assembler tables) cannot lead it astray.
 */
static int decode_section(struct build *b, struct insn_decoder *decoder,
			  const struct elf_section *sec, struct build_section *bs)
{
	struct vec list = { .item = sizeof(struct insn) };
	size_t next = 0;

	for (uint64_t at = 0; at < sec->size;) {
		struct insn insn;

		insn_decode(decoder, sec->data, sec->size, at, &insn);
		while (next < sec->nr_symbols &&
		       (sec->symbols[next]->type != STT_FUNC || sec->symbols[next]->value <= at))
			next++;
		if (next < sec->nr_symbols && sec->symbols[next]->value < at + insn.length) {
			insn.length = sec->symbols[next]->value - at;
			insn.bad = true;
		}
		if (!vec_push(&list, &insn, 1)) {
			free(list.data);
			return error_set(b->err, -ENOMEM, "out of memory");
		}
		at += insn.length;
	}
	bs->insns = list.data;
	bs->nr_insns = list.nr;
	return 0;
}

static int decode_code(struct build *b)
{
	_cleanup_decoder_ struct insn_decoder *decoder = insn_decoder_new();
	int ret = 0;

	if (!decoder)
		return error_set(b->err, -ENOMEM, "libopcodes has no disassembler for x86-64");
	for (size_t i = 1; i < b->elf->nr_sections && !ret; i++) {
		struct build_section *bs = &b->sections[i];

		if (bs->kind == KSPLICE_TEXT || bs->kind == KSPLICE_VARIANT)
			ret = decode_section(b, decoder, b->elf->sections[i], bs);
	}
	return ret;
}

static int add_ref(struct build *b, const struct elf_section *sec, const struct elf_reloc *rel)
{
	const struct build_section *bs = &b->sections[sec->index];
	struct ksplice_ref ref = {
		.offset = rel->offset,
		.symbol = image_symbol(b->image, rel->symbol),
		.addend = rel->addend,
		.type = ref_type(rel->type),
	};
	bool relative = ref.type == KSPLICE_PC32 || ref.type == KSPLICE_PC64 ||
			ref.type == KSPLICE_PC8;

	if (!ref.type)
		return error_refuse(b->err, "%s: %s+0x%llx: relocation type %u is not known",
				    b->unit, sec->name, (unsigned long long)rel->offset, rel->type);
	if (ref.symbol == KSPLICE_NONE)
		return error_refuse(
			b->err, "%s: %s+0x%llx refers to \"%s\" (%s), which is not kept", b->unit,
			sec->name, (unsigned long long)rel->offset, rel->symbol->name,
			rel->symbol->section ? rel->symbol->section->name : "undefined");
	if (rel->offset + ksplice_ref_width(ref.type) > sec->size)
		return error_refuse(b->err, "%s: %s+0x%llx: a relocation beyond the section's end",
				    b->unit, sec->name, (unsigned long long)rel->offset);
	if (relative && bs->kind != KSPLICE_RODATA) {
		const struct insn *insn = build_insn_at(bs, rel->offset);
		uint64_t width = ksplice_ref_width(ref.type);

		ref.adjust = insn && insn->offset + insn->length >= rel->offset + width ?
				     insn->offset + insn->length - rel->offset :
				     width;
	}
	if (!vec_push(&b->image->refs, &ref, 1))
		return error_set(b->err, -ENOMEM, "out of memory");
	return 0;
}

static int add_refs(struct build *b)
{
	for (size_t i = 1; i < b->elf->nr_sections; i++) {
		const struct elf_section *sec = b->elf->sections[i];
		const struct build_section *bs = &b->sections[i];
		uint32_t first = b->image->refs.nr;

		if (!bs->kind)
			continue;
		for (size_t r = 0; r < sec->nr_relocs && build_has_refs(bs->kind); r++) {
			int ret;

			if (sec->relocs[r].type == R_X86_64_NONE)
				continue;
			ret = add_ref(b, sec, &sec->relocs[r]);
			if (ret)
				return ret;
		}
		image_sections(b->image)[bs->index].first_ref = first;
		image_sections(b->image)[bs->index].nr_refs = b->image->refs.nr - first;
	}
	return 0;
}

/* The sites that image_find_sites() left with each section, in table order. */
static int add_sites(struct build *b)
{
	for (size_t i = 1; i < b->elf->nr_sections; i++) {
		const struct build_section *bs = &b->sections[i];
		struct ksplice_section *out;

		if (!bs->kind)
			continue;
		out = &image_sections(b->image)[bs->index];
		out->first_site = b->image->sites.nr;
		out->nr_sites = bs->sites.nr;
		if (bs->sites.nr && !vec_push(&b->image->sites, bs->sites.data, bs->sites.nr))
			return error_set(b->err, -ENOMEM, "out of memory");
	}
	return 0;
}

static int build(struct build *b)
{
	struct image *image = b->image;
	int ret;

	image->unit_id = image_unit_id(b->unit);
	image->unit_name = image_string(image, b->unit);
	if (image->unit_name == KSPLICE_NONE)
		return error_set(b->err, -ENOMEM, "out of memory");
	ret = image_add_sections(b);
	if (!ret)
		ret = add_symbols(b);
	if (!ret)
		ret = decode_code(b);
	if (!ret)
		ret = add_refs(b);
	if (!ret)
		ret = image_find_sites(b);
	if (!ret)
		ret = add_sites(b);
	return ret;
}

int image_build(const struct elf_file *run, const char *unit, const char *target,
		struct image **ret, struct error *err)
{
	_cleanup_image_ struct image *image = calloc(1, sizeof(*image));
	struct build b = {
		.image = image,
		.elf = run,
		.unit = unit,
		.builtin = !strcmp(target, "vmlinux"),
		.sections = calloc(run->nr_sections, sizeof(struct build_section)),
		.err = err,
	};
	int code;

	if (!image || !b.sections) {
		free(b.sections);
		return error_set(err, -ENOMEM, "out of memory");
	}
	image->sections.item = sizeof(struct ksplice_section);
	image->symbols.item = sizeof(struct ksplice_symbol);
	image->refs.item = sizeof(struct ksplice_ref);
	image->sites.item = sizeof(struct ksplice_site);
	image->variants.item = sizeof(struct ksplice_variant);
	image->bytes.item = 1;
	image->strings.item = 1;

	code = build(&b);
	for (size_t i = 1; i < run->nr_sections; i++) {
		free(b.sections[i].insns);
		free(b.sections[i].sites.data);
	}
	free(b.sections);
	if (code)
		return code;
	*ret = image;
	image = NULL;
	return 0;
}
