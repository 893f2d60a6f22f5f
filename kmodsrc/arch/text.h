/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What writing text and walking stacks needs of an architecture. Implemented
 * in arch/ARCH/text.c, arch/ARCH/unwind.c and the header included here.
 */
#ifndef _KSPLICE_ARCH_TEXT_H
#define _KSPLICE_ARCH_TEXT_H

#include <linux/types.h>

#ifdef CONFIG_X86_64
#include "x86/text.h"
#else
#error "ksplice: this architecture is not supported"
#endif

struct page;
struct pt_regs;
struct task_struct;

/*
 * In text.h of each architecture:
 *   KSPLICE_JUMP_SIZE	bytes of the jump at a replaced function
 *   KSPLICE_TRAP_SIZE	bytes of the trap instruction that guards its writing
 *   KSPLICE_TRAP	its first byte
 *   ksplice_arch_serialize()	in the stop: forget prefetched instructions
 */

/* The page of kernel or module text at an address, or NULL. */
struct page *ksplice_arch_text_page(unsigned long address);

/* Is the field at `place' with a reference of that type a branch's, in new code? */
bool ksplice_arch_is_branch(unsigned long place, u32 type);

/* May an indirect branch of this processor lead to that function of the kernel? */
bool ksplice_arch_callable(unsigned long address);

/*
 * The address of an entry stub (an instruction that indirect branches may lead to,
 * and a jump) whose jump has its displacement at `place'; 0: there is none.
 */
unsigned long ksplice_arch_entry(unsigned long place);

/* Encodes a jump; -ERANGE when `to' is out of its reach. */
int ksplice_arch_jump(u8 insn[KSPLICE_JUMP_SIZE], unsigned long from, unsigned long to);

/* Called for each address at which a task may continue; `arg' as given. */
typedef void (*ksplice_arch_visit)(unsigned long address, void *arg);

/*
 * Visits every word of the used stack of a task. False if the task can have
 * return addresses elsewhere (tracers keep some), or not all could be read.
 * Safe at any time in an RCU read section, also for a task that runs or ends.
 */
bool ksplice_arch_scan(struct task_struct *task, ksplice_arch_visit visit, void *arg);

/*
 * Visits where a task that does not run (or the current one) will continue,
 * frame by frame. Where the unwinder is unsure, every word of the used stack and
 * of the places where tracers keep return addresses is visited too. In the stop.
 */
void ksplice_arch_walk(struct task_struct *task, ksplice_arch_visit visit, void *arg);

#endif /* _KSPLICE_ARCH_TEXT_H */
