// SPDX-License-Identifier: GPL-2.0-only
/* The unknowns of a match and how they are found; see match.h. */
#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/mm.h>
#include <linux/pgtable.h>
#include <linux/sched.h>
#include <linux/string.h>

#include "arch/sites.h"
#include "match.h"

enum outcome {
	SOLVED,
	UNPLACED,	/* no name in it has a candidate */
	AMBIGUOUS,	/* several bases stand the trial */
	FAILED,		/* no base does */
};

/* What a search for one section's base came to. */
struct search {
	unsigned long bases[2];	/* the first ones that stood the trial */
	u32 nr_bases;
};

/* ---- journal ------------------------------------------------------------- */

void ksplice_journal_set(struct ksplice_matcher *m, bool *flag)
{
	if (*flag)
		return;
	*flag = true;
	m->journal[m->journal_used++] = flag;
}

void ksplice_journal_rollback(struct ksplice_matcher *m, u32 mark)
{
	while (m->journal_used > mark)
		*m->journal[--m->journal_used] = false;
}

/* ---- what is possible ---------------------------------------------------- */

const struct ksplice_candidate *ksplice_symbol_candidates(const struct ksplice_matcher *m,
							  const struct ksplice_unit *unit,
							  u32 symbol, u32 *count)
{
	*count = 0;
	if (!m->candidates)
		return NULL;
	return ksplice_candidates_find(m->candidates, unit->image->unit_id, symbol, count);
}

static bool is_candidate(const struct ksplice_candidate *c, u32 count, unsigned long address)
{
	u32 i;

	for (i = 0; i < count; i++)
		if (c[i].address == address)
			return true;
	return false;
}

/*
 * Is the address a candidate of a symbol of another unit? What a unit of vmlinux takes from another
 * is global there, so a static function of the same name is not meant. (What the final link made
 * local has no global namesake.) Of a module's symbols kallsyms does not tell.
 */
static bool is_extern(const struct ksplice_matcher *m, const struct ksplice_candidate *c,
		      u32 count, unsigned long address)
{
	bool any = false;
	u32 i;

	for (i = 0; i < count; i++) {
		bool global = c[i].type >= 'A' && c[i].type <= 'Z';

		if (global && c[i].address == address)
			return true;
		any |= global;
	}
	return (m->mod || !any) && is_candidate(c, count, address);
}

/* Symbols whose kallsyms address must be the section's base plus their offset. */
static bool fixes_base(const struct ksplice_symbol *sym)
{
	return !(sym->flags & KSPLICE_SYM_WEAK) && sym->type != KSPLICE_SYM_SECTION;
}

/* How many named symbols of the section agree with a base; *total: how many have candidates. */
static u32 agreement(const struct ksplice_matcher *m, const struct ksplice_unit *unit,
		     const struct ksplice_section *sec, unsigned long base, u32 *total)
{
	u32 i, count, agree = 0;

	*total = 0;
	for (i = sec->first_symbol; i < sec->first_symbol + sec->nr_symbols; i++) {
		const struct ksplice_candidate *c;

		if (!fixes_base(&unit->symbols[i]))
			continue;
		c = ksplice_symbol_candidates(m, unit, i, &count);
		if (!count)
			continue;
		(*total)++;
		agree += is_candidate(c, count, base + unit->symbols[i].offset);
	}
	return agree;
}

static bool is_percpu(const struct ksplice_unit *unit, const struct ksplice_section *sec)
{
	u32 i;

	for (i = sec->first_symbol; i < sec->first_symbol + sec->nr_symbols; i++)
		if (unit->symbols[i].flags & KSPLICE_SYM_PERCPU)
			return true;
	return false;
}

/* Is the section's range one where the linker or the module loader puts such sections? */
static bool in_target(const struct ksplice_matcher *m, const struct ksplice_unit *unit,
		      const struct ksplice_section *sec, unsigned long base)
{
	unsigned long last = base + (sec->size ? sec->size - 1 : 0);
	unsigned long stext = ksplice_core_address(KSPLICE_CORE__stext);
	unsigned long etext = ksplice_core_address(KSPLICE_CORE__etext);

	if (last < base)
		return false;
	if (sec->kind == KSPLICE_FREED || is_percpu(unit, sec))
		return true;
	if (m->mod)
		return within_module(base, m->mod) && within_module(last, m->mod);
	if (sec->kind == KSPLICE_TEXT && stext && etext)
		return base >= stext && last < etext;
	return true;
}

