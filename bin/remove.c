// SPDX-License-Identifier: GPL-2.0-only
/* Removal of what apply has loaded. */
#include "remove.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "cleanup.h"
#include "module.h"
#include "sysfs.h"

/* Not yet, if it is not to be forced and another module still needs it. */
static int remove_module(const char *id, const char *target, bool force, struct failure *f)
{
	_cleanup_free_ char *attribute = NULL;
	char module[SYSFS_VALUE_MAX];
	int err;

	if (asprintf(&attribute, "targets/%s/module", target) < 0)
		return fail_memory(f);
	if (!sysfs_read(id, attribute, module) || !*module)
		return 0;
	if (!force && sysfs_module_is_held(module))
		return 0;
	err = module_unload(module);
	if (!err)
		return 0;
	if (err == -EWOULDBLOCK) {
		fail(f, STATUS_FAILED, "module_in_use",
		     "update %s is not in effect, but something holds its module %s", id,
		     module);
		fail_hint(f,
			  "a BPF program that is attached to the new code, perhaps: detach it, then ksplice-undo %s",
			  id);
		return -1;
	}
	return fail(f, STATUS_FAILED, "unexpected", "update %s: module %s could not be removed: %s",
		    id, module, strerror(-err));
}

/* One that uses what is new in another one goes before it: a pass for each will do. */
static int remove_modules(const char *id, struct failure *f)
{
	_cleanup_free_ char *path = NULL;
	char **targets;
	size_t count;
	int ret = 0;

	if (asprintf(&path, "%s/targets", id) < 0)
		return fail_memory(f);
	targets = sysfs_list_dirs(path, &count);
	for (size_t pass = 0; pass < count && !ret; pass++)
		for (size_t i = 0; i < count; i++)
			ret |= remove_module(id, targets[i], pass + 1 == count, f);
	sysfs_free_names(targets, count);
	return ret;
}

int remove_update(const char *id, struct failure *f)
{
	char keeps[SYSFS_VALUE_MAX];
	int err;

	if (!sysfs_update_exists(id))
		return 0;
	if (sysfs_read(id, "keeps_module", keeps) && !strcmp(keeps, "1")) {
		fail(f, STATUS_FAILED, "kept",
		     "update %s is undone already; its modules stay loaded: something may still point into their code",
		     id);
		fail_hint(f, "nothing of it runs; ksplice-apply applies it again, a reboot removes it");
		return -1;
	}
	if (remove_modules(id, f))
		return -1;
	err = sysfs_write_stage(id, "cleanup");
	if (err && sysfs_update_exists(id))
		return fail(f, STATUS_FAILED, "unexpected",
			    "update %s: the kernel does not forget it: %s", id, strerror(-err));
	return 0;
}

bool remove_core_if_idle(void)
{
	char **ids;
	size_t count;

	if (!sysfs_core_is_loaded())
		return true;
	ids = sysfs_list_dirs("", &count);
	sysfs_free_names(ids, count);
	return !count && !module_unload("ksplice");
}
