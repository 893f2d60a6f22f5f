// SPDX-License-Identifier: GPL-2.0-only
/*
 * Comparing a section with memory, byte by byte. Bytes differ only where a
 * reference or a site says how; see match.h.
 */
#include <linux/delay.h>
#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/sched.h>
#include <linux/string.h>

#include "arch/sites.h"
#include "match.h"

#define READ_CHUNK	4096	/* bytes copied from memory at once */
#define SITE_PAUSE_MS	5	/* between two looks at a site that is being changed */
#define SITES_WAIT_MS	2000	/* for all of them: a busy machine may take long to change one */

/* A range of a section beside the memory that should be equal to it. */
struct compared {
	struct ksplice_unit *unit;
	const struct ksplice_section *sec;
	u32 start;
	u32 end;
	u8 *run;		/* copy of the memory; [0] belongs to `start' */
	unsigned long address;	/* of the memory that belongs to `start' */
	u32 first_site;		/* index into unit->sites: sites before it are done with */
	u32 padding;		/* nops behind the end, up to KSPLICE_SITE_MAX in all */
	bool nops;		/* nops may have been optimised */
};

static bool compare_range(struct ksplice_matcher *m, const struct compared *r);

bool ksplice_differs(struct ksplice_matcher *m, const struct ksplice_unit *unit,
		     const struct ksplice_section *sec, u32 offset, unsigned long address,
		     const u8 *run, u32 length, const char *fmt, ...)
{
	struct ksplice_mismatch *why = &m->why;
	va_list args;

	why->unit = unit;
	why->sec = sec;
	why->offset = offset;
	why->address = address;
	why->score = m->score + offset;
	why->length = run ? min_t(u32, length, KSPLICE_SHOWN_BYTES) : 0;
	if (why->length) {
		memcpy(why->expected, ksplice_section_bytes(unit, sec) + offset, why->length);
		memcpy(why->found, run, why->length);
	}
	va_start(args, fmt);
	vsnprintf(why->what, sizeof(why->what), fmt, args);
	va_end(args);
	return false;
}

/* ---- sites --------------------------------------------------------------- */

static const char *const site_words[KSPLICE_NR_SITE_KINDS] = {
	[KSPLICE_SITE_FENTRY] = "a tracing call",
	[KSPLICE_SITE_RETURN] = "a return",
	[KSPLICE_SITE_RETPOLINE] = "an indirect branch",
	[KSPLICE_SITE_STATIC_CALL] = "a static call",
	[KSPLICE_SITE_JUMP_LABEL] = "a jump label",
	[KSPLICE_SITE_ALTERNATIVE] = "an alternative",
	[KSPLICE_SITE_PARAVIRT] = "a paravirt call",
	[KSPLICE_SITE_LOCK] = "a lock prefix",
	[KSPLICE_SITE_ENDBR] = "an endbr",
	[KSPLICE_SITE_CALL] = "a call",
	[KSPLICE_SITE_RUNTIME_PTR] = "a run-time constant",
	[KSPLICE_SITE_RUNTIME_SHIFT] = "a run-time constant",
	[KSPLICE_SITE_PADDING] = "the padding before a function",
};

static bool in_buffer(const struct ksplice_matcher *m, const u8 *run)
{
	return run >= m->buffer && run < m->buffer + m->buffer_size;
}

static bool compare_site(struct ksplice_matcher *m, const struct compared *r,
			 const struct ksplice_site *site)
{
	u32 delta = site->offset - r->start, mark = m->journal_used;
	struct ksplice_site_run s = {
		.m = m, .unit = r->unit, .sec = r->sec, .site = site,
		.run = r->run + delta, .address = r->address + delta,
	};

	for (;;) {
		if (ksplice_arch_site_legal(&s))
			return true;
		ksplice_journal_rollback(m, mark);
		/* A changed copy of the memory cannot be read again. */
		if (!in_buffer(m, s.run) || !ksplice_arch_site_unsettled(&s) ||
		    m->waited_ms >= SITES_WAIT_MS)
			break;
		msleep(SITE_PAUSE_MS);
		m->waited_ms += SITE_PAUSE_MS;
		if (ksplice_read_original(s.run, s.address, site->length))
			break;
	}
	return ksplice_differs(m, r->unit, r->sec, site->offset, s.address, s.run, site->length,
			       "%s in a state that the kernel does not give it",
			       site_words[site->kind]);
}

