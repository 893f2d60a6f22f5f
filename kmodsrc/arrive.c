// SPDX-License-Identifier: GPL-2.0-only
/*
 * An update's module comes: is it sound, does its target run what it was made
 * for, where is everything. When it leaves this file with success, its new code
 * is complete; nothing of the target has been changed.
 */
#include <linux/kobject.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/vmalloc.h>

#include "ksplice.h"

#define MAX_ENTRIES 65536	/* of a table */
#define MAX_NAME    512

/* Does the module's memory hold all of [start, start + size)? */
static bool module_holds(const struct module *mod, u64 start, u64 size)
{
	u64 end = start + size, place;

	if (!size)
		return true;
	if (end <= start)
		return false;
	/* A module has several areas, which may be far from each other. */
	for (place = start; place < end; place = (place | (PAGE_SIZE - 1)) + 1)
		if (!within_module(place, mod))
			return false;
	return within_module(end - 1, mod);
}

static bool module_holds_string(const struct module *mod, u64 start)
{
	unsigned int i;

	for (i = 0; i < MAX_NAME; i++) {
		if (!within_module(start + i, mod))
			return false;
		if (!*(const char *)(unsigned long)(start + i))
			return i > 0;
	}
	return false;
}

/* The update of an unknown module is not known either: then only the log can tell. */
static bool descriptor_usable(const struct module *mod, const struct ksplice_descriptor *desc)
{
	return module_holds(mod, (unsigned long)desc, sizeof(*desc)) &&
	       desc->magic == KSPLICE_DESCRIPTOR_MAGIC && desc->version == KSPLICE_FORMAT_VERSION &&
	       ksplice_id_valid(desc->id, sizeof(desc->id)) &&
	       ksplice_target_valid(desc->target, sizeof(desc->target));
}

static int check_func(const struct module *mod, const struct ksplice_func *func, unsigned int i,
		      struct ksplice_abort *abort)
{
	if (!module_holds_string(mod, func->name))
		return ksplice_refuse(abort, KSPLICE_CAUSE_BAD_UPDATE, "function %u has no name",
				      i);
	if (func->kind != KSPLICE_FUNC_REPLACED && func->kind != KSPLICE_FUNC_OLD_PART &&
	    func->kind != KSPLICE_FUNC_ADDED)
		return ksplice_refuse(abort, KSPLICE_CAUSE_BAD_UPDATE,
				      "function %u is of unknown kind %u", i, func->kind);
	if (func->kind != KSPLICE_FUNC_OLD_PART &&
	    (!func->new_size || !module_holds(mod, func->new_addr, func->new_size)))
		return ksplice_refuse(abort, KSPLICE_CAUSE_BAD_UPDATE,
				      "function %u has its code outside of the module", i);
	return 0;
}

static int check_rewrite(const struct module *mod, const struct ksplice_rewrite *rewrite,
			 unsigned int i, struct ksplice_abort *abort)
{
	if (!module_holds_string(mod, rewrite->name))
		return ksplice_refuse(abort, KSPLICE_CAUSE_BAD_UPDATE, "constant %u has no name",
				      i);
	if (!rewrite->size || !module_holds(mod, rewrite->contents, 2 * (u64)rewrite->size))
		return ksplice_refuse(abort, KSPLICE_CAUSE_BAD_UPDATE,
				      "constant %u has its contents outside of the module", i);
	return 0;
}

static int check_tables(const struct module *mod, const struct ksplice_descriptor *desc,
			struct ksplice_abort *abort)
{
	const struct ksplice_func *funcs = (void *)(unsigned long)desc->funcs;
	const struct ksplice_rewrite *rewrites = (void *)(unsigned long)desc->rewrites;
	bool match_only = desc->flags & KSPLICE_UPDATE_MATCH_ONLY;
	bool empty = !desc->nr_funcs && !desc->nr_rewrites;
	unsigned int i;
	int err;

	if (!desc->nr_targets || empty != match_only || desc->nr_funcs > MAX_ENTRIES ||
	    desc->nr_rewrites > MAX_ENTRIES ||
	    !module_holds(mod, desc->funcs, (u64)desc->nr_funcs * sizeof(*funcs)) ||
	    !module_holds(mod, desc->rewrites, (u64)desc->nr_rewrites * sizeof(*rewrites)) ||
	    !module_holds(mod, desc->images, desc->images_size) ||
	    !module_holds(mod, desc->relocs, (u64)desc->nr_relocs * sizeof(struct ksplice_reloc)))
		return ksplice_refuse(abort, KSPLICE_CAUSE_BAD_UPDATE,
				      "%s: a table lies outside of the module", mod->name);
	for (i = 0; i < desc->nr_funcs; i++) {
		err = check_func(mod, &funcs[i], i, abort);
		if (err)
			return err;
	}
	for (i = 0; i < desc->nr_rewrites; i++) {
		err = check_rewrite(mod, &rewrites[i], i, abort);
		if (err)
			return err;
	}
	return 0;
}

