// SPDX-License-Identifier: GPL-2.0-only
/* See loaded.h. */
#include "loaded.h"

#include <errno.h>
#include <fcntl.h>
#include <gelf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bin/cleanup.h"

static int complain(const char *path, const char *why)
{
	fprintf(stderr, "audit-mutate: error: %s: %s\n", path, why);
	return -1;
}

/* What a module has for its start only is freed, and something else may be there by now. */
static uint64_t section_address(const struct memory *m, const char *module, const char *name)
{
	return strncmp(name, ".init", 5) ? memory_section(m, module, name) : 0;
}

/* The loader puts all code together, and all constants, and leaves what is freed out of both. */
static void add_constant(struct loaded *l, const GElf_Shdr *header, uint64_t address)
{
	uint64_t *range = l->constants[!(header->sh_flags & SHF_EXECINSTR)];
	uint64_t end = range[0] + range[1];

	if (!address || !header->sh_size || header->sh_flags & SHF_WRITE)
		return;
	if (!range[1] || address < range[0])
		range[0] = address;
	if (address + header->sh_size > end)
		end = address + header->sh_size;
	range[1] = end - range[0];
}

static int read_sections(struct loaded *l, Elf *elf, const struct memory *m)
{
	size_t names, index;

	if (elf_getshdrstrndx(elf, &names) || elf_getshdrnum(elf, &l->nr_sections))
		return -1;
	l->sections = calloc(l->nr_sections + 1, sizeof(*l->sections));
	if (!l->sections)
		return -1;
	for (index = 1; index < l->nr_sections; index++) {
		struct loaded_section *s = &l->sections[index];
		Elf_Scn *scn = elf_getscn(elf, index);
		const char *name;
		Elf_Data *data;
		GElf_Shdr header;

		if (!scn || !gelf_getshdr(scn, &header))
			return -1;
		name = elf_strptr(elf, names, header.sh_name);
		if (!name || !(header.sh_flags & SHF_ALLOC))
			continue;
		s->name = strdup(name);
		s->address = *l->module ? section_address(m, l->module, name) : header.sh_addr;
		if (!s->name)
			return -1;
		add_constant(l, &header, s->address);
		if (header.sh_type == SHT_NOBITS || !header.sh_size)
			continue;
		data = elf_getdata(scn, NULL);
		s->data = malloc(header.sh_size);
		if (!data || !s->data || data->d_size != header.sh_size)
			return -1;
		memcpy(s->data, data->d_buf, header.sh_size);
		s->size = header.sh_size;
	}
	return 0;
}

/* ---- relocations of modules -------------------------------------------------- */

/* 0 for what is not in memory. */
static uint64_t symbol_value(const struct loaded *l, Elf *elf, const struct memory *m,
			     const GElf_Shdr *table, const GElf_Sym *sym)
{
	const char *name = elf_strptr(elf, table->sh_link, sym->st_name);

	if (sym->st_shndx == SHN_ABS)
		return sym->st_value;
	if (sym->st_shndx == SHN_UNDEF)
		return name ? memory_symbol_anywhere(m, name) : 0;
	if (sym->st_shndx >= l->nr_sections || !l->sections[sym->st_shndx].address)
		return 0;
	return l->sections[sym->st_shndx].address + sym->st_value;
}

static void relocate(struct loaded_section *s, const GElf_Rela *rel, uint64_t value)
{
	uint64_t place = s->address + rel->r_offset;
	size_t width;

	value += rel->r_addend;
	switch (GELF_R_TYPE(rel->r_info)) {
	case R_X86_64_PC32:
	case R_X86_64_PLT32:
		value -= place;
		width = 4;
		break;
	case R_X86_64_PC64:
		value -= place;
		width = 8;
		break;
	case R_X86_64_32:
	case R_X86_64_32S:
		width = 4;
		break;
	case R_X86_64_64:
		width = 8;
		break;
	default:
		return;
	}
	if (rel->r_offset <= s->size && width <= s->size - rel->r_offset)
		memcpy(s->data + rel->r_offset, &value, width);
}