static bool placeable(const struct ksplice_matcher *m, const struct ksplice_unit *unit,
		      const struct ksplice_section *sec, unsigned long base)
{
	u32 total;

	if (base & (sec->align - 1) || !in_target(m, unit, sec, base))
		return false;
	/* kallsyms goes on naming what the kernel freed of itself, but not of a module. */
	if (sec->kind == KSPLICE_FREED && m->mod)
		return true;
	return agreement(m, unit, sec, base, &total) == total;
}

static bool place(struct ksplice_matcher *m, struct ksplice_unit *unit, u32 section,
		  unsigned long base)
{
	struct ksplice_place *p = &unit->places[section];

	if (p->known)
		return p->base == base;
	if (!placeable(m, unit, &unit->sections[section], base))
		return false;
	p->base = base;
	ksplice_journal_set(m, &p->known);
	return true;
}

/*
 * Can an extern that kallsyms does not know be there? A weak one may be missing: it is 0 then. Of
 * vmlinux kallsyms knows all but its own tables, which lie in read-only data, each at a multiple of
 * 8; of a module all but what was freed when that was initialised, of which only a table of such
 * functions can still tell.
 */
static bool is_nameless(const struct ksplice_matcher *m, const struct ksplice_symbol *sym,
			unsigned long address)
{
	if (!address)
		return sym->flags & KSPLICE_SYM_WEAK;
	if (m->mod)
		return address >= MODULES_VADDR && address < MODULES_END &&
		       !within_module(address, m->mod);
	return !(address & 7) && address >= ksplice_core_address(KSPLICE_CORE___start_rodata) &&
	       address < ksplice_core_address(KSPLICE_CORE___end_rodata);
}

bool ksplice_learn(struct ksplice_matcher *m, struct ksplice_unit *unit, u32 symbol,
		   unsigned long address)
{
	const struct ksplice_symbol *sym = &unit->symbols[symbol];
	struct ksplice_value *value = &unit->values[symbol];
	const struct ksplice_candidate *c;
	u32 count, kind;

	if (sym->section == KSPLICE_ABS)
		return address == sym->offset;
	if (sym->section == KSPLICE_EXTERN || (sym->flags & KSPLICE_SYM_WEAK)) {
		if (value->known)
			return value->address == address;
		c = ksplice_symbol_candidates(m, unit, symbol, &count);
		if (count && !(sym->section == KSPLICE_EXTERN ?
			       is_extern(m, c, count, address) : is_candidate(c, count, address)))
			return false;
		if (!count && sym->section == KSPLICE_EXTERN && !is_nameless(m, sym, address))
			return false;
		if (!count && sym->section != KSPLICE_EXTERN &&
		    !place(m, unit, sym->section, address - sym->offset))
			return false;
		value->address = address;
		ksplice_journal_set(m, &value->known);
		return true;
	}
	kind = unit->sections[sym->section].kind;
	if (kind == KSPLICE_STRINGS || kind == KSPLICE_CONSTS || kind == KSPLICE_VARIANT)
		return false;
	return place(m, unit, sym->section, address - sym->offset);
}

bool ksplice_known(const struct ksplice_unit *unit, u32 symbol, unsigned long *address)
{
	const struct ksplice_symbol *sym = &unit->symbols[symbol];

	if (sym->section == KSPLICE_ABS) {
		*address = sym->offset;
		return true;
	}
	if (sym->section == KSPLICE_EXTERN || (sym->flags & KSPLICE_SYM_WEAK)) {
		*address = unit->values[symbol].address;
		return unit->values[symbol].known;
	}
	*address = unit->places[sym->section].base + sym->offset;
	return unit->places[sym->section].known;
}

/* ---- search -------------------------------------------------------------- */

/* The symbol of the section with the fewest candidates, but some; KSPLICE_NONE: there is none. */
static u32 rarest_symbol(const struct ksplice_matcher *m, const struct ksplice_unit *unit,
			 const struct ksplice_section *sec)
{
	u32 i, count, best = KSPLICE_NONE, best_count = 0;

	for (i = sec->first_symbol; i < sec->first_symbol + sec->nr_symbols; i++) {
		if (!fixes_base(&unit->symbols[i]))
			continue;
		ksplice_symbol_candidates(m, unit, i, &count);
		if (count && (best == KSPLICE_NONE || count < best_count)) {
			best = i;
			best_count = count;
		}
	}
	return best;
}

