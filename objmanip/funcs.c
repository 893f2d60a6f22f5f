// SPDX-License-Identifier: GPL-2.0-only
/* The update's own tables: which functions are replaced and where, and the image. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "compare.h"
#include "extract.h"
#include "finish.h"
#include "gone.h"
#include "jump.h"
#include "rewrite.h"

struct tables {
	struct extract *x;
	struct elf_section *funcs; /* NULL while there is none */
	struct elf_section *names;
	struct error *err;
};

static int no_memory(struct tables *t)
{
	return error_set(t->err, -ENOMEM, "%s: out of memory", t->x->name);
}

/* The undefined symbol of that name in the new code. */
static struct elf_symbol *undefined_symbol(struct elf_file *out, const char *name)
{
	for (size_t i = 1; i < out->nr_symbols; i++)
		if (!out->symbols[i]->section && !strcmp(out->symbols[i]->name, name))
			return out->symbols[i];
	return elf_add_symbol(out, name, NULL, 0, 0, STT_NOTYPE, STB_GLOBAL);
}

static int add_func(struct tables *t, const char *name, const struct ksplice_func *func,
		    struct elf_symbol *new_code)
{
	uint64_t at, text;

	if (!t->funcs)
		t->funcs = elf_add_section(t->x->out, KSPLICE_SEC_FUNCS, SHT_PROGBITS, SHF_ALLOC, 8,
					   0, NULL, 0);
	if (!t->funcs || elf_append(t->funcs, func, sizeof(*func), 8, &at) ||
	    elf_append(t->names, name, strlen(name) + 1, 1, &text))
		return no_memory(t);
	if (new_code && elf_add_reloc(t->funcs, at + offsetof(struct ksplice_func, new_addr),
				      R_X86_64_64, new_code, FINISH_NEW_ADDR_APART))
		return no_memory(t);
	if (elf_add_reloc(t->funcs, at + offsetof(struct ksplice_func, name), R_X86_64_64,
			  t->names->symbol, (int64_t)text))
		return no_memory(t);
	return 0;
}

/* Old code beside the function: a thread may be in it as well. */
static int add_old_parts(struct tables *t, const struct elf_symbol *whole)
{
	size_t len = strlen(whole->name);

	for (size_t i = 1; i < t->x->run->nr_symbols; i++) {
		const struct elf_symbol *sym = t->x->run->symbols[i];
		struct ksplice_func func = {
			.kind = KSPLICE_FUNC_OLD_PART,
			.unit_id = t->x->unit_id,
		};
		int rc;

		if (!sym->section || strncmp(sym->name, whole->name, len) ||
		    strncmp(sym->name + len, ".cold", 5) ||
		    (sym->name[len + 5] && sym->name[len + 5] != '.'))
			continue;
		func.symbol = image_symbol(t->x->image, sym);
		if (func.symbol == KSPLICE_NONE || image_need(t->x->image, func.symbol))
			return error_set(t->err, -EINVAL, "%s: the image lacks %s", t->x->name,
					 sym->name);
		rc = add_func(t, sym->name, &func, NULL);
		if (rc)
			return rc;
	}
	return 0;
}

static int add_replaced(struct tables *t, const struct atom *atom)
{
	struct ksplice_func func = {
		.kind = KSPLICE_FUNC_REPLACED,
		.new_size = (uint32_t)atom->out->size,
		.unit_id = t->x->unit_id,
	};
	struct elf_symbol *sym;
	struct jump jump;
	int rc;

	rc = extract_running(t->x, atom, &sym, &func.symbol, t->err);
	if (!rc)
		rc = jump_find(sym, t->x->image, func.symbol, t->x->name, &jump, t->err);
	if (rc)
		return rc;
	func.jump_offset = jump.offset;
	func.flags = jump.flags;
	rc = add_func(t, sym->name, &func, atom->out);
	return rc ? rc : add_old_parts(t, sym);
}

static int add_added(struct tables *t, const struct atom *atom)
{
	struct ksplice_func func = {
		.kind = KSPLICE_FUNC_ADDED,
		.new_size = (uint32_t)atom->out->size,
		.unit_id = t->x->unit_id,
		.symbol = KSPLICE_NONE,
	};

	return add_func(t, atom_name(atom), &func, atom->out);
}

/*
 * A function that the unit loses: a task may be inside of it. If another unit
 * gets it, the old address leads there.
 */
static int add_gone(struct tables *t, const struct atom *atom)
{
	struct elf_symbol *sym = elf_find_symbol(t->x->run, atom_name(atom)), *new_code;
	struct ksplice_func func = {
		.kind = KSPLICE_FUNC_OLD_PART,
		.unit_id = t->x->unit_id,
	};
	struct jump jump;
	int rc;

	func.symbol = sym && sym->section ? image_symbol(t->x->image, sym) : KSPLICE_NONE;
	if (func.symbol == KSPLICE_NONE)
		return error_refuse(t->err,
				    "%s: %s(), which the patch removes, is not in the image",
				    t->x->name, atom_name(atom));
	if (image_need(t->x->image, func.symbol))
		return error_set(t->err, -EINVAL, "%s: the image lacks %s", t->x->name, sym->name);
	if (!gone_to(t->x, atom, &func.new_size))
		return add_func(t, sym->name, &func, NULL);

	rc = jump_find(sym, t->x->image, func.symbol, t->x->name, &jump, t->err);
	if (rc)
		return rc;
	func.kind = KSPLICE_FUNC_REPLACED;
	func.jump_offset = jump.offset;
	func.flags = jump.flags;
	new_code = undefined_symbol(t->x->out, sym->name);
	if (!new_code)
		return no_memory(t);
	return add_func(t, sym->name, &func, new_code);
}

static int add_image(struct tables *t)
{
	unsigned char *bytes;
	size_t size;
	int rc = image_serialise(t->x->image, &bytes, &size, t->err);

	if (rc)
		return rc;
	if (!elf_add_section(t->x->out, KSPLICE_SEC_IMAGE, SHT_PROGBITS, SHF_ALLOC,
			     KSPLICE_IMAGE_ALIGN, 0, bytes, size))
		rc = no_memory(t);
	free(bytes);
	return rc;
}

int emit_tables(struct extract *x, struct error *err)
{
	struct tables t = { .x = x, .err = err };
	int rc = 0;

	t.names = elf_add_section(x->out, KSPLICE_SEC_FUNC_NAMES, SHT_PROGBITS, SHF_ALLOC, 1, 0,
				  NULL, 0);
	if (!t.names)
		return no_memory(&t);
	for (size_t i = 0; !rc && i < x->post->nr_named; i++) {
		const struct atom *atom = x->post->by_name[i];

		if (!atom->included || !atom_is_code(atom) || atom->owner)
			continue;
		rc = atom->twin ? add_replaced(&t, atom) : add_added(&t, atom);
	}
	for (size_t i = 0; !rc && i < x->pre->nr_named; i++) {
		const struct atom *atom = x->pre->by_name[i];

		if (!gone_function(atom))
			continue;
		rc = add_gone(&t, atom);
		if (!rc)
			rc = add_old_parts(&t, atom->sym);
	}
	if (!rc)
		rc = rewrite_emit(x, t.names, err);
	return rc ? rc : add_image(&t);
}
