/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A kernel's memory with one unit in it, for tests of the matcher: the unit's
 * sections are laid out, its references applied, and its sites put into any of
 * the states that a kernel gives them. Written from the kernel's rules, not
 * from the matcher's, so that each checks the other.
 */
#ifndef TESTS_UNIT_KSHIM_SIM_H
#define TESTS_UNIT_KSHIM_SIM_H

#include "kmodsrc/image.h"

#define SIM_TEXT	0xffffffff81000000UL
#define SIM_FUNCTIONS	0xffffffff81800000UL	/* of other units */
#define SIM_THUNKS	0xffffffff81e00000UL
#define SIM_ETEXT	0xffffffff81f00000UL
#define SIM_DATA	0xffffffff82000000UL
#define SIM_VARIABLES	0xffffffff83000000UL	/* of other units: SIM_STRIDE bytes each */
#define SIM_STRIDE	512
#define SIM_SPECIAL	0xffffffff84000000UL	/* pv_ops and what is like it */
#define SIM_TRAMPOLINE	0xffffffffc0123400UL	/* of ftrace: a copy of its entry code */
#define SIM_BPF		0xffffffffc0123500UL	/* a trampoline of BPF */
#define SIM_STALE	0xffffffffc0123600UL	/* an old copy of the entry code */
#define SIM_FRAME	0xffffffffc0123700UL	/* code of a module that begins like one of BPF */
#define SIM_OPS		0xffffffff86000000UL	/* the struct ftrace_ops of the trampoline */
#define SIM_ENTRY_CODE	"\x48\x81\xec\xa8\x00\x00\x00\x48\x89\x44\x24\x50\x48\x89\x4c\x24"
/* Where the entry code loads its ops, and the word from which a trampoline does. */
#define SIM_LOAD		24
#define SIM_LOAD_CODE	"\x48\x8b\x15\x09\x00\x00\x00"
#define SIM_OPS_POINTER	40
#define SIM_SOUND		0xffffffff
#define SIM_BPF_CODE	"\x55\x48\x89\xe5\x48\x83\xec\x18\x53\xbb\x01\x00\x00\x00\x89\x5d"
#define SIM_TEMPLATE	0xffffffff85000000UL	/* of the code that tracks the call depth */
#define SIM_ACCOUNTING	"\x65\x48\xc1\x3c\x25\x00\x12\x00\x00\x05"

enum sim_special { SIM_RETURN_THUNK, SIM_TRACER, SIM_PV_OPS, SIM_NR_SPECIAL = SIM_PV_OPS + 200 };

struct sim {
	struct ksplice_unit unit;
	u8 *image;
	size_t image_size;
	u8 **memory;			/* per section */
	unsigned long *bases;		/* per section */
	unsigned long *values;		/* per symbol */
	u8 *variables;			/* SIM_STRIDE bytes per symbol */
	u64 special[SIM_NR_SPECIAL];
	u8 its[16 * 64];		/* ITS thunks */
	struct ksplice_candidates *candidates;
	struct module *mod;		/* the target, if it is a module */
	u8 *copy;			/* of section 0, at another place; or NULL */
	unsigned long copy_base;
	const char *alias;		/* what the kernel calls each extern; NULL: by its name */
	u32 damaged;			/* the wrong byte of the trampoline, or SIM_SOUND */
	unsigned long tracing_call;	/* which of the calls in the code is ftrace's own, or 0 */
};

#define SIM_MAX_STATES 600

/* All legal contents of a range. */
struct sim_states {
	u32 count;
	u32 length;
	u8 bytes[SIM_MAX_STATES][KSPLICE_SITE_MAX + 1];
};

/* The functions of other units have the code that tracks the call depth before them. */
static inline bool sim_has_accounting(unsigned long function)
{
	return function >= SIM_FUNCTIONS && function < SIM_THUNKS && function % 16 == 0;
}

static inline u32 sim_random(u32 below)
{
	return (u32)random() % below;
}

static inline void sim_encode(u8 *to, u16 type, u64 value, u64 place)
{
	u64 v = type == KSPLICE_PC32 || type == KSPLICE_PC64 || type == KSPLICE_PC8 ?
		value - place : value;

	memcpy(to, &v, ksplice_ref_width(type));
}

