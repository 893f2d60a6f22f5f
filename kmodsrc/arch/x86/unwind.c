// SPDX-License-Identifier: GPL-2.0-only
/*
 * Walks a task's kernel stack, in the stop.
 *
 * The kernel's unwinder is believed only if it came to the proper end of the
 * stack without an error. Otherwise each word of the used stack counts as a
 * return address, and so do the return addresses that the function graph
 * tracer and return probes have taken off the stack (the unwinder knows about
 * those by itself). Too many addresses cost a retry, too few a crash.
 */
#include <linux/ftrace.h>
#include <linux/kprobes.h>
#include <linux/rethook.h>
#include <linux/sched.h>
#include <linux/sched/task_stack.h>
#include <linux/uaccess.h>
#include <asm/stacktrace.h>
#include <asm/unwind.h>

#include "../../compat/compat.h"
#include "../../ksplice.h"

/* No stack has more frames; guards against an unwinder that runs in circles. */
#define MAX_FRAMES (THREAD_SIZE / sizeof(unsigned long))

/* Did the unwinder reach the end of the stack, sure of each frame? */
static bool __in_stop walk_frames(struct task_struct *task, ksplice_arch_visit visit, void *arg)
{
	struct unwind_state state;
	unsigned int frames = 0;

	unwind_start(&state, task, NULL, NULL);
	for (; !unwind_done(&state) && !unwind_error(&state); unwind_next_frame(&state)) {
		struct pt_regs *regs = unwind_get_entry_regs(&state, NULL);
		unsigned long address;

		if (regs && user_mode(regs))
			return true;
		/* Frame pointers cannot be trusted below an interrupted frame. */
		if (regs && IS_ENABLED(CONFIG_UNWINDER_FRAME_POINTER))
			return false;
		address = unwind_get_return_address(&state);
		if (!address || ++frames > MAX_FRAMES)
			return false;
		visit(address, arg);
	}
	return !unwind_error(&state);
}

/* False if one could not be read: the rest is left out. */
static bool __in_stop walk_words(unsigned long start, unsigned long end, ksplice_arch_visit visit,
				 void *arg)
{
	unsigned long place, word;

	for (place = ALIGN(start, sizeof(word)); place + sizeof(word) <= end;
	     place += sizeof(word)) {
		if (copy_from_kernel_nofault(&word, (void *)place, sizeof(word)))
			return false;
		visit(word, arg);
	}
	return true;
}

/* Newest first of the return probes that a task has to return through. */
static struct llist_node *__in_stop return_probes(const struct task_struct *task)
{
#ifdef CONFIG_RETHOOK
	return READ_ONCE(task->rethooks.first);
#elif defined(CONFIG_KRETPROBES)
	return READ_ONCE(task->kretprobe_instances.first);
#else
	return NULL;
#endif
}

static void __in_stop walk_return_probes(struct task_struct *task, ksplice_arch_visit visit,
					 void *arg)
{
	struct llist_node *node = return_probes(task);

	for (; node; node = READ_ONCE(node->next)) {
#ifdef CONFIG_RETHOOK
		visit(container_of(node, struct rethook_node, llist)->ret_addr, arg);
#elif defined(CONFIG_KRETPROBES)
		visit((unsigned long)container_of(node, struct kretprobe_instance, llist)->ret_addr,
		      arg);
#endif
	}
}

static bool __in_stop walk_used(struct task_struct *task, ksplice_arch_visit visit, void *arg)
{
	unsigned long low = (unsigned long)READ_ONCE(task->stack);
	unsigned long start = task == current ? (unsigned long)__builtin_frame_address(0)
					      : READ_ONCE(task->thread.sp);

	if (!low)
		return false;
	/* A saved stack pointer out of the stack proves nothing: take all of it. */
	if (start < low || start >= low + THREAD_SIZE)
		start = low;
	return walk_words(start, low + THREAD_SIZE, visit, arg);
}

bool ksplice_arch_scan(struct task_struct *task, ksplice_arch_visit visit, void *arg)
{
	unsigned long low, high;

	ksplice_compat_graph_stack(task, &low, &high);
	return !low && !return_probes(task) && walk_used(task, visit, arg);
}

void __in_stop ksplice_arch_walk(struct task_struct *task, ksplice_arch_visit visit, void *arg)
{
	unsigned long low, high;

	if (walk_frames(task, visit, arg))
		return;
	walk_used(task, visit, arg);
	ksplice_compat_graph_stack(task, &low, &high);
	walk_words(low, high, visit, arg);
	walk_return_probes(task, visit, arg);
}
