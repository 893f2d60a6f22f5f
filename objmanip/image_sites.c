// SPDX-License-Identifier: GPL-2.0-only
/* Finds the places of a unit's code that the kernel rewrites by itself. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "image_priv.h"

int build_add_site(struct build *b, const struct place *at, struct ksplice_site site)
{
	if (at->offset + site.length > at->sec->size)
		return error_refuse(b->err,
				    "%s: %s+0x%llx: a site of kind %u runs past the section's end",
				    b->unit, at->sec->name, (unsigned long long)at->offset,
				    site.kind);
	site.offset = at->offset;
	if (!vec_push(&at->bs->sites, &site, 1))
		return error_set(b->err, -ENOMEM, "out of memory");
	return 0;
}

int build_named_symbol(struct build *b, const char *name, uint32_t *ret)
{
	*ret = image_find_symbol(b->image, name);
	if (*ret == KSPLICE_NONE)
		*ret = image_add_extern(b->image, name, KSPLICE_SYM_GLOBAL);
	return *ret == KSPLICE_NONE ? error_set(b->err, -ENOMEM, "out of memory") : 0;
}

/* ---- sites that a relocation in the code gives away -------------------------- */

static int thunk_register(const char *name)
{
	static const char *const registers[16] = {
		"rax", "rcx", "rdx", "rbx", "rsp", "rbp", "rsi", "rdi",
		"r8",  "r9",  "r10", "r11", "r12", "r13", "r14", "r15",
	};

	for (int i = 0; i < 16; i++)
		if (!strcmp(name, registers[i]))
			return i;
	return -1;
}

static int retpoline(struct build *b, const struct place *at, const char *reg,
		     const struct insn *insn)
{
	int number = thunk_register(reg);

	if (number < 0)
		return error_refuse(b->err, "%s: %s+0x%llx: unknown thunk __x86_indirect_thunk_%s",
				    b->unit, at->sec->name, (unsigned long long)at->offset, reg);
	return build_add_site(b, at, site_of(KSPLICE_SITE_RETPOLINE, insn->length, number));
}

static int static_call(struct build *b, const struct place *at, const char *name,
		       unsigned int length)
{
	struct ksplice_site site = { .kind = KSPLICE_SITE_STATIC_CALL, .length = length };
	char *key = NULL;
	int ret;

	if (asprintf(&key, "__SCK__%s", name) < 0)
		return error_set(b->err, -ENOMEM, "out of memory");
	ret = build_named_symbol(b, key, &site.symbol);
	free(key);
	return ret ? ret : build_add_site(b, at, site);
}

/* A branch (call, jump) whose displacement is this relocation. */
static int branch_site(struct build *b, const struct place *at, const struct elf_reloc *rel,
		       const struct insn *insn)
{
	static const char thunk[] = "__x86_indirect_thunk_", tramp[] = "__SCT__";
	const char *name = rel->symbol->name;
	bool plain = insn->length == 5;

	if (!strcmp(name, "__fentry__") && insn->kind == INSN_CALL && plain)
		return build_add_site(b, at, site_of(KSPLICE_SITE_FENTRY, 5, 0));
	if (!strcmp(name, "__x86_return_thunk") && insn->kind == INSN_JUMP && plain)
		return build_add_site(b, at, site_of(KSPLICE_SITE_RETURN, 5, 0));
	if (starts_with(name, thunk) && strcmp(name, "__x86_indirect_thunk_array"))
		return retpoline(b, at, name + strlen(thunk), insn);
	if (starts_with(name, tramp))
		return static_call(b, at, name + strlen(tramp), insn->length);
	return 0;
}

static int sites_of_relocs(struct build *b, struct place at)
{
	for (size_t i = 0; i < at.sec->nr_relocs; i++) {
		const struct elf_reloc *rel = &at.sec->relocs[i];
		const struct insn *insn = build_insn_at(at.bs, rel->offset);
		int ret;

		if (!insn || insn->disp_size != 4 || rel->offset + 4 != insn->offset + insn->length)
			continue;
		at.offset = insn->offset;
		ret = branch_site(b, &at, rel, insn);
		if (ret)
			return ret;
	}
	return 0;
}

