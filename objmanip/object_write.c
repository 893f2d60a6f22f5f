// SPDX-License-Identifier: GPL-2.0-only
/* Writes an object through libelf; the library lays the file out. */
#include "object.h"

#include <errno.h>
#include <fcntl.h>
#include <libelf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct writer {
	const struct elf_file *elf;
	Elf *e;
	unsigned int *position; /* symbol's index in the list -> in the file */
	Elf64_Sym *syms;
	Elf64_Word *xindex; /* section indices that do not fit a symbol */
	size_t nr_local;
	char *strings;
	size_t strings_size, strings_max;
	void **owned; /* buffers that must live until elf_update() */
	size_t nr_owned;
	struct error *err;
};

static int no_memory(struct writer *w)
{
	return error_set(w->err, -ENOMEM, "%s: out of memory", w->elf->path);
}

static int add_string(struct writer *w, const char *text, Elf64_Word *ret)
{
	size_t len = strlen(text) + 1;

	if (!text[0]) {
		*ret = 0;
		return 0;
	}
	if (w->strings_size + len > w->strings_max) {
		size_t max = 2 * (w->strings_size + len) + 256;
		char *grown = realloc(w->strings, max);

		if (!grown)
			return no_memory(w);
		w->strings = grown;
		w->strings_max = max;
	}
	memcpy(w->strings + w->strings_size, text, len);
	*ret = (Elf64_Word)w->strings_size;
	w->strings_size += len;
	return 0;
}

static int add_symbol(struct writer *w, const struct elf_symbol *sym, size_t *nr)
{
	Elf64_Sym *out = &w->syms[*nr];
	int rc = add_string(w, sym->name, &out->st_name);

	if (rc)
		return rc;
	out->st_info = ELF64_ST_INFO(sym->bind, sym->type);
	out->st_other = sym->visibility;
	out->st_value = sym->value;
	out->st_size = sym->size;
	if (!sym->section) {
		out->st_shndx = (Elf64_Section)sym->shndx;
	} else if (sym->section->index < SHN_LORESERVE) {
		out->st_shndx = (Elf64_Section)sym->section->index;
	} else {
		out->st_shndx = SHN_XINDEX;
		w->xindex[*nr] = sym->section->index;
	}
	w->position[sym->index] = (unsigned int)*nr;
	++*nr;
	return 0;
}

/* Locals first, as ELF demands; elsewhere the order of the list is kept. */
static int make_symbols(struct writer *w)
{
	const struct elf_file *elf = w->elf;
	size_t nr = 0;

	w->position = calloc(elf->nr_symbols, sizeof(w->position[0]));
	w->syms = calloc(elf->nr_symbols, sizeof(w->syms[0]));
	w->xindex = calloc(elf->nr_symbols, sizeof(w->xindex[0]));
	w->strings = calloc(1, 256);
	if (!w->position || !w->syms || !w->xindex || !w->strings)
		return no_memory(w);
	w->strings_max = 256;
	w->strings_size = 1;
	for (size_t i = 0; i < elf->nr_symbols; i++)
		elf->symbols[i]->index = (unsigned int)i;
	for (int local = 1; local >= 0; local--) {
		for (size_t i = 0; i < elf->nr_symbols; i++) {
			int rc = 0;

			if ((elf->symbols[i]->bind == STB_LOCAL) == local)
				rc = add_symbol(w, elf->symbols[i], &nr);
			if (rc)
				return rc;
		}
		if (local)
			w->nr_local = nr;
	}
	return 0;
}

static int add_raw(struct writer *w, const char *name, const GElf_Shdr *like, const void *buf,
		   size_t size, Elf_Type type)
{
	Elf_Scn *scn = elf_newscn(w->e);
	Elf_Data *data = scn ? elf_newdata(scn) : NULL;
	GElf_Shdr sh = *like;
	Elf64_Word off;
	int rc;

	if (!data)
		return error_set(w->err, -EIO, "%s: %s", w->elf->path, elf_errmsg(-1));
	rc = add_string(w, name, &off);
	if (rc)
		return rc;
	sh.sh_name = off;
	data->d_buf = (void *)buf;
	data->d_size = size;
	data->d_type = type;
	data->d_align = sh.sh_addralign;
	data->d_version = EV_CURRENT;
	sh.sh_size = size;
	if (!gelf_update_shdr(scn, &sh))
		return error_set(w->err, -EIO, "%s: %s: %s", w->elf->path, name, elf_errmsg(-1));
	return 0;
}

