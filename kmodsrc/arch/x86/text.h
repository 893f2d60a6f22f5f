/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _KSPLICE_ARCH_X86_TEXT_H
#define _KSPLICE_ARCH_X86_TEXT_H

#include <asm/sync_core.h>

#define KSPLICE_JUMP_SIZE	5	/* jmp rel32 */
#define KSPLICE_TRAP_SIZE	1	/* int3 */
#define KSPLICE_TRAP		0xcc

static __always_inline void ksplice_arch_serialize(void)
{
	sync_core();
}

#endif /* _KSPLICE_ARCH_X86_TEXT_H */
