// SPDX-License-Identifier: GPL-2.0-only
#include "finish.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../kmodsrc/ksplice_format.h"
#include "image_view.h"
#include "ref.h"
#include "rewrite.h"

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

static int no_memory(struct finish *f)
{
	return error_set(f->err, -ENOMEM, "out of memory");
}

/* ---- what may be relocated late ----------------------------------------------- */

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
		return no_memory(f);
	image_view_of(f->views, f->nr_views, out->unit_id)->symbols[out->symbol].flags |=
		KSPLICE_SYM_NEEDED;
	return 0;
}

static bool is_undefined(const struct elf_symbol *sym)
{
	return !sym->section && sym->shndx == SHN_UNDEF && sym->index;
}

static int finish_section(struct finish *f, struct elf_section *sec)
{
	size_t kept = 0;

	for (size_t i = 0; i < sec->nr_relocs; i++) {
		struct elf_reloc rel = sec->relocs[i];
		struct ksplice_reloc out = { 0 };
		bool late = false;
		int ret = 0;

		if (is_undefined(rel.symbol) && (sec->flags & SHF_ALLOC)) {
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

/* ---- calls that are accounted ------------------------------------------------------ */

static bool is_late(const struct finish *f, const struct elf_section *sec, uint64_t offset)
{
	for (size_t i = 0; i < f->relocs->nr_relocs; i++)
		if (f->relocs->relocs[i].symbol == sec->symbol &&
		    (uint64_t)f->relocs->relocs[i].addend == offset)
			return true;
	return false;
}

/*
 * With call depth tracking the loader sends the calls that .call_sites lists
 * to accounting code before the callee. It must not look for the callee of a
 * call that is relocated later: drops those.
 */
static void drop_call_sites(struct finish *f)
{
	struct elf_section *sec = elf_find_section(f->elf, ".call_sites");
	size_t kept = 0;

	if (!sec || !f->relocs || sec->size != 4 * sec->nr_relocs)
		return;
	for (size_t i = 0; i < sec->nr_relocs; i++) {
		struct elf_reloc rel = sec->relocs[i];

		if (rel.symbol->section &&
		    is_late(f, rel.symbol->section, rel.symbol->value + rel.addend + 1))
			continue;
		rel.offset = 4 * kept;
		sec->relocs[kept++] = rel;
	}
	sec->nr_relocs = kept;
	sec->size = 4 * kept;
}

/* ---- what is left of the symbols ------------------------------------------------ */

/* Forgets relocations (of debug information) to symbols that go away. */
static void drop_relocs(struct finish *f, struct elf_section *sec)
{
	size_t kept = 0;

	for (size_t i = 0; i < sec->nr_relocs; i++)
		if (!is_undefined(sec->relocs[i].symbol) || f->used[sec->relocs[i].symbol->index])
			sec->relocs[kept++] = sec->relocs[i];
	sec->nr_relocs = kept;
}

/* The loader wants an address for every undefined symbol, used or not: removes the unused. */
static void drop_symbols(struct finish *f)
{
	struct elf_file *elf = f->elf;
	size_t kept = 0;

	for (size_t i = 1; i < elf->nr_sections; i++)
		if (elf->sections[i] != f->relocs && elf->sections[i]->nr_relocs)
			drop_relocs(f, elf->sections[i]);
	for (size_t i = 0; i < elf->nr_symbols; i++) {
		struct elf_symbol *sym = elf->symbols[i];

		/* Symbols that finish itself added have no entry in `used': they are defined. */
		if (is_undefined(sym) && !f->used[sym->index]) {
			free(sym->name);
			free(sym);
		} else {
			elf->symbols[kept++] = sym;
		}
	}
	elf->nr_symbols = kept;
	for (size_t i = 0; i < kept; i++)
		elf->symbols[i]->index = i;
}

/* __versions: struct modversion_info, a checksum for each symbol that the loader looks up. */
#define VERSION_SIZE 64
#define VERSION_NAME 8

/* A replaced function's copy may have the name as well: it is the undefined one that counts. */
static bool is_looked_up(const struct elf_file *elf, const char *name)
{
	for (size_t i = 1; i < elf->nr_symbols; i++)
		if (is_undefined(elf->symbols[i]) && !strcmp(elf->symbols[i]->name, name))
			return true;
	return false;
}

static void drop_versions(struct finish *f)
{
	struct elf_section *sec = elf_find_section(f->elf, "__versions");
	uint64_t kept = 0;

	if (!sec || !sec->data || sec->size % VERSION_SIZE)
		return;
	for (uint64_t at = 0; at < sec->size; at += VERSION_SIZE) {
		const char *name = (const char *)sec->data + at + VERSION_NAME;

		if (!memchr(name, 0, VERSION_SIZE - VERSION_NAME))
			continue;
		/* module_layout stands for the loader's own structures, not for a symbol. */
		if (strcmp(name, "module_layout") && !is_looked_up(f->elf, name))
			continue;
		memmove(sec->data + kept, sec->data + at, VERSION_SIZE);
		kept += VERSION_SIZE;
	}
	sec->size = kept;
}

/* ---- the descriptor --------------------------------------------------------------- */

static int check_funcs(struct finish *f)
{
	const struct ksplice_func *func;
	size_t nr;

	if (!f->funcs)
		return 0;
	func = (const void *)f->funcs->data;
	nr = f->funcs->size / sizeof(*func);
	if (!func || !nr || f->funcs->size % sizeof(*func))
		return error_set(f->err, -EINVAL,
				 "%s: section " KSPLICE_SEC_FUNCS " has a bad size", f->elf->path);
	for (size_t i = 0; i < nr; i++) {
		const struct image_view *view;

		if (func[i].kind < KSPLICE_FUNC_REPLACED || func[i].kind > KSPLICE_FUNC_ADDED)
			return error_set(f->err, -EINVAL, "%s: function %zu is of unknown kind %u",
					 f->elf->path, i, func[i].kind);
		if (func[i].kind == KSPLICE_FUNC_ADDED)
			continue;
		view = image_view_of(f->views, f->nr_views, func[i].unit_id);
		if (!view || func[i].symbol >= view->head->nr_symbols ||
		    view->symbols[func[i].symbol].section >= view->head->nr_sections)
			return error_set(f->err, -EINVAL, "%s: function %zu is not in any image",
					 f->elf->path, i);
	}
	return 0;
}

/* Each entry has one new address, or none (an old part). */
static int settle_new_addresses(struct finish *f)
{
	for (size_t i = 0; f->funcs && i < f->funcs->nr_relocs; i++) {
		struct elf_reloc *rel = &f->funcs->relocs[i];

		if (rel->offset % sizeof(struct ksplice_func) !=
		    offsetof(struct ksplice_func, new_addr))
			continue;
		if (rel->addend < FINISH_NEW_ADDR_APART)
			return error_set(f->err, -EINVAL,
					 "%s: section " KSPLICE_SEC_FUNCS
					 " is not as objmanip made it",
					 f->elf->path);
		rel->addend -= FINISH_NEW_ADDR_APART;
	}
	return 0;
}

static int open_parts(struct finish *f)
{
	const struct ksplice_descriptor *desc;
	bool match_only;

	f->descriptor = elf_find_section(f->elf, KSPLICE_SEC_DESCRIPTOR);
	f->funcs = elf_find_section(f->elf, KSPLICE_SEC_FUNCS);
	f->rewrites = elf_find_section(f->elf, KSPLICE_SEC_REWRITES);
	f->images = elf_find_section(f->elf, KSPLICE_SEC_IMAGE);
	/* The new code's run-time constants are there already. */
	f->relocs = elf_find_section(f->elf, KSPLICE_SEC_RELOCS);
	if (!f->descriptor || !f->descriptor->data || f->descriptor->size != sizeof(*desc))
		return error_set(f->err, -EINVAL,
				 "%s: not an update's module: no section " KSPLICE_SEC_DESCRIPTOR,
				 f->elf->path);
	desc = (const void *)f->descriptor->data;
	if (desc->magic != KSPLICE_DESCRIPTOR_MAGIC || desc->version != KSPLICE_FORMAT_VERSION)
		return error_set(f->err, -EINVAL,
				 "%s: its descriptor has format %u; this objmanip knows format %u",
				 f->elf->path, desc->version, KSPLICE_FORMAT_VERSION);
	if (f->descriptor->nr_relocs || desc->nr_funcs)
		return error_set(f->err, -EINVAL, "%s: is finished already", f->elf->path);
	match_only = elf_find_section(f->elf, ".ksplice.match_only");
	if (match_only ? f->funcs || f->rewrites : !f->funcs && !f->rewrites)
		return error_set(f->err, -EINVAL, "%s: %s", f->elf->path,
				 match_only ? "is to match only, but has functions"
					    : "holds no new code: no section " KSPLICE_SEC_FUNCS);
	if (!f->images || !f->images->data)
		return error_set(f->err, -EINVAL,
				 "%s: holds no new code: no section " KSPLICE_SEC_IMAGE,
				 f->elf->path);
	/* What the loader does not allocate, ksplice.ko cannot read. */
	f->images->flags |= SHF_ALLOC;
	if (f->funcs)
		f->funcs->flags |= SHF_ALLOC;
	if (f->rewrites)
		f->rewrites->flags |= SHF_ALLOC;
	if (f->images->align < KSPLICE_IMAGE_ALIGN)
		f->images->align = KSPLICE_IMAGE_ALIGN;
	return image_views_read(f->images->data, f->images->size, f->elf->path, &f->views,
				&f->nr_views, f->err);
}

static int point_at(struct finish *f, size_t field, const struct elf_section *to)
{
	return elf_add_reloc(f->descriptor, field, R_X86_64_64, to->symbol, 0) ? no_memory(f) : 0;
}

static int fill_descriptor(struct finish *f)
{
	struct ksplice_descriptor *desc = (void *)f->descriptor->data;
	int ret = 0;

	desc->nr_funcs = f->funcs ? f->funcs->size / sizeof(struct ksplice_func) : 0;
	desc->images_size = f->images->size;
	desc->nr_relocs = f->relocs ? f->relocs->size / sizeof(struct ksplice_reloc) : 0;
	desc->nr_rewrites = f->rewrites ? f->rewrites->size / sizeof(struct ksplice_rewrite) : 0;
	if (elf_find_section(f->elf, ".ksplice.keep") ||
	    (f->rewrites && rewrite_points_into(f->rewrites)))
		desc->flags |= KSPLICE_UPDATE_KEEP;
	if (!f->funcs && !f->rewrites)
		desc->flags |= KSPLICE_UPDATE_MATCH_ONLY;
	if (f->funcs)
		ret = point_at(f, offsetof(struct ksplice_descriptor, funcs), f->funcs);
	if (!ret && f->rewrites)
		ret = point_at(f, offsetof(struct ksplice_descriptor, rewrites), f->rewrites);
	if (!ret)
		ret = point_at(f, offsetof(struct ksplice_descriptor, images), f->images);
	if (!ret && f->relocs)
		ret = point_at(f, offsetof(struct ksplice_descriptor, relocs), f->relocs);
	return ret;
}

static int finish_all(struct finish *f)
{
	size_t nr_sections = f->elf->nr_sections;
	int ret = open_parts(f);

	if (!ret)
		ret = check_funcs(f);
	if (!ret)
		ret = settle_new_addresses(f);
	if (!ret && f->rewrites)
		ret = rewrite_check(f->rewrites, f->views, f->nr_views, f->elf->path, f->err);
	for (size_t i = 1; i < nr_sections && !ret; i++)
		ret = finish_section(f, f->elf->sections[i]);
	if (ret)
		return ret;
	drop_call_sites(f);
	drop_symbols(f);
	drop_versions(f);
	return fill_descriptor(f);
}

int finish_update(struct elf_file *elf, const struct symvers *symvers, struct error *err)
{
	struct finish f = {
		.elf = elf,
		.symvers = symvers,
		.used = calloc(elf->nr_symbols + 1, sizeof(bool)),
		.err = err,
	};
	int ret = f.used ? finish_all(&f) : no_memory(&f);

	free(f.used);
	free(f.views);
	return ret;
}