/* The trampolines are what the sites call until they are patched; they are patched too. */
static int sites_of_trampolines(struct build *b, struct place at)
{
	for (size_t i = 0; i < at.sec->nr_symbols; i++) {
		const struct elf_symbol *sym = at.sec->symbols[i];
		int ret;

		if (!starts_with(sym->name, "__SCT__"))
			continue;
		at.offset = sym->value;
		ret = static_call(b, &at, sym->name + strlen("__SCT__"), 5);
		if (ret)
			return ret;
	}
	return 0;
}

static int sites_of_endbr(struct build *b, struct place at)
{
	for (size_t i = 0; i < at.sec->nr_symbols; i++) {
		const struct elf_symbol *sym = at.sec->symbols[i];
		const struct insn *insn = build_insn_at(at.bs, sym->value);
		int ret;

		if (sym->type != STT_FUNC || !insn || insn->kind != INSN_ENDBR ||
		    insn->offset != sym->value ||
		    (i && sym->value == at.sec->symbols[i - 1]->value &&
		     at.sec->symbols[i - 1]->type == STT_FUNC))
			continue;
		at.offset = sym->value;
		ret = build_add_site(b, &at, site_of(KSPLICE_SITE_ENDBR, 4, 0));
		if (ret)
			return ret;
	}
	return 0;
}

/*
 * Calls that call depth tracking may send through its accounting: every direct
 * call that is no site already, where functions may be padded for it.
 */
static int sites_of_calls(struct build *b, struct place at)
{
	for (size_t i = 0; i < at.bs->nr_insns; i++) {
		const struct insn *insn = &at.bs->insns[i];
		struct ksplice_site site = { .kind = KSPLICE_SITE_CALL, .length = 5 };
		size_t r;
		int ret;

		if (insn->kind != INSN_CALL || insn->length != 5)
			continue;
		r = elf_reloc_at(at.sec, insn->offset);
		if (r < at.sec->nr_relocs && at.sec->relocs[r].offset == insn->offset + 1) {
			const struct elf_reloc *rel = &at.sec->relocs[r];

			if (!strcmp(rel->symbol->name, "__fentry__") ||
			    starts_with(rel->symbol->name, "__x86_indirect_thunk_") ||
			    starts_with(rel->symbol->name, "__SCT__"))
				continue;
			site.symbol = image_symbol(b->image, rel->symbol);
			site.addend = rel->addend + 4;
		} else {
			site.symbol = image_symbol(b->image, at.sec->symbol);
			site.addend = insn->target;
		}
		at.offset = insn->offset;
		ret = build_add_site(b, &at, site);
		if (ret)
			return ret;
	}
	return 0;
}

/*
 * Is the unit of a kernel whose functions are padded for call depth tracking?
 * The compiler lists them all for that (and leaves .comment in what it made);
 * an assembler's file does not tell.
 */
static bool may_be_padded(const struct build *b)
{
	return elf_find_section(b->elf, "__patchable_function_entries") ||
	       !elf_find_section(b->elf, ".comment");
}

static int sites_of_code(struct build *b, bool padded)
{
	for (size_t i = 1; i < b->elf->nr_sections; i++) {
		struct place at = { b->elf->sections[i], &b->sections[i], 0 };
		int ret = 0;

		if (!is_code(at.bs))
			continue;
		if (!strcmp(at.sec->name, ".static_call.text")) {
			ret = sites_of_trampolines(b, at);
		} else {
			ret = sites_of_relocs(b, at);
			if (!ret)
				ret = sites_of_endbr(b, at);
			if (!ret && padded)
				ret = sites_of_calls(b, at);
		}
		if (ret)
			return ret;
	}
	return 0;
}

/* ---- order -------------------------------------------------------------------- */

