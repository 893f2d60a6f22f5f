// SPDX-License-Identifier: GPL-2.0-only
/* Which references of an update the module loader resolves, and which wait for the match. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "finish_internal.h"
#include "ref.h"

/*
 * Sections that the loader reads, copies or acts on before module notifiers
 * run: a relocation of ours would come too late. Prefixes.
 */
static const char *const early[] = {
	".altinstr_replacement",
	".altinstructions",
	".parainstructions",
	".retpoline_sites",
	".return_sites",
	".ibt_endbr_seal",
	".call_sites",
	".cfi_sites",
	".smp_locks",
	".orc_unwind",
	".orc_header",
	"__mcount_loc",
	"__patchable_function_entries",
	"__ex_table",
	"__ksymtab",
	"__kcrctab",
	"__versions",
	".modinfo",
	".gnu.linkonce.this_module",
	"__param",
	".data..percpu",
	".note",
	".ksplice.",
	".init.ksplice.",
};

static bool is_early(const char *section)
{
	for (size_t i = 0; i < sizeof(early) / sizeof(early[0]); i++)
		if (!strncmp(section, early[i], strlen(early[i])))
			return true;
	return false;
}

/* "+0x10 of foo (.text)", for messages. */
static const char *place_name(const struct elf_section *sec, uint64_t offset, char *buf,
			      size_t size)
{
	const struct elf_symbol *func = elf_func_at(sec, offset);

	if (func)
		snprintf(buf, size, "%s+0x%llx", func->name,
			 (unsigned long long)(offset - func->value));
	else
		snprintf(buf, size, "%s+0x%llx", sec->name, (unsigned long long)offset);
	return buf;
}

/*
 * The loader has applied the alternatives before we relocate: the field may
 * then be gone. Is it in the original of one? Also in a paravirt call.
 */
static bool in_patched_code(const struct finish *f, const struct elf_section *sec, uint64_t offset)
{
	static const struct {
		const char *table;
		unsigned int stride, length_at, relocs;
	} layouts[] = {
		{ ".altinstructions", 12, 10, 2 },
		{ ".altinstructions", 14, 12, 2 },
		{ ".parainstructions", 16, 9, 1 },
	};

	for (size_t l = 0; l < sizeof(layouts) / sizeof(layouts[0]); l++) {
		const struct elf_section *table = elf_find_section(f->elf, layouts[l].table);
		unsigned int stride = layouts[l].stride;

		if (!table || !table->data || table->size % stride ||
		    table->nr_relocs != table->size / stride * layouts[l].relocs)
			continue;
		for (size_t i = 0; i < table->nr_relocs; i++) {
			const struct elf_reloc *rel = &table->relocs[i];
			uint64_t start = rel->symbol->value + rel->addend, length;

			if (rel->offset % stride || rel->symbol->section != sec)
				continue;
			length = table->data[rel->offset + layouts[l].length_at];
			if (offset >= start && offset < start + length)
				return true;
		}
	}
	return false;
}

/* ---- one relocation ----------------------------------------------------------- */

/* Splits NAME.ksplice.UNIT.INDEX. Fails when it is not of an image that is here. */
static int parse_mark(struct finish *f, const char *name, const char *mark,
		      struct ksplice_reloc *out)
{
	const char *digits = mark + strlen(KSPLICE_UNDEF_MARK);
	const struct image_view *view;
	unsigned long unit, index;
	char *end;

	errno = 0;
	unit = strtoul(digits, &end, 16);
	if (end - digits != 8 || *end != '.')
		return error_set(f->err, -EINVAL, "%s: malformed symbol %s", f->elf->path, name);
	digits = end + 1;
	index = strtoul(digits, &end, 10);
	if (errno || end == digits || *end)
		return error_set(f->err, -EINVAL, "%s: malformed symbol %s", f->elf->path, name);

	view = image_view_of(f->views, f->nr_views, unit);
	if (!view)
		return error_set(f->err, -EINVAL, "%s: %s: there is no image of that unit",
				 f->elf->path, name);
	if (index >= view->head->nr_symbols)
		return error_set(f->err, -EINVAL, "%s: %s: the image of %s has only %u symbols",
				 f->elf->path, name, image_view_unit(view), view->head->nr_symbols);
	out->unit_id = unit;
	out->symbol = index;
	return 0;
}

/*
 * A name that some unit's image has: as a global of its own (the symbols of a
 * static call go by name, objtool wants it so), else as an extern; the first
 * that needs it, else the first.
 */
