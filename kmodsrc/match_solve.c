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

/* ---- search -------------------------------------------------------------- */

/*
 * Can a candidate of a symbol tell where its section is? Not one of a weak definition, which
 * another one may have replaced, unless kallsyms says that a weak one was linked: with a W, in
 * vmlinux.
 */
static bool tells_base(const struct ksplice_matcher *m, const struct ksplice_symbol *sym,
		       const struct ksplice_candidate *candidate)
{
	return !(sym->flags & KSPLICE_SYM_WEAK) || (!m->mod && candidate->type == 'W');
}

/* How many candidates of a symbol tell where its section is. */
static u32 nr_telling(const struct ksplice_matcher *m, const struct ksplice_unit *unit, u32 symbol)
{
	const struct ksplice_candidate *c;
	u32 i, count, telling = 0;

	if (unit->symbols[symbol].type == KSPLICE_SYM_SECTION)
		return 0;
	c = ksplice_symbol_candidates(m, unit, symbol, &count);
	for (i = 0; i < count; i++)
		telling += tells_base(m, &unit->symbols[symbol], &c[i]);
	return telling;
}

/*
 * The symbol of the section with the fewest candidates, but some; a weak one only if there is no
 * other. KSPLICE_NONE: there is none.
 */
static u32 rarest_symbol(const struct ksplice_matcher *m, const struct ksplice_unit *unit,
			 const struct ksplice_section *sec)
{
	u32 i, count, best = KSPLICE_NONE, best_count = 0;
	bool weak, best_weak = true;

	for (i = sec->first_symbol; i < sec->first_symbol + sec->nr_symbols; i++) {
		count = nr_telling(m, unit, i);
		weak = unit->symbols[i].flags & KSPLICE_SYM_WEAK;
		if (!count || weak > best_weak)
			continue;
		if (best == KSPLICE_NONE || weak < best_weak || count < best_count) {
			best = i;
			best_count = count;
			best_weak = weak;
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
	if (ksplice_place(m, unit, section, base) && ksplice_compare_placed(m, unit, section))
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

		if (!ksplice_fixes_base(&unit->symbols[i]))
			continue;
		c = ksplice_symbol_candidates(m, unit, i, &count);
		for (j = 0; j < count; j++) {
			unsigned long base = c[j].address - unit->symbols[i].offset;

			if (!ksplice_in_target(m, unit, sec, base))
				continue;
			agree = ksplice_agreement(m, unit, sec, base, &total);
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
		if (ksplice_is_candidate(c, i, c[i].address) ||
		    !tells_base(m, &unit->symbols[symbol], &c[i]) ||
		    !ksplice_placeable(m, unit, sec, base))
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
