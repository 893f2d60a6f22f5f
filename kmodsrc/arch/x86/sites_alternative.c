// SPDX-License-Identifier: GPL-2.0-only
/*
 * Alternatives and paravirt calls: sites that are replaced by other code.
 *
 * Of several replacements for one place the kernel leaves the last one that
 * applies, or the original. Either way it fills the rest with nops, joins nops,
 * and moves what is relative to the instruction pointer.
 */
#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/string.h>

#include "sites_x86.h"

/* In the `feature' word of a variant: the flags of newer kernels lie above 16 bits. */
#define VARIANT_DIRECT_CALL (1U << 17)

#define PV_OP_SIZE 8 /* a pointer in pv_ops */

/*
 * A call through a pointer, made direct: nothing but nops if it would go to the
 * function that does nothing.
 */
static bool is_direct_call(const struct ksplice_site_run *s, unsigned long function)
{
	u32 length = s->site->length;

	if (length < BRANCH_SIZE || !function)
		return false;
	/* Its name is another since 6.7. */
	if (function == ksplice_core_address(KSPLICE_CORE__paravirt_nop) ||
	    function == ksplice_core_address(KSPLICE_CORE_nop_func))
		return ksplice_x86_is_nops(s->run, length);
	return s->run[0] == OP_CALL &&
	       (ksplice_x86_target(s->run, s->address) == function ||
		ksplice_x86_callee(s->run, s->address) == function) &&
	       ksplice_x86_is_nops(s->run + BRANCH_SIZE, length - BRANCH_SIZE);
}

bool ksplice_x86_paravirt_legal(const struct ksplice_site_run *s)
{
	unsigned long ops = ksplice_core_address(KSPLICE_CORE_pv_ops), function;

	return ops && ksplice_x86_read(ops + PV_OP_SIZE * (unsigned long)s->site->arg, &function) &&
	       is_direct_call(s, function);
}

/* Newer kernels: a replacement that stands for the pointer which the original calls through. */
static bool direct_call_legal(const struct ksplice_site_run *s)
{
	unsigned long ops = ksplice_core_address(KSPLICE_CORE_pv_ops), known, function;
	const struct ksplice_ref *ref = ksplice_site_ref(s);
	const u8 *original = ksplice_site_bytes(s);

	/* call *pointer(%rip) */
	if (s->site->length < 6 || original[0] != 0xff || original[1] != 0x15 || !ref ||
	    ref->offset != s->site->offset + 2)
		return false;
	if (!ksplice_known(s->unit, ref->symbol, &known)) {
		if (strcmp(ksplice_unit_symbol_name(s->unit, ref->symbol), "pv_ops") || !ops)
			return false;
		known = ops;
	}
	return ksplice_x86_read(known + ref->addend + ref->adjust, &function) &&
	       is_direct_call(s, function);
}

/*
 * A replacement that is one jmp is made short where it reaches: undoes that in a
 * copy, so that it can be compared. The three bytes saved are a nop or, since
 * 6.5, int3.
 */
static bool short_jump_legal(const struct ksplice_site_run *s, const struct ksplice_variant *v)
{
	const struct ksplice_section *sec = &s->unit->sections[v->section];
	static const u8 int3[] = { OP_INT3, OP_INT3, OP_INT3 };
	u8 run[KSPLICE_SITE_MAX];
	s32 distance;

	if (v->length != BRANCH_SIZE || ksplice_section_bytes(s->unit, sec)[v->offset] != OP_JMP ||
	    s->run[0] != OP_JMP8)
		return false;
	if (!ksplice_x86_is_nop(s->run + JMP8_SIZE, BRANCH_SIZE - JMP8_SIZE) &&
	    memcmp(s->run + JMP8_SIZE, int3, sizeof(int3)))
		return false;
	memcpy(run, s->run, s->site->length);
	distance = (s8)s->run[1] + JMP8_SIZE - BRANCH_SIZE;
	run[0] = OP_JMP;
	memcpy(run + 1, &distance, sizeof(distance));
	return ksplice_site_variant(s, v, run);
}

bool ksplice_x86_alternative_legal(const struct ksplice_site_run *s)
{
	u32 i;

	/*
	 * The replacements first: they lead to places that are known, while a jump
	 * of the original may be taken for one to a place that is not known yet.
	 */
	for (i = 0; i < s->site->nr_variants; i++) {
		const struct ksplice_variant *v = &s->unit->variants[s->site->first_variant + i];

		if (v->feature & VARIANT_DIRECT_CALL) {
			if (direct_call_legal(s))
				return true;
			continue;
		}
		if (ksplice_site_variant(s, v, s->run) || short_jump_legal(s, v))
			return true;
	}
	return !ksplice_site_uses_freed(s) && ksplice_site_original(s, true);
}
