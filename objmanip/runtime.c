// SPDX-License-Identifier: GPL-2.0-only
#include "runtime.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>

static const struct kind {
	const char *prefix; /* of the section; the variable's name follows */
	enum ksplice_ref_type type;
} kinds[] = {
	{ "runtime_ptr_", KSPLICE_RUNTIME_PTR },
	{ "runtime_shift_", KSPLICE_RUNTIME_SHIFT },
};

/* The variable that boot takes the constant from, marked as needed. */
static int find_variable(struct extract *x, const char *name, uint32_t *ret, struct error *err)
{
	uint32_t next;

	*ret = image_find_symbol(x->image, name);
	if (*ret == KSPLICE_NONE) {
		*ret = image_add_extern(x->image, name, KSPLICE_SYM_NEEDED);
		return *ret == KSPLICE_NONE ? error_set(err, -ENOMEM, "%s: out of memory", x->name)
					    : 0;
	}
	next = image_next_symbol(x->image, *ret);
	if (next != KSPLICE_NONE && image_symbol_at(x->image, next)->section != KSPLICE_EXTERN)
		return error_refuse(err, "%s: the run-time constant %s could be several variables",
				    x->name, name);
	return image_need(x->image, *ret)
		       ? error_set(err, -EINVAL, "%s: the image lacks %s", x->name, name)
		       : 0;
}

int runtime_emit(struct extract *x, const struct atom *entry, struct error *err)
{
	const struct atom *code = entry->refs[0].atom;
	struct ksplice_reloc reloc = { .unit_id = x->unit_id };
	const char *variable = NULL;
	struct elf_section *sec;
	uint64_t at;
	int rc;

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		if (strncmp(entry->sec->name, kinds[i].prefix, strlen(kinds[i].prefix)))
			continue;
		variable = entry->sec->name + strlen(kinds[i].prefix);
		reloc.type = kinds[i].type;
	}
	if (!variable)
		return error_refuse(
			err, "%s: %s() uses a kind of run-time constant (%s) that is not known",
			x->name, atom_name(code), entry->sec->name);
	rc = find_variable(x, variable, &reloc.symbol, err);
	if (rc)
		return rc;
	sec = elf_find_section(x->out, KSPLICE_SEC_RELOCS);
	if (!sec)
		sec = elf_add_section(x->out, KSPLICE_SEC_RELOCS, SHT_PROGBITS, SHF_ALLOC, 8, 0,
				      NULL, 0);
	if (!sec || elf_append(sec, &reloc, sizeof(reloc), 8, &at) ||
	    elf_add_reloc(sec, at + offsetof(struct ksplice_reloc, place), R_X86_64_64,
			  code->out_sec->symbol,
			  (int64_t)(code->out_start + (uint64_t)entry->refs[0].place)))
		return error_set(err, -ENOMEM, "%s: out of memory", x->name);
	return 0;
}
