// SPDX-License-Identifier: GPL-2.0-only
/*
 * What an x86-64 kernel makes of the sites in its code. Each rule is what the
 * kernel's own patching does; whatever it would not write is refused. The form
 * that the compiler wrote is always legal: the kernel has not touched it (yet).
 */
#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/mm.h>
#include <linux/pgtable.h>
#include <linux/string.h>

#include "sites_x86.h"

#define THUNK_SIZE     32 /* of __x86_indirect_{,call_,jump_}thunk_array's entries */
#define ITS_THUNK_SIZE 64 /* of __x86_indirect_its_thunk_array's */

unsigned long ksplice_x86_target(const u8 *insn, unsigned long address)
{
	s32 distance;

	memcpy(&distance, insn + 1, sizeof(distance));
	return address + BRANCH_SIZE + distance;
}

bool ksplice_x86_read(unsigned long address, unsigned long *value)
{
	return !ksplice_read_original(value, address, sizeof(*value));
}

/* Where the kernel puts code that it makes itself. */
static bool in_module_space(unsigned long address)
{
	return address >= MODULES_VADDR && address < MODULES_END;
}

static bool is_core(enum ksplice_core_symbol symbol, unsigned long address)
{
	return address && ksplice_core_address(symbol) == address;
}

/* ---- function return and endbr ------------------------------------------- */

/* The return thunk that this processor needs, or the one that code is compiled with. */
static bool is_return_thunk(unsigned long address)
{
	unsigned long variable = ksplice_core_address(KSPLICE_CORE_x86_return_thunk), thunk;

	if (is_core(KSPLICE_CORE___x86_return_thunk, address))
		return true;
	return variable && ksplice_x86_read(variable, &thunk) && address == thunk;
}

static bool is_return_jump(const u8 *insn, unsigned long address)
{
	return insn[0] == OP_JMP && is_return_thunk(ksplice_x86_target(insn, address));
}

static bool return_legal(const struct ksplice_site_run *s)
{
	static const u8 ret[] = { OP_RET, OP_INT3, OP_INT3, OP_INT3, OP_INT3 };

	return !memcmp(s->run, ret, sizeof(ret)) || is_return_jump(s->run, s->address);
}

/* Sealed: the function's address is never taken. 7.x uses another nop than before. */
static bool endbr_legal(const struct ksplice_site_run *s)
{
	static const u8 forms[][4] = {
		{ 0xf3, 0x0f, 0x1e, 0xfa },
		{ 0x66, 0x0f, 0x1f, 0x00 },
		{ 0x0f, 0x1f, 0x40, 0xd6 },
	};
	u32 i;

	for (i = 0; i < ARRAY_SIZE(forms); i++)
		if (!memcmp(s->run, forms[i], sizeof(forms[i])))
			return true;
	return false;
}

/* ---- indirect branches --------------------------------------------------- */

/* call or jmp through register `reg'; returns the length. */
static u32 emit_indirect(u8 *to, bool call, u32 reg)
{
	u32 i = 0;

	if (reg >= 8)
		to[i++] = 0x41;
	to[i++] = 0xff;
	to[i++] = (call ? 0xd0 : 0xe0) | (reg & 7);
	return i;
}

/* Is there an ITS thunk of this register at `address'? The kernel makes some for each module. */
static bool is_its_thunk(unsigned long address, u32 reg)
{
	unsigned long array = ksplice_core_address(KSPLICE_CORE___x86_indirect_its_thunk_array);
	u8 expected[4], found[4];
	u32 length = emit_indirect(expected, false, reg);

	expected[length++] = OP_INT3;
	if (!(array && address == array + reg * ITS_THUNK_SIZE) && !in_module_space(address))
		return false;
	return !ksplice_read_original(found, address, length) && !memcmp(found, expected, length);
}

static bool is_thunk(enum ksplice_core_symbol symbol, unsigned long address, u32 reg)
{
	unsigned long array = ksplice_core_address(symbol);

	return array && address == array + reg * THUNK_SIZE;
}

/* The original with another thunk: for ITS, or for call depth tracking. */
static bool other_thunk_legal(const struct ksplice_site_run *s, const u8 *original, u32 prefix,
			      bool call)
{
	const u8 *run = s->run + prefix;
	unsigned long target;
	u32 reg = s->site->arg;

	if (memcmp(s->run, original, prefix + 1))
		return false;
	target = ksplice_x86_target(run, s->address + prefix);
	return is_thunk(KSPLICE_CORE___x86_indirect_thunk_array, target, reg) ||
	       is_its_thunk(target, reg) ||
	       is_thunk(call ? KSPLICE_CORE___x86_indirect_call_thunk_array
			     : KSPLICE_CORE___x86_indirect_jump_thunk_array,
			target, reg);
}

