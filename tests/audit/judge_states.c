// SPDX-License-Identifier: GPL-2.0-only
/*
 * What may stand at a site; see judge.h. Written from what the kernel does: text_poke() and its
 * callers, arch/x86/kernel/{alternative,static_call,jump_label,ftrace,callthunks}.c.
 */
#include <string.h>

#include "judge.h"

#define THUNK_SIZE     32
#define ITS_THUNK_SIZE 64
#define MODULE_SPACE   0xffffffffc0000000UL

/* Where the branch of five bytes at an address goes, and with which opcode. */
static uint64_t target(const struct judge *j, uint64_t address)
{
	return memory_target(j->memory, address + 1);
}

static const uint8_t *bytes(const struct judge *j, const struct judge_site *s)
{
	return memory_at(j->memory, s->address, s->length);
}

static bool equal(const uint8_t *code, const char *other, size_t length)
{
	return !memcmp(code, other, length);
}

/* ---- nops -------------------------------------------------------------------------- */

/* The length of the nop at `code', of at most `length' bytes; 0: it is none. */
static size_t nop(const uint8_t *code, size_t length)
{
	size_t prefixes = 0, rest;

	if (length && code[0] == 0x90)
		return 1;
	while (prefixes < 3 && prefixes < length && code[prefixes] == 0x66)
		prefixes++;
	if (prefixes == 1 && length >= 2 && code[1] == 0x90)
		return 2;
	code += prefixes;
	rest = length - prefixes;
	if (prefixes <= 1 && rest >= 5 && equal(code, "\x0f\x1f\x44\0\0", 5))
		return prefixes + 5;
	if (rest >= 8 && equal(code, "\x0f\x1f\x84\0\0\0\0\0", 8))
		return prefixes + 8;
	if (prefixes)
		return 0;
	if (rest >= 7 && equal(code, "\x0f\x1f\x80\0\0\0\0", 7))
		return 7;
	if (rest >= 4 && equal(code, "\x0f\x1f\x40\0", 4))
		return 4;
	return rest >= 3 && equal(code, "\x0f\x1f\0", 3) ? 3 : 0;
}

static bool all_int3(const uint8_t *code, size_t length)
{
	for (size_t i = 0; i < length; i++)
		if (code[i] != 0xcc)
			return false;
	return true;
}

/* Is it what the kernel fills `length' bytes with: the longest nops, or a jump over int3? */
static bool filling(const uint8_t *code, size_t length)
{
	size_t at = 0;

	if (length > 8 && code[0] == 0xeb && code[1] == length - 2)
		return all_int3(code + 2, length - 2);
	if (length > 127 && code[0] == 0xe9) {
		uint32_t over = length - 5;

		return !memcmp(code + 1, &over, 4) && all_int3(code + 5, over);
	}
	if (length <= 11 && nop(code, length) == length)
		return true;
	for (; length - at > 8; at += 8)
		if (nop(code + at, 8) != 8)
			return false;
	return at == length || nop(code + at, length - at) == length - at;
}

/* ---- alternatives ------------------------------------------------------------------ */

/* Do 4 bytes of code that was moved by `moved' mean the same place from where they are now? */
static bool same_place(const uint8_t *now, const uint8_t *was, uint32_t moved)
{
	uint32_t a, b;

	memcpy(&a, now, sizeof(a));
	memcpy(&b, was, sizeof(b));
	return a + moved == b;
}

/* A jump of five bytes that was made short: two bytes and a nop or int3 instead of three. */
static bool shortened(const uint8_t *now, const uint8_t *was, uint32_t moved)
{
	uint32_t distance;

	if (was[0] != 0xe9 || now[0] != 0xeb)
		return false;
	memcpy(&distance, was + 1, sizeof(distance));
	return (uint32_t)(int8_t)now[1] + 2 + moved == distance + 5 &&
	       (nop(now + 2, 3) == 3 || all_int3(now + 2, 3));
}

/*
 * Can `now' have been made of `was', `length' bytes, moved by `moved'? Each instruction is the
 * same, or the same with its distance to somewhere corrected, or a run of nops written anew.
 * There is no disassembler here: which way each byte was reached is tried out.
 */
static bool made_of(const uint8_t *now, const uint8_t *was, size_t length, uint32_t moved)
{
	bool reached[256] = { true };

	for (size_t i = 0; i < length; i++) {
		size_t end = i, n;

		if (!reached[i])
			continue;
		if (now[i] == was[i])
			reached[i + 1] = true;
		if (moved && i + 4 <= length && same_place(now + i, was + i, moved))
			reached[i + 4] = true;
		if (i + 5 <= length && shortened(now + i, was + i, moved))
			reached[i + 5] = true;
		while (end < length && (n = nop(was + end, length - end)))
			end += n;
		if (end > i && filling(now + i, end - i))
			reached[end] = true;
	}
	return reached[length];
}

