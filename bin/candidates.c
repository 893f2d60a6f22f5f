// SPDX-License-Identifier: GPL-2.0-only
/* Reads images, writes candidate tables; both as ksplice_format.h has them. */
#include "candidates.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../kmodsrc/ksplice_format.h"
#include "cleanup.h"

/* A table that grows. */
struct table {
	struct ksplice_candidates *head; /* followed by the entries */
	size_t capacity; /* of entries */
};

static int bad(struct failure *f, const char *why)
{
	return fail(f, STATUS_FAILED, "bad_update", "the update's image of the old code: %s", why);
}

static bool is_inside(uint64_t offset, uint64_t count, uint64_t item, uint64_t size)
{
	return offset <= size && count <= (size - offset) / item;
}

/* The image at `at', or NULL when it is not sound. */
static const struct ksplice_image *check_image(const unsigned char *images, size_t size, size_t at,
					       struct failure *f)
{
	const struct ksplice_image *image = (const void *)(images + at);
	const struct ksplice_symbol *symbols;
	const char *strings;

	if (size - at < sizeof(*image) || image->magic != KSPLICE_IMAGE_MAGIC) {
		bad(f, "damaged header");
		return NULL;
	}
	if (image->version != KSPLICE_FORMAT_VERSION) {
		fail(f, STATUS_FAILED, "bad_update",
		     "the update's modules have format %u, this program knows %u", image->version,
		     KSPLICE_FORMAT_VERSION);
		return NULL;
	}
	if (image->size < sizeof(*image) || image->size > size - at ||
	    image->size % KSPLICE_IMAGE_ALIGN) {
		bad(f, "wrong size");
		return NULL;
	}
	if (image->symbols_off % 8 ||
	    !is_inside(image->symbols_off, image->nr_symbols, sizeof(*symbols), image->size) ||
	    !is_inside(image->strings_off, image->strings_size, 1, image->size) ||
	    !image->strings_size) {
		bad(f, "a table is outside of it");
		return NULL;
	}
	strings = (const char *)image + image->strings_off;
	if (strings[image->strings_size - 1]) {
		bad(f, "the names do not end");
		return NULL;
	}
	symbols = (const void *)((const char *)image + image->symbols_off);
	for (uint32_t i = 0; i < image->nr_symbols; i++) {
		if (symbols[i].name >= image->strings_size) {
			bad(f, "a name is outside of it");
			return NULL;
		}
	}
	return image;
}

static const struct ksplice_symbol *symbols_of(const struct ksplice_image *image)
{
	return (const void *)((const char *)image + image->symbols_off);
}

