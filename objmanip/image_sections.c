// SPDX-License-Identifier: GPL-2.0-only
/* Which of a unit's sections its image has, and as what. */
#include <errno.h>
#include <string.h>

#include "image_priv.h"

static bool ends(const char *name, const char *suffix)
{
	size_t n = strlen(name), s = strlen(suffix);

	return n >= s && !strcmp(name + n - s, suffix);
}

/*
 * Tables that the link sorts, joins entry by entry or drops: a piece of one
 * has no place in memory that could be learnt. Prefixes.
 */
static const char *const scattered[] = {
	"__ksymtab",
	"___ksymtab",
	"__kcrctab",
	"___kcrctab",
	"__ex_table",
	".altinstructions",
	"__jump_table",
	"__mcount_loc",
	"__patchable_function_entries",
	".orc_",
	".parainstructions",
	".smp_locks",
	".modinfo",
	"__modver",
	".discard",
	".note",
	".comment",
	".static_call_sites",
	".static_call_tramp_key",
	".return_sites",
	".retpoline_sites",
	".ibt_endbr_seal",
	".call_sites",
	".cfi_sites",
	"runtime_",
	"__bug_table",
	".eh_frame",
	".gnu.",
	".printk_index",
	"__tracepoints_ptrs",
	"__tracepoint_ptrs",
	".export_symbol",
	".llvm",
	".ksplice",
	".init.ksplice",
};

static bool is_scattered(const char *name)
{
	for (size_t i = 0; i < sizeof(scattered) / sizeof(scattered[0]); i++)
		if (starts_with(name, scattered[i]))
			return true;
	return false;
}

static bool is_freed(const struct build *b, const char *name)
{
	/* As the module loader has it (module_init_section()); the linker script has more. */
	if (!b->builtin)
		return starts_with(name, ".init");
	if (starts_with(name, ".init.") || !strcmp(name, ".init") || ends(name, ".init"))
		return true;
	/* Built-in code never leaves: the kernel frees what would serve that, with init. */
	return starts_with(name, ".exit.") || !strcmp(name, ".altinstr_aux");
}

static void classify(const struct build *b, const struct elf_section *sec, struct build_section *bs)
{
	bs->index = KSPLICE_NONE;
	bs->sites.item = sizeof(struct ksplice_site);
	if (!(sec->flags & SHF_ALLOC) || is_scattered(sec->name)) {
		bs->never = true;
	} else if (is_freed(b, sec->name)) {
		bs->kind = KSPLICE_FREED;
	} else if (!strcmp(sec->name, ".altinstr_replacement")) {
		bs->kind = KSPLICE_VARIANT;
	} else if (sec->flags & SHF_EXECINSTR) {
		bs->kind = KSPLICE_TEXT;
	} else if ((sec->flags & SHF_WRITE) || starts_with(sec->name, ".BTF_ids")) {
		/* resolve_btfids fills in the latter after the link, read-only as it is. */
		bs->kind = KSPLICE_DATA;
	} else if ((sec->flags & SHF_MERGE) && !sec->nr_relocs && sec->entsize &&
		   sec->size % sec->entsize == 0) {
		bs->kind = sec->flags & SHF_STRINGS ? KSPLICE_STRINGS : KSPLICE_CONSTS;
	} else {
		bs->kind = KSPLICE_RODATA;
		/* Tables between linker symbols: nothing in the unit knows their place. */
		bs->if_referenced = !starts_with(sec->name, ".rodata");
	}
	/* An alternative that is nothing but nops may be the only one of its unit. */
	if (!sec->size && bs->kind != KSPLICE_VARIANT)
		bs->if_referenced = true;
}

/* Keeps what kept sections refer to, until nothing is added. */
static int keep_referenced(struct build *b)
{
	bool again = true;

	while (again) {
		again = false;
		for (size_t i = 1; i < b->elf->nr_sections; i++) {
			const struct elf_section *sec = b->elf->sections[i];
			const struct build_section *from = &b->sections[i];

			if (from->if_referenced || !build_has_refs(from->kind))
				continue;
			for (size_t r = 0; r < sec->nr_relocs; r++) {
				const struct elf_symbol *sym = sec->relocs[r].symbol;
				struct build_section *to;

				if (!sym->section)
					continue;
				to = &b->sections[sym->section->index];
				if (to->never)
					return error_refuse(
						b->err,
						"%s: %s+0x%llx refers to %s, a table that the kernel's link rearranges",
						b->unit, sec->name,
						(unsigned long long)sec->relocs[r].offset,
						sym->section->name);
				again |= to->if_referenced;
				to->if_referenced = false;
			}
		}
	}
	return 0;
}

static int add_section(struct build *b, const struct elf_section *sec, struct build_section *bs)
{
	struct ksplice_section out = {
		.name = image_string(b->image, sec->name),
		.kind = bs->kind,
		.size = sec->size,
		.bytes = KSPLICE_NONE,
		.align = sec->align ? sec->align : 1,
		.entsize = bs->kind == KSPLICE_CONSTS || bs->kind == KSPLICE_STRINGS ? sec->entsize
										     : 0,
	};

	if (sec->size > INT32_MAX || sec->align > INT32_MAX)
		return error_refuse(b->err, "%s: section %s is too large", b->unit, sec->name);
	bs->index = b->image->sections.nr;
	if (bs->kind != KSPLICE_DATA && bs->kind != KSPLICE_FREED && sec->data) {
		if (b->image->bytes.nr % 16 &&
		    !vec_push(&b->image->bytes, NULL, 16 - b->image->bytes.nr % 16))
			return error_set(b->err, -ENOMEM, "out of memory");
		out.bytes = b->image->bytes.nr;
		if (!vec_push(&b->image->bytes, sec->data, sec->size))
			return error_set(b->err, -ENOMEM, "out of memory");
	}
	if (out.name == KSPLICE_NONE || !vec_push(&b->image->sections, &out, 1))
		return error_set(b->err, -ENOMEM, "out of memory");
	return 0;
}

int image_add_sections(struct build *b)
{
	int ret;

	for (size_t i = 1; i < b->elf->nr_sections; i++)
		classify(b, b->elf->sections[i], &b->sections[i]);
	ret = keep_referenced(b);
	for (size_t i = 1; i < b->elf->nr_sections && !ret; i++) {
		struct build_section *bs = &b->sections[i];

		if (bs->if_referenced)
			bs->kind = 0;
		if (bs->kind)
			ret = add_section(b, b->elf->sections[i], bs);
	}
	return ret;
}