static int compare_sites(const void *left, const void *right)
{
	const struct ksplice_site *l = left, *r = right;

	if (l->offset != r->offset)
		return l->offset < r->offset ? -1 : 1;
	if (l->length != r->length)
		return l->length > r->length ? -1 : 1;
	if ((l->kind == KSPLICE_SITE_ALTERNATIVE) != (r->kind == KSPLICE_SITE_ALTERNATIVE))
		return l->kind == KSPLICE_SITE_ALTERNATIVE ? -1 : 1;
	return l->kind < r->kind ? -1 : l->kind > r->kind;
}

/* Sorts a section's sites; they must be apart or lie in an alternative. */
static int sort_sites(struct build *b, const struct elf_section *sec, struct build_section *bs)
{
	const struct ksplice_site *site = bs->sites.data, *outer = NULL;

	if (bs->sites.nr)
		qsort(bs->sites.data, bs->sites.nr, sizeof(*site), compare_sites);
	for (size_t i = 0; i < bs->sites.nr; i++) {
		uint64_t end = site[i].offset + site[i].length;

		if (outer && site[i].offset < outer->offset + outer->length &&
		    (outer->kind != KSPLICE_SITE_ALTERNATIVE ||
		     end > outer->offset + outer->length))
			return error_refuse(b->err, "%s: %s+0x%x: sites of kinds %u and %u overlap",
					    b->unit, sec->name, site[i].offset, outer->kind,
					    site[i].kind);
		/* Within an alternative, each is held against the alternative only. */
		if (!outer || site[i].offset >= outer->offset + outer->length)
			outer = &site[i];
	}
	return 0;
}

/* ---- padding ------------------------------------------------------------------ */

#define LONGEST_SITE 255 /* an alternative: its length is a byte */

/* Is one of the first `nr' sites, which are in order, in [start, end)? */
static bool holds_site(const struct build_section *bs, size_t nr, uint64_t start, uint64_t end)
{
	const struct ksplice_site *site = bs->sites.data;
	size_t low = 0, high = nr;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (site[middle].offset < end)
			low = middle + 1;
		else
			high = middle;
	}
	/* Those that begin before it: the last one, and what it lies in. */
	while (low-- > 0 && site[low].offset + LONGEST_SITE > start)
		if (site[low].offset + site[low].length > start)
			return true;
	return false;
}

#define ACCOUNTING_SIZE 10 /* bytes before a callee, nops, that call depth tracking uses */

/*
 * Where the accounting code goes that such calls are sent through: the kernel
 * asks for the nops only, not for a function behind them. Nops that are a site
 * already are other ones by the time that it looks.
 */
static int sites_of_padding(struct build *b, struct place at)
{
	size_t nr = at.bs->sites.nr;
	uint64_t free = 0; /* the end of the padding before */

	for (size_t i = 0; i < at.sec->nr_symbols; i++) {
		uint64_t callee = at.sec->symbols[i]->value, nops = 0;
		int ret;

		if (callee < free + ACCOUNTING_SIZE || callee > at.sec->size)
			continue;
		while (nops < ACCOUNTING_SIZE && at.sec->data[callee - nops - 1] == 0x90)
			nops++;
		at.offset = callee - ACCOUNTING_SIZE;
		if (nops < ACCOUNTING_SIZE || holds_site(at.bs, nr, at.offset, callee))
			continue;
		ret = build_add_site(b, &at, site_of(KSPLICE_SITE_PADDING, ACCOUNTING_SIZE, 0));
		if (ret)
			return ret;
		free = callee;
	}
	return 0;
}

/* -------------------------------------------------------------------------------- */

int image_find_sites(struct build *b)
{
	bool padded = may_be_padded(b);
	int ret = sites_of_code(b, padded);

	if (!ret)
		ret = image_find_table_sites(b);
	for (size_t i = 1; i < b->elf->nr_sections && !ret; i++) {
		struct place at = { b->elf->sections[i], &b->sections[i], 0 };

		ret = sort_sites(b, at.sec, at.bs);
		if (ret || !padded || !is_code(at.bs))
			continue;
		ret = sites_of_padding(b, at);
		if (!ret)
			ret = sort_sites(b, at.sec, at.bs);
	}
	return ret;
}
