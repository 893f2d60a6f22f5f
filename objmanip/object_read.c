// SPDX-License-Identifier: GPL-2.0-only
/* Reads an object through libelf, trusting no index or range in it. */
#include "object.h"

#include <errno.h>
#include <fcntl.h>
#include <libelf.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct reader {
	const char *path;
	Elf *e;
	size_t nr; /* section headers in the file */
	size_t shstrndx;
	struct elf_section **by_index; /* file's index -> section, NULL: not kept */
	Elf_Scn *symtab;
	size_t strtab;
	Elf_Data *xindex;
	struct elf_file *elf;
	struct error *err;
};

#define fail(r, ...) error_set((r)->err, -EINVAL, __VA_ARGS__)

static int check_header(struct reader *r)
{
	GElf_Ehdr eh;

	if (elf_kind(r->e) != ELF_K_ELF || !gelf_getehdr(r->e, &eh))
		return fail(r, "%s: not an ELF file", r->path);
	if (eh.e_ident[EI_CLASS] != ELFCLASS64 || eh.e_ident[EI_DATA] != ELFDATA2LSB ||
	    eh.e_machine != EM_X86_64)
		return fail(r, "%s: not an x86-64 object (ELF machine %u)", r->path, eh.e_machine);
	if (eh.e_type != ET_REL)
		return fail(r, "%s: not a relocatable object (ELF type %u)", r->path, eh.e_type);
	if (elf_getshdrnum(r->e, &r->nr) || elf_getshdrstrndx(r->e, &r->shstrndx) || !r->nr)
		return fail(r, "%s: no section headers: the file is cut short", r->path);
	r->elf->machine = eh.e_machine;
	r->elf->eflags = eh.e_flags;
	return 0;
}

static int read_section(struct reader *r, Elf_Scn *scn, const GElf_Shdr *sh, const char *name)
{
	size_t index = elf_ndxscn(scn);
	struct elf_section *sec;
	Elf_Data *data = NULL;

	if (sh->sh_type != SHT_NOBITS && sh->sh_size) {
		data = elf_rawdata(scn, NULL);
		if (!data || !data->d_buf || data->d_size != sh->sh_size)
			return fail(r, "%s: section %zu (%s) lies outside the file", r->path, index,
				    name);
	}
	if (sh->sh_size > ((uint64_t)1 << 40))
		return fail(r, "%s: section %zu (%s) is too large", r->path, index, name);
	sec = elf_add_section(r->elf, name, sh->sh_type, sh->sh_flags, sh->sh_addralign,
			      sh->sh_entsize, data ? data->d_buf : NULL, sh->sh_size);
	if (!sec)
		return error_set(r->err, -ENOMEM, "%s: out of memory", r->path);
	r->by_index[index] = sec;
	return 0;
}

static int read_sections(struct reader *r)
{
	Elf_Scn *scn = NULL;
	int rc;

	while ((scn = elf_nextscn(r->e, scn))) {
		const char *name;
		GElf_Shdr sh;

		if (!gelf_getshdr(scn, &sh))
			return fail(r, "%s: bad section header: %s", r->path, elf_errmsg(-1));
		name = elf_strptr(r->e, r->shstrndx, sh.sh_name);
		if (!name)
			return fail(r, "%s: section %zu has no name", r->path, elf_ndxscn(scn));

		switch (sh.sh_type) {
		case SHT_SYMTAB:
			if (r->symtab)
				return fail(r, "%s: two symbol tables", r->path);
			r->symtab = scn;
			r->strtab = sh.sh_link;
			break;
		case SHT_SYMTAB_SHNDX:
			r->xindex = elf_getdata(scn, NULL);
			break;
		case SHT_RELA:
		case SHT_STRTAB:
			break;
		case SHT_REL:
			return fail(r, "%s: section %s: relocations without addends", r->path,
				    name);
		default:
			rc = read_section(r, scn, &sh, name);
			if (rc)
				return rc;
		}
	}
	return 0;
}

