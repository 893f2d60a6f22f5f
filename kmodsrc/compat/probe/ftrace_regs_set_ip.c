// SPDX-License-Identifier: GPL-2.0-only
/* 6.3 renamed ftrace_instruction_pointer_set(). */
#include <linux/ftrace.h>

void probe(struct ftrace_regs *fregs);
void probe(struct ftrace_regs *fregs)
{
	ftrace_regs_set_instruction_pointer(fregs, 0);
}
