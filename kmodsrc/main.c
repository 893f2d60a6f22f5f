// SPDX-License-Identifier: GPL-2.0-only
/*
 * ksplice.ko: replaces functions of the running kernel by those that an
 * update's modules bring, after proving that they are what the update was made
 * for. It does nothing by itself; see sysfs.c for how it is asked.
 */
#include <linux/module.h>
#include <linux/moduleparam.h>
#include <linux/notifier.h>

#include "ksplice.h"
#include "ksplice_update.h"

/* The parameter exists for its address only. */
static int descriptor_set(const char *value, const struct kernel_param *kp)
{
	return -EPERM;
}

static int descriptor_get(char *buffer, const struct kernel_param *kp)
{
	return -EPERM;
}

const struct kernel_param_ops ksplice_descriptor_ops = {
	.set = descriptor_set,
	.get = descriptor_get,
};
EXPORT_SYMBOL_GPL(ksplice_descriptor_ops);

static struct ksplice_descriptor *find_descriptor(const struct module *mod)
{
	unsigned int i;

	for (i = 0; i < mod->num_kp; i++)
		if (mod->kp[i].ops == &ksplice_descriptor_ops)
			return mod->kp[i].arg;
	return NULL;
}

static int module_notify(struct notifier_block *nb, unsigned long event, void *data)
{
	struct module *mod = data;
	struct ksplice_descriptor *desc = find_descriptor(mod);

	if (!desc)
		return NOTIFY_DONE;
	switch (event) {
	case MODULE_STATE_COMING:
		return notifier_from_errno(ksplice_part_arrive(mod, desc));
	case MODULE_STATE_GOING:
		ksplice_part_leave(mod, desc);
		break;
	}
	return NOTIFY_DONE;
}

/*
 * Before the notifiers of jump labels and static calls, which read tables of
 * the new code that have to be relocated by then.
 */
static struct notifier_block module_notifier = {
	.notifier_call = module_notify,
	.priority = INT_MAX,
};

static int __init ksplice_init(void)
{
	int err;

	err = ksplice_int3_init();
	if (err)
		return err;
	err = ksplice_request_init();
	if (err)
		goto fail_request;
	err = register_module_notifier(&module_notifier);
	if (err)
		goto fail_notifier;
	err = ksplice_sysfs_init();
	if (err)
		goto fail_sysfs;
	return 0;

fail_sysfs:
	unregister_module_notifier(&module_notifier);
fail_notifier:
	ksplice_request_exit();
fail_request:
	ksplice_int3_exit();
	return err;
}
module_init(ksplice_init);

/* Updates' modules use a symbol of ours: none is loaded any more. */
static void __exit ksplice_exit(void)
{
	ksplice_sysfs_exit();
	unregister_module_notifier(&module_notifier);
	ksplice_request_exit();
	ksplice_int3_exit();
}
module_exit(ksplice_exit);

MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("Changes the running kernel's code");
MODULE_VERSION(__stringify(KSPLICE_FORMAT_VERSION));