static int read_symbol(struct reader *r, const GElf_Sym *gs, const char *name, size_t shndx)
{
	struct elf_section *sec = NULL;
	struct elf_symbol *sym;
	unsigned char type = GELF_ST_TYPE(gs->st_info);

	if (shndx && shndx < SHN_LORESERVE) {
		if (shndx >= r->nr || !r->by_index[shndx])
			return fail(r, "%s: symbol %s: bad section index %zu", r->path, name,
				    shndx);
		sec = r->by_index[shndx];
		if (gs->st_value > sec->size)
			return fail(r, "%s: symbol %s lies outside section %s", r->path, name,
				    sec->name);
		if (type == STT_SECTION) {
			/* elf_add_section() made one already: take that, at this position. */
			struct elf_symbol **list =
				realloc(r->elf->symbols, (r->elf->nr_symbols + 1) * sizeof(*list));

			if (!list)
				return error_set(r->err, -ENOMEM, "%s: out of memory", r->path);
			list[r->elf->nr_symbols++] = sec->symbol;
			r->elf->symbols = list;
			sec->symbol->index = r->elf->nr_symbols - 1;
			return 0;
		}
	}
	sym = elf_add_symbol(r->elf, name, sec, gs->st_value, gs->st_size, type,
			     GELF_ST_BIND(gs->st_info));
	if (!sym)
		return error_set(r->err, -ENOMEM, "%s: out of memory", r->path);
	if (!sec)
		sym->shndx = shndx;
	sym->visibility = GELF_ST_VISIBILITY(gs->st_other);
	return 0;
}

/* Position in elf->symbols of the file's symbol i; section symbols of relocs need it. */
static int read_symbols(struct reader *r, struct elf_symbol ***ret, size_t *nr)
{
	Elf_Data *data = elf_getdata(r->symtab, NULL);
	struct elf_symbol **map;
	size_t count;
	GElf_Shdr sh;
	int rc;

	if (!data || !gelf_getshdr(r->symtab, &sh) || sh.sh_entsize != sizeof(Elf64_Sym))
		return fail(r, "%s: bad symbol table: %s", r->path, elf_errmsg(-1));
	count = data->d_size / sizeof(Elf64_Sym);
	map = calloc(count + 1, sizeof(*map));
	if (!map)
		return error_set(r->err, -ENOMEM, "%s: out of memory", r->path);
	*ret = map;
	*nr = count;
	map[0] = r->elf->symbols[0];

	for (size_t i = 1; i < count; i++) {
		Elf32_Word xndx = 0;
		const char *name;
		GElf_Sym gs;
		size_t shndx;

		if (!gelf_getsymshndx(data, r->xindex, i, &gs, &xndx))
			return fail(r, "%s: bad symbol %zu: %s", r->path, i, elf_errmsg(-1));
		name = elf_strptr(r->e, r->strtab, gs.st_name);
		if (!name)
			return fail(r, "%s: symbol %zu has no name", r->path, i);
		shndx = gs.st_shndx == SHN_XINDEX ? xndx : gs.st_shndx;
		if (gs.st_shndx == SHN_XINDEX && (xndx >= r->nr || !r->by_index[xndx]))
			return fail(r, "%s: symbol %s: bad section index %u", r->path, name, xndx);
		rc = read_symbol(r, &gs, name, shndx);
		if (rc)
			return rc;
		map[i] = r->elf->symbols[r->elf->nr_symbols - 1];
	}
	return 0;
}

static int read_relocs(struct reader *r, Elf_Scn *scn, const GElf_Shdr *sh, struct elf_symbol **map,
		       size_t nr_map)
{
	struct elf_section *sec;
	Elf_Data *data;
	size_t count;

	if (sh->sh_info >= r->nr || !r->by_index[sh->sh_info])
		return fail(r, "%s: relocations for bad section %u", r->path, sh->sh_info);
	sec = r->by_index[sh->sh_info];
	data = elf_getdata(scn, NULL);
	if (!sh->sh_size)
		return 0;
	if (!data || sh->sh_entsize != sizeof(Elf64_Rela))
		return fail(r, "%s: bad relocations of %s: %s", r->path, sec->name, elf_errmsg(-1));
	count = data->d_size / sizeof(Elf64_Rela);
	for (size_t i = 0; i < count; i++) {
		GElf_Rela rela;
		size_t sym;

		if (!gelf_getrela(data, i, &rela))
			return fail(r, "%s: bad relocation %zu of %s", r->path, i, sec->name);
		sym = GELF_R_SYM(rela.r_info);
		if (sym >= nr_map || !map[sym] || rela.r_offset >= sec->size)
			return fail(r, "%s: relocation %zu of %s is out of range", r->path, i,
				    sec->name);
		if (elf_add_reloc(sec, rela.r_offset, GELF_R_TYPE(rela.r_info), map[sym],
				  rela.r_addend))
			return error_set(r->err, -ENOMEM, "%s: out of memory", r->path);
	}
	if (elf_sort_relocs(sec))
		return error_set(r->err, -ENOMEM, "%s: out of memory", r->path);
	return 0;
}