/*
 * The module of a name, with a reference. Its list is not for us, but each
 * module has an object in the same set as ours.
 */
static struct module *get_module_by_name(const char *name)
{
	struct kobject *kobj = kset_find_obj(THIS_MODULE->mkobj.kobj.kset, name);
	struct module *mod;

	if (!kobj)
		return NULL;
	/* For built-in code the set has objects without a module. */
	mod = container_of(kobj, struct module_kobject, kobj)->mod;
	if (mod && (READ_ONCE(mod->state) != MODULE_STATE_LIVE || !try_module_get(mod)))
		mod = NULL;
	kobject_put(kobj);
	return mod;
}

static int find_target(struct ksplice_part *part, struct ksplice_abort *abort)
{
	if (!strcmp(part->target_name, "vmlinux"))
		return 0;
	part->target = get_module_by_name(part->target_name);
	if (!part->target)
		return ksplice_refuse(abort, KSPLICE_CAUSE_TARGET_NOT_LOADED,
				      "module %s is not loaded", part->target_name);
	return 0;
}

/* Old code of one function, and the jump that will lead from it to the new one. */
static int resolve_splice(struct ksplice_splice *splice, const struct ksplice_match *match,
			  struct ksplice_abort *abort)
{
	const struct ksplice_func *func = splice->func;
	const char *user;
	u32 size;

	if (ksplice_match_symbol(match, func->unit_id, func->symbol, &splice->old_address, &size))
		return ksplice_refuse(abort, KSPLICE_CAUSE_UNKNOWN_SYMBOL,
				      "%s: its address is not known", splice->name);
	splice->old_size = size;
	if (func->kind != KSPLICE_FUNC_REPLACED)
		return 0;
	if (ksplice_match_overridden(match, func->unit_id, func->symbol))
		return ksplice_refuse(abort, KSPLICE_CAUSE_NO_MATCH,
				      "%s: what changes is a weak definition, and the kernel has another",
				      splice->name);

	user = ksplice_replaced_by(splice, NULL);
	if (user)
		return ksplice_refuse(abort, KSPLICE_CAUSE_IN_USE,
				      "%s is replaced by update %s already", splice->name, user);
	if (func->flags & KSPLICE_FUNC_FTRACE)
		return 0;

	if (size < KSPLICE_JUMP_SIZE || func->jump_offset > size - KSPLICE_JUMP_SIZE)
		return ksplice_refuse(abort, KSPLICE_CAUSE_BAD_UPDATE,
				      "%s: its %u bytes have no room for a jump at %u",
				      splice->name, size, func->jump_offset);
	splice->site = splice->old_address + func->jump_offset;
	if (ksplice_read_original(splice->original, splice->site, KSPLICE_JUMP_SIZE))
		return ksplice_refuse(abort, KSPLICE_CAUSE_UNEXPECTED, "%s: cannot be read",
				      splice->name);
	if (splice->original[0] == KSPLICE_TRAP)
		return ksplice_refuse(abort, KSPLICE_CAUSE_CHANGED,
				      "%s: there is a breakpoint at its start", splice->name);
	if (ksplice_arch_jump(splice->jump, splice->site, splice->new_address))
		return ksplice_refuse(abort, KSPLICE_CAUSE_UNEXPECTED,
				      "%s: the new code is out of a jump's reach", splice->name);
	return 0;
}

static int resolve_splices(struct ksplice_part *part, const struct ksplice_match *match,
			   struct ksplice_abort *abort)
{
	const struct ksplice_func *funcs = (void *)(unsigned long)part->desc->funcs;
	unsigned int i;
	int err;

	part->splices = kvcalloc(part->desc->nr_funcs, sizeof(*part->splices), GFP_KERNEL);
	if (!part->splices)
		return ksplice_refuse(abort, KSPLICE_CAUSE_NO_MEMORY, "no memory for %u functions",
				      part->desc->nr_funcs);
	part->nr_splices = part->desc->nr_funcs;
	for (i = 0; i < part->nr_splices; i++) {
		struct ksplice_splice *splice = &part->splices[i];

		splice->func = &funcs[i];
		splice->name = (const char *)(unsigned long)funcs[i].name;
		splice->new_address = funcs[i].new_addr;
		splice->new_size = funcs[i].new_size;
		if (funcs[i].kind == KSPLICE_FUNC_ADDED)
			continue;
		err = resolve_splice(splice, match, abort);
		if (err)
			return err;
	}
	return 0;
}

