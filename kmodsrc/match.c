// SPDX-License-Identifier: GPL-2.0-only
/*
 * Run-pre matching: the proof that the code in memory is the code that an
 * update was made from, and the addresses of its symbols as a by-product. This
 * file opens the images and answers for the result; match_learn.c knows what
 * an address can be, match_freed.c where what is gone was, match_solve.c finds
 * the addresses, match_compare.c compares sections, and match_reference.c the
 * references in them.
 */
#include <linux/errno.h>
#include <linux/kallsyms.h>
#include <linux/kernel.h>
#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "match.h"

/* ---- opening ------------------------------------------------------------- */

/* Counts the images, which follow each other without a gap. */
static int count_images(const void *images, size_t size, u32 *count, struct ksplice_abort *abort)
{
	struct ksplice_unit unit;
	size_t at = 0;

	for (*count = 0; at < size; (*count)++) {
		const char *why = ksplice_image_open(&unit, images + at, size - at);

		if (why)
			return ksplice_refuse(abort, KSPLICE_CAUSE_BAD_UPDATE,
					      "the image of unit %u is malformed: %s", *count, why);
		at += unit.image->size;
	}
	return 0;
}

static int open_unit(struct ksplice_matcher *m, struct ksplice_unit *unit)
{
	u32 i;

	for (i = 0; &m->match->units[i] != unit; i++)
		if (m->match->units[i].image->unit_id == unit->image->unit_id)
			return ksplice_refuse(m->abort, KSPLICE_CAUSE_BAD_UPDATE,
					      "unit %s is in the update twice",
					      ksplice_unit_name(unit));
	unit->places = kvcalloc(unit->image->nr_sections, sizeof(*unit->places), GFP_KERNEL);
	unit->values = kvcalloc(unit->image->nr_symbols, sizeof(*unit->values), GFP_KERNEL);
	if ((!unit->places && unit->image->nr_sections) ||
	    (!unit->values && unit->image->nr_symbols))
		return ksplice_refuse(m->abort, KSPLICE_CAUSE_NO_MEMORY,
				      "no memory to match unit %s", ksplice_unit_name(unit));
	for (i = 0; i < unit->image->nr_sections; i++)
		if (unit->sections[i].kind == KSPLICE_TEXT ||
		    unit->sections[i].kind == KSPLICE_RODATA)
			m->buffer_size = max_t(size_t, m->buffer_size, unit->sections[i].size);
	return 0;
}

static int open_images(struct ksplice_matcher *m, const void *images, size_t size)
{
	struct ksplice_match *match = m->match;
	size_t flags = 0;
	u32 i, count;
	int ret;

	ret = count_images(images, size, &count, m->abort);
	if (ret)
		return ret;
	match->units = kvcalloc(count, sizeof(*match->units), GFP_KERNEL);
	if (!match->units && count)
		return ksplice_refuse(m->abort, KSPLICE_CAUSE_NO_MEMORY, "no memory to match");
	for (i = 0; i < count; i++) {
		struct ksplice_unit *unit = &match->units[i];

		ksplice_image_open(unit, images, size);
		images += unit->image->size;
		size -= unit->image->size;
		match->nr_units++;
		ret = open_unit(m, unit);
		if (ret)
			return ret;
		flags += 2 * (size_t)unit->image->nr_sections + unit->image->nr_symbols;
	}
	/* Room for each flag once: a flag that is set is not set again. */
	m->journal = kvcalloc(flags + 1, sizeof(*m->journal), GFP_KERNEL);
	m->buffer = kvmalloc(m->buffer_size + 1, GFP_KERNEL);
	if (!m->journal || !m->buffer)
		return ksplice_refuse(m->abort, KSPLICE_CAUSE_NO_MEMORY, "no memory to match");
	return 0;
}

/* ---- symbols that new code needs ----------------------------------------- */

static int refuse_unknown(struct ksplice_matcher *m, const struct ksplice_unit *unit, u32 symbol,
			  const char *why)
{
	return ksplice_refuse(m->abort, KSPLICE_CAUSE_UNKNOWN_SYMBOL, "%s: the address of %s: %s",
			      ksplice_unit_name(unit), ksplice_unit_symbol_name(unit, symbol), why);
}

/*
 * Does the kernel itself say that a symbol begins at `address'? Which name it says is its choice,
 * where several symbols share an address.
 */
static bool is_beginning(unsigned long address)
{
	char buf[KSYM_SYMBOL_LEN];

	sprint_symbol(buf, address);
	return strstr(buf, "+0x0/");
}