static int read_all_relocs(struct reader *r, struct elf_symbol **map, size_t nr_map)
{
	Elf_Scn *scn = NULL;
	GElf_Shdr sh;
	int rc;

	while ((scn = elf_nextscn(r->e, scn))) {
		if (!gelf_getshdr(scn, &sh))
			return fail(r, "%s: bad section header", r->path);
		if (sh.sh_type != SHT_RELA)
			continue;
		rc = read_relocs(r, scn, &sh, map, nr_map);
		if (rc)
			return rc;
	}
	return 0;
}

/*
 * elf_add_section() put its section symbols at the beginning of the list;
 * read_symbol() added those that the file has a second time, at their real
 * positions. Keeps each symbol once: the file's own first, in its order, then
 * those that the file lacks.
 */
static int settle_section_symbols(struct reader *r, size_t nr_made)
{
	struct elf_file *elf = r->elf;
	struct elf_symbol **list = calloc(elf->nr_symbols, sizeof(*list));
	size_t nr = 1;

	if (!list) {
		elf->nr_symbols = nr_made;
		return error_set(r->err, -ENOMEM, "%s: out of memory", r->path);
	}
	list[0] = elf->symbols[0];
	for (size_t i = 1; i < elf->nr_symbols; i++)
		elf->symbols[i]->index = 0;
	for (size_t i = nr_made; i < elf->nr_symbols + nr_made - 1; i++) {
		/* The made ones, 1 .. nr_made - 1, come round last. */
		size_t k = i < elf->nr_symbols ? i : i - elf->nr_symbols + 1;
		struct elf_symbol *sym = elf->symbols[k];

		if (sym->index)
			continue;
		sym->index = (unsigned int)nr;
		list[nr++] = sym;
	}
	free(elf->symbols);
	elf->symbols = list;
	elf->nr_symbols = nr;
	return 0;
}

static int read_object(struct reader *r)
{
	struct elf_symbol **map = NULL;
	size_t nr_map = 0, nr_made;
	int rc, settled;

	rc = check_header(r);
	if (rc)
		return rc;
	r->by_index = calloc(r->nr, sizeof(r->by_index[0]));
	if (!r->by_index)
		return error_set(r->err, -ENOMEM, "%s: out of memory", r->path);
	rc = read_sections(r);
	if (rc)
		return rc;
	if (!r->symtab)
		return fail(r, "%s: no symbol table (stripped?)", r->path);
	nr_made = r->elf->nr_symbols;
	rc = read_symbols(r, &map, &nr_map);
	if (!rc)
		rc = read_all_relocs(r, map, nr_map);
	free(map);
	/* Also after a failure: elf_free() must meet each symbol once. */
	settled = settle_section_symbols(r, nr_made);
	if (rc || settled)
		return rc ? rc : settled;
	if (elf_index_symbols(r->elf))
		return error_set(r->err, -ENOMEM, "%s: out of memory", r->path);
	return 0;
}

/* The descriptor. Does not wait for the other end of a pipe. */
static int open_file(const char *path, struct error *err)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	struct stat st;

	if (fd < 0)
		return error_set(err, -errno, "%s: %s", path, strerror(errno));
	if (!fstat(fd, &st) && S_ISREG(st.st_mode))
		return fd;
	close(fd);
	return error_set(err, -EINVAL, "%s: not a regular file", path);
}

int elf_open(const char *path, struct elf_file **ret, struct error *err)
{
	struct reader r = { .path = path, .err = err };
	int fd, rc;

	*ret = NULL;
	if (elf_version(EV_CURRENT) == EV_NONE)
		return error_set(err, -EINVAL, "libelf: %s", elf_errmsg(-1));
	fd = open_file(path, err);
	if (fd < 0)
		return fd;
	r.e = elf_begin(fd, ELF_C_READ, NULL);
	r.elf = elf_new(path, NULL);
	if (!r.elf)
		rc = error_set(err, -ENOMEM, "%s: out of memory", path);
	else if (!r.e)
		rc = error_set(err, -EINVAL, "%s: %s", path, elf_errmsg(-1));
	else
		rc = read_object(&r);
	free(r.by_index);
	elf_end(r.e);
	close(fd);
	if (rc) {
		elf_free(r.elf);
		return rc;
	}
	*ret = r.elf;
	return 0;
}
