// SPDX-License-Identifier: GPL-2.0-only
/* Reads images, writes candidate tables; both as ksplice_format.h has them. */
#include "candidates.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "candidate_table.h"
#include "cleanup.h"
#include "unit_image.h"

static const char *name_of(const struct ksplice_image *image, const struct ksplice_symbol *symbol)
{
	return unit_image_name(image, symbol->name);
}

/* Is it a symbol that kallsyms can know? */
static bool has_candidates(const struct ksplice_image *image, const struct ksplice_symbol *symbol)
{
	return symbol->type != KSPLICE_SYM_SECTION && symbol->section != KSPLICE_ABS &&
	       *name_of(image, symbol);
}

/* What kallsyms has beside a symbol that is exported, in its owner: NULL for no memory. */
static char *export_label(const struct ksplice_image *image, const struct ksplice_symbol *symbol)
{
	char *label;

	return asprintf(&label, "__ksymtab_%s", name_of(image, symbol)) < 0 ? NULL : label;
}

/*
 * Of a per-CPU variable X, kallsyms has the offset, and not init_per_cpu__X, which the linker
 * script makes of it (arch/x86/kernel/vmlinux.lds.S): where the kernel's image has what it begins
 * with. Returns the variable's name, or NULL for any other symbol.
 */
static const char *initial_percpu(const struct ksplice_image *image,
				  const struct ksplice_symbol *symbol)
{
	static const char prefix[] = "init_per_cpu__";
	const char *name = name_of(image, symbol);

	if (symbol->section != KSPLICE_EXTERN || strncmp(name, prefix, sizeof(prefix) - 1) != 0)
		return NULL;
	return name + sizeof(prefix) - 1;
}

/* Where all that per-CPU variables begin with is. */
static const char percpu_image[] = "__per_cpu_load";

static int want(struct kallsyms *k, const struct ksplice_image *image,
		const struct ksplice_symbol *symbol)
{
	_cleanup_free_ char *label = NULL;
	const char *variable;

	if (!has_candidates(image, symbol))
		return 0;
	variable = initial_percpu(image, symbol);
	if (variable && (kallsyms_want(k, variable) || kallsyms_want(k, percpu_image)))
		return -1;
	if (kallsyms_want(k, name_of(image, symbol)))
		return -1;
	if (symbol->section != KSPLICE_EXTERN)
		return 0;
	label = export_label(image, symbol);
	return label ? kallsyms_want(k, label) : -1;
}

int candidates_want(struct kallsyms *k, const void *images, size_t size, struct failure *f)
{
	if (!images || !size)
		return fail(f, STATUS_FAILED, "bad_update",
			    "the update's image of the old code: there is none");
	for (size_t at = 0; at < size;) {
		const struct ksplice_image *image = unit_image_at(images, size, at, f);

		if (!image)
			return -1;
		for (uint32_t i = 0; i < image->nr_symbols; i++) {
			if (want(k, image, &unit_image_symbols(image)[i]))
				return fail_memory(f);
		}
		at += image->size;
	}
	return 0;
}

#define CORE_NAME(name) #name,
static const char *const core_names[] = { KSPLICE_CORE_SYMBOLS(CORE_NAME) };

int candidates_want_core(struct kallsyms *k, struct failure *f)
{
	for (size_t i = 0; i < KSPLICE_NR_CORE_SYMBOLS; i++) {
		if (kallsyms_want(k, core_names[i]))
			return fail_memory(f);
	}
	return 0;
}

/*
 * Who exports a symbol, as far as kallsyms says: it has a label for each export, if it has any of
 * data.
 */
struct exports {
	const struct kallsyms_entry *labels;
	size_t count;
};

static bool may_export(const struct exports *exports, const char *module)
{
	for (size_t i = 0; i < exports->count; i++)
		if (!strcmp(exports->labels[i].module, module))
			return true;
	return !exports->count;
}

/*
 * Can the entry be what the symbol means? A definition lies in the target
 * itself. An extern of vmlinux does as well; one of a module lies in the
 * module, or is an export. One of vmlinux is global there (upper case); one of
 * another module is not, if it is for GPL modules only: kallsyms shows upper
 * case for the others alone.
 */
static bool is_possible(const struct kallsyms_entry *entry, const struct ksplice_symbol *symbol,
			const struct exports *exports, const char *target)
{
	const char *owner = *entry->module ? entry->module : "vmlinux";

	if (!strcmp(owner, target))
		return true;
	return symbol->section == KSPLICE_EXTERN && strcmp(target, "vmlinux") &&
	       (*entry->module || (entry->type >= 'A' && entry->type <= 'Z')) &&
	       may_export(exports, entry->module);
}

static int add_initial_percpu(struct candidate_table *table, const struct kallsyms *k,
			      uint32_t unit_id, uint32_t symbol, const char *variable)
{
	const struct kallsyms_entry *starts, *offsets;
	size_t nr_starts, nr_offsets;

	starts = kallsyms_find(k, percpu_image, &nr_starts);
	offsets = kallsyms_find(k, variable, &nr_offsets);
	for (size_t i = 0; i < nr_offsets && nr_starts == 1; i++) {
		if (*offsets[i].module || offsets[i].type != 'A')
			continue;
		if (table_add(table, unit_id, symbol, starts[0].address + offsets[i].address,
			      starts[0].type))
			return -1;
	}
	return 0;
}