/* The update's other modules have to agree on how many they are. */
static int check_siblings(const struct ksplice_part *part, const struct ksplice_descriptor *desc,
			  struct ksplice_abort *abort)
{
	const struct ksplice_part *other;

	list_for_each_entry(other, &part->update->parts, list)
		if (other->desc && other->desc->nr_targets != desc->nr_targets)
			return ksplice_refuse(abort, KSPLICE_CAUSE_BAD_UPDATE,
					      "%s and %s are not of the same update",
					      part->target_name, other->target_name);
	if (part->update->stage == KSPLICE_APPLIED)
		return ksplice_refuse(abort, KSPLICE_CAUSE_BAD_UPDATE,
				      "it is applied and complete without %s", part->target_name);
	return 0;
}

static int arrive(struct ksplice_part *part, struct ksplice_abort *abort)
{
	struct ksplice_match *match = NULL;
	int err;

	err = check_siblings(part, part->desc, abort);
	if (err)
		return err;
	err = check_tables(part->mod, part->desc, abort);
	if (err)
		return err;
	err = find_target(part, abort);
	if (err)
		return err;
	err = ksplice_match_images((const void *)(unsigned long)part->desc->images,
				   part->desc->images_size, part->candidates, part->target_name,
				   part->target, &match, abort);
	if (err)
		return err;
	part->matched = *ksplice_match_stats(match);
	err = resolve_splices(part, match, abort);
	if (!err)
		err = ksplice_relocate(part, match, abort);
	if (!err)
		err = ksplice_fix_branches(part->mod, abort);
	if (!err && part->desc->nr_rewrites)
		err = ksplice_constants_resolve(part, match, abort);
	ksplice_match_free(match);
	if (err)
		return err;
	if (ksplice_sysfs_add_part(part))
		return ksplice_refuse(abort, KSPLICE_CAUSE_NO_MEMORY, "no directory for %s",
				      part->target_name);
	return 0;
}

int ksplice_part_arrive(struct module *mod, struct ksplice_descriptor *desc)
{
	struct ksplice_update *update;
	struct ksplice_part *part;
	int err;

	if (!descriptor_usable(mod, desc)) {
		pr_err("ksplice: %s: not an update of this format (%u)\n", mod->name,
		       KSPLICE_FORMAT_VERSION);
		return -EINVAL;
	}

	mutex_lock(&ksplice_mutex);
	update = ksplice_update_find(desc->id);
	part = update && !update->removed ? ksplice_part_find(update, desc->target) : NULL;
	if (!part || part->mod || !part->candidates || update->working) {
		mutex_unlock(&ksplice_mutex);
		pr_err("ksplice: %s: nothing is known of its symbols: load it with ksplice-apply\n",
		       mod->name);
		return -EINVAL;
	}

	memset(&update->abort, 0, sizeof(update->abort));
	if (update->stage == KSPLICE_REVERSED)
		update->stage = KSPLICE_PREPARING;
	part->mod = mod;
	part->desc = desc;
	err = arrive(part, &update->abort);
	vfree(part->candidates);
	part->candidates = NULL;
	if (err) {
		ksplice_part_clear(part);
		if (update->abort.cause == KSPLICE_CAUSE_OK)
			ksplice_refuse(&update->abort, KSPLICE_CAUSE_UNEXPECTED, "error %d", err);
		pr_err("ksplice: %s refused for %s: %s\n", update->id, part->target_name,
		       update->abort.detail);
	}
	mutex_unlock(&ksplice_mutex);
	return err;
}

void ksplice_part_leave(struct module *mod, struct ksplice_descriptor *desc)
{
	struct ksplice_update *update;
	struct ksplice_part *part;

	if (!descriptor_usable(mod, desc))
		return;
	mutex_lock(&ksplice_mutex);
	update = ksplice_update_find(desc->id);
	part = update ? ksplice_part_find(update, desc->target) : NULL;
	if (part && part->mod == mod) {
		ksplice_sysfs_remove_part(part->kobj);
		part->kobj = NULL;
		ksplice_part_clear(part);
	}
	mutex_unlock(&ksplice_mutex);
}
