// SPDX-License-Identifier: GPL-2.0-only
/*
 * Which tasks need no look at their stack while the machine is stopped?
 *
 * A machine may have ten thousands of threads, nearly all asleep for a long
 * time. Before the stop each stack is read as it lies there; a task is noted
 * if nothing on it is an address of a range, with the number of times that it
 * has given up its CPU. If that number is the same in the stop, the task has
 * not run since, and its stack is what it was. A task on a CPU is never noted:
 * until the stop it has to leave that CPU, and __schedule() (kernel/sched/core.c)
 * counts before it switches.
 */
#include <linux/hash.h>
#include <linux/log2.h>
#include <linux/rcupdate.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>

#include "ksplice.h"

#define MAX_BITS 22 /* of the table: 4 million tasks are in reach of pid_max */

/* A task as it was; started: a later one may lie at the same address. */
struct ksplice_noted {
	const struct task_struct *task;
	u64 started;
	unsigned long switches;
};

static unsigned long __in_stop switches_of(const struct task_struct *task)
{
	return READ_ONCE(task->nvcsw) + READ_ONCE(task->nivcsw);
}

/* The slot of a task, or the empty one where it belongs. There is always an empty one. */
static struct ksplice_noted *__in_stop slot_of(const struct ksplice_survey *survey,
					       const struct task_struct *task)
{
	unsigned int mask = (1U << survey->bits) - 1, i;

	for (i = hash_ptr(task, survey->bits);; i = (i + 1) & mask)
		if (!survey->slots[i].task || survey->slots[i].task == task)
			return &survey->slots[i];
}

bool __in_stop ksplice_survey_holds(const struct ksplice_survey *survey,
				    const struct task_struct *task)
{
	const struct ksplice_noted *noted;

	if (!survey->slots)
		return false;
	noted = slot_of(survey, task);
	return noted->task && noted->started == task->start_boottime &&
	       noted->switches == switches_of(task);
}

static void note(struct ksplice_survey *survey, struct task_struct *task,
		 const struct ksplice_stack_check *check)
{
	unsigned long switches = switches_of(task);
	struct ksplice_noted *noted;

	/* Pairs with finish_task(): what it wrote to its stack is seen. */
	if (smp_load_acquire(&task->on_cpu) || !ksplice_stack_is_clear(check, task))
		return;
	/* It was off its CPU all that time, or it is not noted. */
	smp_rmb();
	if (READ_ONCE(task->on_cpu) || switches_of(task) != switches)
		return;
	noted = slot_of(survey, task);
	noted->task = task;
	noted->started = task->start_boottime;
	noted->switches = switches;
}

void ksplice_survey_make(struct ksplice_survey *survey, const struct ksplice_stack_check *check)
{
	struct task_struct *process, *task;
	unsigned int count = 0, room;

	rcu_read_lock();
	for_each_process_thread(process, task)
		count++;
	rcu_read_unlock();

	survey->bits = clamp(ilog2(count + 1) + 2, 4, MAX_BITS);
	survey->slots = kvcalloc(1U << survey->bits, sizeof(*survey->slots), GFP_KERNEL);
	/* Then every stack is looked at in the stop. */
	if (!survey->slots)
		return;
	room = 1U << (survey->bits - 1);
	rcu_read_lock();
	for_each_process_thread(process, task)
		if (room && room--)
			note(survey, task, check);
	rcu_read_unlock();
}

void ksplice_survey_free(struct ksplice_survey *survey)
{
	kvfree(survey->slots);
	survey->slots = NULL;
}
