// SPDX-License-Identifier: GPL-2.0-only
#include "object.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct elf_file *elf_new(const char *path, const struct elf_file *like)
{
	struct elf_file *elf = calloc(1, sizeof(*elf));

	if (!elf)
		return NULL;
	elf->path = strdup(path);
	elf->machine = like ? like->machine : EM_X86_64;
	elf->eflags = like ? like->eflags : 0;
	elf->sections = calloc(1, sizeof(elf->sections[0]));
	elf->nr_sections = 1;
	if (!elf->path || !elf->sections ||
	    !elf_add_symbol(elf, "", NULL, 0, 0, STT_NOTYPE, STB_LOCAL)) {
		elf_free(elf);
		return NULL;
	}
	return elf;
}

void elf_free(struct elf_file *elf)
{
	if (!elf)
		return;
	for (size_t i = 0; elf->sections && i < elf->nr_sections; i++) {
		struct elf_section *sec = elf->sections[i];

		if (!sec)
			continue;
		free(sec->name);
		free(sec->data);
		free(sec->relocs);
		free(sec->symbols);
		free(sec);
	}
	for (size_t i = 0; elf->symbols && i < elf->nr_symbols; i++) {
		free(elf->symbols[i]->name);
		free(elf->symbols[i]);
	}
	free(elf->sections);
	free(elf->symbols);
	free(elf->path);
	free(elf);
}

struct elf_section *elf_add_section(struct elf_file *elf, const char *name, uint32_t type,
				    uint64_t flags, uint64_t align, uint64_t entsize,
				    const void *data, uint64_t size)
{
	struct elf_section **list, *sec;

	list = realloc(elf->sections, (elf->nr_sections + 1) * sizeof(*list));
	if (!list)
		return NULL;
	elf->sections = list;

	sec = calloc(1, sizeof(*sec));
	if (!sec)
		return NULL;
	sec->elf = elf;
	sec->index = elf->nr_sections;
	sec->name = strdup(name);
	sec->type = type;
	sec->flags = flags;
	sec->align = align ? align : 1;
	sec->entsize = entsize;
	sec->size = size;
	if (size && type != SHT_NOBITS)
		sec->data = calloc(1, size);
	if (!sec->name || (size && type != SHT_NOBITS && !sec->data)) {
		free(sec->name);
		free(sec->data);
		free(sec);
		return NULL;
	}
	if (data && sec->data)
		memcpy(sec->data, data, size);
	elf->sections[elf->nr_sections++] = sec;

	/* From here on elf_free() owns it. */
	sec->symbol = elf_add_symbol(elf, "", sec, 0, 0, STT_SECTION, STB_LOCAL);
	return sec->symbol ? sec : NULL;
}

int elf_append(struct elf_section *sec, const void *data, uint64_t size, uint64_t align,
	       uint64_t *ret)
{
	uint64_t start = align > 1 ? (sec->size + align - 1) / align * align : sec->size;
	unsigned char *grown = sec->data;

	if (sec->type != SHT_NOBITS && start + size) {
		grown = realloc(sec->data, start + size);
		if (!grown)
			return -ENOMEM;
		memset(grown + sec->size, 0, start + size - sec->size);
		if (data)
			memcpy(grown + start, data, size);
	}
	sec->data = grown;
	sec->size = start + size;
	if (align > sec->align)
		sec->align = align;
	if (ret)
		*ret = start;
	return 0;
}

struct elf_symbol *elf_add_symbol(struct elf_file *elf, const char *name,
				  struct elf_section *section, uint64_t value, uint64_t size,
				  unsigned char type, unsigned char bind)
{
	struct elf_symbol **list, *sym;

	list = realloc(elf->symbols, (elf->nr_symbols + 1) * sizeof(*list));
	if (!list)
		return NULL;
	elf->symbols = list;

	sym = calloc(1, sizeof(*sym));
	if (!sym)
		return NULL;
	sym->name = strdup(name);
	if (!sym->name) {
		free(sym);
		return NULL;
	}
	sym->index = elf->nr_symbols;
	sym->section = section;
	sym->shndx = section ? ELF_IN_SECTION : SHN_UNDEF;
	sym->value = value;
	sym->size = size;
	sym->type = type;
	sym->bind = bind;
	elf->symbols[elf->nr_symbols++] = sym;
	return sym;
}