/* call *(pv_ops + N), through an absolute address or one relative to what follows. */
static uint64_t called_through(const uint8_t *code, size_t length, uint64_t address)
{
	int32_t field;

	if (length >= 7 && equal(code, "\xff\x14\x25", 3)) {
		memcpy(&field, code + 3, sizeof(field));
		return field;
	}
	if (length >= 6 && equal(code, "\xff\x15", 2)) {
		memcpy(&field, code + 2, sizeof(field));
		return address + 6 + field;
	}
	return 0;
}

/* Does a direct call go there, or to the code in front of it that counts calls? */
static bool calls(const struct judge *j, uint64_t address, uint64_t function)
{
	uint64_t template = memory_symbol(j->memory, "skl_call_thunk_template");
	const uint8_t *counting = memory_at(j->memory, function - 10, 10);
	const uint8_t *like = template ? memory_at(j->memory, template, 10) : NULL;
	uint64_t to = target(j, address);
	uint32_t moved = function - 9 - template;

	if (to == function)
		return true;
	if (!counting || !like)
		return false;
	if (to == function - 10)
		return !memcmp(counting, like, 10);
	/* Relative to rip it is a byte shorter. */
	return to == function - 9 && like[3] == 0x3d && !memcmp(counting + 1, like, 4) &&
	       same_place(counting + 5, like + 4, moved) && counting[9] == like[8];
}

static bool direct_call(const struct judge *j, const struct judge_site *s, uint64_t function)
{
	const uint8_t *now = bytes(j, s);

	if (function && (function == memory_symbol(j->memory, "_paravirt_nop") ||
			 function == memory_symbol(j->memory, "nop_func")))
		return filling(now, s->length);
	return function && now[0] == 0xe8 && calls(j, s->address, function) &&
	       filling(now + 5, s->length - 5);
}

static bool alternative(const struct judge *j, const struct judge_site *s)
{
	const uint8_t *now = bytes(j, s), *replacement;
	uint8_t padded[256];

	if (made_of(now, s->original, s->length, 0))
		return true;
	if (s->direct_call) {
		uint64_t pointer = called_through(s->original, s->length, s->address);

		return pointer && direct_call(j, s, memory_word(j->memory, pointer));
	}
	replacement = loaded_at(s->file, s->value, s->value_length);
	if (s->value_length && !replacement)
		return false;
	memset(padded, 0x90, sizeof(padded));
	if (s->value_length)
		memcpy(padded, replacement, s->value_length);
	return made_of(now, padded, s->length, (uint32_t)(s->address - s->value));
}

/* ---- branches ---------------------------------------------------------------------- */

static uint64_t original_target(const struct judge_site *s, size_t prefix)
{
	int32_t distance;

	memcpy(&distance, s->original + prefix + 1, sizeof(distance));
	return s->address + prefix + 5 + distance;
}

static bool thunk_of(const struct judge *j, const char *array, uint64_t size, uint64_t to,
		     unsigned int reg)
{
	uint64_t start = memory_symbol(j->memory, array);

	return start && to == start + size * reg;
}

/* jmp *%reg; int3, where the kernel puts code that it makes. */
static bool its_thunk(const struct judge *j, uint64_t to, unsigned int reg)
{
	const uint8_t *code = memory_at(j->memory, to, 4);

	if (!code || (to < MODULE_SPACE && !thunk_of(j, "__x86_indirect_its_thunk_array",
						     ITS_THUNK_SIZE, to, reg)))
		return false;
	if (reg >= 8 && *code++ != 0x41)
		return false;
	return code[0] == 0xff && code[1] == 0xe0 + reg % 8 && code[2] == 0xcc;
}

static bool indirect(const struct judge *j, const struct judge_site *s)
{
	size_t prefix = s->length - 5, at = 0, fence;
	bool conditional = s->original[0] == 0x0f, call = s->original[prefix] == 0xe8;
	uint64_t array = memory_symbol(j->memory, "__x86_indirect_thunk_array");
	unsigned int reg = (original_target(s, prefix) - array) / THUNK_SIZE;
	const uint8_t *now = bytes(j, s);
	uint64_t to = target(j, s->address + prefix);

	if (!array || reg > 15)
		return false;
	if (!memcmp(now, s->original, prefix + 1))
		return thunk_of(j, "__x86_indirect_thunk_array", THUNK_SIZE, to, reg) ||
		       thunk_of(j, call ? "__x86_indirect_call_thunk_array" :
					  "__x86_indirect_jump_thunk_array",
				THUNK_SIZE, to, reg) ||
		       its_thunk(j, to, reg);
	if (conditional) {
		if (now[0] != (0x70 | ((s->original[1] & 15) ^ 1)) || now[1] != s->length - 2)
			return false;
		at = 2;
	}
	fence = at + 3 <= s->length && equal(now + at, "\x0f\xae\xe8", 3) ? 3 : 0;
	at += fence;
	if (at + 2 + (reg >= 8) > s->length || (reg >= 8 && now[at++] != 0x41))
		return false;
	if (now[at] != 0xff || now[at + 1] != (call ? 0xd0 : 0xe0) + reg % 8)
		return false;
	at += 2;
	if (!call && at < s->length && now[at++] != 0xcc)
		return false;
	return filling(now + at, s->length - at);
}

