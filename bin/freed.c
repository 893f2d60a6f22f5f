// SPDX-License-Identifier: GPL-2.0-only
/* See freed.h. */
#include "freed.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <gelf.h>

#include "cleanup.h"
#include "installed_module.h"
#include "paths.h"

#define BUILD_ID     ".note.gnu.build-id"
#define MAX_BUILD_ID 4096 /* bytes of the note: 36 with the usual SHA-1 */

static void close_elf(Elf **elf)
{
	if (*elf)
		elf_end(*elf);
}
#define _cleanup_elf_end_ __attribute__((cleanup(close_elf)))

/* The kernel's own rule (module_init_section()). */
static bool is_freed(const char *section)
{
	return !strncmp(section, ".init", 5);
}

/* ---- sections -------------------------------------------------------------- */

static int by_address(const void *a, const void *b)
{
	const struct freed_section *x = a, *y = b;

	return x->address < y->address ? -1 : x->address > y->address;
}

/* What a file of /sys/module/NAME/sections says; 0: it may not be read. */
static uint64_t read_address(int folder, const char *name)
{
	_cleanup_close_ int fd = openat(folder, name, O_RDONLY | O_CLOEXEC);
	char text[32] = "";

	if (fd < 0 || read(fd, text, sizeof(text) - 1) <= 0)
		return 0;
	return strtoull(text, NULL, 16);
}

static int add_section(struct freed *f, const char *name, uint64_t address)
{
	struct freed_section *sections;

	sections = reallocarray(f->sections, f->nr_sections + 1, sizeof(*sections));
	if (!sections)
		return -1;
	f->sections = sections;
	sections[f->nr_sections] = (struct freed_section){ strdup(name), address, 0 };
	return sections[f->nr_sections++].name ? 0 : -1;
}

/* Each section ends where the next one begins, whichever that is; then only freed ones stay. */
static void keep_freed(struct freed *f)
{
	size_t kept = 0;

	if (f->nr_sections)
		qsort(f->sections, f->nr_sections, sizeof(*f->sections), by_address);
	for (size_t i = 0; i < f->nr_sections; i++) {
		struct freed_section s = f->sections[i];
		size_t next = i + 1;

		while (next < f->nr_sections && f->sections[next].address == s.address)
			next++;
		s.size = (next < f->nr_sections ? f->sections[next].address : UINT64_MAX) -
			 s.address;
		if (is_freed(s.name))
			f->sections[kept++] = s;
		else
			free(s.name);
	}
	f->nr_sections = kept;
}

static int read_sections(struct freed *f, const char *module)
{
	_cleanup_closedir_ DIR *folder = NULL;
	_cleanup_free_ char *path = NULL;
	const struct dirent *entry;
	bool hidden = false;

	if (asprintf(&path, "%s/module/%s/sections", path_sys(), module) < 0)
		return -1;
	folder = opendir(path);
	if (!folder) {
		snprintf(f->missing, sizeof(f->missing), "%.100s: %s", path, strerror(errno));
		return 0;
	}
	while ((entry = readdir(folder))) {
		uint64_t address;

		if (!strcmp(entry->d_name, ".") || !strcmp(entry->d_name, ".."))
			continue;
		address = read_address(dirfd(folder), entry->d_name);
		hidden |= !address;
		if (add_section(f, entry->d_name, address))
			return -1;
	}
	/* A module without any section is none: something else is there. */
	f->has_sections = f->nr_sections && !hidden;
	if (!f->has_sections)
		snprintf(f->missing, sizeof(f->missing), "%.100s: no addresses", path);
	keep_freed(f);
	return 0;
}

static const struct freed_section *find_section(const struct freed *f, const char *name)
{
	for (size_t i = 0; i < f->nr_sections; i++)
		if (!strcmp(f->sections[i].name, name))
			return &f->sections[i];
	return NULL;
}

/* ---- symbols --------------------------------------------------------------- */

static int by_name(const void *a, const void *b)
{
	const struct freed_symbol *x = a, *y = b;

	return strcmp(x->name, y->name);
}

static const char *section_name(Elf *elf, Elf_Scn *scn, GElf_Shdr *header)
{
	size_t names;

	if (!scn || !gelf_getshdr(scn, header) || elf_getshdrstrndx(elf, &names))
		return NULL;
	return elf_strptr(elf, names, header->sh_name);
}

