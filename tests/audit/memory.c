// SPDX-License-Identifier: GPL-2.0-only
/* See memory.h. The core file is mapped privately, so that changes stay here. */
#include "memory.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "bin/cleanup.h"

struct symbol {
	uint64_t address;
	char *name;
	char *module;
	char type;
};

struct section {
	char module[64];
	char name[128];
	uint64_t address;
};

struct memory {
	uint8_t *file;
	size_t size;
	const Elf64_Phdr *segments; /* in the order of their addresses */
	size_t nr_segments;
	struct symbol *symbols; /* in the order of their names */
	size_t nr_symbols;
	struct entry *entries;
	size_t nr_entries;
	struct section *sections;
	size_t nr_sections;
};

static int complain(const char *dir, const char *file, const char *why)
{
	fprintf(stderr, "audit-mutate: error: %s/%s: %s\n", dir, file, why);
	return -1;
}

static int map_core(struct memory *m, const char *dir)
{
	_cleanup_free_ char *path = NULL;
	_cleanup_close_ int fd = -1;
	const Elf64_Ehdr *header;
	struct stat st;

	if (asprintf(&path, "%s/memory", dir) < 0)
		return complain(dir, "memory", strerror(ENOMEM));
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &st))
		return complain(dir, "memory", strerror(errno));
	m->size = st.st_size;
	m->file = mmap(NULL, m->size, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
	if (m->file == MAP_FAILED) {
		m->file = NULL;
		return complain(dir, "memory", strerror(errno));
	}
	header = (const void *)m->file;
	if (m->size < sizeof(*header) || memcmp(header->e_ident, ELFMAG, SELFMAG) ||
	    header->e_type != ET_CORE || header->e_phoff != sizeof(*header) ||
	    sizeof(*header) + header->e_phnum * sizeof(Elf64_Phdr) > m->size)
		return complain(dir, "memory", "it is no core file");
	m->segments = (const void *)(header + 1);
	m->nr_segments = header->e_phnum;
	for (size_t i = 0; i < m->nr_segments; i++) {
		const Elf64_Phdr *s = &m->segments[i];

		if (s->p_offset > m->size || s->p_filesz > m->size - s->p_offset)
			return complain(dir, "memory", "it is cut off");
		if (i && s->p_vaddr < s[-1].p_vaddr + s[-1].p_filesz)
			return complain(dir, "memory", "its segments are not in order");
	}
	return 0;
}

/* ---- kallsyms ------------------------------------------------------------- */

static int by_name(const void *left, const void *right)
{
	const struct symbol *l = left, *r = right;
	int order = strcmp(l->name, r->name);

	if (order)
		return order;
	return l->address < r->address ? -1 : l->address > r->address;
}

static int by_address(const void *left, const void *right)
{
	const struct entry *l = left, *r = right;

	if (l->address != r->address)
		return l->address < r->address ? -1 : 1;
	return strcmp(l->name, r->name);
}

static bool is_code(const struct symbol *s)
{
	return s->address && strchr("tTwW", s->type);
}

static int add_symbol(struct memory *m, uint64_t address, char type, const char *name,
		      const char *module)
{
	struct symbol *s;

	if (!(m->nr_symbols & (m->nr_symbols - 1))) {
		size_t capacity = m->nr_symbols ? 2 * m->nr_symbols : 1;

		s = reallocarray(m->symbols, capacity, sizeof(*s));
		if (!s)
			return -1;
		m->symbols = s;
	}
	s = &m->symbols[m->nr_symbols++];
	*s = (struct symbol){ address, strdup(name), strdup(module), type };
	return s->name && s->module ? 0 : -1;
}

static int read_symbols(struct memory *m, const char *dir)
{
	_cleanup_free_ char *path = NULL, *line = NULL;
	_cleanup_fclose_ FILE *file = NULL;
	size_t size = 0;

	if (asprintf(&path, "%s/kallsyms", dir) < 0)
		return complain(dir, "kallsyms", strerror(ENOMEM));
	file = fopen(path, "re");
	if (!file)
		return complain(dir, "kallsyms", strerror(errno));
	while (getline(&line, &size, file) >= 0) {
		char name[600], module[80] = "", type;
		uint64_t address;

		if (sscanf(line, "%" SCNx64 " %c %599s [%79[^]]]", &address, &type, name, module) >=
			    3 &&
		    add_symbol(m, address, type, name, module))
			return complain(dir, "kallsyms", strerror(ENOMEM));
	}
	if (!m->nr_symbols)
		return complain(dir, "kallsyms", "it is empty");
	qsort(m->symbols, m->nr_symbols, sizeof(*m->symbols), by_name);
	m->entries = calloc(m->nr_symbols, sizeof(*m->entries));
	if (!m->entries)
		return complain(dir, "kallsyms", strerror(ENOMEM));
	for (size_t i = 0; i < m->nr_symbols; i++) {
		const struct symbol *s = &m->symbols[i];

		if (is_code(s))
			m->entries[m->nr_entries++] =
				(struct entry){ s->address, s->name, s->module };
	}
	qsort(m->entries, m->nr_entries, sizeof(*m->entries), by_address);
	return 0;
}

/* ---- sections of modules --------------------------------------------------- */

static int read_sections(struct memory *m, const char *dir)
{
	_cleanup_free_ char *path = NULL;
	_cleanup_fclose_ FILE *file = NULL;
	struct section s;

	if (asprintf(&path, "%s/sections", dir) < 0)
		return complain(dir, "sections", strerror(ENOMEM));
	file = fopen(path, "re");
	if (!file)
		return complain(dir, "sections", strerror(errno));
	while (fscanf(file, " /sys/module/%63[^/]/sections/%127[^:]:0x%" SCNx64, s.module, s.name,
		      &s.address) == 3) {
		struct section *all =
			reallocarray(m->sections, m->nr_sections + 1, sizeof(*all));

		if (!all)
			return complain(dir, "sections", strerror(ENOMEM));
		m->sections = all;
		all[m->nr_sections++] = s;
	}
	return feof(file) ? 0 : complain(dir, "sections", "a line that is not understood");
}

