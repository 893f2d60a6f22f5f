// SPDX-License-Identifier: GPL-2.0-only
/* Kernel text on x86-64: its pages, and the jump. */
#include <linux/mm.h>
#include <linux/vmalloc.h>

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

int ksplice_arch_jump(u8 insn[KSPLICE_JUMP_SIZE], unsigned long from, unsigned long to)
{
	long distance = to - (from + KSPLICE_JUMP_SIZE);

	if (distance != (s32)distance)
		return -ERANGE;
	insn[0] = JMP32_OPCODE;
	put_unaligned_le32(distance, insn + 1);
	return 0;
}