/* Is the file of the same build as the module that is loaded? */
static bool is_loaded(Elf *elf, const char *module)
{
	_cleanup_fclose_ FILE *file = NULL;
	_cleanup_free_ char *path = NULL;
	char loaded[MAX_BUILD_ID + 1];
	Elf_Scn *scn = NULL;
	size_t size;

	if (asprintf(&path, "%s/module/%s/notes/" BUILD_ID, path_sys(), module) < 0)
		return false;
	file = fopen(path, "re");
	if (!file)
		return false;
	size = fread(loaded, 1, sizeof(loaded), file);
	if (!size || size > MAX_BUILD_ID)
		return false;
	while ((scn = elf_nextscn(elf, scn))) {
		GElf_Shdr header;
		const char *name = section_name(elf, scn, &header);
		const Elf_Data *data;

		if (!name || strcmp(name, BUILD_ID))
			continue;
		data = elf_rawdata(scn, NULL);
		return data && data->d_buf && data->d_size == size &&
		       !memcmp(data->d_buf, loaded, size);
	}
	return false;
}

static int add_symbol(struct freed *f, Elf *elf, const GElf_Sym *sym, const char *name)
{
	const struct freed_section *section;
	struct freed_symbol *symbols;
	const char *in;
	GElf_Shdr header;

	if (!name || !*name || sym->st_shndx == SHN_UNDEF || sym->st_shndx >= SHN_LORESERVE)
		return 0;
	in = section_name(elf, elf_getscn(elf, sym->st_shndx), &header);
	section = in ? find_section(f, in) : NULL;
	if (!section)
		return 0;
	if (!(f->nr_symbols & (f->nr_symbols - 1))) {
		size_t capacity = f->nr_symbols ? 2 * f->nr_symbols : 1;

		symbols = reallocarray(f->symbols, capacity, sizeof(*symbols));
		if (!symbols)
			return -1;
		f->symbols = symbols;
	}
	f->symbols[f->nr_symbols] = (struct freed_symbol){
		strdup(name), section->address + sym->st_value,
		GELF_ST_BIND(sym->st_info) != STB_LOCAL,
	};
	return f->symbols[f->nr_symbols++].name ? 0 : -1;
}

static int read_table(struct freed *f, Elf *elf)
{
	GElf_Shdr header = { 0 };
	Elf_Data *data = NULL;
	Elf_Scn *scn = NULL;

	while ((scn = elf_nextscn(elf, scn)) && !data)
		if (gelf_getshdr(scn, &header) && header.sh_type == SHT_SYMTAB)
			data = elf_getdata(scn, NULL);
	if (!data || !header.sh_entsize) {
		snprintf(f->missing, sizeof(f->missing), "its file has no symbols");
		return 0;
	}
	for (size_t i = 1; i < header.sh_size / header.sh_entsize; i++) {
		GElf_Sym sym;

		if (gelf_getsym(data, (int)i, &sym) &&
		    add_symbol(f, elf, &sym, elf_strptr(elf, header.sh_link, sym.st_name)))
			return -1;
	}
	if (f->nr_symbols)
		qsort(f->symbols, f->nr_symbols, sizeof(*f->symbols), by_name);
	f->has_symbols = true;
	return 0;
}

static int read_symbols(struct freed *f, const char *module, const char *release)
{
	_cleanup_free_ void *data = NULL;
	_cleanup_elf_end_ Elf *elf = NULL;
	size_t size;

	if (installed_module_read(module, release, &data, &size, f->missing, sizeof(f->missing)))
		return -1;
	if (!data)
		return 0;
	elf_version(EV_CURRENT);
	elf = elf_memory(data, size);
	if (elf && elf_kind(elf) == ELF_K_ELF && is_loaded(elf, module))
		return read_table(f, elf);
	snprintf(f->missing, sizeof(f->missing), "its file is not the one that was loaded");
	return 0;
}

/* ---- the whole ------------------------------------------------------------- */

int freed_read(const char *module, const char *release, struct freed *ret)
{
	memset(ret, 0, sizeof(*ret));
	if (!read_sections(ret, module) &&
	    (!ret->has_sections || !read_symbols(ret, module, release)))
		return 0;
	freed_free(ret);
	return -1;
}

void freed_free(struct freed *freed)
{
	for (size_t i = 0; i < freed->nr_sections; i++)
		free(freed->sections[i].name);
	for (size_t i = 0; i < freed->nr_symbols; i++)
		free(freed->symbols[i].name);
	free(freed->sections);
	free(freed->symbols);
	memset(freed, 0, sizeof(*freed));
}

const struct freed_symbol *freed_find(const struct freed *freed, const char *name, size_t *count)
{
	size_t low = 0, high = freed->nr_symbols, end;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (strcmp(freed->symbols[middle].name, name) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	end = low;
	while (end < freed->nr_symbols && !strcmp(freed->symbols[end].name, name))
		end++;
	*count = end - low;
	return *count ? &freed->symbols[low] : NULL;
}
