// SPDX-License-Identifier: GPL-2.0-only
/* Looks into a .ko with libelf. */
#include "module_file.h"

#include <stdbool.h>
#include <string.h>
#include <sys/utsname.h>

#include <gelf.h>

#include "../kmodsrc/ksplice_format.h"
#include "update_file.h"

static int bad(struct failure *f, const struct update_member *member, const char *why)
{
	return fail(f, STATUS_FAILED, "bad_update", "%s: %s", member->name, why);
}

static void close_elf(Elf **elf)
{
	if (*elf)
		elf_end(*elf);
}
#define _cleanup_elf_end_ __attribute__((cleanup(close_elf)))

/* The value of `key' in a .modinfo section (NUL-terminated key=value), or NULL. */
static const char *find_info(const char *info, size_t size, const char *key)
{
	size_t length = strlen(key);

	if (!info || !size || info[size - 1])
		return NULL;
	for (const char *at = info; at < info + size; at += strlen(at) + 1) {
		if (!strncmp(at, key, length) && at[length] == '=')
			return at + length + 1;
	}
	return NULL;
}

static int check_header(Elf *elf, const struct update_member *member, struct failure *f)
{
	struct utsname uts;
	GElf_Ehdr header;

	if (elf_kind(elf) != ELF_K_ELF || !gelf_getehdr(elf, &header))
		return bad(f, member, "not an ELF file");
	if (header.e_type != ET_REL)
		return bad(f, member, "not a kernel module");
	if (uname(&uts))
		return bad(f, member, "uname failed");
	if (!strcmp(uts.machine, "x86_64") &&
	    (header.e_machine != EM_X86_64 || gelf_getclass(elf) != ELFCLASS64)) {
		fail(f, STATUS_FAILED, "bad_update", "%s: for another machine (ELF machine %u)",
		     member->name, header.e_machine);
		return -1;
	}
	return 0;
}

/* The contents of a section within the file, or NULL. */
static const void *section_data(const struct update_member *member, const GElf_Shdr *header)
{
	if (header->sh_type == SHT_NOBITS || header->sh_offset > member->size ||
	    header->sh_size > member->size - header->sh_offset)
		return NULL;
	return member->data + header->sh_offset;
}

int module_file_read(const struct update_member *member, struct module_file *ret, struct failure *f)
{
	_cleanup_elf_end_ Elf *elf = NULL;
	Elf_Scn *section = NULL;
	size_t names;

	memset(ret, 0, sizeof(*ret));
	elf_version(EV_CURRENT);
	elf = elf_memory((char *)member->data, member->size);
	if (!elf)
		return bad(f, member, "not an ELF file");
	if (check_header(elf, member, f))
		return -1;
	if (elf_getshdrstrndx(elf, &names))
		return bad(f, member, "damaged: no section names");

	while ((section = elf_nextscn(elf, section))) {
		const char *name, *data;
		GElf_Shdr header;

		if (!gelf_getshdr(section, &header))
			return bad(f, member, "damaged: section headers");
		name = elf_strptr(elf, names, header.sh_name);
		if (!name)
			return bad(f, member, "damaged: section names");
		data = section_data(member, &header);
		if (!data && header.sh_type != SHT_NOBITS && header.sh_type != SHT_NULL)
			return bad(f, member, "truncated");
		if (!strcmp(name, ".modinfo")) {
			ret->name = find_info(data, header.sh_size, "name");
			ret->vermagic = find_info(data, header.sh_size, "vermagic");
		} else if (!strcmp(name, KSPLICE_SEC_IMAGE)) {
			ret->images = data;
			ret->images_size = data ? header.sh_size : 0;
		}
	}
	if (!ret->name || !*ret->name || strlen(ret->name) >= KSPLICE_TARGET_LEN ||
	    strchr(ret->name, '/') || !ret->vermagic)
		return bad(f, member, "not a kernel module");
	return 0;
}
