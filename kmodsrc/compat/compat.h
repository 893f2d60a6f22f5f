/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Where kernels differ. The HAVE_* come from the compile probes in probe/ (see
 * Kbuild); they are used here and nowhere else.
 */
#ifndef _KSPLICE_COMPAT_H
#define _KSPLICE_COMPAT_H

#include <linux/ftrace.h>
#include <linux/module.h>
#include <linux/sched.h>
#include <linux/sysfs.h>

#include "autoconf.h"

#ifndef HAVE_PROBES_WORK
#error "the compile probes of kmodsrc/compat do not work with this kernel's build"
#endif

#ifdef HAVE_UNALIGNED_IN_LINUX
#include <linux/unaligned.h>
#else
#include <asm/unaligned.h>
#endif

/* Where the function graph tracer keeps a task's return addresses: [*start, *end). */
static inline notrace void ksplice_compat_graph_stack(struct task_struct *task,
						      unsigned long *start, unsigned long *end)
{
	*start = 0;
	*end = 0;
#ifdef CONFIG_FUNCTION_GRAPH_TRACER
	*start = (unsigned long)READ_ONCE(task->ret_stack);
	if (!*start)
		return;
#ifdef HAVE_GRAPH_RET_STACK_WORDS
	*end = *start + PAGE_SIZE;
#else
	*end = *start + FTRACE_RETFUNC_DEPTH * sizeof(struct ftrace_ret_stack);
#endif
#endif
}

#ifdef CONFIG_DYNAMIC_FTRACE
static __always_inline void ksplice_compat_ftrace_set_ip(struct ftrace_regs *fregs,
							 unsigned long ip)
{
#ifdef HAVE_FTRACE_REGS_SET_IP
	ftrace_regs_set_instruction_pointer(fregs, ip);
#else
	ftrace_instruction_pointer_set(fregs, ip);
#endif
}
#endif

#ifdef HAVE_CONST_BIN_ATTRIBUTE
typedef const struct bin_attribute ksplice_compat_bin_attribute;
#else
typedef struct bin_attribute ksplice_compat_bin_attribute;
#endif

/* A module's code, without what is freed after its init. */
static inline void ksplice_compat_module_text(const struct module *mod, unsigned long *start,
					      unsigned long *size)
{
#ifdef HAVE_MODULE_MEM
	*start = (unsigned long)mod->mem[MOD_TEXT].base;
	*size = mod->mem[MOD_TEXT].size;
#else
	*start = (unsigned long)mod->core_layout.base;
	*size = mod->core_layout.text_size;
#endif
}

/* Is a range in the part of a module that has its code or its constants? */
static inline bool ksplice_compat_module_is_constant(const struct module *mod,
						     unsigned long address, unsigned long size)
{
#ifdef HAVE_MODULE_MEM
	static const enum mod_mem_type types[] = { MOD_TEXT, MOD_RODATA };
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(types); i++) {
		const struct module_memory *part = &mod->mem[types[i]];

		if (size <= part->size && address - (unsigned long)part->base <= part->size - size)
			return true;
	}
	return false;
#else
	return size <= mod->core_layout.ro_size &&
	       address - (unsigned long)mod->core_layout.base <= mod->core_layout.ro_size - size;
#endif
}

#endif /* _KSPLICE_COMPAT_H */