const u8 *ksplice_site_bytes(const struct ksplice_site_run *s)
{
	return ksplice_section_bytes(s->unit, s->sec) + s->site->offset;
}

/* The index of the section's first reference at or behind an offset. */
static u32 first_ref_at(const struct ksplice_unit *unit, const struct ksplice_section *sec,
			u32 offset)
{
	u32 low = sec->first_ref, high = sec->first_ref + sec->nr_refs;

	while (low < high) {
		u32 middle = low + (high - low) / 2;

		if (unit->refs[middle].offset < offset)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static u32 first_site_at(const struct ksplice_unit *unit, const struct ksplice_section *sec,
			 u32 offset)
{
	u32 low = sec->first_site, high = sec->first_site + sec->nr_sites;

	while (low < high) {
		u32 middle = low + (high - low) / 2;

		if (unit->sites[middle].offset < offset)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

const struct ksplice_ref *ksplice_site_ref(const struct ksplice_site_run *s)
{
	u32 i = first_ref_at(s->unit, s->sec, s->site->offset);

	if (i == s->sec->first_ref + s->sec->nr_refs ||
	    s->unit->refs[i].offset >= s->site->offset + s->site->length)
		return NULL;
	return &s->unit->refs[i];
}

/*
 * Does the site as compiled lead to memory that is freed? The kernel leaves no
 * such alternative: the code that selects one at early boot is gone.
 */
bool ksplice_site_uses_freed(const struct ksplice_site_run *s)
{
	const struct ksplice_unit *unit = s->unit;
	u32 i = first_ref_at(unit, s->sec, s->site->offset);
	u32 last = s->sec->first_ref + s->sec->nr_refs;

	for (; i < last && unit->refs[i].offset < s->site->offset + s->site->length; i++) {
		const struct ksplice_symbol *sym = &unit->symbols[unit->refs[i].symbol];

		if (ksplice_symbol_defined(sym) &&
		    unit->sections[sym->section].kind == KSPLICE_FREED)
			return true;
	}
	return false;
}

bool ksplice_site_original(const struct ksplice_site_run *s, bool nops)
{
	struct compared r = {
		.unit = s->unit, .sec = s->sec, .start = s->site->offset,
		.end = s->site->offset + s->site->length, .run = s->run, .address = s->address,
		.first_site = s->site - s->unit->sites + 1, .nops = nops,
	};
	u32 mark = s->m->journal_used;

	if (compare_range(s->m, &r))
		return true;
	ksplice_journal_rollback(s->m, mark);
	return false;
}

bool ksplice_site_variant(const struct ksplice_site_run *s, const struct ksplice_variant *variant,
			  u8 *run)
{
	struct compared r = {
		.unit = s->unit, .sec = &s->unit->sections[variant->section],
		.start = variant->offset, .end = variant->offset + variant->length,
		.run = run, .address = s->address,
		.padding = s->site->length - variant->length, .nops = true,
	};
	u32 mark = s->m->journal_used;

	r.first_site = first_site_at(r.unit, r.sec, r.start);
	if (compare_range(s->m, &r))
		return true;
	ksplice_journal_rollback(s->m, mark);
	return false;
}

bool ksplice_site_symbol(const struct ksplice_site_run *s, u32 symbol,
			 bool (*accept)(const struct ksplice_site_run *s, unsigned long address))
{
	const struct ksplice_candidate *c;
	unsigned long address;
	u32 i, count;

	if (ksplice_known(s->unit, symbol, &address))
		return accept(s, address);
	c = ksplice_symbol_candidates(s->m, s->unit, symbol, &count);
	for (i = 0; i < count; i++)
		if (accept(s, c[i].address) && ksplice_learn(s->m, s->unit, symbol, c[i].address))
			return true;
	return false;
}

/* ---- ranges -------------------------------------------------------------- */

/* Compares [from, to) of the section where nothing but optimised nops may differ. */
static bool compare_plain(struct ksplice_matcher *m, const struct compared *r, u32 from, u32 to)
{
	const u8 *expected = ksplice_section_bytes(r->unit, r->sec) + from;
	const u8 *run = r->run + (from - r->start);
	u32 i, length = to - from;

	if (!memcmp(expected, run, length))
		return true;
	if (r->nops && ksplice_arch_same_but_nops(expected, run, length))
		return true;
	for (i = 0; expected[i] == run[i]; i++)
		;
	return ksplice_differs(m, r->unit, r->sec, from + i, r->address + (from + i - r->start),
			       run + i, length - i, "plain %s",
			       r->sec->kind == KSPLICE_RODATA ? "data" : "code");
}

/* The same for the last part of a replacement together with the nops behind it. */
static bool compare_padded(const struct compared *r, u32 from)
{
	const u8 *bytes = ksplice_section_bytes(r->unit, r->sec) + from;
	u32 length = r->end - from;
	u8 expected[KSPLICE_SITE_MAX + 1];

	if (length + r->padding > KSPLICE_SITE_MAX)
		return false;
	memcpy(expected, bytes, length);
	ksplice_arch_pad(expected + length, r->padding);
	return ksplice_arch_same_but_nops(expected, r->run + (from - r->start),
					  length + r->padding);
}

static bool compare_range(struct ksplice_matcher *m, const struct compared *r)
{
	const struct ksplice_unit *unit = r->unit;
	u32 ref = first_ref_at(unit, r->sec, r->start), site = r->first_site;
	u32 last_ref = r->sec->first_ref + r->sec->nr_refs;
	u32 last_site = r->sec->first_site + r->sec->nr_sites;
	u32 at = r->start, done = 0;

	for (;;) {
		u32 next_ref, next_site, next;

		/* What lies in a site was its own business. */
		while (ref < last_ref && unit->refs[ref].offset < at)
			ref++;
		while (site < last_site && unit->sites[site].offset < at)
			site++;
		next_ref = ref < last_ref ? unit->refs[ref].offset : KSPLICE_NONE;
		next_site = site < last_site ? unit->sites[site].offset : KSPLICE_NONE;
		next = min(next_ref, next_site);
		if (next >= r->end)
			break;
		if (!compare_plain(m, r, at, next))
			return false;
		if (next_site <= next_ref) {
			const struct ksplice_site *s = &unit->sites[site];

			if (s->offset + s->length > r->end || !compare_site(m, r, s))
				return false;
			at = s->offset + s->length;
		} else {
			const struct ksplice_ref *f = &unit->refs[ref];
			u32 delta = f->offset - r->start, width = ksplice_ref_width(f->type);

			if (width > r->end - f->offset ||
			    !ksplice_compare_ref(m, r->unit, r->sec, f, r->run + delta,
					 r->address + delta))
				return false;
			at = f->offset + width;
		}
		if (!(++done % 1024))
			cond_resched();
	}
	return r->padding ? compare_padded(r, at) : compare_plain(m, r, at, r->end);
}

/* ---- sections ------------------------------------------------------------ */

static bool compare_section(struct ksplice_matcher *m, struct ksplice_unit *unit, u32 section)
{
	const struct ksplice_section *sec = &unit->sections[section];
	struct ksplice_place *place = &unit->places[section];
	struct compared r = {
		.unit = unit, .sec = sec, .end = sec->size, .run = m->buffer,
		.address = place->base, .first_site = sec->first_site,
	};
	u32 at;

	/* First, so that sections which refer to each other are compared once. */
	ksplice_journal_set(m, &place->verified);
	for (at = 0; at < sec->size; at += READ_CHUNK) {
		u32 length = min_t(u32, sec->size - at, READ_CHUNK);

		if (ksplice_read_original(m->buffer + at, place->base + at, length))
			return ksplice_differs(m, unit, sec, at, place->base + at, NULL, 0,
					       "memory that cannot be read");
		cond_resched();
	}
	if (!compare_range(m, &r))
		return false;
	m->score += sec->size;
	return true;
}

bool ksplice_compare_placed(struct ksplice_matcher *m, struct ksplice_unit *unit, u32 section)
{
	bool again = true;
	u32 i;

	if (!unit->places[section].verified && unit->sections[section].size &&
	    (unit->sections[section].kind == KSPLICE_TEXT ||
	     unit->sections[section].kind == KSPLICE_RODATA) &&
	    !compare_section(m, unit, section))
		return false;
	while (again) {
		again = false;
		for (i = 0; i < unit->image->nr_sections; i++) {
			u32 kind = unit->sections[i].kind;

			if ((kind != KSPLICE_TEXT && kind != KSPLICE_RODATA) ||
			    !unit->places[i].known || unit->places[i].verified ||
			    !unit->sections[i].size)
				continue;
			if (!compare_section(m, unit, i))
				return false;
			again = true;
		}
	}
	return true;
}