/* The bytes [from, to) of a section as the linker would leave them at `address'. */
static inline void sim_link(const struct sim *s, u32 section, u32 from, u32 to,
			    unsigned long address, u8 *out)
{
	const struct ksplice_section *sec = &s->unit.sections[section];
	u32 i;

	memcpy(out, ksplice_section_bytes(&s->unit, sec) + from, to - from);
	for (i = sec->first_ref; i < sec->first_ref + sec->nr_refs; i++) {
		const struct ksplice_ref *ref = &s->unit.refs[i];

		if (ref->offset >= from && ref->offset < to)
			sim_encode(out + ref->offset - from, ref->type,
				   s->values[ref->symbol] + ref->addend,
				   address + ref->offset - from);
	}
}

static inline void sim_branch(u8 *to, u8 op, unsigned long from, unsigned long target)
{
	s32 distance = target - from - 5;

	to[0] = op;
	memcpy(to + 1, &distance, sizeof(distance));
}

static inline u8 *sim_new_state(struct sim_states *st, const u8 *like)
{
	u8 *state = st->bytes[st->count];

	if (st->count < SIM_MAX_STATES - 1)
		st->count++;
	if (like)
		memcpy(state, like, st->length);
	return state;
}

/* Fills with nops as kernels before 6.5 do. */
static inline void sim_nops(u8 *to, u32 length)
{
	static const char *const nops[] = {
		"", "\x90", "\x66\x90", "\x0f\x1f\x00", "\x0f\x1f\x40\x00", "\x0f\x1f\x44\x00\x00",
		"\x66\x0f\x1f\x44\x00\x00", "\x0f\x1f\x80\x00\x00\x00\x00",
		"\x0f\x1f\x84\x00\x00\x00\x00\x00",
	};

	while (length) {
		u32 n = length > 8 ? 8 : length;

		memcpy(to, nops[n], n);
		to += n;
		length -= n;
	}
}

static inline u64 sim_read64(const struct sim *s, unsigned long address);

static inline void sim_retpoline_states(const struct sim *s, const struct ksplice_site *site,
					unsigned long address, struct sim_states *st)
{
	u8 *original = st->bytes[0];
	u32 prefix = site->length - 5, reg = site->arg, lfence;
	bool jcc = prefix && original[0] == 0x0f, call = original[prefix] == 0xe8;
	unsigned long its = SIM_THUNKS + 0x10000 + reg * 64;
	s32 distance = its - address - site->length;

	memcpy(sim_new_state(st, original) + prefix + 1, &distance, 4);
	for (lfence = 0; lfence < 2; lfence++) {
		u32 need = (jcc ? 2 : 0) + (lfence ? 3 : 0) + (reg >= 8 ? 3 : 2), i = 0;
		u8 *b;

		if (need > site->length)
			continue;
		b = sim_new_state(st, NULL);
		if (jcc) {
			b[i++] = (0x70 | (original[1] & 0xf)) ^ 1;
			b[i++] = site->length - 2;
		}
		if (lfence) {
			memcpy(b + i, "\x0f\xae\xe8", 3);
			i += 3;
		}
		if (reg >= 8)
			b[i++] = 0x41;
		b[i++] = 0xff;
		b[i++] = (call ? 0xd0 : 0xe0) + reg % 8;
		if (!call && i < site->length)
			b[i++] = 0xcc;
		sim_nops(b + i, site->length - i);
	}
}

static inline void sim_direct_call_states(const struct sim *s, u32 length, unsigned long address,
					  u64 function, struct sim_states *st)
{
	u8 *b = sim_new_state(st, NULL);

	if (function == SIM_FUNCTIONS) {	/* _paravirt_nop */
		sim_nops(b, length);
	} else {
		sim_branch(b, 0xe8, address, function);
		sim_nops(b + 5, length - 5);
		if (sim_has_accounting(function))
			sim_branch(sim_new_state(st, b), 0xe8, address, function - 10);
	}
}

static inline void sim_expand(const struct sim *s, u32 section, u32 from, u32 to, u32 site,
			      unsigned long address, struct sim_states *st);

