// SPDX-License-Identifier: GPL-2.0-only
#include "rewrite.h"

#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "compare.h"
#include "pair.h"

#define POINTER_SIZE 8

/* ---- what changes ------------------------------------------------------------ */

/* The reference whose field begins at the offset, or NULL. */
static const struct ref *ref_at(const struct atom *atom, uint64_t offset)
{
	for (size_t i = 0; i < atom->nr_refs; i++)
		if (atom->refs[i].offset == offset)
			return &atom->refs[i];
	return NULL;
}

bool rewrite_changes_ref(const struct atom *post, const struct ref *ref)
{
	const struct ref *old = ref_at(post->twin, ref->offset);

	return !old || old->type != ref->type || !compare_same_target(old, ref);
}

static void mask_field(const struct ref *ref, unsigned char value, unsigned char *mask)
{
	memset(mask + ref->offset, value, reloc_size(ref->type));
}

void rewrite_mask(const struct atom *post, unsigned char *mask)
{
	const unsigned char *x = atom_bytes(post->twin), *y = atom_bytes(post);

	for (uint64_t i = 0; i < atom_size(post); i++)
		mask[i] = x[i] != y[i];
	/* What memory has in a field is an address, whatever the object has there. */
	for (size_t i = 0; i < post->twin->nr_refs; i++)
		mask_field(&post->twin->refs[i], 1, mask);
	for (size_t i = 0; i < post->nr_refs; i++)
		mask_field(&post->refs[i], rewrite_changes_ref(post, &post->refs[i]), mask);
}

/* ---- whether it can be -------------------------------------------------------- */

/* Is the field written as a whole, and does what it holds not depend on the place? */
static bool is_plain_pointer(const struct atom *atom, const struct ref *ref)
{
	return ref->type == R_X86_64_64 && atom->sec->align >= POINTER_SIZE &&
	       (atom->start + ref->offset) % POINTER_SIZE == 0;
}

static bool reaches_over_end(const struct atom *atom)
{
	for (size_t i = 0; i < atom->nr_refs; i++)
		if (atom->refs[i].offset + reloc_size(atom->refs[i].type) > atom_size(atom))
			return true;
	return false;
}

bool rewrite_possible(const struct atom *post, const char **why)
{
	const struct atom *pre = post->twin;

	*why = NULL;
	if (pre->class != SECTION_RODATA || post->class != SECTION_RODATA)
		*why = "it is not constant in both versions";
	else if (atom_size(pre) != atom_size(post))
		*why = "its size changes";
	else if (!atom_size(post) || !atom_bytes(pre) || !atom_bytes(post))
		*why = "it has no contents";
	else if (atom_size(pre) != pre->sym->size || reaches_over_end(pre) ||
		 reaches_over_end(post))
		*why = "it is not clear where it ends";
	else if (pair_is_numbered(pre->sym->name) || pair_is_numbered(post->sym->name))
		*why = "the compiler numbers it, so its name does not tell it from others";
	else if (pre->sym->bind == STB_WEAK || post->sym->bind == STB_WEAK)
		*why = "it is weak: the kernel may use another definition";
	for (size_t i = 0; !*why && i < post->nr_refs; i++)
		if (rewrite_changes_ref(post, &post->refs[i]) &&
		    !is_plain_pointer(post, &post->refs[i]))
			*why = "a reference in it that changes is no pointer that is stored as a whole";
	for (size_t i = 0; !*why && i < pre->nr_refs; i++)
		if (!is_plain_pointer(pre, &pre->refs[i]) && !ref_at(post, pre->refs[i].offset))
			*why = "a reference in it that goes is no pointer that is stored as a whole";
	return !*why;
}

bool rewrite_points_into_update(const struct atom *post)
{
	for (size_t i = 0; i < post->nr_refs; i++) {
		const struct ref *ref = &post->refs[i];

		if (ref->name || !rewrite_changes_ref(post, ref))
			continue;
		if (ref->literal || !extract_is_running(ref->atom))
			return true;
	}
	return false;
}

/* ---- the table ----------------------------------------------------------------- */

