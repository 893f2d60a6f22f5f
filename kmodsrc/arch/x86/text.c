// SPDX-License-Identifier: GPL-2.0-only
/* Kernel text on x86-64: its pages, and the jump. */
#include <linux/mm.h>
#include <linux/string.h>
#include <linux/vmalloc.h>
#include <asm/cpufeature.h>

#include "../../compat/compat.h"
#include "../../ksplice.h"

#define JMP32_OPCODE 0xe9

struct page *ksplice_arch_text_page(unsigned long address)
{
	unsigned long pfn;

	if (address >= MODULES_VADDR && address < MODULES_END)
		return vmalloc_to_page((void *)address);
	if (address < __START_KERNEL_map || address >= MODULES_VADDR)
		return NULL;
	pfn = __pa_symbol(address) >> PAGE_SHIFT;
	return pfn_valid(pfn) ? pfn_to_page(pfn) : NULL;
}

bool ksplice_arch_is_branch(unsigned long place, u32 type)
{
	u8 opcode[2];

	/* call, jmp, jcc: before a displacement of anything else is a ModRM byte or an immediate */
	if (type != KSPLICE_PC32 || ksplice_read_original(opcode, place - 2, sizeof(opcode)))
		return false;
	return opcode[1] == 0xe8 || opcode[1] == 0xe9 ||
	       (opcode[0] == 0x0f && (opcode[1] & 0xf0) == 0x80);
}

bool ksplice_arch_callable(unsigned long address)
{
	static const u8 endbr[] = { 0xf3, 0x0f, 0x1e, 0xfa };
	u8 found[sizeof(endbr)];

	if (!cpu_feature_enabled(X86_FEATURE_IBT))
		return true;
	return !ksplice_read_original(found, address, sizeof(found)) &&
	       !memcmp(found, endbr, sizeof(endbr));
}

unsigned long ksplice_arch_entry(unsigned long place)
{
	static const u8 entry[] = { 0xf3, 0x0f, 0x1e, 0xfa, JMP32_OPCODE };
	u8 found[sizeof(entry)];

	if (ksplice_read_original(found, place - sizeof(entry), sizeof(entry)) ||
	    memcmp(found, entry, sizeof(entry)))
		return 0;
	return place - sizeof(entry);
}

int ksplice_arch_jump(u8 insn[KSPLICE_JUMP_SIZE], unsigned long from, unsigned long to)
{
	long distance = to - (from + KSPLICE_JUMP_SIZE);

	if (distance != (s32)distance)
		return -ERANGE;
	insn[0] = JMP32_OPCODE;
	put_unaligned_le32(distance, insn + 1);
	return 0;
}
