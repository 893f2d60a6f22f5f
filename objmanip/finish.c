// SPDX-License-Identifier: GPL-2.0-only
#include "finish.h"

#include <stdlib.h>

#include "finish_internal.h"
#include "rewrite.h"

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
	return elf_add_reloc(f->descriptor, field, R_X86_64_64, to->symbol, 0) ? finish_no_memory(f)
									       : 0;
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
	finish_drop_unused(f);
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
	int ret = f.used ? finish_all(&f) : finish_no_memory(&f);

	free(f.used);
	free(f.views);
	return ret;
}