static void keep_best(struct ksplice_matcher *m)
{
	if (m->why.unit && (!m->best.unit || m->why.score > m->best.score))
		m->best = m->why;
}

/* Leaves what it learnt in the journal when it succeeds. */
static bool try_base(struct ksplice_matcher *m, struct ksplice_unit *unit, u32 section,
		     unsigned long base)
{
	u32 mark = m->journal_used;

	m->score = 0;
	m->why.unit = NULL;
	if (place(m, unit, section, base) && ksplice_compare_placed(m, unit, section))
		return true;
	keep_best(m);
	ksplice_journal_rollback(m, mark);
	return false;
}

/*
 * No base is possible by the names alone: finds out what differs at the one
 * that most names agree on, for the message.
 */
static void explain(struct ksplice_matcher *m, struct ksplice_unit *unit, u32 section)
{
	const struct ksplice_section *sec = &unit->sections[section];
	u32 i, j, count, agree, total, best_agree = 0, mark = m->journal_used;
	struct ksplice_place *p = &unit->places[section];
	unsigned long best = 0;

	/* The names nearest to the beginning are the least displaced by what differs. */
	for (i = sec->first_symbol; i < sec->first_symbol + sec->nr_symbols && !best; i++) {
		const struct ksplice_candidate *c;

		if (!fixes_base(&unit->symbols[i]))
			continue;
		c = ksplice_symbol_candidates(m, unit, i, &count);
		for (j = 0; j < count; j++) {
			unsigned long base = c[j].address - unit->symbols[i].offset;

			if (!in_target(m, unit, sec, base))
				continue;
			agree = agreement(m, unit, sec, base, &total);
			if (agree > best_agree) {
				best_agree = agree;
				best = base;
			}
		}
		cond_resched();
	}
	if (!best)
		return;
	m->score = 0;
	m->why.unit = NULL;
	p->base = best;
	ksplice_journal_set(m, &p->known);
	if (ksplice_compare_placed(m, unit, section))
		ksplice_differs(m, unit, sec, 0, best, NULL, 0,
				"names that kallsyms has at other places");
	keep_best(m);
	ksplice_journal_rollback(m, mark);
}

static enum outcome search(struct ksplice_matcher *m, struct ksplice_unit *unit, u32 section,
			   struct search *s)
{
	const struct ksplice_section *sec = &unit->sections[section];
	u32 symbol = rarest_symbol(m, unit, sec), i, count, mark = m->journal_used;
	const struct ksplice_candidate *c;
	bool tried = false;

	s->nr_bases = 0;
	m->best.unit = NULL;
	if (symbol == KSPLICE_NONE)
		return UNPLACED;
	c = ksplice_symbol_candidates(m, unit, symbol, &count);
	for (i = 0; i < count && s->nr_bases < ARRAY_SIZE(s->bases); i++) {
		unsigned long base = c[i].address - unit->symbols[symbol].offset;

		/* kallsyms may have a name twice at one address. */
		if (is_candidate(c, i, c[i].address) || !placeable(m, unit, sec, base))
			continue;
		tried = true;
		if (try_base(m, unit, section, base))
			s->bases[s->nr_bases++] = base;
		ksplice_journal_rollback(m, mark);
		cond_resched();
	}
	if (s->nr_bases == ARRAY_SIZE(s->bases))
		return AMBIGUOUS;
	if (s->nr_bases && try_base(m, unit, section, s->bases[0])) {
		m->journal_used = 0;	/* accepted for good */
		return SOLVED;
	}
	if (!tried)
		explain(m, unit, section);
	return FAILED;
}

/* The function or else the object that contains an offset of the section, or NULL. */
static const struct ksplice_symbol *symbol_at(const struct ksplice_unit *unit,
					      const struct ksplice_section *sec, u32 offset)
{
	const struct ksplice_symbol *found = NULL;
	u32 i;

	for (i = sec->first_symbol; i < sec->first_symbol + sec->nr_symbols; i++) {
		const struct ksplice_symbol *sym = &unit->symbols[i];

		if (sym->offset > offset)
			break;
		if (sym->type != KSPLICE_SYM_SECTION && offset - sym->offset < max(sym->size, 1U))
			found = sym;
	}
	return found;
}


