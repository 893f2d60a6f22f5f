// SPDX-License-Identifier: GPL-2.0-only
/* What an update's module no longer needs once its references wait for the match. */
#include <stdlib.h>
#include <string.h>

#include "finish_internal.h"

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

/* Forgets relocations (of debug information) to symbols that go away. */
static void drop_relocs(struct finish *f, struct elf_section *sec)
{
	size_t kept = 0;

	for (size_t i = 0; i < sec->nr_relocs; i++)
		if (!finish_is_undefined(sec->relocs[i].symbol) ||
		    f->used[sec->relocs[i].symbol->index])
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
		if (finish_is_undefined(sym) && !f->used[sym->index]) {
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
		if (finish_is_undefined(elf->symbols[i]) && !strcmp(elf->symbols[i]->name, name))
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

void finish_drop_unused(struct finish *f)
{
	drop_call_sites(f);
	drop_symbols(f);
	drop_versions(f);
}