/* Does the original jump to code that selects the alternative, and is freed after boot? */
static inline bool sim_uses_freed(const struct sim *s, u32 section, const struct ksplice_site *site)
{
	const struct ksplice_section *sec = &s->unit.sections[section];
	u32 i;

	for (i = sec->first_ref; i < sec->first_ref + sec->nr_refs; i++) {
		u32 to = s->unit.symbols[s->unit.refs[i].symbol].section;

		if (s->unit.refs[i].offset - site->offset < site->length &&
		    to < s->unit.image->nr_sections && s->unit.sections[to].kind == KSPLICE_FREED)
			return true;
	}
	return false;
}

static inline void sim_alternative_states(const struct sim *s, u32 section, u32 index,
					  unsigned long address, struct sim_states *st)
{
	const struct ksplice_site *site = &s->unit.sites[index];
	struct sim_states *part = malloc(sizeof(*part));
	u32 i, k, n, length = site->length;

	/* The original, any site in it in any state, the nops at its end joined. */
	sim_expand(s, section, site->offset, site->offset + length, index + 1, address, st);
	if (sim_uses_freed(s, section, site))
		st->count = 0;
	for (k = 0, n = st->count; k < n; k++) {
		u8 *b = sim_new_state(st, st->bytes[k]);

		for (i = length; i && b[i - 1] == 0x90; i--)
			;
		sim_nops(b + i, length - i);
	}
	for (i = 0; i < site->nr_variants; i++) {
		const struct ksplice_variant *v = &s->unit.variants[site->first_variant + i];
		const struct ksplice_section *sec = &s->unit.sections[v->section];
		u32 first = sec->first_site;

		if (v->feature & (2u << 16)) {
			s32 disp;

			memcpy(&disp, st->bytes[0] + 2, 4);
			sim_direct_call_states(s, length, address,
					       sim_read64(s, address + 6 + disp), st);
			continue;
		}
		while (first < sec->first_site + sec->nr_sites &&
		       s->unit.sites[first].offset < v->offset)
			first++;
		part->count = 0;
		part->length = v->length;
		sim_expand(s, v->section, v->offset, v->offset + v->length, first, address, part);
		for (k = 0; k < part->count; k++) {
			u8 *b = sim_new_state(st, NULL);
			s32 disp;
			u32 end;

			memcpy(b, part->bytes[k], v->length);
			memset(b + v->length, 0x90, length - v->length);
			b = memcpy(sim_new_state(st, NULL), b, length);
			/* What ends in nops grows together with the padding. */
			for (end = v->length; end && b[end - 1] == 0x90; end--)
				;
			sim_nops(b + end, length - end);
			memcpy(&disp, b + 1, 4);
			if (v->length == 5 && b[0] == 0xe9 && disp + 3 >= 0 && disp + 3 <= 127) {
				b = sim_new_state(st, b);
				b[0] = 0xeb;
				b[1] = disp + 3;
				sim_nops(b + 2, 3);
				memset(sim_new_state(st, b) + 2, 0xcc, 3);
			}
		}
	}
	free(part);
}

/* All legal contents of one site of a section, when it is at `address'. */
static inline void sim_states(const struct sim *s, u32 section, u32 index, unsigned long address,
			      struct sim_states *st)
{
	const struct ksplice_site *site = &s->unit.sites[index];
	unsigned long target;
	u64 function;
	u8 *original, *b;

