// SPDX-License-Identifier: GPL-2.0-only
/*
 * The tracing call at a function's entry: a nop, or a call to ftrace's entry code, to a copy of that
 * which ftrace has made for one of its users, or to a trampoline of BPF. What a call leads to may
 * only look like one, so the kernel itself must know it as one. And in the entry code, the call of
 * what traces.
 */
#include <linux/ctype.h>
#include <linux/ftrace.h>
#include <linux/kallsyms.h>
#include <linux/kernel.h>
#include <linux/mm.h>
#include <linux/pgtable.h>
#include <linux/string.h>

#include "sites_x86.h"

#define ENTRY_CODE 16	/* bytes; nothing in them is relative to where they are */
#define LOAD_SIZE      7	/* movq distance(%rip),%rdx */

static bool equal_code(unsigned long address, unsigned long to, u32 length)
{
	u8 code[ENTRY_CODE], expected[ENTRY_CODE];

	return !ksplice_read_original(code, address, length) &&
	       !ksplice_read_original(expected, to, length) && !memcmp(code, expected, length);
}

/*
 * Is it a copy of the entry code at `caller', made for a user of ftrace? That loads the user's
 * struct ftrace_ops at `load'; a copy from a place of its own. The user knows of one copy, which is
 * this one, or it is not in use any more.
 */
static bool is_copy_of(enum ksplice_core_symbol caller, enum ksplice_core_symbol load,
		       unsigned long address)
{
	unsigned long start = ksplice_core_address(caller);
	unsigned long offset = ksplice_core_address(load) - start, ops, trampoline;
	s32 distance;

	if (!start || !equal_code(address, start, ENTRY_CODE) ||
	    !equal_code(address + offset, start + offset, LOAD_SIZE - sizeof(distance)) ||
	    ksplice_read_original(&distance, address + offset + LOAD_SIZE - sizeof(distance),
				  sizeof(distance)))
		return false;
	return ksplice_x86_read(address + offset + LOAD_SIZE + distance, &ops) &&
	       ksplice_x86_read(ops + offsetof(struct ftrace_ops, trampoline), &trampoline) &&
	       trampoline == address;
}

/* Does a trampoline of BPF begin there, by kallsyms? Functions of modules end in [MODULE] there. */
static bool is_bpf_trampoline(unsigned long address)
{
	static const char prefix[] = "bpf_trampoline_";
	char buf[KSYM_SYMBOL_LEN];
	const char *at = buf + strlen(prefix);

	sprint_symbol(buf, address);
	if (strncmp(buf, prefix, strlen(prefix)))
		return false;
	while (isdigit(*at))
		at++;
	return !strncmp(at, "+0x0/", 5) && !strchr(at, '[');
}

bool ksplice_x86_fentry_legal(const struct ksplice_site_run *s)
{
	unsigned long target;

	if (ksplice_x86_is_nop(s->run, BRANCH_SIZE))
		return true;
	if (s->run[0] != OP_CALL)
		return false;
	target = ksplice_x86_target(s->run, s->address);
	if (target >= MODULES_VADDR && target < MODULES_END)
		return is_copy_of(KSPLICE_CORE_ftrace_caller, KSPLICE_CORE_ftrace_caller_op_ptr,
				  target) ||
		       is_copy_of(KSPLICE_CORE_ftrace_regs_caller,
				  KSPLICE_CORE_ftrace_regs_caller_op_ptr, target) ||
		       is_bpf_trampoline(target);
	return target && (target == ksplice_core_address(KSPLICE_CORE_ftrace_caller) ||
			  target == ksplice_core_address(KSPLICE_CORE_ftrace_regs_caller));
}

/*
 * As compiled it calls a function that does nothing; ftrace_modify_all_code()
 * (kernel/trace/ftrace.c) makes it call what its variable says, without the accounting of call
 * depth tracking (ftrace_call_replace(), arch/x86/kernel/ftrace.c).
 */
bool ksplice_x86_tracer_legal(const struct ksplice_site_run *s)
{
	unsigned long tracer;

	if (s->address != ksplice_core_address(KSPLICE_CORE_ftrace_call) &&
	    s->address != ksplice_core_address(KSPLICE_CORE_ftrace_regs_call))
		return false;
	return s->run[0] == OP_CALL &&
	       ksplice_x86_read(ksplice_core_address(KSPLICE_CORE_ftrace_trace_function),
				&tracer) &&
	       ksplice_x86_target(s->run, s->address) == tracer;
}
