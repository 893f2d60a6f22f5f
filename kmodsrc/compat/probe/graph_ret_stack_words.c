// SPDX-License-Identifier: GPL-2.0-only
/* 6.11 made the function graph tracer's shadow stack a page of words. */
#include <linux/sched.h>

unsigned long *probe(struct task_struct *task);
unsigned long *probe(struct task_struct *task)
{
	return task->ret_stack;
}