static int add_symbol(struct candidate_table *table, const struct kallsyms *k,
		      const struct ksplice_image *image, uint32_t i, const char *target)
{
	const struct ksplice_symbol *symbol = &unit_image_symbols(image)[i];
	_cleanup_free_ char *label = export_label(image, symbol);
	const char *variable = initial_percpu(image, symbol);
	const struct kallsyms_entry *entries;
	struct exports exports;
	size_t count;

	if (!label)
		return -1;
	if (variable && !strcmp(target, "vmlinux"))
		return add_initial_percpu(table, k, image->unit_id, i, variable);
	exports.labels = kallsyms_find(k, label, &exports.count);
	entries = kallsyms_find(k, name_of(image, symbol), &count);
	for (size_t j = 0; j < count; j++) {
		if (is_possible(&entries[j], symbol, &exports, target) &&
		    table_add(table, image->unit_id, i, entries[j].address, entries[j].type))
			return -1;
	}
	return 0;
}

/* ---- what a module has freed ------------------------------------------------- */

/* The freed section that a symbol of the image is in, or NULL. */
static const char *freed_section(const struct ksplice_image *image,
				 const struct ksplice_symbol *symbol)
{
	const struct ksplice_section *section;

	if (symbol->section >= image->nr_sections)
		return NULL;
	section = &unit_image_sections(image)[symbol->section];
	return section->kind == KSPLICE_FREED ? unit_image_name(image, section->name) : NULL;
}

/* By the module's file: where it has the name. */
static int add_by_name(struct candidate_table *table, const struct freed *freed, uint32_t unit_id,
		       uint32_t symbol, const char *name, bool global)
{
	const struct freed_symbol *found;
	size_t count;

	found = freed_find(freed, name, &count);
	for (size_t i = 0; i < count; i++)
		if (found[i].global == global &&
		    table_add_freed(table, unit_id, symbol, found[i].address, 1))
			return -1;
	return 0;
}

/* By the sections alone: where that of the given name was; any, if none has it or NULL is given. */
static int add_by_section(struct candidate_table *table, const struct freed *freed,
			  uint32_t unit_id, uint32_t symbol, const char *name)
{
	bool known = false;

	for (size_t i = 0; i < freed->nr_sections && name; i++)
		known |= !strcmp(freed->sections[i].name, name);
	for (size_t i = 0; i < freed->nr_sections; i++) {
		const struct freed_section *section = &freed->sections[i];

		if ((!known || !strcmp(section->name, name)) &&
		    table_add_freed(table, unit_id, symbol, section->address, section->size))
			return -1;
	}
	return 0;
}

static int add_freed(struct candidate_table *table, const struct freed *freed,
		     const struct ksplice_image *image, uint32_t i)
{
	const struct ksplice_symbol *symbol = &unit_image_symbols(image)[i];
	bool linked = symbol->section == KSPLICE_EXTERN || (symbol->flags & KSPLICE_SYM_WEAK);
	const char *section = freed_section(image, symbol);

	if (!linked && !section)
		return 0;
	if (freed->has_symbols && has_candidates(image, symbol))
		return add_by_name(table, freed, image->unit_id, i, name_of(image, symbol),
				   linked || (symbol->flags & KSPLICE_SYM_GLOBAL));
	/* Of a weak symbol that is not freed, only its own definition is left to look at. */
	if (!section && symbol->section != KSPLICE_EXTERN)
		return 0;
	return add_by_section(table, freed, image->unit_id, i, section);
}

/* ------------------------------------------------------------------------------ */

static int add_image(struct candidate_table *table, const struct kallsyms *k,
		     const struct freed *freed, const struct ksplice_image *image,
		     const char *target)
{
	for (uint32_t i = 0; i < image->nr_symbols; i++) {
		const struct ksplice_symbol *symbol = &unit_image_symbols(image)[i];

		if (has_candidates(image, symbol) && add_symbol(table, k, image, i, target))
			return -1;
		if (freed && freed->has_sections && add_freed(table, freed, image, i))
			return -1;
	}
	return 0;
}

static int begin(struct candidate_table *table, const char *id, const char *target, uint32_t flags,
		 struct failure *f)
{
	return table_init(table, id, target, flags) ?
		       fail(f, STATUS_FAILED, "bad_update",
			    "the name of the update or the target is too long") :
		       0;
}

int candidates_make(const struct kallsyms *k, const struct freed *freed, const void *images,
		    size_t images_size, const char *id, const char *target, void **blob,
		    size_t *size, struct failure *f)
{
	_cleanup_table_ struct candidate_table table = { 0 };

	if (begin(&table, id, target, freed && freed->has_sections ? KSPLICE_CANDIDATES_FREED : 0,
		  f))
		return -1;
	for (size_t at = 0; at < images_size;) {
		const struct ksplice_image *image = unit_image_at(images, images_size, at, f);

		if (!image)
			return -1;
		if (add_image(&table, k, freed, image, target))
			return fail_memory(f);
		at += image->size;
	}
	return table_finish(&table, blob, size) ? fail_memory(f) : 0;
}

int candidates_make_core(const struct kallsyms *k, void **blob, size_t *size, struct failure *f)
{
	_cleanup_table_ struct candidate_table table = { 0 };

	if (begin(&table, "", "vmlinux", 0, f))
		return -1;
	for (uint32_t i = 0; i < KSPLICE_NR_CORE_SYMBOLS; i++) {
		const struct kallsyms_entry *entries;
		size_t count;

		entries = kallsyms_find(k, core_names[i], &count);
		for (size_t j = 0; j < count; j++) {
			if (!*entries[j].module &&
			    table_add(&table, 0, i, entries[j].address, entries[j].type))
				return fail_memory(f);
		}
	}
	return table_finish(&table, blob, size) ? fail_memory(f) : 0;
}