static int write_sections(struct writer *w)
{
	for (size_t i = 1; i < w->elf->nr_sections; i++) {
		const struct elf_section *sec = w->elf->sections[i];
		GElf_Shdr sh = {
			.sh_type = sec->type,
			.sh_flags = sec->flags,
			.sh_addralign = sec->align,
			.sh_entsize = sec->entsize,
		};
		int rc;

		if (sec->type == SHT_GROUP)
			return error_set(w->err, -EINVAL,
					 "%s: section groups cannot be written (%s)", w->elf->path,
					 sec->name);
		rc = add_raw(w, sec->name, &sh, sec->data, sec->size, ELF_T_BYTE);
		if (rc)
			return rc;
	}
	return 0;
}

static int write_relocs(struct writer *w, const struct elf_section *sec, size_t symtab)
{
	Elf64_Rela *relas = calloc(sec->nr_relocs, sizeof(*relas));
	GElf_Shdr sh = {
		.sh_type = SHT_RELA,
		.sh_flags = SHF_INFO_LINK,
		.sh_addralign = 8,
		.sh_entsize = sizeof(Elf64_Rela),
		.sh_link = (Elf64_Word)symtab,
		.sh_info = sec->index,
	};
	char name[256];

	if (!relas)
		return no_memory(w);
	w->owned[w->nr_owned++] = relas;
	for (size_t i = 0; i < sec->nr_relocs; i++) {
		const struct elf_reloc *r = &sec->relocs[i];

		relas[i].r_offset = r->offset;
		relas[i].r_info = ELF64_R_INFO((Elf64_Xword)w->position[r->symbol->index], r->type);
		relas[i].r_addend = r->addend;
	}
	snprintf(name, sizeof(name), ".rela%s", sec->name);
	return add_raw(w, name, &sh, relas, sec->nr_relocs * sizeof(*relas), ELF_T_RELA);
}

/* The string table holds the section names too; its index may not fit the header. */
static int set_shstrndx(struct writer *w, size_t index)
{
	Elf_Scn *zero = elf_getscn(w->e, 0);
	GElf_Ehdr eh;
	GElf_Shdr sh;

	if (!gelf_getehdr(w->e, &eh))
		return -EIO;
	eh.e_shstrndx = (Elf64_Half)(index < SHN_LORESERVE ? index : SHN_XINDEX);
	if (!gelf_update_ehdr(w->e, &eh))
		return -EIO;
	if (index < SHN_LORESERVE)
		return 0;
	if (!zero || !gelf_getshdr(zero, &sh))
		return -EIO;
	sh.sh_link = (Elf64_Word)index;
	return gelf_update_shdr(zero, &sh) ? 0 : -EIO;
}

