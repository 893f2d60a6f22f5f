// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a reference in memory means, and whether it can mean that: a symbol at its address, or a
 * string or constant by its content; see match.h.
 */
#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/module.h>
#include <linux/string.h>

#include "match.h"

/* The S + A that a field in memory encodes; see ksplice_ref_type. */
static unsigned long decode(const struct ksplice_ref *ref, const u8 *field, unsigned long place)
{
	s8 v8;
	s32 v32;
	u32 u;
	u64 v64;

	switch (ref->type) {
	case KSPLICE_PC8:
		memcpy(&v8, field, sizeof(v8));
		return place + v8;
	case KSPLICE_PC32:
		memcpy(&v32, field, sizeof(v32));
		return place + v32;
	case KSPLICE_PC64:
		memcpy(&v64, field, sizeof(v64));
		return place + v64;
	case KSPLICE_ABS32S:
		memcpy(&v32, field, sizeof(v32));
		return v32;
	case KSPLICE_ABS32:
		memcpy(&u, field, sizeof(u));
		return u;
	default:
		memcpy(&v64, field, sizeof(v64));
		return v64;
	}
}

/*
 * Can what nothing writes to be there? Bytes that are equal now, but may be changed, are no string
 * or constant of the target.
 */
static bool is_constant(const struct ksplice_matcher *m, unsigned long address, u32 length)
{
	unsigned long start = ksplice_core_address(KSPLICE_CORE___start_rodata);
	unsigned long end = ksplice_core_address(KSPLICE_CORE___end_rodata);

	if (m->mod)
		return ksplice_module_is_constant(m->mod, address, length);
	return start && address >= start && address + length <= end;
}

/*
 * Compares the string or constant that a reference means. The linker places each
 * by itself, so that only its contents can be compared. A section's symbol means
 * what is at the addend; any other symbol means the string that it stands at,
 * even if the addend leads out of that.
 */
static bool compare_mergeable(const struct ksplice_matcher *m, const struct ksplice_unit *unit,
			      const struct ksplice_section *sec, const struct ksplice_ref *ref,
			      unsigned long value)
{
	const struct ksplice_symbol *sym = &unit->symbols[ref->symbol];
	const u8 *bytes = ksplice_section_bytes(unit, sec);
	unsigned long address = value - ref->addend;
	s64 offset = sym->offset;
	u8 buf[64];
	u32 length;

	if (sym->type == KSPLICE_SYM_SECTION) {
		address = value + ref->adjust;
		offset += ref->addend + ref->adjust;
	}
	if (offset < 0 || offset >= sec->size)
		return false;
	if (sec->kind == KSPLICE_STRINGS) {
		length = strnlen((const char *)bytes + offset, sec->size - offset) + 1;
	} else {
		u32 into = (u32)offset % sec->entsize;

		length = sec->entsize;
		address -= into;
		offset -= into;
	}
	if (length > sec->size - offset || !is_constant(m, address, length))
		return false;
	while (length) {
		u32 n = min_t(u32, length, sizeof(buf));

		if (ksplice_read_original(buf, address, n) || memcmp(buf, bytes + offset, n))
			return false;
		offset += n;
		address += n;
		length -= n;
	}
	return true;
}

bool ksplice_compare_ref(struct ksplice_matcher *m, struct ksplice_unit *unit,
			 const struct ksplice_section *in, const struct ksplice_ref *ref,
			 const u8 *field, unsigned long place)
{
	const struct ksplice_symbol *sym = &unit->symbols[ref->symbol];
	unsigned long value = decode(ref, field, place), known;
	const struct ksplice_section *sec;

	if (ksplice_symbol_defined(sym)) {
		sec = &unit->sections[sym->section];
		if (sec->kind == KSPLICE_STRINGS || sec->kind == KSPLICE_CONSTS)
			return compare_mergeable(m, unit, sec, ref, value) ||
			       ksplice_differs(m, unit, in, ref->offset, place, NULL, 0,
					       "a reference to a %s of other contents",
					       sec->kind == KSPLICE_STRINGS ? "string" :
									      "constant");
	}
	if (ksplice_learn(m, unit, ref->symbol, value - ref->addend))
		return true;
	if (ksplice_known(unit, ref->symbol, &known))
		return ksplice_differs(m, unit, in, ref->offset, place, NULL, 0,
				       "a reference to %s, which is at %lx, means %lx",
				       ksplice_unit_symbol_name(unit, ref->symbol), known,
				       (unsigned long)(value - ref->addend));
	return ksplice_differs(m, unit, in, ref->offset, place, NULL, 0,
			       "a reference to %s means %lx, where no such symbol is",
			       ksplice_unit_symbol_name(unit, ref->symbol),
			       (unsigned long)(value - ref->addend));
}
