// SPDX-License-Identifier: GPL-2.0-only
/* The forms of a jump label on x86-64. */
#include <linux/errno.h>
#include <linux/string.h>
#include <asm/pgtable.h>

#include "../../ksplice.h"

#define JMP8_OPCODE  0xeb
#define JMP32_OPCODE 0xe9

bool ksplice_arch_writable(unsigned long address)
{
	unsigned int level;
	pte_t *pte = lookup_address(address, &level);

	return pte && pte_write(*pte);
}

int ksplice_arch_set_branch(u8 *code, unsigned long address, unsigned long target, bool jump)
{
	static const u8 nop2[] = { 0x66, 0x90 };
	static const u8 nop5[] = { 0x0f, 0x1f, 0x44, 0x00, 0x00 };
	bool is_short = code[0] == JMP8_OPCODE || !memcmp(code, nop2, sizeof(nop2));
	s64 distance = target - (address + (is_short ? 2 : 5));
	s32 wide = distance;

	if (!is_short && code[0] != JMP32_OPCODE && memcmp(code, nop5, sizeof(nop5)))
		return -EINVAL;
	if (is_short ? distance != (s8)distance : distance != wide)
		return -EINVAL;
	if (!jump) {
		memcpy(code, is_short ? nop2 : nop5, is_short ? sizeof(nop2) : sizeof(nop5));
	} else if (is_short) {
		code[0] = JMP8_OPCODE;
		code[1] = (u8)distance;
	} else {
		code[0] = JMP32_OPCODE;
		memcpy(code + 1, &wide, sizeof(wide));
	}
	return 0;
}