/*
 * A branch through the register itself, with or without lfence before it; a
 * conditional one becomes the opposite short jump over that.
 */
static bool direct_legal(const struct ksplice_site_run *s, u8 condition, bool call, bool lfence)
{
	u32 i = 0, length = s->site->length;
	u8 expected[16];

	if (condition) {
		expected[i++] = 0x70 | ((condition & 0xf) ^ 1);
		expected[i++] = length - JMP8_SIZE;
	}
	if (lfence) {
		expected[i++] = 0x0f;
		expected[i++] = 0xae;
		expected[i++] = 0xe8;
	}
	i += emit_indirect(expected + i, call, s->site->arg);
	if (i > length)
		return false;
	if (!call && i < length)
		expected[i++] = OP_INT3;
	return !memcmp(s->run, expected, i) && ksplice_x86_is_nops(s->run + i, length - i);
}

static bool retpoline_legal(const struct ksplice_site_run *s)
{
	const u8 *original = ksplice_site_bytes(s);
	u8 condition = 0;
	u32 prefix = 0;
	bool call;

	if (s->site->length == 6) {
		prefix = 1;
		if (original[0] == 0x0f)
			condition = original[1];
		else if (original[0] != OP_CS)
			return false;
	}
	call = original[prefix] == OP_CALL;
	if (!call && !condition && original[prefix] != OP_JMP)
		return false;
	return other_thunk_legal(s, original, prefix, call) ||
	       direct_legal(s, condition, call, false) || direct_legal(s, condition, call, true);
}

/* ---- call depth tracking -------------------------------------------------- */

/* The accounting code, sarq $5, %gs:...: its address is absolute, or relative to rip. */
#define ACCOUNTING_MAX 10

/* Is the kernel's accounting code at `address', of which `code' is a copy? Its length, or 0. */
static u32 accounting_length(const u8 *code, unsigned long address)
{
	unsigned long template = ksplice_core_address(KSPLICE_CORE_skl_call_thunk_template);
	u8 expected[ACCOUNTING_MAX];
	u32 length = ACCOUNTING_MAX;
	s32 distance;

	if (!template || ksplice_read_original(expected, template, sizeof(expected)))
		return 0;
	if (expected[3] == 0x3d) {
		length = 9;
		memcpy(&distance, expected + 4, sizeof(distance));
		distance += template - address;
		memcpy(expected + 4, &distance, sizeof(distance));
	}
	return memcmp(code, expected, length) ? 0 : length;
}

unsigned long ksplice_x86_callee(const u8 *insn, unsigned long address)
{
	unsigned long target = ksplice_x86_target(insn, address);
	u8 found[ACCOUNTING_MAX];

	if (ksplice_read_original(found, target, sizeof(found)))
		return target;
	return target + accounting_length(found, target);
}

/* ---- calls and padding ------------------------------------------------------ */

/* A call may go to the accounting code in front of the callee; ftrace has two of its own. */
static bool call_legal(const struct ksplice_site_run *s)
{
	unsigned long callee;

	if (ksplice_x86_tracer_legal(s))
		return true;
	if (s->site->symbol == KSPLICE_NONE || s->run[0] != OP_CALL)
		return false;
	callee = ksplice_x86_callee(s->run, s->address);
	return callee != ksplice_x86_target(s->run, s->address) &&
	       ksplice_learn(s->m, s->unit, s->site->symbol, callee - s->site->addend);
}

/* There, behind what is left of the padding. */
static bool padding_legal(const struct ksplice_site_run *s)
{
	u32 skip;

	for (skip = 0; skip < 2; skip++) {
		if (skip && s->run[skip - 1] != OP_NOP)
			return false;
		if (accounting_length(s->run + skip, s->address + skip) == ACCOUNTING_MAX - skip)
			return true;
	}
	return false;
}

/* ---- static calls and jump labels ---------------------------------------- */

/* Where a conditional tail call without a target goes. */
static bool is_return_function(unsigned long address)
{
	return is_core(KSPLICE_CORE___static_call_return, address) || is_return_thunk(address);
}

