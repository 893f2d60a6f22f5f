// SPDX-License-Identifier: GPL-2.0-only
/* What is known of a unit's addresses, and what is possible; see match.h. */
#include <linux/elf.h>
#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/pgtable.h>
#include <linux/string.h>

#include "match.h"

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

bool ksplice_is_candidate(const struct ksplice_candidate *c, u32 count, unsigned long address)
{
	u32 i;

	for (i = 0; i < count; i++)
		if (c[i].address == address)
			return true;
	return false;
}

/*
 * The target module's own symbol of that name at that address, or NULL. kallsyms shows what a
 * module does not export as if it were static; the table that it reads knows better.
 */
static const Elf_Sym *own_symbol(const struct module *mod, const char *name, unsigned long address)
{
	const struct mod_kallsyms *own = &mod->core_kallsyms;
	u32 i;

	for (i = 0; i < own->num_symtab; i++)
		if (own->symtab[i].st_value == address &&
		    !strcmp(own->strtab + own->symtab[i].st_name, name))
			return &own->symtab[i];
	return NULL;
}

/* What a candidate is to a reference from another unit: the one of the highest rank is meant. */
enum rank {
	RANK_STATIC,	/* in the target, a module: never meant */
	/* In vmlinux or another module, perhaps exported; local since the final link of vmlinux. */
	RANK_OTHER,
	RANK_GLOBAL,	/* in the target */
};

static enum rank rank_of(const struct ksplice_matcher *m, const char *name,
			 const struct ksplice_candidate *c)
{
	const Elf_Sym *own;

	if (!m->mod)
		return c->type >= 'A' && c->type <= 'Z' ? RANK_GLOBAL : RANK_OTHER;
	own = own_symbol(m->mod, name, c->address);
	if (!own)
		return RANK_OTHER;
	return ELF_ST_BIND(own->st_info) == STB_LOCAL ? RANK_STATIC : RANK_GLOBAL;
}

/* The highest rank among a symbol's candidates, and that of the one at an address (else static). */
static enum rank best_rank(const struct ksplice_matcher *m, const struct ksplice_unit *unit,
			   u32 symbol, unsigned long address, enum rank *there)
{
	const char *name = ksplice_unit_symbol_name(unit, symbol);
	const struct ksplice_candidate *c;
	enum rank rank, best = RANK_STATIC;
	u32 i, count;

	*there = RANK_STATIC;
	c = ksplice_symbol_candidates(m, unit, symbol, &count);
	for (i = 0; i < count; i++) {
		rank = rank_of(m, name, &c[i]);
		best = max(best, rank);
		if (c[i].address == address)
			*there = max(*there, rank);
	}
	return best;
}

bool ksplice_linkable(const struct ksplice_matcher *m, const struct ksplice_unit *unit, u32 symbol,
		      unsigned long address)
{
	enum rank there, best = best_rank(m, unit, symbol, address, &there);

	return best != RANK_STATIC && there == best;
}

bool ksplice_fixes_base(const struct ksplice_symbol *sym)
{
	return !(sym->flags & KSPLICE_SYM_WEAK) && sym->type != KSPLICE_SYM_SECTION;
}

u32 ksplice_agreement(const struct ksplice_matcher *m, const struct ksplice_unit *unit,
		      const struct ksplice_section *sec, unsigned long base, u32 *total)
{
	u32 i, count, agree = 0;

	*total = 0;
	for (i = sec->first_symbol; i < sec->first_symbol + sec->nr_symbols; i++) {
		const struct ksplice_candidate *c;

		if (!ksplice_fixes_base(&unit->symbols[i]))
			continue;
		c = ksplice_symbol_candidates(m, unit, i, &count);
		if (!count)
			continue;
		(*total)++;
		agree += ksplice_is_candidate(c, count, base + unit->symbols[i].offset);
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

bool ksplice_in_target(const struct ksplice_matcher *m, const struct ksplice_unit *unit,
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
	if (sec->kind == KSPLICE_TEXT)
		return stext && base >= stext && last < etext;
	return true;
}

bool ksplice_placeable(const struct ksplice_matcher *m, const struct ksplice_unit *unit,
		       const struct ksplice_section *sec, unsigned long base)
{
	u32 total;

	if (base & (sec->align - 1) || !ksplice_in_target(m, unit, sec, base))
		return false;
	if (sec->kind == KSPLICE_FREED && m->mod)
		return ksplice_freed_placeable(m, unit, sec, base);
	/* kallsyms goes on naming what the kernel freed of itself. */
	return ksplice_agreement(m, unit, sec, base, &total) == total;
}

bool ksplice_place(struct ksplice_matcher *m, struct ksplice_unit *unit, u32 section,
		   unsigned long base)
{
	struct ksplice_place *p = &unit->places[section];

	if (p->known)
		return p->base == base;
	if (!ksplice_placeable(m, unit, &unit->sections[section], base))
		return false;
	p->base = base;
	ksplice_journal_set(m, &p->known);
	return true;
}

/*
 * Can an extern that kallsyms does not know be there? A weak one may be missing: it is 0 then. Of
 * vmlinux kallsyms knows all but its own tables, which lie in read-only data, each at a multiple of
 * 8; of a module all but what is freed.
 */
static bool is_nameless(const struct ksplice_matcher *m, const struct ksplice_unit *unit,
			u32 symbol, unsigned long address)
{
	if (!address)
		return unit->symbols[symbol].flags & KSPLICE_SYM_WEAK;
	if (m->mod)
		return ksplice_freed_possible(m, unit, symbol, address);
	return !(address & 7) && address >= ksplice_core_address(KSPLICE_CORE___start_rodata) &&
	       address < ksplice_core_address(KSPLICE_CORE___end_rodata);
}

/* The same for a symbol of another unit, or a weak one of this, which another may replace. */
static bool learn_linked(struct ksplice_matcher *m, struct ksplice_unit *unit, u32 symbol,
			 unsigned long address)
{
	const struct ksplice_symbol *sym = &unit->symbols[symbol];
	struct ksplice_value *value = &unit->values[symbol];
	enum rank best, there;

	if (value->known)
		return value->address == address;
	best = best_rank(m, unit, symbol, address, &there);
	value->freed = false;
	if (m->mod && best != RANK_GLOBAL && ksplice_freed_named(m, unit, symbol)) {
		/* The module's own was linked, before any that others export. */
		if (!ksplice_freed_possible(m, unit, symbol, address))
			return false;
		value->freed = true;
	} else if (best != RANK_STATIC) {
		if (there != best)
			return false;
	} else if (sym->section == KSPLICE_EXTERN) {
		if (!is_nameless(m, unit, symbol, address))
			return false;
		value->freed = m->mod && address;
	} else if (!ksplice_place(m, unit, sym->section, address - sym->offset)) {
		return false;
	}
	value->address = address;
	ksplice_journal_set(m, &value->known);
	return true;
}

bool ksplice_learn(struct ksplice_matcher *m, struct ksplice_unit *unit, u32 symbol,
		   unsigned long address)
{
	const struct ksplice_symbol *sym = &unit->symbols[symbol];
	u32 kind;

	if (sym->section == KSPLICE_ABS)
		return address == sym->offset;
	if (sym->section == KSPLICE_EXTERN || (sym->flags & KSPLICE_SYM_WEAK))
		return learn_linked(m, unit, symbol, address);
	kind = unit->sections[sym->section].kind;
	if (kind == KSPLICE_STRINGS || kind == KSPLICE_CONSTS || kind == KSPLICE_VARIANT)
		return false;
	return ksplice_place(m, unit, sym->section, address - sym->offset);
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

