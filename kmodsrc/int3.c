// SPDX-License-Identifier: GPL-2.0-only
/*
 * Non-maskable interrupts are not stopped, so a CPU may run into a jump of
 * which only a part is written. Therefore its first byte is a trap while the
 * others change (stop.c), and the trap is emulated here: it goes to where the
 * jump goes. That is the new code when applying and when reversing; both old
 * and new code are complete at that time.
 *
 * The sites are set and taken back while all CPUs take part in the stop, and
 * the stop waits for each of them; so no trap can be left over afterwards.
 */
#include <linux/kdebug.h>
#include <linux/kprobes.h>
#include <linux/notifier.h>
#include <linux/ptrace.h>

#include "ksplice.h"

static const struct ksplice_site_write *sites;
static unsigned int nr_sites;

void __in_stop ksplice_int3_sites(const struct ksplice_site_write *writes, unsigned int nr)
{
	WRITE_ONCE(sites, writes);
	/* A reader that sees the number sees the sites. */
	smp_store_release(&nr_sites, nr);
}

/* Also called in NMI context, on any CPU. */
static int notrace trap_notify(struct notifier_block *nb, unsigned long event, void *data)
{
	struct die_args *args = data;
	unsigned int low = 0, high = smp_load_acquire(&nr_sites);
	const struct ksplice_site_write *writes = READ_ONCE(sites);
	unsigned long address;

	if (event != DIE_INT3 || !args->regs || user_mode(args->regs) || !writes)
		return NOTIFY_DONE;
	address = instruction_pointer(args->regs) - KSPLICE_TRAP_SIZE;
	while (low < high) {
		unsigned int middle = low + (high - low) / 2;

		if (writes[middle].address == address) {
			instruction_pointer_set(args->regs, writes[middle].destination);
			return NOTIFY_STOP;
		}
		if (writes[middle].address < address)
			low = middle + 1;
		else
			high = middle;
	}
	return NOTIFY_DONE;
}
NOKPROBE_SYMBOL(trap_notify);

static struct notifier_block trap_notifier = {
	.notifier_call = trap_notify,
	.priority = INT_MAX,
};

int ksplice_int3_init(void)
{
	return register_die_notifier(&trap_notifier);
}

void ksplice_int3_exit(void)
{
	unregister_die_notifier(&trap_notifier);
}