uint64_t memory_section(const struct memory *m, const char *module, const char *section)
{
	for (size_t i = 0; i < m->nr_sections; i++)
		if (!strcmp(m->sections[i].module, module) &&
		    !strcmp(m->sections[i].name, section))
			return m->sections[i].address;
	return 0;
}

/* Freed when the module was initialised: something else may be there by now. */
static bool is_freed(const char *section)
{
	return !strncmp(section, ".init", 5) || !strcmp(section, ".symtab") ||
	       !strcmp(section, ".strtab");
}

static bool segment_is_of(const struct memory *m, const Elf64_Phdr *segment, const char *module)
{
	for (size_t i = 0; i < m->nr_symbols; i++)
		if (m->symbols[i].address - segment->p_vaddr < segment->p_filesz &&
		    !strcmp(m->symbols[i].module, module))
			return true;
	for (size_t i = 0; i < m->nr_sections; i++)
		if (!is_freed(m->sections[i].name) &&
		    m->sections[i].address - segment->p_vaddr < segment->p_filesz &&
		    !strcmp(m->sections[i].module, module))
			return true;
	return false;
}

size_t memory_module(const struct memory *m, const char *module, uint64_t (*ranges)[2], size_t max)
{
	size_t count = 0;

	for (size_t i = 0; i < m->nr_segments && count < max; i++) {
		if (!segment_is_of(m, &m->segments[i], module))
			continue;
		ranges[count][0] = m->segments[i].p_vaddr;
		ranges[count++][1] = m->segments[i].p_filesz;
	}
	return count;
}

/* ---- access ---------------------------------------------------------------- */

struct memory *memory_open(const char *dir)
{
	struct memory *m = calloc(1, sizeof(*m));

	if (m && !map_core(m, dir) && !read_symbols(m, dir) && !read_sections(m, dir))
		return m;
	memory_free(m);
	return NULL;
}

void memory_free(struct memory *m)
{
	if (!m)
		return;
	if (m->file)
		munmap(m->file, m->size);
	for (size_t i = 0; i < m->nr_symbols; i++) {
		free(m->symbols[i].name);
		free(m->symbols[i].module);
	}
	free(m->symbols);
	free(m->entries);
	free(m->sections);
	free(m);
}

uint8_t *memory_at(const struct memory *m, uint64_t address, size_t length)
{
	size_t low = 0, high = m->nr_segments;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		const Elf64_Phdr *s = &m->segments[middle];

		if (address < s->p_vaddr)
			high = middle;
		else if (address - s->p_vaddr >= s->p_filesz)
			low = middle + 1;
		else if (length > s->p_filesz - (address - s->p_vaddr))
			return NULL;
		else
			return m->file + s->p_offset + (address - s->p_vaddr);
	}
	return NULL;
}

uint64_t memory_word(const struct memory *m, uint64_t address)
{
	const uint8_t *bytes = memory_at(m, address, sizeof(uint64_t));
	uint64_t word = 0;

	if (bytes)
		memcpy(&word, bytes, sizeof(word));
	return word;
}

uint64_t memory_target(const struct memory *m, uint64_t field)
{
	const uint8_t *bytes = memory_at(m, field, sizeof(int32_t));
	int32_t distance = 0;

	if (bytes)
		memcpy(&distance, bytes, sizeof(distance));
	return bytes ? field + sizeof(distance) + distance : 0;
}

const struct entry *memory_entries(const struct memory *m, size_t *count)
{
	*count = m->nr_entries;
	return m->entries;
}

const struct entry *memory_entry_from(const struct memory *m, uint64_t address)
{
	size_t low = 0, high = m->nr_entries;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (m->entries[middle].address < address)
			low = middle + 1;
		else
			high = middle;
	}
	return low < m->nr_entries ? &m->entries[low] : NULL;
}

/* The first symbol of a name, or where it would be. */
static size_t find_symbol(const struct memory *m, const char *name)
{
	size_t low = 0, high = m->nr_symbols;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (strcmp(m->symbols[middle].name, name) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

uint64_t memory_symbol_of(const struct memory *m, const char *name, const char *module)
{
	uint64_t found = 0;

	for (size_t i = find_symbol(m, name);
	     i < m->nr_symbols && !strcmp(m->symbols[i].name, name); i++) {
		if (strcmp(m->symbols[i].module, module))
			continue;
		if (found && found != m->symbols[i].address)
			return 0;
		found = m->symbols[i].address;
	}
	return found;
}

uint64_t memory_symbol(const struct memory *m, const char *name)
{
	return memory_symbol_of(m, name, "");
}

uint64_t memory_symbol_anywhere(const struct memory *m, const char *name)
{
	uint64_t address = memory_symbol(m, name);
	size_t i = find_symbol(m, name);

	if (!address && i < m->nr_symbols && !strcmp(m->symbols[i].name, name))
		address = m->symbols[i].address;
	return address;
}

uint64_t memory_namesake(const struct memory *m, const char *name, uint64_t address, size_t which,
			 size_t *count)
{
	uint64_t found = 0;

	*count = 0;
	for (size_t i = find_symbol(m, name);
	     i < m->nr_symbols && !strcmp(m->symbols[i].name, name); i++) {
		if (m->symbols[i].address == address || !is_code(&m->symbols[i]))
			continue;
		if ((*count)++ == which)
			found = m->symbols[i].address;
	}
	return found;
}