static const char *name_of(const struct ksplice_image *image, const struct ksplice_symbol *symbol)
{
	return (const char *)image + image->strings_off + symbol->name;
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
		return bad(f, "there is none");
	if ((uintptr_t)images % 8)
		return bad(f, "not aligned");
	for (size_t at = 0; at < size;) {
		const struct ksplice_image *image = check_image(images, size, at, f);

		if (!image)
			return -1;
		for (uint32_t i = 0; i < image->nr_symbols; i++) {
			if (want(k, image, &symbols_of(image)[i]))
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

static int table_init(struct table *table, const char *id, const char *target, struct failure *f)
{
	table->capacity = 256;
	table->head = calloc(1, sizeof(*table->head) +
					table->capacity * sizeof(struct ksplice_candidate));
	if (!table->head)
		return fail_memory(f);
	table->head->magic = KSPLICE_CANDIDATES_MAGIC;
	table->head->version = KSPLICE_FORMAT_VERSION;
	if (strlen(id) >= sizeof(table->head->id) || strlen(target) >= sizeof(table->head->target))
		return bad(f, "the name of the update or the target is too long");
	strcpy(table->head->id, id);
	strcpy(table->head->target, target);
	return 0;
}

static struct ksplice_candidate *table_entries(const struct table *table)
{
	return (void *)(table->head + 1);
}

static int table_add(struct table *table, uint32_t unit_id, uint32_t symbol,
		     const struct kallsyms_entry *entry)
{
	struct ksplice_candidate *new;

	if (table->head->nr_entries == table->capacity) {
		size_t capacity = 2 * table->capacity;
		void *larger =
			realloc(table->head,
				sizeof(*table->head) + capacity * sizeof(struct ksplice_candidate));

		if (!larger)
			return -1;
		table->head = larger;
		table->capacity = capacity;
	}
	new = &table_entries(table)[table->head->nr_entries++];
	memset(new, 0, sizeof(*new));
	new->unit_id = unit_id;
	new->symbol = symbol;
	new->address = entry->address;
	new->type = (unsigned char)entry->type;
	return 0;
}

static int compare(const void *a, const void *b)
{
	const struct ksplice_candidate *x = a, *y = b;

	if (x->unit_id != y->unit_id)
		return x->unit_id < y->unit_id ? -1 : 1;
	if (x->symbol != y->symbol)
		return x->symbol < y->symbol ? -1 : 1;
	if (x->address != y->address)
		return x->address < y->address ? -1 : 1;
	return (int)x->type - (int)y->type;
}

/* Sorts, drops what is there twice, and hands the table over. */
static void table_finish(struct table *table, void **blob, size_t *size)
{
	struct ksplice_candidate *entries = table_entries(table);
	uint32_t count = table->head->nr_entries, kept = 0;

	qsort(entries, count, sizeof(*entries), compare);
	for (uint32_t i = 0; i < count; i++) {
		if (!kept || compare(&entries[kept - 1], &entries[i]))
			entries[kept++] = entries[i];
	}
	table->head->nr_entries = kept;
	table->head->size = sizeof(*table->head) + kept * sizeof(*entries);
	*blob = table->head;
	*size = table->head->size;
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

static int add_initial_percpu(struct table *table, const struct kallsyms *k, uint32_t unit_id,
			      uint32_t symbol, const char *variable)
{
	const struct kallsyms_entry *starts, *offsets;
	size_t nr_starts, nr_offsets;

	starts = kallsyms_find(k, percpu_image, &nr_starts);
	offsets = kallsyms_find(k, variable, &nr_offsets);
	for (size_t i = 0; i < nr_offsets && nr_starts == 1; i++) {
		struct kallsyms_entry entry = starts[0];

		if (*offsets[i].module || offsets[i].type != 'A')
			continue;
		entry.address += offsets[i].address;
		if (table_add(table, unit_id, symbol, &entry))
			return -1;
	}
	return 0;
}

static int add_symbol(struct table *table, const struct kallsyms *k,
		      const struct ksplice_image *image, uint32_t i, const char *target)
{
	const struct ksplice_symbol *symbol = &symbols_of(image)[i];
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
		    table_add(table, image->unit_id, i, &entries[j]))
			return -1;
	}
	return 0;
}

static int add_image(struct table *table, const struct kallsyms *k,
		     const struct ksplice_image *image, const char *target)
{
	for (uint32_t i = 0; i < image->nr_symbols; i++)
		if (has_candidates(image, &symbols_of(image)[i]) &&
		    add_symbol(table, k, image, i, target))
			return -1;
	return 0;
}

int candidates_make(const struct kallsyms *k, const void *images, size_t images_size,
		    const char *id, const char *target, void **blob, size_t *size,
		    struct failure *f)
{
	struct table table = { 0 };

	if (table_init(&table, id, target, f))
		goto error;
	for (size_t at = 0; at < images_size;) {
		const struct ksplice_image *image = check_image(images, images_size, at, f);

		if (!image)
			goto error;
		if (add_image(&table, k, image, target)) {
			fail_memory(f);
			goto error;
		}
		at += image->size;
	}
	table_finish(&table, blob, size);
	return 0;

error:
	free(table.head);
	return -1;
}

int candidates_make_core(const struct kallsyms *k, void **blob, size_t *size, struct failure *f)
{
	struct table table = { 0 };

	if (table_init(&table, "", "vmlinux", f))
		goto error;
	for (uint32_t i = 0; i < KSPLICE_NR_CORE_SYMBOLS; i++) {
		const struct kallsyms_entry *entries;
		size_t count;

		entries = kallsyms_find(k, core_names[i], &count);
		for (size_t j = 0; j < count; j++) {
			if (!*entries[j].module && table_add(&table, 0, i, &entries[j])) {
				fail_memory(f);
				goto error;
			}
		}
	}
	table_finish(&table, blob, size);
	return 0;

error:
	free(table.head);
	return -1;
}
