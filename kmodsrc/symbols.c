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

static const struct ksplice_freed *freed(const struct ksplice_candidates *c)
{
	return (const struct ksplice_freed *)(entries(c) + c->nr_entries);
}

/* The order of both tables. */
static u64 key(u32 unit_id, u32 symbol)
{
	return (u64)unit_id << 32 | symbol;
}

static u64 entry_key(const struct ksplice_candidates *c, u32 i)
{
	return key(entries(c)[i].unit_id, entries(c)[i].symbol);
}

static u64 freed_key(const struct ksplice_candidates *c, u32 i)
{
	return key(freed(c)[i].unit_id, freed(c)[i].symbol);
}

int ksplice_candidates_check(const void *blob, size_t size)
{
	const struct ksplice_candidates *c = blob;
	u32 i;

	if (size < sizeof(*c) || c->magic != KSPLICE_CANDIDATES_MAGIC ||
	    c->version != KSPLICE_FORMAT_VERSION || c->size != size)
		return -EINVAL;
	if (size - sizeof(*c) != c->nr_entries * (u64)sizeof(struct ksplice_candidate) +
				 c->nr_freed * (u64)sizeof(struct ksplice_freed))
		return -EINVAL;
	if (!memchr(c->id, 0, sizeof(c->id)) || !memchr(c->target, 0, sizeof(c->target)))
		return -EINVAL;
	for (i = 1; i < c->nr_entries; i++)
		if (entry_key(c, i - 1) > entry_key(c, i))
			return -EINVAL;
	for (i = 1; i < c->nr_freed; i++)
		if (freed_key(c, i - 1) > freed_key(c, i))
			return -EINVAL;
	return 0;
}

/* The range of a table's indices that have a key: the first one, and how many. */
static u32 find_key(const struct ksplice_candidates *c, u32 nr,
		u64 (*key_of)(const struct ksplice_candidates *c, u32 i), u64 wanted, u32 *count)
{
	u32 low = 0, high = nr, end;

	while (low < high) {
		u32 middle = low + (high - low) / 2;

		if (key_of(c, middle) < wanted)
			low = middle + 1;
		else
			high = middle;
	}
	end = low;
	while (end < nr && key_of(c, end) == wanted)
		end++;
	*count = end - low;
	return low;
}

const struct ksplice_candidate *
ksplice_candidates_find(const struct ksplice_candidates *c, u32 unit_id, u32 symbol, u32 *count)
{
	return entries(c) + find_key(c, c->nr_entries, entry_key, key(unit_id, symbol), count);
}

const struct ksplice_freed *ksplice_candidates_freed(const struct ksplice_candidates *c,
						     u32 unit_id, u32 symbol, u32 *count)
{
	return freed(c) + find_key(c, c->nr_freed, freed_key, key(unit_id, symbol), count);
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
