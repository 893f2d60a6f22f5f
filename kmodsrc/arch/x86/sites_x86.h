/* SPDX-License-Identifier: GPL-2.0-only */
/* What the files about sites on x86-64 share. */
#ifndef _KSPLICE_ARCH_X86_SITES_X86_H
#define _KSPLICE_ARCH_X86_SITES_X86_H

#include <linux/types.h>

#include "../sites.h"

/* First bytes of instructions. */
#define OP_CALL		0xe8	/* rel32 */
#define OP_JMP		0xe9	/* rel32 */
#define OP_JMP8		0xeb	/* rel8 */
#define OP_RET		0xc3
#define OP_INT3		0xcc
#define OP_NOP		0x90
#define OP_CS		0x2e	/* prefix */
#define OP_LOCK		0xf0	/* prefix */
#define OP_DS		0x3e	/* prefix */

#define BRANCH_SIZE	5	/* call or jmp rel32 */
#define JMP8_SIZE	2

/* ---- nops.c -------------------------------------------------------------- */

#define NOP_MAX		11	/* the longest nop that any kernel uses */

/* Is `run' the one nop of that length (1 to NOP_MAX)? */
bool ksplice_x86_is_nop(const u8 *run, u32 length);

/* Is `run' a way in which the kernel fills `length' bytes with nops? */
bool ksplice_x86_is_nops(const u8 *run, u32 length);

/* ---- sites.c ------------------------------------------------------------- */

/* Where a call or jmp with a 32-bit displacement at `address' leads. */
unsigned long ksplice_x86_target(const u8 *insn, unsigned long address);

/* The same for a call that call depth tracking may have sent through its accounting. */
unsigned long ksplice_x86_callee(const u8 *insn, unsigned long address);

/* Reads one 8-byte variable of the kernel. */
bool ksplice_x86_read(unsigned long address, unsigned long *value);

/* ---- sites_trace.c ------------------------------------------------------- */

bool ksplice_x86_fentry_legal(const struct ksplice_site_run *s);

/* Of a call site: is it ftrace's own, and as ftrace keeps it now? */
bool ksplice_x86_tracer_legal(const struct ksplice_site_run *s);

/* ---- sites_alternative.c ------------------------------------------------- */

bool ksplice_x86_alternative_legal(const struct ksplice_site_run *s);
bool ksplice_x86_paravirt_legal(const struct ksplice_site_run *s);

#endif /* _KSPLICE_ARCH_X86_SITES_X86_H */