static bool find_extern(struct finish *f, const char *name, struct ksplice_reloc *out)
{
	bool found = false, needed = false;

	for (size_t v = 0; v < f->nr_views; v++) {
		const struct image_view *view = &f->views[v];

		for (uint32_t i = 0; i < view->head->nr_symbols; i++) {
			const struct ksplice_symbol *sym = &view->symbols[i];
			bool outside = sym->section == KSPLICE_EXTERN;
			bool wanted = sym->flags & KSPLICE_SYM_NEEDED;

			if (!outside && !(sym->flags & KSPLICE_SYM_GLOBAL))
				continue;
			if (strcmp(image_view_symbol(view, i), name))
				continue;
			if (!found || !outside || (wanted && !needed)) {
				out->unit_id = view->head->unit_id;
				out->symbol = i;
				found = true;
				needed |= wanted;
			}
			if (!outside)
				return true;
		}
	}
	return found;
}

/*
 * What to do with an undefined symbol: *late is set when it is ours, with the
 * symbol in *out. Fails when nobody knows it.
 */
static int resolve(struct finish *f, const struct elf_section *sec, const struct elf_reloc *rel,
		   bool *late, struct ksplice_reloc *out)
{
	const char *name = rel->symbol->name;
	const char *mark = strstr(name, KSPLICE_UNDEF_MARK), *next;
	char place[300];

	*late = true;
	while (mark && (next = strstr(mark + 1, KSPLICE_UNDEF_MARK)))
		mark = next;
	if (mark)
		return parse_mark(f, name, mark, out);
	/* ksplice.ko's own export is in no kernel's Module.symvers. */
	if (!strcmp(name, "ksplice_descriptor_ops") || symvers_exporter(f->symvers, name)) {
		*late = false;
		return 0;
	}
	if (find_extern(f, name, out))
		return 0;
	if (rel->symbol->bind == STB_WEAK) {
		*late = false;
		return 0;
	}
	error_set(f->err, -EINVAL, "%s: undefined symbol %s in %s", f->elf->path, name,
		  place_name(sec, rel->offset, place, sizeof(place)));
	error_hint(f->err, "no module exports it and no unit of the update knows it");
	return -EINVAL;
}

/* Moves a relocation from the loader's table to ours. */
static int make_late(struct finish *f, struct elf_section *sec, const struct elf_reloc *rel,
		     struct ksplice_reloc *out)
{
	char place[300];
	uint64_t at;

	place_name(sec, rel->offset, place, sizeof(place));
	if (is_early(sec->name))
		return error_refuse(
			f->err,
			"%s: %s refers to %s, which is not exported: section %s is used before an update is relocated",
			f->elf->path, place, rel->symbol->name, sec->name);
	if (in_patched_code(f, sec, rel->offset))
		return error_refuse(
			f->err,
			"%s: %s refers to %s, which is not exported, from code that the kernel patches before an update is relocated (an alternative)",
			f->elf->path, place, rel->symbol->name);
	out->type = ref_type(rel->type);
	/* A byte's reach is too short for what is elsewhere. */
	if (!out->type || out->type == KSPLICE_PC8)
		return error_refuse(
			f->err, "%s: %s refers to %s with relocation type %u, which is not known",
			f->elf->path, place, rel->symbol->name, rel->type);
	if (!sec->data || rel->offset > sec->size ||
	    ksplice_ref_width(out->type) > sec->size - rel->offset)
		return error_set(f->err, -EINVAL, "%s: %s: a relocation outside its section",
				 f->elf->path, place);
	out->addend = rel->addend;
	memset(sec->data + rel->offset, 0, ksplice_ref_width(out->type));

	if (!f->relocs)
		f->relocs = elf_add_section(f->elf, KSPLICE_SEC_RELOCS, SHT_PROGBITS, SHF_ALLOC, 8,
					    0, NULL, 0);
	if (!f->relocs || elf_append(f->relocs, out, sizeof(*out), 8, &at) ||
	    elf_add_reloc(f->relocs, at + offsetof(struct ksplice_reloc, place), R_X86_64_64,
			  sec->symbol, rel->offset))
		return finish_no_memory(f);
	image_view_of(f->views, f->nr_views, out->unit_id)->symbols[out->symbol].flags |=
		KSPLICE_SYM_NEEDED;
	return 0;
}

int finish_section(struct finish *f, struct elf_section *sec)
{
	size_t kept = 0;

	for (size_t i = 0; i < sec->nr_relocs; i++) {
		struct elf_reloc rel = sec->relocs[i];
		struct ksplice_reloc out = { 0 };
		bool late = false;
		int ret = 0;

		if (finish_is_undefined(rel.symbol) && (sec->flags & SHF_ALLOC)) {
			ret = resolve(f, sec, &rel, &late, &out);
			if (!ret && late)
				ret = make_late(f, sec, &rel, &out);
		}
		if (ret)
			return ret;
		if (!late)
			sec->relocs[kept++] = rel;
		if (!late && (sec->flags & SHF_ALLOC))
			f->used[rel.symbol->index] = true;
	}
	sec->nr_relocs = kept;
	return 0;
}
