// SPDX-License-Identifier: GPL-2.0-only
#include "special.h"

#include <errno.h>
#include <string.h>

struct class_row {
	const char *name;
	bool prefix;
	enum section_class class;
};

/* The first row that fits decides. */
static const struct class_row rows[] = {
	/* Code and data that are not what their flags say. */
	{ ".altinstr_replacement", false, SECTION_CODE },
	{ ".altinstr_aux", false, SECTION_CODE },
	{ ".init.text", true, SECTION_INIT_CODE },
	{ ".head.text", false, SECTION_INIT_CODE },
	{ ".exit.text", true, SECTION_EXIT_CODE },
	{ ".exit.data", true, SECTION_EXIT_DATA },
	{ ".exit.rodata", true, SECTION_EXIT_DATA },
	{ ".exitcall.exit", false, SECTION_IGNORED },

	/* Read once, at boot or when the module is loaded. */
	{ ".init.setup", false, SECTION_REGISTRY },
	{ ".initcall", true, SECTION_REGISTRY },
	{ ".con_initcall", true, SECTION_REGISTRY },
	{ "__param", false, SECTION_REGISTRY },
	{ "__modver", false, SECTION_REGISTRY },
	{ "__tracepoints_ptrs", false, SECTION_REGISTRY },
	{ "_ftrace_events", false, SECTION_REGISTRY },
	{ "_ftrace_eval_map", false, SECTION_REGISTRY },
	{ "__bpf_raw_tp_map", false, SECTION_REGISTRY },
	{ "__syscalls_metadata", false, SECTION_REGISTRY },
	{ ".pci_fixup", true, SECTION_REGISTRY },
	{ "__earlycon_table", true, SECTION_REGISTRY },
	{ ".gnu.linkonce.this_module", false, SECTION_REGISTRY },
	{ ".ctors", true, SECTION_REGISTRY },
	{ ".init_array", true, SECTION_REGISTRY },
	{ ".init.rodata", true, SECTION_INIT_DATA },
	{ ".init.", true, SECTION_INIT_DATA },

	/* New exports, names and notes change no running code. */
	{ "___ksymtab", true, SECTION_IGNORED },
	{ "__ksymtab", true, SECTION_IGNORED },
	{ "__kcrctab", true, SECTION_IGNORED },
	{ ".export_symbol", false, SECTION_IGNORED },
	{ ".modinfo", false, SECTION_IGNORED },
	{ "__versions", false, SECTION_IGNORED },
	{ ".comment", false, SECTION_IGNORED },
	{ ".note", true, SECTION_IGNORED },
	{ ".debug", true, SECTION_IGNORED },
	/* Filled in after the final link: what is there can be used, nothing can be added. */
	{ ".BTF_ids", false, SECTION_UNKNOWN },
	{ ".BTF", true, SECTION_IGNORED },
	{ ".llvm", true, SECTION_IGNORED },
	{ ".eh_frame", true, SECTION_IGNORED },
	{ ".sframe", true, SECTION_IGNORED },
	{ ".printk_index", false, SECTION_IGNORED },
	{ "_error_injection_whitelist", false, SECTION_IGNORED },
	{ "__tracepoints_strings", false, SECTION_RODATA },
	{ ".static_call_tramp_key", false, SECTION_IGNORED },
	{ ".discard.addressable", false, SECTION_IGNORED },
	{ ".discard.sym_checksum", false, SECTION_IGNORED },
	{ "__patchable_function_entries", false, SECTION_IGNORED },
	/* objtool makes these; it will run on the new code. */
	{ ".orc_", true, SECTION_IGNORED },
	{ ".return_sites", false, SECTION_IGNORED },
	{ ".retpoline_sites", false, SECTION_IGNORED },
	{ ".call_sites", false, SECTION_IGNORED },
	{ ".static_call_sites", false, SECTION_IGNORED },
	{ ".ibt_endbr_seal", false, SECTION_IGNORED },

	{ "__dyndbg", false, SECTION_DATA },
	{ "__tracepoints", false, SECTION_DATA },
	{ "__tracepoint_str", false, SECTION_DATA },
	{ "__trace_printk_fmt", false, SECTION_DATA },
	{ ".ref.data", false, SECTION_DATA },
	{ ".ref.rodata", false, SECTION_RODATA },
	/* Mapped without encryption where memory is encrypted: only at boot. */
	{ ".data..decrypted", true, SECTION_UNKNOWN },
	{ ".data..percpu..decrypted", true, SECTION_UNKNOWN },
	{ ".bss..decrypted", true, SECTION_UNKNOWN },
	{ ".meminit.data", true, SECTION_DATA },
	{ ".meminit.rodata", true, SECTION_RODATA },
	{ ".data", true, SECTION_DATA },
	{ ".bss", true, SECTION_DATA },
};