static int refuse_mismatch(struct ksplice_matcher *m, const struct ksplice_unit *unit, u32 section)
{
	const struct ksplice_mismatch *b = &m->best;
	const struct ksplice_symbol *sym;

	if (!b->unit)
		return ksplice_refuse(m->abort, KSPLICE_CAUSE_NO_MATCH,
				      "%s: no place in memory fits its section %s",
				      ksplice_unit_name(unit),
				      ksplice_section_name(unit, &unit->sections[section]));
	sym = symbol_at(b->unit, b->sec, b->offset);
	return ksplice_refuse(m->abort, KSPLICE_CAUSE_NO_MATCH,
			      "%s: %s+0x%x at %lx: %s%s%*ph%s%*ph%s", ksplice_unit_name(b->unit),
			      sym ? b->unit->strings + sym->name :
				    ksplice_section_name(b->unit, b->sec),
			      (u32)(sym ? b->offset - sym->offset : b->offset), b->address, b->what,
			      b->length ? ": expected " : "", (int)b->length, b->expected,
			      b->length ? ", found " : "", (int)b->length, b->found,
			      ksplice_arch_hint(b->found, b->length));
}

int ksplice_solve_section(struct ksplice_matcher *m, struct ksplice_unit *unit, u32 section)
{
	const struct ksplice_section *sec = &unit->sections[section];
	struct search s;

	switch (search(m, unit, section, &s)) {
	case SOLVED:
		return 0;
	case AMBIGUOUS:
		return ksplice_refuse(m->abort, KSPLICE_CAUSE_AMBIGUOUS,
				      "%s: section %s fits at %lx as well as at %lx",
				      ksplice_unit_name(unit), ksplice_section_name(unit, sec),
				      s.bases[0], s.bases[1]);
	case UNPLACED:
		if (sec->kind == KSPLICE_TEXT)
			return ksplice_refuse(m->abort, KSPLICE_CAUSE_NO_MATCH,
					      "%s: the kernel has none of the functions of its section %s",
					      ksplice_unit_name(unit),
					      ksplice_section_name(unit, sec));
		return ksplice_refuse(m->abort, KSPLICE_CAUSE_UNKNOWN_SYMBOL,
				      "%s: nothing tells where its section %s is",
				      ksplice_unit_name(unit), ksplice_section_name(unit, sec));
	default:
		return refuse_mismatch(m, unit, section);
	}
}

/* Code that has no function's name (and so nothing to replace) may stay unknown. */
static bool has_function(const struct ksplice_unit *unit, const struct ksplice_section *sec)
{
	u32 i;

	for (i = sec->first_symbol; i < sec->first_symbol + sec->nr_symbols; i++)
		if (unit->symbols[i].type == KSPLICE_SYM_FUNC)
			return true;
	return false;
}

static bool is_open(const struct ksplice_unit *unit, u32 section)
{
	return unit->sections[section].kind == KSPLICE_TEXT && unit->sections[section].size &&
	       !unit->places[section].verified;
}

/* One round over all code that has no place yet. */
static int solve_round(struct ksplice_matcher *m, bool *progress)
{
	struct search s;
	u32 u, i;

	*progress = false;
	for (u = 0; u < m->match->nr_units; u++) {
		struct ksplice_unit *unit = &m->match->units[u];

		for (i = 0; i < unit->image->nr_sections; i++) {
			if (!is_open(unit, i))
				continue;
			switch (search(m, unit, i, &s)) {
			case SOLVED:
				*progress = true;
				break;
			case FAILED:
				return refuse_mismatch(m, unit, i);
			default:
				break;
			}
			cond_resched();
		}
	}
	return 0;
}

/*
 * Last look at code that is still open. Equal copies are all proved, and one of
 * them is the unit's; which one is asked only where the update needs its address
 * (need_symbol()).
 */
static int settle_section(struct ksplice_matcher *m, struct ksplice_unit *unit, u32 section)
{
	struct search s;

	switch (search(m, unit, section, &s)) {
	case SOLVED:
	case AMBIGUOUS:
		return 0;
	default:
		return ksplice_solve_section(m, unit, section);
	}
}

int ksplice_solve(struct ksplice_matcher *m)
{
	bool progress;
	u32 u, i;
	int ret;

	/* Each section that is placed may decide between the places of another. */
	do {
		ret = solve_round(m, &progress);
		if (ret)
			return ret;
	} while (progress);
	for (u = 0; u < m->match->nr_units; u++) {
		struct ksplice_unit *unit = &m->match->units[u];

		for (i = 0; i < unit->image->nr_sections; i++) {
			if (!is_open(unit, i) || !has_function(unit, &unit->sections[i]))
				continue;
			ret = settle_section(m, unit, i);
			if (ret)
				return ret;
		}
	}
	return 0;
}
