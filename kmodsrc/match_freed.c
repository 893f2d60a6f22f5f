// SPDX-License-Identifier: GPL-2.0-only
/*
 * Where what the target has freed was: pointers to it may have stayed in what it keeps. Of vmlinux
 * kallsyms goes on telling; of a module it does not, and user space says what the module's sections
 * and its file tell (struct ksplice_freed). That can only narrow what this file holds possible
 * without it. See match.h.
 */
#include <linux/kernel.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/pgtable.h>

#include "match.h"

/* The entries of one symbol; NULL: none. */
static const struct ksplice_freed *entries_of(const struct ksplice_matcher *m,
					      const struct ksplice_unit *unit, u32 symbol,
					      u32 *count)
{
	*count = 0;
	if (!m->candidates)
		return NULL;
	return ksplice_candidates_freed(m->candidates, unit->image->unit_id, symbol, count);
}

static bool is_listed(const struct ksplice_freed *entries, u32 count, unsigned long address)
{
	u32 i;

	for (i = 0; i < count; i++)
		if (address - entries[i].address < entries[i].size)
			return true;
	return false;
}

/* The kernel's own word: modules lie there, and this one has nothing there now. */
static bool can_be_freed(const struct ksplice_matcher *m, unsigned long address)
{
	return address >= MODULES_VADDR && address < MODULES_END && !within_module(address, m->mod);
}

/* Has user space told all that there is to know? */
static bool is_told(const struct ksplice_matcher *m)
{
	return m->candidates && m->candidates->flags & KSPLICE_CANDIDATES_FREED;
}

bool ksplice_freed_named(const struct ksplice_matcher *m, const struct ksplice_unit *unit,
			 u32 symbol)
{
	const struct ksplice_freed *entries;
	u32 i, count;

	entries = entries_of(m, unit, symbol, &count);
	for (i = 0; i < count; i++)
		if (entries[i].size == 1)
			return true;
	return false;
}

bool ksplice_freed_possible(const struct ksplice_matcher *m, const struct ksplice_unit *unit,
			    u32 symbol, unsigned long address)
{
	const struct ksplice_freed *entries;
	u32 count;

	if (!can_be_freed(m, address))
		return false;
	entries = entries_of(m, unit, symbol, &count);
	return is_listed(entries, count, address) || !is_told(m);
}

bool ksplice_freed_placeable(const struct ksplice_matcher *m, const struct ksplice_unit *unit,
			     const struct ksplice_section *sec, unsigned long base)
{
	u32 i, count, listed = 0;

	if (!can_be_freed(m, base) || (sec->size && !can_be_freed(m, base + sec->size - 1)))
		return false;
	for (i = sec->first_symbol; i < sec->first_symbol + sec->nr_symbols; i++) {
		const struct ksplice_symbol *sym = &unit->symbols[i];
		const struct ksplice_freed *entries = entries_of(m, unit, i, &count);

		/* By its name alone, a weak one may be the one that was linked instead of this. */
		if (!count || ((sym->flags & KSPLICE_SYM_WEAK) && ksplice_freed_named(m, unit, i)))
			continue;
		if (!is_listed(entries, count, base + sym->offset))
			return false;
		listed++;
	}
	return listed || !is_told(m);
}