	st->count = 0;
	st->length = site->length;
	original = sim_new_state(st, NULL);
	sim_link(s, section, site->offset, site->offset + site->length, address, original);
	switch (site->kind) {
	case KSPLICE_SITE_FENTRY:
		sim_nops(sim_new_state(st, NULL), 5);
		sim_branch(sim_new_state(st, NULL), 0xe8, address, SIM_FUNCTIONS + 64);
		sim_branch(sim_new_state(st, NULL), 0xe8, address, SIM_TRAMPOLINE);
		sim_branch(sim_new_state(st, NULL), 0xe8, address, SIM_BPF);
		break;
	case KSPLICE_SITE_RETURN:
		memcpy(sim_new_state(st, NULL), "\xc3\xcc\xcc\xcc\xcc", 5);
		sim_branch(sim_new_state(st, NULL), 0xe9, address, s->special[SIM_RETURN_THUNK]);
		break;
	case KSPLICE_SITE_RETPOLINE:
		sim_retpoline_states(s, site, address, st);
		break;
	case KSPLICE_SITE_STATIC_CALL:
		function = sim_read64(s, s->values[site->symbol]);
		b = sim_new_state(st, original);
		if (original[0] == 0xe8 && !function)
			sim_nops(b, 5);
		else if (original[0] == 0xe8 && function == SIM_FUNCTIONS + 128)
			memcpy(b, "\x2e\x2e\x2e\x31\xc0", 5);
		else if (function)
			sim_branch(b + site->length - 5, b[site->length - 5],
				   address + site->length - 5, function);
		else if (site->length == 5)
			memcpy(b, "\xc3\xcc\xcc\xcc\xcc", 5);
		else
			sim_branch(b + 1, b[1], address + 1, s->special[SIM_RETURN_THUNK]);
		if (original[0] == 0xe8 && sim_has_accounting(function))
			sim_branch(sim_new_state(st, NULL), 0xe8, address, function - 10);
		break;
	case KSPLICE_SITE_JUMP_LABEL:
		target = s->values[site->symbol] + site->addend;
		sim_nops(sim_new_state(st, NULL), site->length);
		b = sim_new_state(st, NULL);
		if (site->length == 5) {
			sim_branch(b, 0xe9, address, target);
		} else {
			b[0] = 0xeb;
			b[1] = target - address - 2;
		}
		break;
	case KSPLICE_SITE_ALTERNATIVE:
		sim_alternative_states(s, section, index, address, st);
		break;
	case KSPLICE_SITE_PARAVIRT:
		sim_direct_call_states(s, site->length, address,
				       s->special[SIM_PV_OPS + site->arg], st);
		break;
	case KSPLICE_SITE_LOCK:
		*sim_new_state(st, NULL) = 0xf0;
		*sim_new_state(st, NULL) = 0x3e;
		break;
	case KSPLICE_SITE_ENDBR:
		memcpy(sim_new_state(st, NULL), "\x66\x0f\x1f\x00", 4);
		memcpy(sim_new_state(st, NULL), "\x0f\x1f\x40\xd6", 4);
		break;
	case KSPLICE_SITE_CALL:
		sim_branch(sim_new_state(st, NULL), 0xe8, address,
			   s->values[site->symbol] + site->addend - 10);
		break;
	case KSPLICE_SITE_PADDING:
		memcpy(sim_new_state(st, NULL), SIM_ACCOUNTING, 10);
		break;
	case KSPLICE_SITE_RUNTIME_PTR:
		function = sim_read64(s, s->values[site->symbol]);
		memcpy(sim_new_state(st, NULL), &function, 8);
		break;
	case KSPLICE_SITE_RUNTIME_SHIFT:
		*sim_new_state(st, NULL) = sim_read64(s, s->values[site->symbol]) & 0xff;
		break;
	}
}

/* The same for a range with sites in it: each combination of their states. */
static inline void sim_expand(const struct sim *s, u32 section, u32 from, u32 to, u32 site,
			      unsigned long address, struct sim_states *st)
{
	const struct ksplice_section *sec = &s->unit.sections[section];
	struct sim_states *inner = malloc(sizeof(*inner));
	u32 at = from, i, k, n;

	st->count = 1;
	sim_link(s, section, from, to, address, st->bytes[0]);
	for (; site < sec->first_site + sec->nr_sites && s->unit.sites[site].offset < to; site++) {
		u32 offset = s->unit.sites[site].offset;

		if (offset < at)
			continue;
		sim_states(s, section, site, address + offset - from, inner);
		n = st->count;
		for (k = 1; k < inner->count; k++)
			for (i = 0; i < n; i++)
				memcpy(sim_new_state(st, st->bytes[i]) + offset - from,
				       inner->bytes[k], inner->length);
		at = offset + inner->length;
	}
	free(inner);
}

#endif
