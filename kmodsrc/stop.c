// SPDX-License-Identifier: GPL-2.0-only
/*
 * What happens while the machine stands still.
 *
 * Every CPU enters with interrupts off, in its stopper thread. Each checks its
 * own stack; the last to arrive works, the others wait:
 *
 *	check all stacks, verify all bytes	refused: nothing has been changed
 *	trap into the first byte of each site	all CPUs serialise
 *	the bytes behind it			all CPUs serialise
 *	the first byte				all CPUs serialise
 *	the constants, in their place
 *
 * A CPU that is in a non-maskable interrupt acknowledges a step only after it,
 * so in whatever state one finds a site: old, trap (int3.c) or new.
 */
#include <linux/cpu.h>
#include <linux/ftrace.h>
#include <linux/kprobes.h>
#include <linux/stop_machine.h>
#include <linux/string.h>
#include <linux/timekeeping.h>

#include "ksplice.h"

enum step { STEP_WAIT, STEP_TRAP, STEP_TAIL, STEP_HEAD, STEP_DONE };

/* Lets all other CPUs serialise, and waits for it. */
static __always_inline void make_step(struct ksplice_stop *stop, enum step step)
{
	unsigned int others = num_online_cpus() - 1;

	atomic_set(&stop->acknowledged, 0);
	smp_store_release(&stop->step, step);
	while (atomic_read(&stop->acknowledged) != others)
		cpu_relax();
	ksplice_arch_serialize();
}

static void __in_stop wait_for_worker(struct ksplice_stop *stop)
{
	unsigned int seen = STEP_WAIT, step;

	while (seen != STEP_DONE) {
		step = smp_load_acquire(&stop->step);
		if (step != seen) {
			ksplice_arch_serialize();
			atomic_inc(&stop->acknowledged);
			seen = step;
		}
		cpu_relax();
	}
}

static bool __in_stop bytes_are_expected(struct ksplice_stop *stop)
{
	unsigned int i;

	for (i = 0; i < stop->nr_writes; i++) {
		const struct ksplice_site_write *write = &stop->writes[i];

		if (!memcmp(write->alias, write->expected, KSPLICE_JUMP_SIZE))
			continue;
		stop->changed = i;
		memcpy(stop->found, write->alias, sizeof(stop->found));
		return false;
	}
	for (i = 0; i < stop->nr_data; i++) {
		if (ksplice_data_expected(&stop->data[i]))
			continue;
		stop->changed_data = &stop->data[i];
		return false;
	}
	return true;
}

/* Calls nothing, so that it cannot run into what it is writing. */
static void __in_stop write_sites(struct ksplice_stop *stop)
{
	unsigned int i, b;

	for (i = 0; i < stop->nr_writes; i++)
		for (b = 0; b < KSPLICE_TRAP_SIZE; b++)
			WRITE_ONCE(stop->writes[i].alias[b], KSPLICE_TRAP);
	make_step(stop, STEP_TRAP);
	for (i = 0; i < stop->nr_writes; i++)
		for (b = KSPLICE_TRAP_SIZE; b < KSPLICE_JUMP_SIZE; b++)
			WRITE_ONCE(stop->writes[i].alias[b], stop->writes[i].wanted[b]);
	make_step(stop, STEP_TAIL);
	for (i = 0; i < stop->nr_writes; i++)
		for (b = 0; b < KSPLICE_TRAP_SIZE; b++)
			WRITE_ONCE(stop->writes[i].alias[b], stop->writes[i].wanted[b]);
	make_step(stop, STEP_HEAD);
}
NOKPROBE_SYMBOL(write_sites);

static void __in_stop work(struct ksplice_stop *stop)
{
	unsigned int i;

	ksplice_stack_check_all(&stop->check);
	if (stop->check.no_idle_tasks)
		stop->cause = KSPLICE_CAUSE_UNSUPPORTED;
	else if (atomic_read(&stop->check.nr_conflicts))
		stop->cause = KSPLICE_CAUSE_BUSY;
	else if (!bytes_are_expected(stop))
		stop->cause = KSPLICE_CAUSE_CHANGED;
	if (stop->cause != KSPLICE_CAUSE_OK || stop->dry_run)
		return;

	if (stop->nr_writes) {
		ksplice_int3_sites(stop->writes, stop->nr_writes);
		write_sites(stop);
		ksplice_int3_sites(NULL, 0);
	}
	for (i = 0; i < stop->nr_data; i++)
		ksplice_data_store(&stop->data[i]);
	for (i = 0; i < stop->nr_redirects; i++)
		ksplice_redirect_set(stop->redirects[i], stop->redirect_to_new);
}

static int __in_stop stop_cpu(void *data)
{
	struct ksplice_stop *stop = data;

	if (atomic_inc_return(&stop->entered) == 1)
		stop->start_ns = ktime_get_mono_fast_ns();
	ksplice_stack_check_self(&stop->check);
	if (atomic_inc_return(&stop->arrived) == num_online_cpus()) {
		work(stop);
		stop->stop_ns = ktime_get_mono_fast_ns() - stop->start_ns;
		/* Not waited for: stop_machine() returns only when all have left. */
		smp_store_release(&stop->step, STEP_DONE);
	} else {
		wait_for_worker(stop);
	}
	return 0;
}

void ksplice_stop_run(struct ksplice_stop *stop)
{
	int err = stop_machine(stop_cpu, stop, cpu_online_mask);

	if (err)
		stop->cause = KSPLICE_CAUSE_UNEXPECTED;
}
