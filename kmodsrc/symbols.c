// SPDX-License-Identifier: GPL-2.0-only
/*
 * What user space told of kallsyms. All of it is a hint: match.c believes an
 * address only when the code in memory agrees with it.
 */
#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/string.h>

#include "ksplice.h"

/* Set once, before the first update is loaded; 0: user space gave none. */
static unsigned long core_addresses[KSPLICE_NR_CORE_SYMBOLS];

static const struct ksplice_candidate *entries(const struct ksplice_candidates *c)
{
	return (const struct ksplice_candidate *)(c + 1);
}

static int compare(const struct ksplice_candidate *c, u32 unit_id, u32 symbol)
{
	if (c->unit_id != unit_id)
		return c->unit_id < unit_id ? -1 : 1;
	return c->symbol < symbol ? -1 : c->symbol > symbol;
}

int ksplice_candidates_check(const void *blob, size_t size)
{
	const struct ksplice_candidates *c = blob;
	u32 i;

	if (size < sizeof(*c) || c->magic != KSPLICE_CANDIDATES_MAGIC ||
	    c->version != KSPLICE_FORMAT_VERSION || c->size != size)
		return -EINVAL;
	if (c->nr_entries != (size - sizeof(*c)) / sizeof(struct ksplice_candidate) ||
	    (size - sizeof(*c)) % sizeof(struct ksplice_candidate))
		return -EINVAL;
	if (!memchr(c->id, 0, sizeof(c->id)) || !memchr(c->target, 0, sizeof(c->target)))
		return -EINVAL;
	for (i = 1; i < c->nr_entries; i++)
		if (compare(&entries(c)[i - 1], entries(c)[i].unit_id, entries(c)[i].symbol) > 0)
			return -EINVAL;
	return 0;
}

const struct ksplice_candidate *
ksplice_candidates_find(const struct ksplice_candidates *c, u32 unit_id, u32 symbol, u32 *count)
{
	const struct ksplice_candidate *first = entries(c);
	u32 low = 0, high = c->nr_entries, end;

	while (low < high) {
		u32 middle = low + (high - low) / 2;

		if (compare(&first[middle], unit_id, symbol) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	end = low;
	while (end < c->nr_entries && !compare(&first[end], unit_id, symbol))
		end++;
	*count = end - low;
	return first + low;
}

unsigned long ksplice_core_address(enum ksplice_core_symbol symbol)
{
	return symbol < KSPLICE_NR_CORE_SYMBOLS ? core_addresses[symbol] : 0;
}

void ksplice_core_addresses_set(const struct ksplice_candidates *c)
{
	u32 i, j, count;

	for (i = 0; i < KSPLICE_NR_CORE_SYMBOLS; i++) {
		const struct ksplice_candidate *found = ksplice_candidates_find(c, 0, i, &count);
		unsigned long address = count ? found[0].address : 0;

		/* Two symbols of one name: neither can be trusted. */
		for (j = 1; j < count; j++)
			if (found[j].address != address)
				address = 0;
		core_addresses[i] = address;
	}
}
