// SPDX-License-Identifier: GPL-2.0-only
/* See candidate_table.h. */
#include "candidate_table.h"

#include <stdlib.h>
#include <string.h>

int table_init(struct candidate_table *table, const char *id, const char *target, uint32_t flags)
{
	table->head.magic = KSPLICE_CANDIDATES_MAGIC;
	table->head.version = KSPLICE_FORMAT_VERSION;
	table->head.flags = flags;
	if (strlen(id) >= sizeof(table->head.id) || strlen(target) >= sizeof(table->head.target))
		return -1;
	strcpy(table->head.id, id);
	strcpy(table->head.target, target);
	return 0;
}

/* Room for one more of `count' items; the capacity is the next power of two. NULL: no memory. */
static void *make_room(void *items, uint32_t count, size_t size)
{
	if (count & (count - 1))
		return items;
	return reallocarray(items, count ? 2 * (size_t)count : 1, size);
}

int table_add(struct candidate_table *table, uint32_t unit_id, uint32_t symbol, uint64_t address,
	      char type)
{
	struct ksplice_candidate *entries;

	entries = make_room(table->entries, table->head.nr_entries, sizeof(*entries));
	if (!entries)
		return -1;
	table->entries = entries;
	entries[table->head.nr_entries++] = (struct ksplice_candidate){
		.unit_id = unit_id,
		.symbol = symbol,
		.address = address,
		.type = (unsigned char)type,
	};
	return 0;
}

int table_add_freed(struct candidate_table *table, uint32_t unit_id, uint32_t symbol,
		    uint64_t address, uint64_t size)
{
	struct ksplice_freed *freed;

	freed = make_room(table->freed, table->head.nr_freed, sizeof(*freed));
	if (!freed)
		return -1;
	table->freed = freed;
	freed[table->head.nr_freed++] = (struct ksplice_freed){
		.unit_id = unit_id,
		.symbol = symbol,
		.address = address,
		.size = size,
	};
	return 0;
}

static int in_order(uint64_t a, uint64_t b)
{
	return a < b ? -1 : a > b;
}

static int compare_entries(const void *a, const void *b)
{
	const struct ksplice_candidate *x = a, *y = b;

	return in_order(x->unit_id, y->unit_id) ?: in_order(x->symbol, y->symbol) ?:
	       in_order(x->address, y->address) ?: in_order(x->type, y->type);
}

static int compare_freed(const void *a, const void *b)
{
	const struct ksplice_freed *x = a, *y = b;

	return in_order(x->unit_id, y->unit_id) ?: in_order(x->symbol, y->symbol) ?:
	       in_order(x->address, y->address) ?: in_order(x->size, y->size);
}

/* Sorts, and drops what is there twice. Returns how many are left. */
static uint32_t tidy(void *items, uint32_t count, size_t size,
		     int (*compare)(const void *, const void *))
{
	char *start = items;
	uint32_t kept = 0;

	if (!count)
		return 0;
	qsort(items, count, size, compare);
	for (uint32_t i = 0; i < count; i++)
		if (!kept || compare(start + (kept - 1) * size, start + i * size))
			memmove(start + kept++ * size, start + i * size, size);
	return kept;
}

int table_finish(struct candidate_table *table, void **blob, size_t *size)
{
	struct ksplice_candidates *head = &table->head;
	size_t entries, freed;
	char *data;

	head->nr_entries = tidy(table->entries, head->nr_entries, sizeof(*table->entries),
				compare_entries);
	head->nr_freed =
		tidy(table->freed, head->nr_freed, sizeof(*table->freed), compare_freed);
	entries = head->nr_entries * sizeof(*table->entries);
	freed = head->nr_freed * sizeof(*table->freed);
	head->size = sizeof(*head) + entries + freed;
	data = malloc(head->size);
	if (!data)
		return -1;
	memcpy(data, head, sizeof(*head));
	if (entries)
		memcpy(data + sizeof(*head), table->entries, entries);
	if (freed)
		memcpy(data + sizeof(*head) + entries, table->freed, freed);
	*blob = data;
	*size = head->size;
	return 0;
}

void table_free(struct candidate_table *table)
{
	free(table->entries);
	free(table->freed);
	memset(table, 0, sizeof(*table));
}