static int write_all(struct writer *w)
{
	const struct elf_file *elf = w->elf;
	/* File order: contents, relocations, symbols, [extended indices], strings. */
	size_t nr_rela = 0, symtab, strtab;
	bool extended = elf->nr_sections >= SHN_LORESERVE;
	GElf_Ehdr eh;
	int rc;

	for (size_t i = 1; i < elf->nr_sections; i++)
		nr_rela += elf->sections[i]->nr_relocs != 0;
	symtab = elf->nr_sections + nr_rela;
	strtab = symtab + 1 + extended;
	w->owned = calloc(nr_rela + 1, sizeof(w->owned[0]));
	if (!w->owned)
		return no_memory(w);

	if (!gelf_newehdr(w->e, ELFCLASS64) || !gelf_getehdr(w->e, &eh))
		return error_set(w->err, -EIO, "%s: %s", elf->path, elf_errmsg(-1));
	eh.e_ident[EI_DATA] = ELFDATA2LSB;
	eh.e_type = ET_REL;
	eh.e_machine = elf->machine;
	eh.e_flags = elf->eflags;
	eh.e_version = EV_CURRENT;
	if (!gelf_update_ehdr(w->e, &eh))
		return error_set(w->err, -EIO, "%s: %s", elf->path, elf_errmsg(-1));

	rc = make_symbols(w);
	if (!rc)
		rc = write_sections(w);
	for (size_t i = 1; !rc && i < elf->nr_sections; i++)
		if (elf->sections[i]->nr_relocs)
			rc = write_relocs(w, elf->sections[i], symtab);
	if (!rc) {
		GElf_Shdr sh = {
			.sh_type = SHT_SYMTAB,
			.sh_addralign = 8,
			.sh_entsize = sizeof(Elf64_Sym),
			.sh_link = (Elf64_Word)strtab,
			.sh_info = (Elf64_Word)w->nr_local,
		};

		rc = add_raw(w, ".symtab", &sh, w->syms, elf->nr_symbols * sizeof(Elf64_Sym),
			     ELF_T_SYM);
	}
	if (!rc && extended) {
		GElf_Shdr sh = {
			.sh_type = SHT_SYMTAB_SHNDX,
			.sh_addralign = 4,
			.sh_entsize = 4,
			.sh_link = (Elf64_Word)symtab,
		};

		rc = add_raw(w, ".symtab_shndx", &sh, w->xindex, elf->nr_symbols * 4, ELF_T_WORD);
	}
	if (!rc) {
		GElf_Shdr sh = { .sh_type = SHT_STRTAB, .sh_addralign = 1 };
		Elf_Scn *scn;
		Elf_Data *data;

		rc = add_raw(w, ".strtab", &sh, NULL, 0, ELF_T_BYTE);
		/* Its own name was the last string: now the size is known. */
		scn = elf_getscn(w->e, strtab);
		data = scn ? elf_getdata(scn, NULL) : NULL;
		if (!rc && data) {
			data->d_buf = w->strings;
			data->d_size = w->strings_size;
		}
		if (!rc && (!data || set_shstrndx(w, strtab)))
			rc = error_set(w->err, -EIO, "%s: %s", elf->path, elf_errmsg(-1));
	}
	if (!rc && elf_update(w->e, ELF_C_WRITE) < 0)
		rc = error_set(w->err, -EIO, "%s: %s", elf->path, elf_errmsg(-1));
	return rc;
}

int elf_write(const struct elf_file *elf, const char *path, struct error *err)
{
	struct writer w = { .elf = elf, .err = err };
	char *tmp = NULL;
	int fd, rc;

	if (elf_version(EV_CURRENT) == EV_NONE)
		return error_set(err, -EINVAL, "libelf: %s", elf_errmsg(-1));
	if (asprintf(&tmp, "%s.tmp%ld", path, (long)getpid()) < 0)
		return error_set(err, -ENOMEM, "%s: out of memory", path);
	fd = open(tmp, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	if (fd < 0) {
		rc = error_set(err, -errno, "%s: %s", tmp, strerror(errno));
		free(tmp);
		return rc;
	}
	w.e = elf_begin(fd, ELF_C_WRITE, NULL);
	if (!w.e)
		rc = error_set(err, -EIO, "%s: %s", path, elf_errmsg(-1));
	else
		rc = write_all(&w);
	elf_end(w.e);
	if (close(fd) && !rc)
		rc = error_set(err, -errno, "%s: %s", tmp, strerror(errno));
	if (!rc && rename(tmp, path))
		rc = error_set(err, -errno, "%s: %s", path, strerror(errno));
	if (rc)
		unlink(tmp);
	for (size_t i = 0; i < w.nr_owned; i++)
		free(w.owned[i]);
	free(w.owned);
	free(w.position);
	free(w.syms);
	free(w.xindex);
	free(w.strings);
	free(tmp);
	return rc;
}
