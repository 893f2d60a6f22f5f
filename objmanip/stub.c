// SPDX-License-Identifier: GPL-2.0-only
#include "stub.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../kmodsrc/ksplice_format.h"

#define STUB_SECTION ".text.ksplice_stubs"

/* The instruction length is the last byte but one of struct alt_instr. */
static bool covers(const struct atom *entry, uint64_t offset)
{
	uint64_t start = (uint64_t)entry->refs[0].place;
	unsigned char length = atom_bytes(entry)[atom_size(entry) - 2];

	return offset >= start && offset < start + length;
}

bool stub_is_patched_early(const struct atom *atom, const struct ref *ref)
{
	if (!strcmp(atom->sec->name, ".altinstr_replacement"))
		return true;
	for (size_t i = 0; i < atom->nr_entries; i++)
		if (atom->entries[i]->table->ends_with_length &&
		    covers(atom->entries[i], ref->offset))
			return true;
	return false;
}

static int add_stub(struct elf_file *out, const char *name, const char *suffix,
		    const unsigned char *code, size_t size, struct elf_symbol **ret)
{
	const char *mark = strstr(name, KSPLICE_UNDEF_MARK);
	int length = mark ? (int)(mark - name) : (int)strlen(name);
	struct elf_section *sec = elf_find_section(out, STUB_SECTION);
	char *symbol;
	uint64_t offset;

	if (!sec)
		sec = elf_add_section(out, STUB_SECTION, SHT_PROGBITS, SHF_ALLOC | SHF_EXECINSTR, 1,
				      0, NULL, 0);
	if (!sec || elf_append(sec, code, size, 1, &offset) ||
	    asprintf(&symbol, "%.*s%s", length, name, suffix) < 0)
		return -ENOMEM;
	*ret = elf_add_symbol(out, symbol, sec, offset, size, STT_FUNC, STB_LOCAL);
	free(symbol);
	return *ret ? 0 : -ENOMEM;
}

/* The stub whose jump goes there, or NULL. */
static struct elf_symbol *find_jump(const struct elf_file *out, const struct elf_symbol *to)
{
	const struct elf_section *sec = elf_find_section(out, STUB_SECTION);

	for (size_t r = 0; sec && r < sec->nr_relocs; r++) {
		if (sec->relocs[r].symbol != to)
			continue;
		for (size_t i = 1; i < out->nr_symbols; i++)
			if (out->symbols[i]->section == sec && out->symbols[i]->type == STT_FUNC &&
			    out->symbols[i]->value + 1 == sec->relocs[r].offset)
				return out->symbols[i];
	}
	return NULL;
}

int stub_jump(struct elf_file *out, struct elf_symbol *to, struct elf_symbol **ret)
{
	static const unsigned char jump[] = { 0xe9, 0, 0, 0, 0 };

	*ret = find_jump(out, to);
	if (*ret)
		return 0;
	if (add_stub(out, to->name, ".stub", jump, sizeof(jump), ret))
		return -ENOMEM;
	return elf_add_reloc((*ret)->section, (*ret)->value + 1, R_X86_64_PLT32, to, -4);
}

int stub_entry(struct elf_file *out, struct elf_symbol *to, struct elf_symbol **ret)
{
	static const unsigned char code[] = { 0xf3, 0x0f, 0x1e, 0xfa, 0xe9, 0, 0, 0, 0 };
	const struct elf_section *sec = elf_find_section(out, STUB_SECTION);

	for (size_t r = 0; sec && r < sec->nr_relocs; r++) {
		if (sec->relocs[r].symbol != to || sec->relocs[r].offset < 5)
			continue;
		for (size_t i = 1; i < out->nr_symbols; i++) {
			*ret = out->symbols[i];
			if ((*ret)->section == sec && (*ret)->type == STT_FUNC &&
			    (*ret)->value + 5 == sec->relocs[r].offset)
				return 0;
		}
	}
	if (add_stub(out, to->name, ".entry", code, sizeof(code), ret))
		return -ENOMEM;
	return elf_add_reloc((*ret)->section, (*ret)->value + 5, R_X86_64_PLT32, to, -4);
}

bool stub_needs_entry(const struct extract *x, const struct atom *target)
{
	static const unsigned char endbr[] = { 0xf3, 0x0f, 0x1e, 0xfa };
	const struct unit *pre = x->pre;

	if (!target->sym || atom_size(target) < sizeof(endbr) || !atom_bytes(target) ||
	    memcmp(atom_bytes(target), endbr, sizeof(endbr)) ||
	    symvers_exporter(x->symvers, target->sym->name))
		return false;
	for (size_t i = 0; i < pre->nr_atoms; i++) {
		const struct atom *from = pre->atoms[i];

		if (from->table || from->class == SECTION_IGNORED)
			continue;
		for (size_t r = 0; r < from->nr_refs; r++)
			if (from->refs[r].atom == target->twin && !from->refs[r].place &&
			    !ref_is_branch(from, &from->refs[r]))
				return false;
	}
	return true;
}

int stub_trap(struct elf_file *out, const char *name, struct elf_symbol **ret)
{
	static const unsigned char trap[] = { 0x0f, 0x0b }; /* ud2 */

	return add_stub(out, name, ".freed", trap, sizeof(trap), ret);
}