static int relocate_section(struct loaded *l, Elf *elf, const struct memory *m, Elf_Scn *scn,
			    const GElf_Shdr *header)
{
	struct loaded_section *s = &l->sections[header->sh_info];
	Elf_Scn *table = elf_getscn(elf, header->sh_link);
	Elf_Data *rels = elf_getdata(scn, NULL), *symbols = table ? elf_getdata(table, NULL) : NULL;
	GElf_Shdr table_header;

	if (!rels || !symbols || !gelf_getshdr(table, &table_header))
		return -1;
	for (size_t i = 0; i < header->sh_size / header->sh_entsize; i++) {
		uint64_t value;
		GElf_Rela rel;
		GElf_Sym sym;

		if (!gelf_getrela(rels, i, &rel) ||
		    !gelf_getsym(symbols, GELF_R_SYM(rel.r_info), &sym))
			return -1;
		value = symbol_value(l, elf, m, &table_header, &sym);
		if (value || sym.st_shndx == SHN_ABS)
			relocate(s, &rel, value);
	}
	return 0;
}

static int relocate_all(struct loaded *l, Elf *elf, const struct memory *m)
{
	for (size_t i = 1; i < l->nr_sections; i++) {
		Elf_Scn *scn = elf_getscn(elf, i);
		GElf_Shdr header;

		if (!scn || !gelf_getshdr(scn, &header))
			return -1;
		if (header.sh_type != SHT_RELA || header.sh_info >= l->nr_sections ||
		    !l->sections[header.sh_info].data || !l->sections[header.sh_info].address)
			continue;
		if (relocate_section(l, elf, m, scn, &header))
			return -1;
	}
	return 0;
}

/* ---- symbols of modules ------------------------------------------------------- */

static int read_symbols(struct loaded *l, Elf *elf, const struct memory *m)
{
	Elf_Data *symbols = NULL, *names;
	GElf_Shdr header = { 0 };
	Elf_Scn *scn = NULL;

	while ((scn = elf_nextscn(elf, scn)))
		if (gelf_getshdr(scn, &header) && header.sh_type == SHT_SYMTAB)
			break;
	symbols = scn ? elf_getdata(scn, NULL) : NULL;
	scn = scn ? elf_getscn(elf, header.sh_link) : NULL;
	names = scn ? elf_getdata(scn, NULL) : NULL;
	if (!symbols || !names || !header.sh_entsize)
		return -1;
	l->names = malloc(names->d_size + 1);
	l->symbols = calloc(header.sh_size / header.sh_entsize, sizeof(*l->symbols));
	if (!l->names || !l->symbols)
		return -1;
	memcpy(l->names, names->d_buf, names->d_size);
	l->names[names->d_size] = 0;
	for (; l->nr_symbols < header.sh_size / header.sh_entsize; l->nr_symbols++) {
		Elf64_Sym *sym = &l->symbols[l->nr_symbols];

		if (!gelf_getsym(symbols, l->nr_symbols, sym) || sym->st_name > names->d_size)
			return -1;
		sym->st_value = sym->st_shndx == SHN_UNDEF ? 0 :
				symbol_value(l, elf, m, &header, sym);
	}
	return 0;
}

/* ------------------------------------------------------------------------------ */

struct loaded *loaded_read(const struct memory *m, const char *module, const char *path)
{
	_cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct loaded *l = calloc(1, sizeof(*l));
	Elf *elf = NULL;
	int ret = -1;

	if (fd < 0 || !l) {
		complain(path, strerror(errno));
		goto out;
	}
	l->module = module;
	elf_version(EV_CURRENT);
	elf = elf_begin(fd, ELF_C_READ, NULL);
	if (!elf || read_sections(l, elf, m) ||
	    (*module && (relocate_all(l, elf, m) || read_symbols(l, elf, m))))
		complain(path, "its sections cannot be read");
	else
		ret = 0;
out:
	elf_end(elf);
	if (!ret)
		return l;
	loaded_free(l);
	return NULL;
}

void loaded_free(struct loaded *l)
{
	if (!l)
		return;
	for (size_t i = 0; i < l->nr_sections; i++) {
		free((void *)l->sections[i].name);
		free(l->sections[i].data);
	}
	free(l->sections);
	free(l->symbols);
	free(l->names);
	free(l);
}

const uint8_t *loaded_at(const struct loaded *l, uint64_t address, size_t length)
{
	for (size_t i = 0; i < l->nr_sections; i++) {
		const struct loaded_section *s = &l->sections[i];

		if (s->data && s->address && address >= s->address &&
		    address - s->address < s->size && length <= s->size - (address - s->address))
			return s->data + (address - s->address);
	}
	return NULL;
}

const struct loaded_section *loaded_next(const struct loaded *l, const char *prefix,
					 const struct loaded_section *last)
{
	for (const struct loaded_section *s = last ? last + 1 : l->sections;
	     s < l->sections + l->nr_sections; s++)
		if (s->data && s->name && !strncmp(s->name, prefix, strlen(prefix)))
			return s;
	return NULL;
}