/*
 * Decides on the address of a symbol of another unit that no code refers to: by
 * its name alone, so it must be the only global one of that name. kallsyms
 * shows a module's symbols as global only if they are exported.
 */
static int need_extern(struct ksplice_matcher *m, struct ksplice_unit *unit, u32 symbol)
{
	bool percpu = unit->symbols[symbol].flags & KSPLICE_SYM_PERCPU;
	const struct ksplice_candidate *c;
	unsigned long address = 0;
	u32 i, count, found = 0;

	c = ksplice_symbol_candidates(m, unit, symbol, &count);
	for (i = 0; i < count; i++) {
		bool global = c[i].type >= 'A' && c[i].type <= 'Z';

		if (!ksplice_linkable(m, unit, symbol, c[i].address) ||
		    (!global && !(m->mod && within_module(c[i].address, m->mod))))
			continue;
		if (found && c[i].address == address)
			continue;
		address = c[i].address;
		found++;
	}
	if (!found)
		return refuse_unknown(m, unit, symbol, "the kernel has no such global symbol");
	if (found > 1)
		return refuse_unknown(m, unit, symbol,
				      "the kernel has several global symbols of this name");
	if (!percpu && !is_beginning(address))
		return refuse_unknown(m, unit, symbol, "the kernel says that no symbol begins there");
	if (!ksplice_learn(m, unit, symbol, address))
		return refuse_unknown(m, unit, symbol, "it contradicts the code");
	return 0;
}

static int need_symbol(struct ksplice_matcher *m, struct ksplice_unit *unit, u32 symbol)
{
	const struct ksplice_symbol *sym = &unit->symbols[symbol];
	unsigned long address;
	int ret;

	if (!(sym->flags & KSPLICE_SYM_NEEDED))
		return 0;
	if (ksplice_known(unit, symbol, &address)) {
		if (unit->values[symbol].freed)
			return refuse_unknown(m, unit, symbol, "it has no lasting place in memory");
		return 0;
	}
	if (sym->section == KSPLICE_EXTERN)
		return need_extern(m, unit, symbol);
	if (sym->flags & KSPLICE_SYM_WEAK)
		return refuse_unknown(m, unit, symbol,
				      "it is weak, and nothing tells which definition is used");
	switch (unit->sections[sym->section].kind) {
	case KSPLICE_TEXT:
	case KSPLICE_RODATA:
	case KSPLICE_DATA:
		break;
	default:
		return refuse_unknown(m, unit, symbol, "it has no lasting place in memory");
	}
	ret = ksplice_solve_section(m, unit, sym->section);
	if (ret)
		return ret;
	ksplice_known(unit, symbol, &address);
	return 0;
}

/*
 * A weak symbol that no code refers to: its own definition is the one in use if
 * kallsyms has the name there.
 */
static void settle_weak(struct ksplice_matcher *m, struct ksplice_unit *unit, u32 symbol)
{
	const struct ksplice_symbol *sym = &unit->symbols[symbol];
	const struct ksplice_candidate *c;
	u32 i, count;

	if (!(sym->flags & KSPLICE_SYM_WEAK) || !ksplice_symbol_defined(sym) ||
	    unit->values[symbol].known || !unit->places[sym->section].known)
		return;
	c = ksplice_symbol_candidates(m, unit, symbol, &count);
	for (i = 0; i < count; i++)
		if (c[i].address == unit->places[sym->section].base + sym->offset)
			ksplice_learn(m, unit, symbol, c[i].address);
}

static int settle_symbols(struct ksplice_matcher *m)
{
	u32 u, i;
	int ret;

	for (u = 0; u < m->match->nr_units; u++) {
		struct ksplice_unit *unit = &m->match->units[u];

		for (i = 0; i < unit->image->nr_symbols; i++) {
			settle_weak(m, unit, i);
			ret = need_symbol(m, unit, i);
			if (ret)
				return ret;
			m->journal_used = 0;
		}
	}
	return 0;
}

/* ---- the result ---------------------------------------------------------- */

static void count_section(struct ksplice_match_stats *stats, const struct ksplice_unit *unit,
			  const struct ksplice_section *sec)
{
	u32 i;

	stats->bytes += sec->size;
	for (i = sec->first_symbol; i < sec->first_symbol + sec->nr_symbols; i++)
		stats->functions += unit->symbols[i].type == KSPLICE_SYM_FUNC;
	for (i = sec->first_site; i < sec->first_site + sec->nr_sites; i++)
		stats->sites[unit->sites[i].kind]++;
}