/* To the thunk that this processor needs, or to the one for all. */
static bool jumps_to_return(const struct judge *j, uint64_t address)
{
	uint64_t variable = memory_symbol(j->memory, "x86_return_thunk");
	const uint8_t *now = memory_at(j->memory, address, 5);

	return now && now[0] == 0xe9 &&
	       (target(j, address) == memory_symbol(j->memory, "__x86_return_thunk") ||
		(variable && target(j, address) == memory_word(j->memory, variable)));
}

static bool returns(const struct judge *j, const struct judge_site *s)
{
	const uint8_t *now = bytes(j, s);

	return (now[0] == 0xc3 && all_int3(now + 1, 4)) || jumps_to_return(j, s->address);
}

static bool static_call(const struct judge *j, const struct judge_site *s)
{
	uint64_t function = memory_word(j->memory, s->value);
	const uint8_t *now = bytes(j, s);
	uint64_t to;

	if (s->length == 6) {
		to = target(j, s->address + 1);
		if (memcmp(now, s->original, 2))
			return false;
		return function ? to == function :
				  to == memory_symbol(j->memory, "__static_call_return") ||
					  to == memory_symbol(j->memory, "__x86_return_thunk");
	}
	/* A jump, or the return of a trampoline that had no function yet. */
	if (s->original[0] != 0xe8)
		return function ? now[0] == 0xe9 && target(j, s->address) == function :
				  returns(j, s);
	if (!function)
		return nop(now, 5) == 5;
	if (function == memory_symbol(j->memory, "__static_call_return0"))
		return equal(now, "\x2e\x2e\x2e\x31\xc0", 5);
	return now[0] == 0xe8 && calls(j, s->address, function);
}

static bool jump_label(const struct judge *j, const struct judge_site *s)
{
	const uint8_t *now = bytes(j, s);

	if (nop(now, s->length) == s->length)
		return true;
	if (s->length == 2)
		return now[0] == 0xeb && s->address + 2 + (int8_t)now[1] == s->value;
	return now[0] == 0xe9 && target(j, s->address) == s->value;
}

/*
 * A nop, ftrace's entry code, or a trampoline: kallsyms names those that there are, with what made
 * them in the place of a module.
 */
static bool tracing(const struct judge *j, const struct judge_site *s)
{
	const uint8_t *now = bytes(j, s);
	const struct entry *e;
	uint64_t to;

	if (nop(now, 5) == 5)
		return true;
	to = target(j, s->address);
	e = memory_entry_from(j->memory, to);
	if (now[0] != 0xe8 || !e || e->address != to)
		return false;
	if (!*e->module)
		return !strcmp(e->name, "ftrace_caller") || !strcmp(e->name, "ftrace_regs_caller");
	return (!strcmp(e->module, "__builtin__ftrace") &&
		!strcmp(e->name, "ftrace_trampoline")) ||
	       (!strcmp(e->module, "bpf") && !strncmp(e->name, "bpf_trampoline_", 15));
}

static bool changed(const struct judge *j, const struct judge_site *s)
{
	const uint8_t *now = bytes(j, s);

	switch (s->kind) {
	case JUDGE_LOCK:
		return now[0] == 0xf0 || now[0] == 0x3e;
	case JUDGE_JUMP:
		return jump_label(j, s);
	case JUDGE_STATIC_CALL:
		return static_call(j, s);
	case JUDGE_TRACE:
		return tracing(j, s);
	case JUDGE_RETURN:
		return returns(j, s);
	case JUDGE_INDIRECT:
		return indirect(j, s);
	case JUDGE_CALL:
		return now[0] == 0xe8 && s->original[0] == 0xe8 &&
		       calls(j, s->address, original_target(s, 0));
	case JUDGE_ENDBR:
		return equal(now, "\x66\x0f\x1f\0", 4);
	case JUDGE_PARAVIRT:
		return direct_call(j, s, memory_word(j->memory,
						     memory_symbol(j->memory, "pv_ops") +
							     8 * s->value));
	case JUDGE_RUNTIME:
		return s->value && memory_at(j->memory, s->value, 8) &&
		       !memcmp(now, memory_at(j->memory, s->value, 8), s->length);
	case JUDGE_ALTERNATIVE:
		return alternative(j, s);
	default:
		return false;
	}
}

bool judge_site_legal(const struct judge *j, const struct judge_site *s)
{
	/* What the compiler wrote the kernel may not have touched (yet). */
	return !memcmp(bytes(j, s), s->original, s->length) || changed(j, s);
}
