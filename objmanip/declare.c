// SPDX-License-Identifier: GPL-2.0-only
#include "declare.h"

#include <dwarf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "declare_internal.h"

struct reader {
	struct unit *unit;
	Dwfl_Module *module;
	struct error *err;
};

void declaration_free(struct declaration *d)
{
	if (!d)
		return;
	free(d->function);
	free(d->file);
	free(d);
}

bool declaration_same_function(const struct declaration *a, const struct declaration *b)
{
	return !strcmp(a->function, b->function) && !strcmp(a->file, b->file);
}

/* ---- are the two objects one program? ------------------------------------------ */

static bool same_symbol(const struct elf_symbol *a, const struct elf_symbol *b)
{
	if (a->type != b->type || a->value != b->value || a->size != b->size)
		return false;
	if (!a->section != !b->section)
		return false;
	return a->type == STT_SECTION ? !strcmp(a->section->name, b->section->name)
				      : !strcmp(a->name, b->name);
}

static bool same_section(const struct elf_section *a, const struct elf_section *b)
{
	if (a->type != b->type || a->flags != b->flags || a->size != b->size ||
	    a->nr_relocs != b->nr_relocs || !a->data != !b->data)
		return false;
	if (a->data && memcmp(a->data, b->data, a->size))
		return false;
	for (size_t i = 0; i < a->nr_relocs; i++) {
		const struct elf_reloc *r = &a->relocs[i], *s = &b->relocs[i];

		if (r->offset != s->offset || r->type != s->type || r->addend != s->addend ||
		    !same_symbol(r->symbol, s->symbol))
			return false;
	}
	return true;
}

/* The next section that is part of the running kernel. */
static const struct elf_section *next_allocated(const struct elf_file *elf, size_t *cursor)
{
	while (*cursor < elf->nr_sections) {
		const struct elf_section *sec = elf->sections[(*cursor)++];

		if (sec && (sec->flags & SHF_ALLOC))
			return sec;
	}
	return NULL;
}

static bool same_program(const struct elf_file *a, const struct elf_file *b)
{
	size_t i = 0, k = 0;

	for (;;) {
		const struct elf_section *x = next_allocated(a, &i), *y = next_allocated(b, &k);

		if (!x || !y)
			return !x && !y;
		if (strcmp(x->name, y->name) || !same_section(x, y))
			return false;
	}
}

/* ---- debugging information ------------------------------------------------------- */

struct atom *declare_find(const struct unit *unit, Dwfl_Module *module, Dwarf_Die *variable)
{
	Dwarf_Attribute attr;
	Dwarf_Op *ops;
	Dwarf_Addr address;
	const char *name;
	size_t nr;
	int index;

	if (!dwarf_attr(variable, DW_AT_location, &attr) || dwarf_getlocation(&attr, &ops, &nr) ||
	    nr != 1 || ops[0].atom != DW_OP_addr)
		return NULL;
	address = ops[0].number;
	index = dwfl_module_relocate_address(module, &address);
	name = index < 0 ? NULL : dwfl_module_relocation_info(module, (unsigned int)index, NULL);
	for (size_t i = 1; name && i < unit->elf->nr_sections; i++) {
		const struct elf_section *sec = unit->elf->sections[i];
		struct atom *atom;

		if (strcmp(sec->name, name))
			continue;
		atom = unit_atom_at(sec, address);
		return atom && atom->start == address ? atom : NULL;
	}
	return NULL;
}

static int add_variable(const struct reader *r, Dwarf_Die *die, const char *function)
{
	struct atom *atom = declare_find(r->unit, r->module, die);
	const char *file = dwarf_decl_file(die);
	struct declaration *d;

	if (!atom || atom->declaration || !file)
		return 0;
	d = calloc(1, sizeof(*d));
	if (!d)
		return -ENOMEM;
	d->function = strdup(function);
	d->file = strdup(file);
	if (!d->function || !d->file || dwarf_decl_line(die, &d->line)) {
		declaration_free(d);
		return -ENOMEM;
	}
	atom->declaration = d;
	return 0;
}

/* All variables below a description; scopes nest as deep as the source's blocks and inlining. */
static int read_scope(const struct reader *r, Dwarf_Die *scope, const char *function)
{
	Dwarf_Die die;
	int rc;

	if (dwarf_child(scope, &die))
		return 0;
	do {
		const char *name;

		rc = 0;
		switch (dwarf_tag(&die)) {
		case DW_TAG_variable:
			rc = add_variable(r, &die, function);
			break;
		case DW_TAG_subprogram:
		case DW_TAG_inlined_subroutine:
			name = dwarf_diename(&die);
			rc = read_scope(r, &die, name ? name : "");
			break;
		case DW_TAG_lexical_block:
			rc = read_scope(r, &die, function);
			break;
		default:
			break;
		}
	} while (!rc && !dwarf_siblingof(&die, &die));
	return rc;
}

Dwfl *declare_open(const char *path, Dwfl_Module **module)
{
	static const Dwfl_Callbacks callbacks = {
		.find_elf = dwfl_build_id_find_elf,
		.find_debuginfo = dwfl_standard_find_debuginfo,
		.section_address = dwfl_offline_section_address,
	};
	Dwfl *dwfl = dwfl_begin(&callbacks);

	if (!dwfl)
		return NULL;
	dwfl_report_begin(dwfl);
	*module = dwfl_report_offline(dwfl, path, path, -1);
	if (*module && !dwfl_report_end(dwfl, NULL, NULL))
		return dwfl;
	dwfl_end(dwfl);
	return NULL;
}

static int read_all(struct reader *r, const char *path)
{
	Dwfl *dwfl = declare_open(path, &r->module);
	Dwarf_Die *unit = NULL;
	Dwarf_Addr bias;
	int rc = 0;

	if (!dwfl)
		return error_set(r->err, -EINVAL, "%s: debugging information: %s", path,
				 dwfl_errmsg(-1));
	while (!rc && (unit = dwfl_module_nextcu(r->module, unit, &bias)))
		rc = read_scope(r, unit, "");
	dwfl_end(dwfl);
	return rc ? error_set(r->err, rc, "%s: out of memory", path) : 0;
}

int declare_objects(struct unit *unit, const char *path, struct error *err)
{
	struct reader r = { .unit = unit, .err = err };
	_cleanup_elf_ struct elf_file *plain = NULL;
	_cleanup_elf_ struct elf_file *debug = NULL;
	int rc;

	/* As it is in the file: reading a unit adds relocations to it. */
	rc = elf_open(unit->elf->path, &plain, err);
	if (!rc)
		rc = elf_open(path, &debug, err);
	if (rc || !same_program(plain, debug))
		return rc;
	unit->debug = strdup(path);
	if (!unit->debug)
		return error_set(err, -ENOMEM, "%s: out of memory", path);
	return read_all(&r, path);
}