static int emit_one(struct extract *x, const struct atom *atom, struct elf_section *table,
		    struct elf_section *names, struct error *err)
{
	struct ksplice_rewrite out = {
		.unit_id = x->unit_id,
		.size = (uint32_t)atom_size(atom),
	};
	uint64_t at, text;
	int rc = extract_running(x, atom, NULL, &out.symbol, err);

	if (rc)
		return rc;
	if (elf_append(table, &out, sizeof(out), 8, &at) ||
	    elf_append(names, atom_name(atom), strlen(atom_name(atom)) + 1, 1, &text) ||
	    elf_add_reloc(table, at + offsetof(struct ksplice_rewrite, name), R_X86_64_64,
			  names->symbol, (int64_t)text) ||
	    elf_add_reloc(table, at + offsetof(struct ksplice_rewrite, contents), R_X86_64_64,
			  atom->out_sec->symbol, (int64_t)atom->out_start))
		return error_set(err, -ENOMEM, "%s: out of memory", x->name);
	return 0;
}

int rewrite_emit(struct extract *x, struct elf_section *names, struct error *err)
{
	struct elf_section *table = NULL;
	int rc = 0;

	for (size_t i = 0; !rc && i < x->post->nr_named; i++) {
		const struct atom *atom = x->post->by_name[i];

		if (!atom->rewritten)
			continue;
		if (!table)
			table = elf_add_section(x->out, KSPLICE_SEC_REWRITES, SHT_PROGBITS,
						SHF_ALLOC, 8, 0, NULL, 0);
		rc = table ? emit_one(x, atom, table, names, err)
			   : error_set(err, -ENOMEM, "%s: out of memory", x->name);
	}
	return rc;
}

int rewrite_check(const struct elf_section *rewrites, struct image_view *views, size_t nr_views,
		  const char *path, struct error *err)
{
	struct ksplice_rewrite rewrite;

	if (!rewrites->data || !rewrites->size || rewrites->size % sizeof(rewrite))
		return error_set(err, -EINVAL,
				 "%s: section " KSPLICE_SEC_REWRITES " has a bad size", path);
	for (uint64_t at = 0; at < rewrites->size; at += sizeof(rewrite)) {
		const struct ksplice_symbol *sym;
		const struct image_view *view;

		memcpy(&rewrite, rewrites->data + at, sizeof(rewrite));
		view = image_view_of(views, nr_views, rewrite.unit_id);
		sym = view && rewrite.symbol < view->head->nr_symbols
			      ? &view->symbols[rewrite.symbol]
			      : NULL;
		if (!sym || sym->section >= view->head->nr_sections ||
		    view->sections[sym->section].kind != KSPLICE_RODATA)
			return error_set(err, -EINVAL,
					 "%s: rewritten constant %llu is not in any image", path,
					 (unsigned long long)(at / sizeof(rewrite)));
		if (!rewrite.size || rewrite.size != sym->size)
			return error_set(
				err, -EINVAL,
				"%s: rewritten constant %llu has %u bytes, in the image %u", path,
				(unsigned long long)(at / sizeof(rewrite)), rewrite.size,
				sym->size);
	}
	return 0;
}

/* The relocation of a field, or NULL. */
static const struct elf_reloc *reloc_at(const struct elf_section *sec, uint64_t offset)
{
	for (size_t i = 0; i < sec->nr_relocs; i++)
		if (sec->relocs[i].offset == offset)
			return &sec->relocs[i];
	return NULL;
}

bool rewrite_points_into(const struct elf_section *rewrites)
{
	struct ksplice_rewrite rewrite;

	for (uint64_t at = 0; at < rewrites->size; at += sizeof(rewrite)) {
		const struct elf_reloc *contents =
			reloc_at(rewrites, at + offsetof(struct ksplice_rewrite, contents));
		const struct elf_section *sec = contents ? contents->symbol->section : NULL;
		uint64_t start;

		if (!sec)
			continue;
		memcpy(&rewrite, rewrites->data + at, sizeof(rewrite));
		start = contents->symbol->value + (uint64_t)contents->addend;
		for (size_t i = 0; i < sec->nr_relocs; i++)
			if (sec->relocs[i].offset >= start &&
			    sec->relocs[i].offset - start < rewrite.size &&
			    sec->relocs[i].symbol->section)
				return true;
	}
	return false;
}
