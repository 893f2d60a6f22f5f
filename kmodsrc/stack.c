// SPDX-License-Identifier: GPL-2.0-only
/*
 * Is a thread inside code that is about to change? Looks at every task while
 * the machine is stopped: where it continues, where its frames return to, and
 * the function that restarts its system call.
 */
#include <linux/cpumask.h>
#include <linux/percpu.h>
#include <linux/rcupdate.h>
#include <linux/sched/signal.h>
#include <linux/sched/task_stack.h>
#include <linux/sort.h>
#include <linux/string.h>
#include <linux/uaccess.h>

#include "ksplice.h"

struct visit {
	struct ksplice_stack_check *check;
	struct task_struct *task;
	const char *last; /* range already recorded for this task */
};

static int compare_ranges(const void *a, const void *b)
{
	const struct ksplice_range *left = a, *right = b;

	if (left->start != right->start)
		return left->start < right->start ? -1 : 1;
	return 0;
}

void ksplice_stack_prepare(struct ksplice_stack_check *check)
{
	sort(check->ranges, check->nr_ranges, sizeof(*check->ranges), compare_ranges, NULL);
}

/* The range that holds an address. They do not overlap but for a shared end point. */
static const struct ksplice_range *__in_stop find_range(const struct ksplice_stack_check *check,
							unsigned long address)
{
	unsigned int low = 0, high = check->nr_ranges;

	while (low < high) {
		unsigned int middle = low + (high - low) / 2;

		if (check->ranges[middle].start <= address)
			low = middle + 1;
		else
			high = middle;
	}
	return low && address <= check->ranges[low - 1].end ? &check->ranges[low - 1] : NULL;
}

static void __in_stop visit_address(unsigned long address, void *arg)
{
	struct visit *visit = arg;
	const struct ksplice_range *range = find_range(visit->check, address);
	struct ksplice_conflict *conflict;
	unsigned int slot;

	if (!range || range->name == visit->last)
		return;
	visit->last = range->name;
	slot = atomic_inc_return(&visit->check->nr_conflicts) - 1;
	if (slot >= KSPLICE_MAX_CONFLICTS)
		return;
	conflict = &visit->check->conflicts[slot];
	conflict->pid = visit->task->pid;
	memcpy(conflict->comm, visit->task->comm, sizeof(conflict->comm));
	conflict->address = address;
	conflict->name = range->name;
}

/* For ksplice_stack_is_clear(). */
struct search {
	const struct ksplice_stack_check *check;
	bool found;
};

static void search_address(unsigned long address, void *arg)
{
	struct search *search = arg;

	if (!search->found && find_range(search->check, address))
		search->found = true;
}

bool ksplice_stack_is_clear(const struct ksplice_stack_check *check, struct task_struct *task)
{
	struct search search = { .check = check };

	search_address((unsigned long)READ_ONCE(task->restart_block.fn), &search);
	return !search.found && ksplice_arch_scan(task, search_address, &search) && !search.found;
}

static void __in_stop check_task(struct ksplice_stack_check *check, struct task_struct *task)
{
	struct visit visit = { .check = check, .task = task };

	/* A dead task has given its stack back, or will never use it again. */
	if (!task_stack_page(task) || READ_ONCE(task->__state) == TASK_DEAD)
		return;
#ifdef CONFIG_THREAD_INFO_IN_TASK
	if (!refcount_read(&task->stack_refcount))
		return;
#endif
	visit_address((unsigned long)READ_ONCE(task->restart_block.fn), &visit);
	ksplice_arch_walk(task, visit_address, &visit);
}

/* The idle task of a CPU, if the address that user space gave holds it. */
static struct task_struct *__in_stop idle_task_of(int cpu)
{
	unsigned long offset = ksplice_core_address(KSPLICE_CORE_idle_threads);
	struct task_struct *task;
	unsigned int flags;
	pid_t pid;

	if (!offset)
		return NULL;
	if (copy_from_kernel_nofault(
		    &task, per_cpu_ptr((struct task_struct * __percpu __force *)offset, cpu),
		    sizeof(task)) ||
	    copy_from_kernel_nofault(&flags, &task->flags, sizeof(flags)) ||
	    copy_from_kernel_nofault(&pid, &task->pid, sizeof(pid)))
		return NULL;
	/* PF_IDLE comes only when its CPU has nothing to do for the first time (rest_init()). */
	return flags & PF_KTHREAD && !pid && task_cpu(task) == cpu ? task : NULL;
}

void __in_stop ksplice_stack_check_self(struct ksplice_stack_check *check)
{
	check_task(check, current);
}

void __in_stop ksplice_stack_check_all(struct ksplice_stack_check *check)
{
	struct task_struct *process, *task;
	int cpu;

	rcu_read_lock();
	for_each_process_thread(process, task) {
		/*
		 * Only the stoppers, which have checked themselves on their way
		 * here, are on a CPU now.
		 */
		if (!READ_ONCE(task->on_cpu) && !ksplice_survey_holds(&check->survey, task))
			check_task(check, task);
	}
	rcu_read_unlock();

	for_each_online_cpu(cpu) {
		task = idle_task_of(cpu);
		if (task)
			check_task(check, task);
		else
			check->no_idle_tasks = true;
	}
}
