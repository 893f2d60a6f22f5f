// SPDX-License-Identifier: GPL-2.0-only
/* The objects: updates and their parts. */
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/vmalloc.h>

#include "ksplice.h"

DEFINE_MUTEX(ksplice_mutex);
LIST_HEAD(ksplice_updates);

#define MAX_ID_CHARS 24

bool ksplice_id_valid(const char *text, size_t size)
{
	size_t len = strnlen(text, size), i;

	if (!len || len == size || len > MAX_ID_CHARS)
		return false;
	for (i = 0; i < len; i++)
		if (!(text[i] >= 'a' && text[i] <= 'z') && !(text[i] >= '0' && text[i] <= '9') &&
		    text[i] != '_')
			return false;
	return true;
}

bool ksplice_target_valid(const char *text, size_t size)
{
	size_t len = strnlen(text, size), i;

	if (!len || len == size)
		return false;
	for (i = 0; i < len; i++)
		if (!(text[i] >= 'a' && text[i] <= 'z') && !(text[i] >= 'A' && text[i] <= 'Z') &&
		    !(text[i] >= '0' && text[i] <= '9') && text[i] != '_' && text[i] != '-')
			return false;
	return true;
}

struct ksplice_update *ksplice_update_find(const char *id)
{
	struct ksplice_update *update;

	lockdep_assert_held(&ksplice_mutex);
	list_for_each_entry(update, &ksplice_updates, list)
		if (!strcmp(update->id, id))
			return update;
	return NULL;
}

struct ksplice_part *ksplice_part_find(struct ksplice_update *update, const char *target)
{
	struct ksplice_part *part;

	list_for_each_entry(part, &update->parts, list)
		if (!strcmp(part->target_name, target))
			return part;
	return NULL;
}

void ksplice_update_free(struct ksplice_update *update)
{
	struct ksplice_part *part, *next;

	list_for_each_entry_safe(part, next, &update->parts, list) {
		vfree(part->candidates);
		kfree(part);
	}
	kfree(update);
}

static struct ksplice_update *update_create(const char *id)
{
	struct ksplice_update *update = kzalloc(sizeof(*update), GFP_KERNEL);

	if (!update)
		return NULL;
	strscpy(update->id, id, sizeof(update->id));
	update->stage = KSPLICE_PREPARING;
	INIT_LIST_HEAD(&update->parts);
	if (ksplice_sysfs_add_update(update))
		return NULL;
	list_add_tail(&update->list, &ksplice_updates);
	return update;
}

static struct ksplice_part *part_create(struct ksplice_update *update, const char *target)
{
	struct ksplice_part *part = kzalloc(sizeof(*part), GFP_KERNEL);

	if (!part)
		return NULL;
	strscpy(part->target_name, target, sizeof(part->target_name));
	part->update = update;
	list_add_tail(&part->list, &update->parts);
	return part;
}

int ksplice_update_take_candidates(struct ksplice_candidates *candidates)
{
	struct ksplice_update *update;
	struct ksplice_part *part;
	int err = 0;

	if (!ksplice_id_valid(candidates->id, sizeof(candidates->id)) ||
	    !ksplice_target_valid(candidates->target, sizeof(candidates->target)))
		return -EINVAL;

	mutex_lock(&ksplice_mutex);
	update = ksplice_update_find(candidates->id);
	if (!update)
		update = update_create(candidates->id);
	if (!update) {
		err = -ENOMEM;
		goto unlock;
	}
	if (update->removed || update->working) {
		err = -EBUSY;
		goto unlock;
	}
	part = ksplice_part_find(update, candidates->target);
	if (!part)
		part = part_create(update, candidates->target);
	if (!part) {
		err = -ENOMEM;
		goto unlock;
	}
	if (part->mod) {
		err = -EBUSY;
		goto unlock;
	}
	vfree(part->candidates);
	part->candidates = candidates;

unlock:
	mutex_unlock(&ksplice_mutex);
	return err;
}

void ksplice_part_clear(struct ksplice_part *part)
{
	ksplice_constants_free(part);
	kvfree(part->splices);
	part->splices = NULL;
	part->nr_splices = 0;
	if (part->target)
		module_put(part->target);
	part->target = NULL;
	part->mod = NULL;
	part->desc = NULL;
}

/* Not under ksplice_mutex: the directory goes, and its readers take the mutex. */
static void update_forget(struct ksplice_update *update)
{
	/* Still on the list, so that nobody makes a second one of this name meanwhile. */
	kobject_get(&update->kobj);
	ksplice_sysfs_remove_update(update);

	mutex_lock(&ksplice_mutex);
	list_del(&update->list);
	mutex_unlock(&ksplice_mutex);
	kobject_put(&update->kobj);
}

int ksplice_update_cleanup(struct ksplice_update *update)
{
	struct ksplice_part *part;
	bool refuse;

	mutex_lock(&ksplice_mutex);
	refuse = update->removed || update->working;
	list_for_each_entry(part, &update->parts, list)
		refuse |= part->mod != NULL;
	if (!refuse)
		update->removed = true;
	mutex_unlock(&ksplice_mutex);
	if (refuse)
		return -EBUSY;
	update_forget(update);
	return 0;
}

void ksplice_updates_forget(void)
{
	/* No one adds or takes any more: the `symbols' file and all modules are gone. */
	while (!list_empty(&ksplice_updates))
		update_forget(list_first_entry(&ksplice_updates, struct ksplice_update, list));
}
