// SPDX-License-Identifier: GPL-2.0-only
/*
 * What user space asks for by a write to ID/stage.
 *
 *	preparing --apply--> applied --reverse--> reversed --apply--> applied ...
 *
 * An attempt runs in a worker, so that no caller's stack is in its way, and
 * once; user space tries again when it finds a thread inside.
 */
#include <linux/string.h>

#include "ksplice.h"

static struct workqueue_struct *queue;

static void forget_last_attempt(struct ksplice_update *update)
{
	memset(&update->abort, 0, sizeof(update->abort));
	update->conflicts[0] = '\0';
}

static void attempt(struct work_struct *work)
{
	struct ksplice_update *update = container_of(work, struct ksplice_update, work);

	mutex_lock(&ksplice_mutex);
	forget_last_attempt(update);
	switch (update->request) {
	case KSPLICE_REQUEST_APPLY:
		ksplice_apply(update, false, &update->abort);
		break;
	case KSPLICE_REQUEST_DRY_RUN:
		ksplice_apply(update, true, &update->abort);
		break;
	case KSPLICE_REQUEST_REVERSE:
		ksplice_reverse(update, &update->abort);
		break;
	}
	/* Who sees `idle' sees the result. */
	smp_store_release(&update->working, false);
	/* With the mutex held, for the directory may go as soon as it is free. */
	sysfs_notify(&update->kobj, NULL, "state");
	mutex_unlock(&ksplice_mutex);
	kobject_put(&update->kobj);
}

/* 1: an attempt is needed; 0: that is how it is already; -EINVAL: not in this stage. */
static int meaning(enum ksplice_stage stage, enum ksplice_request request)
{
	switch (request) {
	case KSPLICE_REQUEST_APPLY:
		return stage != KSPLICE_APPLIED;
	case KSPLICE_REQUEST_DRY_RUN:
		return stage != KSPLICE_APPLIED ? 1 : -EINVAL;
	case KSPLICE_REQUEST_REVERSE:
		if (stage == KSPLICE_PREPARING)
			return -EINVAL;
		return stage == KSPLICE_APPLIED;
	}
	return -EINVAL;
}

int ksplice_request(struct ksplice_update *update, enum ksplice_request request)
{
	int ret;

	if (mutex_lock_interruptible(&ksplice_mutex))
		return -EINTR;
	ret = update->removed || update->working ? -EBUSY : meaning(update->stage, request);
	if (ret >= 0)
		forget_last_attempt(update);
	if (ret > 0) {
		update->request = request;
		WRITE_ONCE(update->working, true);
		kobject_get(&update->kobj);
		INIT_WORK(&update->work, attempt);
		queue_work(queue, &update->work);
	}
	mutex_unlock(&ksplice_mutex);
	return min(ret, 0);
}

int ksplice_request_init(void)
{
	queue = alloc_ordered_workqueue("ksplice", 0);
	return queue ? 0 : -ENOMEM;
}

void ksplice_request_exit(void)
{
	destroy_workqueue(queue);
}