static const struct special_table tables[] = {
	/* The line number is in front of the flags, which come last. */
	{ .name = "__bug_table", .sizes = { 12, 16, 8 }, .ignore_from_end = 4 },
	{ .name = "__ex_table", .sizes = { 12, 8 } },
	{ .name = ".altinstructions", .sizes = { 12, 14, 13 }, .ends_with_length = true },
	{ .name = ".parainstructions", .sizes = { 16 } },
	{ .name = ".smp_locks", .sizes = { 4 }, .unimportant = true },
	{ .name = "__jump_table", .sizes = { 16 } },
	{ .name = "__mcount_loc", .sizes = { 8 }, .unimportant = true },
	/* Where no probe may be: the new code has the same reasons. */
	{ .name = "_kprobe_blacklist", .sizes = { 8 }, .unimportant = true },
	/* What the module loader has to set up: belongs to the object. */
	{ .name = "___srcu_struct_ptrs", .sizes = { 8 }, .unimportant = true },
	{ .name = "runtime_", .prefix = true, .sizes = { 4 }, .unimportant = true, .runtime = true },
	{ .name = ".discard.", .prefix = true, .sizes = { 4, 8, 12, 16 }, .unimportant = true },
};

static bool name_fits(const char *name, const char *row, bool prefix)
{
	return prefix ? !strncmp(name, row, strlen(row)) : !strcmp(name, row);
}

const struct special_table *special_table_find(const struct elf_section *sec)
{
	for (size_t i = 0; i < sizeof(tables) / sizeof(tables[0]); i++)
		if (name_fits(sec->name, tables[i].name, tables[i].prefix))
			return &tables[i];
	return NULL;
}

enum section_class section_classify(const struct elf_section *sec)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (!name_fits(sec->name, rows[i].name, rows[i].prefix))
			continue;
		/* Literals stay literals, wherever they are. */
		if ((sec->flags & SHF_MERGE) && rows[i].class != SECTION_IGNORED)
			break;
		return rows[i].class;
	}
	if (special_table_find(sec))
		return SECTION_TABLE;
	if (!(sec->flags & SHF_ALLOC))
		return SECTION_IGNORED;
	if ((sec->flags & SHF_MERGE) && (sec->flags & SHF_STRINGS))
		return SECTION_STRINGS;
	if (sec->flags & SHF_MERGE)
		return SECTION_CONSTS;
	if (sec->flags & SHF_EXECINSTR)
		return SECTION_CODE;
	if (!(sec->flags & SHF_WRITE) && name_fits(sec->name, ".rodata", true))
		return SECTION_RODATA;
	return SECTION_UNKNOWN;
}

/* Every entry begins with a relocation, and there is one entry for each such. */
static bool size_fits(const struct elf_section *sec, unsigned int size)
{
	size_t r = 0;

	if (sec->size % size)
		return false;
	for (uint64_t off = 0; off < sec->size; off += size) {
		if (r >= sec->nr_relocs || sec->relocs[r].offset != off)
			return false;
		while (r < sec->nr_relocs && sec->relocs[r].offset < off + size)
			r++;
	}
	return r == sec->nr_relocs;
}

int special_entry_size(const struct elf_section *sec, const struct special_table *table,
		       unsigned int *ret, struct error *err)
{
	*ret = 0;
	if (!sec->size)
		return 0;
	/*
	 * The order of the sizes breaks ties: with one or few entries more than
	 * one may fit only if relocations are as dense as for that size.
	 */
	for (size_t i = 0; i < sizeof(table->sizes) && table->sizes[i]; i++) {
		if (size_fits(sec, table->sizes[i])) {
			*ret = table->sizes[i];
			return 0;
		}
	}
	return error_set(
		err, -EINVAL,
		"%s: section %s (%llu bytes, %zu relocations) has no entry size that is known",
		sec->elf->path, sec->name, (unsigned long long)sec->size, sec->nr_relocs);
}
