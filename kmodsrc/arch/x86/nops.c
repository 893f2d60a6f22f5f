// SPDX-License-Identifier: GPL-2.0-only
/*
 * The nops of x86-64 kernels. The kernel fills what it does not need with nops,
 * and joins single-byte nops into longer ones while it applies alternatives. How
 * long the longest is, and what is done with a gap that is longer, has changed:
 *
 *   up to 6.4	the longest nops first, at most 8 bytes each
 *   since 6.5	one nop of at most 8 or 11 bytes; a longer gap is jumped over
 *		and filled with int3
 */
#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/string.h>

#include "sites_x86.h"

static const u8 nop_bytes[NOP_MAX][NOP_MAX] = {
	{ 0x90 },
	{ 0x66, 0x90 },
	{ 0x0f, 0x1f, 0x00 },
	{ 0x0f, 0x1f, 0x40, 0x00 },
	{ 0x0f, 0x1f, 0x44, 0x00, 0x00 },
	{ 0x66, 0x0f, 0x1f, 0x44, 0x00, 0x00 },
	{ 0x0f, 0x1f, 0x80, 0x00, 0x00, 0x00, 0x00 },
	{ 0x0f, 0x1f, 0x84, 0x00, 0x00, 0x00, 0x00, 0x00 },
	{ 0x2e, 0x0f, 0x1f, 0x84, 0x00, 0x00, 0x00, 0x00, 0x00 },
	{ 0x66, 0x2e, 0x0f, 0x1f, 0x84, 0x00, 0x00, 0x00, 0x00, 0x00 },
	{ 0x66, 0x66, 0x2e, 0x0f, 0x1f, 0x84, 0x00, 0x00, 0x00, 0x00, 0x00 },
};

bool ksplice_x86_is_nop(const u8 *run, u32 length)
{
	return length && length <= NOP_MAX && !memcmp(run, nop_bytes[length - 1], length);
}

/* A jump over the gap, and int3 in it. */
static bool is_jump_over(const u8 *run, u32 length)
{
	u32 i, insn;
	s32 distance;

	if (length > JMP8_SIZE && length < 128 && run[0] == OP_JMP8) {
		insn = JMP8_SIZE;
		distance = (s8)run[1];
	} else if (length >= 128 && run[0] == OP_JMP) {
		insn = BRANCH_SIZE;
		memcpy(&distance, run + 1, sizeof(distance));
	} else {
		return false;
	}
	if (distance != (s32)(length - insn))
		return false;
	for (i = insn; i < length; i++)
		if (run[i] != OP_INT3)
			return false;
	return true;
}

bool ksplice_x86_is_nops(const u8 *run, u32 length)
{
	u32 at;

	if (!length || ksplice_x86_is_nop(run, length))
		return true;
	if (length > 8 && is_jump_over(run, length))
		return true;
	for (at = 0; length - at >= 8; at += 8)
		if (!ksplice_x86_is_nop(run + at, 8))
			return false;
	return at == length || ksplice_x86_is_nop(run + at, length - at);
}

/*
 * The length of the nop that `bytes' begins with; 0: it is none. The assembler's own
 * nop of nine bytes is another than the kernel's.
 */
static u32 nop_length(const u8 *bytes, u32 length)
{
	static const u8 assembler_nop[] = { 0x66, 0x0f, 0x1f, 0x84, 0x00, 0x00, 0x00, 0x00, 0x00 };
	u32 n;

	if (length >= sizeof(assembler_nop) && !memcmp(bytes, assembler_nop, sizeof(assembler_nop)))
		return sizeof(assembler_nop);
	for (n = min_t(u32, length, NOP_MAX); n; n--)
		if (ksplice_x86_is_nop(bytes, n))
			return n;
	return 0;
}

/*
 * Without a disassembler the first bytes that look like nops may be the end of
 * the instruction before; those stay as they are. Newer kernels also join nops
 * that are longer than one byte.
 */
static bool same_run_of_nops(const u8 *expected, const u8 *run, u32 length)
{
	u32 same, at;

	for (same = 0; same < length; same += at) {
		if (ksplice_x86_is_nops(run + same, length - same))
			return true;
		at = nop_length(expected + same, length - same);
		if (memcmp(expected + same, run + same, at))
			return false;
	}
	return true;
}

bool ksplice_arch_same_but_nops(const u8 *expected, const u8 *run, u32 length)
{
	u32 i = 0, end, n;

	while (i < length) {
		n = nop_length(expected + i, length - i);
		if (!n) {
			if (expected[i] != run[i])
				return false;
			i++;
			continue;
		}
		for (end = i; n; n = nop_length(expected + end, length - end))
			end += n;
		if (!same_run_of_nops(expected + i, run + i, end - i))
			return false;
		i = end;
	}
	return true;
}

void ksplice_arch_pad(u8 *to, u32 length)
{
	memset(to, OP_NOP, length);
}
