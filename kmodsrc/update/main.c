// SPDX-License-Identifier: GPL-2.0-only
/*
 * The frame of an update's module, compiled once per target with
 * -DKSPLICE_ID, -DKSPLICE_TARGET and -DKSPLICE_NR_TARGETS. All that it does is
 * done by ksplice.ko when it sees the module arrive.
 */
#include <linux/module.h>

#include "ksplice_update.h"

static struct ksplice_descriptor ksplice_descriptor
	__section(KSPLICE_SEC_DESCRIPTOR) __used __aligned(8) = {
	.magic = KSPLICE_DESCRIPTOR_MAGIC,
	.version = KSPLICE_FORMAT_VERSION,
	.id = KSPLICE_ID,
	.target = KSPLICE_TARGET,
	.nr_targets = KSPLICE_NR_TARGETS,
};

/* Never readable or writable (0): it only carries the descriptor's address. */
module_param_cb(ksplice, &ksplice_descriptor_ops, &ksplice_descriptor, 0);

static int __init update_init(void)
{
	return 0;
}
module_init(update_init);

/* Without an exit function the module could not be removed. */
static void __exit update_exit(void)
{
}
module_exit(update_exit);

MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("Ksplice update " KSPLICE_ID " for " KSPLICE_TARGET);