static void count_match(struct ksplice_match *match)
{
	u32 u, i;

	for (u = 0; u < match->nr_units; u++) {
		const struct ksplice_unit *unit = &match->units[u];

		for (i = 0; i < unit->image->nr_sections; i++)
			if (unit->sections[i].kind == KSPLICE_TEXT && unit->places[i].verified)
				count_section(&match->stats, unit, &unit->sections[i]);
	}
}

const struct ksplice_match_stats *ksplice_match_stats(const struct ksplice_match *match)
{
	return &match->stats;
}

int ksplice_match_images(const void *images, size_t size,
			 const struct ksplice_candidates *candidates, const char *target,
			 struct module *mod, struct ksplice_match **ret,
			 struct ksplice_abort *abort)
{
	struct ksplice_matcher *m;
	int err;

	m = kzalloc(sizeof(*m), GFP_KERNEL);
	if (!m)
		return ksplice_refuse(abort, KSPLICE_CAUSE_NO_MEMORY, "no memory to match %s",
				      target);
	m->candidates = candidates;
	m->mod = mod;
	m->abort = abort;
	m->match = kzalloc(sizeof(*m->match), GFP_KERNEL);
	if (m->match)
		err = open_images(m, images, size);
	else
		err = ksplice_refuse(abort, KSPLICE_CAUSE_NO_MEMORY, "no memory to match %s",
				     target);
	if (!err)
		err = ksplice_solve(m);
	if (!err)
		err = settle_symbols(m);
	if (err) {
		ksplice_match_free(m->match);
	} else {
		count_match(m->match);
		*ret = m->match;
	}
	kvfree(m->journal);
	kvfree(m->buffer);
	kfree(m);
	return err;
}

void ksplice_match_free(struct ksplice_match *match)
{
	u32 i;

	if (!match)
		return;
	for (i = 0; i < match->nr_units; i++) {
		kvfree(match->units[i].places);
		kvfree(match->units[i].values);
	}
	kvfree(match->units);
	kfree(match);
}

static const struct ksplice_unit *find_unit(const struct ksplice_match *match, u32 unit_id)
{
	u32 i;

	for (i = 0; i < match->nr_units; i++)
		if (match->units[i].image->unit_id == unit_id)
			return &match->units[i];
	return NULL;
}

int ksplice_match_symbol(const struct ksplice_match *match, u32 unit_id, u32 symbol,
			 unsigned long *address, u32 *size)
{
	const struct ksplice_unit *unit = find_unit(match, unit_id);
	const struct ksplice_symbol *sym;

	if (!unit || symbol >= unit->image->nr_symbols)
		return -ENOENT;
	sym = &unit->symbols[symbol];
	/* What was freed has no address, though code that is never run again may name one. */
	if (ksplice_symbol_defined(sym) && unit->sections[sym->section].kind == KSPLICE_FREED)
		return -ENOENT;
	if (!ksplice_known(unit, symbol, address))
		return -ENOENT;
	if (size)
		*size = sym->size;
	return 0;
}

bool ksplice_match_proved(const struct ksplice_match *match, u32 unit_id, u32 symbol)
{
	const struct ksplice_unit *unit = find_unit(match, unit_id);
	u32 section;

	if (!unit || symbol >= unit->image->nr_symbols ||
	    !ksplice_symbol_defined(&unit->symbols[symbol]) ||
	    unit->symbols[symbol].flags & KSPLICE_SYM_WEAK)
		return false;
	section = unit->symbols[symbol].section;
	return unit->sections[section].kind == KSPLICE_RODATA && unit->places[section].verified;
}

bool ksplice_match_overridden(const struct ksplice_match *match, u32 unit_id, u32 symbol)
{
	const struct ksplice_unit *unit = find_unit(match, unit_id);
	const struct ksplice_symbol *sym;
	unsigned long address;

	if (!unit || symbol >= unit->image->nr_symbols)
		return false;
	sym = &unit->symbols[symbol];
	return (sym->flags & KSPLICE_SYM_WEAK) && ksplice_symbol_defined(sym) &&
	       ksplice_known(unit, symbol, &address) &&
	       (!unit->places[sym->section].known ||
		address != unit->places[sym->section].base + sym->offset);
}

const char *ksplice_match_symbol_name(const struct ksplice_match *match, u32 unit_id, u32 symbol)
{
	const struct ksplice_unit *unit = find_unit(match, unit_id);

	if (!unit || symbol >= unit->image->nr_symbols)
		return "?";
	return ksplice_unit_symbol_name(unit, symbol);
}