/* Given that the key is at `key': is the site what the key's function demands? */
static bool static_call_is(const struct ksplice_site_run *s, unsigned long key)
{
	static const u8 xor_eax[] = { OP_CS, OP_CS, OP_CS, 0x31, 0xc0 };
	static const u8 ret[] = { OP_RET, OP_INT3, OP_INT3, OP_INT3, OP_INT3 };
	const u8 *original = ksplice_site_bytes(s), *run = s->run;
	unsigned long function, target;

	if (!ksplice_x86_read(key, &function))
		return false;
	if (s->site->length == 6) { /* a conditional jump */
		target = ksplice_x86_target(run + 1, s->address + 1);
		return run[0] == original[0] && run[1] == original[1] &&
		       (function ? target == function : is_return_function(target));
	}
	if (original[0] == OP_CALL) {
		if (!function)
			return ksplice_x86_is_nop(run, BRANCH_SIZE);
		if (run[0] == OP_CALL) {
			target = ksplice_x86_target(run, s->address);
			/* This one is elided, unless the call has been sent through accounting. */
			if (target == function)
				return !is_core(KSPLICE_CORE___static_call_return0, function);
			return ksplice_x86_callee(run, s->address) == function;
		}
		return is_core(KSPLICE_CORE___static_call_return0, function) &&
		       !memcmp(run, xor_eax, sizeof(xor_eax));
	}
	if (!function)
		return !memcmp(run, ret, sizeof(ret)) || is_return_jump(run, s->address);
	return run[0] == OP_JMP && ksplice_x86_target(run, s->address) == function;
}

static bool static_call_legal(const struct ksplice_site_run *s)
{
	return ksplice_site_symbol(s, s->site->symbol, static_call_is);
}

static bool jump_label_legal(const struct ksplice_site_run *s)
{
	unsigned long target;

	if (ksplice_x86_is_nop(s->run, s->site->length))
		return true;
	if (s->site->length == JMP8_SIZE) {
		if (s->run[0] != OP_JMP8)
			return false;
		target = s->address + JMP8_SIZE + (s8)s->run[1];
	} else {
		if (s->run[0] != OP_JMP)
			return false;
		target = ksplice_x86_target(s->run, s->address);
	}
	return ksplice_learn(s->m, s->unit, s->site->symbol, target - s->site->addend);
}

/* ---- constants that boot fills in ---------------------------------------- */

static bool runtime_ptr_is(const struct ksplice_site_run *s, unsigned long variable)
{
	unsigned long value, found;

	memcpy(&found, s->run, sizeof(found));
	return ksplice_x86_read(variable, &value) && value == found;
}

static bool runtime_shift_is(const struct ksplice_site_run *s, unsigned long variable)
{
	u32 value;

	return !ksplice_read_original(&value, variable, sizeof(value)) && value == s->run[0];
}

/* -------------------------------------------------------------------------- */

static bool changed_legal(const struct ksplice_site_run *s)
{
	switch (s->site->kind) {
	case KSPLICE_SITE_FENTRY:
		return ksplice_x86_fentry_legal(s);
	case KSPLICE_SITE_RETURN:
		return return_legal(s);
	case KSPLICE_SITE_RETPOLINE:
		return retpoline_legal(s);
	case KSPLICE_SITE_STATIC_CALL:
		return static_call_legal(s);
	case KSPLICE_SITE_JUMP_LABEL:
		return jump_label_legal(s);
	case KSPLICE_SITE_ALTERNATIVE:
		return ksplice_x86_alternative_legal(s);
	case KSPLICE_SITE_PARAVIRT:
		return ksplice_x86_paravirt_legal(s);
	case KSPLICE_SITE_LOCK:
		return s->run[0] == OP_LOCK || s->run[0] == OP_DS;
	case KSPLICE_SITE_ENDBR:
		return endbr_legal(s);
	case KSPLICE_SITE_CALL:
		return call_legal(s);
	case KSPLICE_SITE_PADDING:
		return padding_legal(s);
	case KSPLICE_SITE_RUNTIME_PTR:
		return ksplice_site_symbol(s, s->site->symbol, runtime_ptr_is);
	case KSPLICE_SITE_RUNTIME_SHIFT:
		return ksplice_site_symbol(s, s->site->symbol, runtime_shift_is);
	default:
		return false;
	}
}

bool ksplice_arch_site_legal(const struct ksplice_site_run *s)
{
	/* An alternative's own rule includes its original, with its nops made longer. */
	if (s->site->kind == KSPLICE_SITE_ALTERNATIVE)
		return changed_legal(s);
	return changed_legal(s) || ksplice_site_original(s, false);
}

/*
 * The kernel puts an int3 on the first byte of what it changes; a static call's
 * key changes some time before its sites do.
 */
bool ksplice_arch_site_unsettled(const struct ksplice_site_run *s)
{
	return s->run[0] == OP_INT3 || s->site->kind == KSPLICE_SITE_STATIC_CALL;
}

const char *ksplice_arch_hint(const u8 *found, u32 length)
{
	if (length && found[0] == OP_INT3)
		return "; a breakpoint, perhaps a kprobe, is there: remove it first";
	if (length && found[0] == OP_JMP)
		return "; a jump is there: perhaps an optimised kprobe, or another live patch";
	return "";
}