int elf_add_reloc(struct elf_section *sec, uint64_t offset, uint32_t type,
		  struct elf_symbol *symbol, int64_t addend)
{
	if (sec->nr_relocs == sec->max_relocs) {
		size_t max = sec->max_relocs ? 2 * sec->max_relocs : 16;
		struct elf_reloc *list = realloc(sec->relocs, max * sizeof(*list));

		if (!list)
			return -ENOMEM;
		sec->relocs = list;
		sec->max_relocs = max;
	}
	sec->relocs[sec->nr_relocs++] = (struct elf_reloc){
		.offset = offset,
		.type = type,
		.symbol = symbol,
		.addend = addend,
	};
	return 0;
}

static int compare_symbols(const void *a, const void *b)
{
	const struct elf_symbol *x = *(struct elf_symbol *const *)a;
	const struct elf_symbol *y = *(struct elf_symbol *const *)b;

	if (x->value != y->value)
		return x->value < y->value ? -1 : 1;
	if (x->size != y->size)
		return x->size > y->size ? -1 : 1;
	return x->index < y->index ? -1 : x->index > y->index;
}

int elf_index_symbols(struct elf_file *elf)
{
	for (size_t i = 1; i < elf->nr_sections; i++)
		elf->sections[i]->nr_symbols = 0;
	for (size_t i = 1; i < elf->nr_symbols; i++)
		if (elf->symbols[i]->section)
			elf->symbols[i]->section->nr_symbols++;
	for (size_t i = 1; i < elf->nr_sections; i++) {
		struct elf_section *sec = elf->sections[i];

		free(sec->symbols);
		sec->symbols = calloc(sec->nr_symbols + 1, sizeof(sec->symbols[0]));
		if (!sec->symbols)
			return -ENOMEM;
		sec->nr_symbols = 0;
	}
	for (size_t i = 1; i < elf->nr_symbols; i++) {
		struct elf_section *sec = elf->symbols[i]->section;

		if (sec)
			sec->symbols[sec->nr_symbols++] = elf->symbols[i];
	}
	for (size_t i = 1; i < elf->nr_sections; i++)
		qsort(elf->sections[i]->symbols, elf->sections[i]->nr_symbols,
		      sizeof(struct elf_symbol *), compare_symbols);
	return 0;
}

/* Merge sort: what was in order stays so, and is found out in one pass. */
int elf_sort_relocs(struct elf_section *sec)
{
	struct elf_reloc *from = sec->relocs, *to, *spare;
	size_t nr = sec->nr_relocs, i = 1;

	while (i < nr && from[i - 1].offset <= from[i].offset)
		i++;
	if (i >= nr)
		return 0;
	spare = calloc(nr, sizeof(*spare));
	if (!spare)
		return -ENOMEM;
	to = spare;
	for (size_t width = 1; width < nr; width *= 2) {
		for (size_t base = 0; base < nr; base += 2 * width) {
			size_t mid = base + width < nr ? base + width : nr;
			size_t end = mid + width < nr ? mid + width : nr;
			size_t a = base, b = mid;

			for (size_t k = base; k < end; k++) {
				bool first = a < mid &&
					     (b >= end || from[a].offset <= from[b].offset);

				to[k] = from[first ? a++ : b++];
			}
		}
		struct elf_reloc *swap = from;

		from = to;
		to = swap;
	}
	if (from != sec->relocs)
		memcpy(sec->relocs, from, nr * sizeof(*from));
	free(spare);
	return 0;
}

struct elf_section *elf_find_section(const struct elf_file *elf, const char *name)
{
	for (size_t i = 1; i < elf->nr_sections; i++)
		if (!strcmp(elf->sections[i]->name, name))
			return elf->sections[i];
	return NULL;
}

struct elf_symbol *elf_find_symbol(const struct elf_file *elf, const char *name)
{
	for (size_t i = 1; i < elf->nr_symbols; i++)
		if (!strcmp(elf->symbols[i]->name, name))
			return elf->symbols[i];
	return NULL;
}

size_t elf_reloc_at(const struct elf_section *sec, uint64_t offset)
{
	size_t low = 0, high = sec->nr_relocs;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (sec->relocs[mid].offset < offset)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

struct elf_symbol *elf_func_at(const struct elf_section *sec, uint64_t offset)
{
	struct elf_symbol *found = NULL;

	for (size_t i = 0; i < sec->nr_symbols; i++) {
		struct elf_symbol *sym = sec->symbols[i];

		if (sym->value > offset)
			break;
		if (sym->type == STT_FUNC && offset - sym->value < sym->size)
			found = sym;
	}
	return found;
}
