// SPDX-License-Identifier: GPL-2.0-only
/*
 * One attempt to apply or to reverse an update: everything that can sleep or
 * fail is prepared, then stop.c does the rest in one stop of the machine.
 */
#include <linux/rcupdate.h>
#include <linux/slab.h>
#include <linux/sort.h>
#include <linux/string.h>

#include "compat/compat.h"
#include "ksplice.h"

/* Every function of every loaded part of an update; inner `break' leaves one part only. */
#define for_each_splice(splice, part, update)                                                 \
	list_for_each_entry(part, &(update)->parts, list)                                     \
		for (splice = (part)->splices; splice < (part)->splices + (part)->nr_splices; \
		     splice++)

static bool overlaps(const struct ksplice_splice *a, const struct ksplice_splice *b)
{
	return a->old_address < b->old_address + b->old_size &&
	       b->old_address < a->old_address + a->old_size;
}

const char *ksplice_replaced_by(const struct ksplice_splice *splice,
				const struct ksplice_update *except)
{
	const struct ksplice_splice *other;
	const struct ksplice_update *update;
	const struct ksplice_part *part;

	lockdep_assert_held(&ksplice_mutex);
	list_for_each_entry(update, &ksplice_updates, list) {
		if (update == except || update->stage != KSPLICE_APPLIED)
			continue;
		for_each_splice(other, part, update)
			if (other->func->kind == KSPLICE_FUNC_REPLACED && overlaps(splice, other))
				return update->id;
	}
	return NULL;
}

/* ---- the modules ----------------------------------------------------------- */

static void unpin_modules(struct ksplice_update *update)
{
	struct ksplice_part *part;

	if (update->keeps_module)
		return;
	list_for_each_entry(part, &update->parts, list) {
		if (part->pinned)
			module_put(part->mod);
		part->pinned = false;
	}
}

static int pin_modules(struct ksplice_update *update, struct ksplice_abort *abort)
{
	unsigned int wanted = 0, present = 0;
	struct ksplice_part *part;

	list_for_each_entry(part, &update->parts, list) {
		if (!part->mod)
			continue;
		wanted = part->desc->nr_targets;
		if (!part->pinned) {
			if (READ_ONCE(part->mod->state) != MODULE_STATE_LIVE ||
			    !try_module_get(part->mod))
				continue;
			part->pinned = true;
		}
		present++;
	}
	if (present && present == wanted)
		return 0;
	unpin_modules(update);
	return ksplice_refuse(abort, KSPLICE_CAUSE_TARGET_MISSING,
			      "%u of the update's %u modules are loaded", present, wanted);
}

/* ---- prepare a stop ---------------------------------------------------------- */

static void free_stop(struct ksplice_stop *stop)
{
	unsigned int i;

	if (!stop)
		return;
	for (i = 0; i < stop->nr_writes; i++)
		ksplice_alias_unmap(stop->writes[i].map);
	for (i = 0; i < stop->nr_data; i++)
		ksplice_alias_unmap(stop->data[i].map);
	kvfree(stop->writes);
	kvfree(stop->data);
	kvfree(stop->redirects);
	kvfree(stop->check.ranges);
	ksplice_survey_free(&stop->check.survey);
	kvfree(stop);
}

static struct ksplice_stop *alloc_stop(const struct ksplice_update *update,
				       struct ksplice_abort *abort)
{
	const struct ksplice_part *part;
	struct ksplice_stop *stop;
	size_t nr = 0;

	list_for_each_entry(part, &update->parts, list)
		nr += part->nr_splices + part->nr_constants + 1;
	stop = kvzalloc(sizeof(*stop), GFP_KERNEL);
	if (!stop)
		goto fail;
	stop->writes = kvcalloc(nr, sizeof(*stop->writes), GFP_KERNEL);
	stop->data = kvcalloc(nr, sizeof(*stop->data), GFP_KERNEL);
	stop->redirects = kvcalloc(nr, sizeof(*stop->redirects), GFP_KERNEL);
	stop->check.ranges = kvcalloc(nr, sizeof(*stop->check.ranges), GFP_KERNEL);
	if (stop->writes && stop->data && stop->redirects && stop->check.ranges)
		return stop;
fail:
	free_stop(stop);
	ksplice_refuse(abort, KSPLICE_CAUSE_NO_MEMORY, "no memory for %zu changes", nr);
	return NULL;
}

static void watch_range(struct ksplice_stop *stop, unsigned long start, unsigned long size,
			const char *name)
{
	stop->check.ranges[stop->check.nr_ranges++] = (struct ksplice_range){
		.start = start,
		.end = start + size,
		.name = name,
	};
}

static int add_write(struct ksplice_stop *stop, const struct ksplice_splice *splice,
		     const u8 *expected, const u8 *wanted, struct ksplice_abort *abort)
{
	struct ksplice_site_write *write = &stop->writes[stop->nr_writes];

	write->map = ksplice_alias_map(splice->site, KSPLICE_JUMP_SIZE);
	if (!write->map)
		return ksplice_refuse(abort, KSPLICE_CAUSE_NO_MEMORY, "%s: cannot be mapped",
				      splice->name);
	write->address = splice->site;
	write->destination = splice->new_address;
	write->alias = ksplice_alias_pointer(write->map);
	write->expected = expected;
	write->wanted = wanted;
	stop->nr_writes++;
	return 0;
}

static int compare_writes(const void *a, const void *b)
{
	const struct ksplice_site_write *left = a, *right = b;

	if (left->address != right->address)
		return left->address < right->address ? -1 : 1;
	return 0;
}

static void sort_stop(struct ksplice_stop *stop)
{
	sort(stop->writes, stop->nr_writes, sizeof(*stop->writes), compare_writes, NULL);
	ksplice_stack_prepare(&stop->check);
}

/* ---- report what a stop has found ---------------------------------------------- */

static void report_changed(const struct ksplice_update *update, const struct ksplice_stop *stop,
			   struct ksplice_abort *abort)
{
	const struct ksplice_site_write *write = &stop->writes[stop->changed];
	const struct ksplice_splice *splice;
	const struct ksplice_part *part;

	if (stop->changed_data) {
		ksplice_data_report(stop->changed_data, abort);
		return;
	}
	for_each_splice(splice, part, update)
		if (splice->site == write->address)
			ksplice_refuse(abort, KSPLICE_CAUSE_CHANGED,
				       "%s+%u: expected %*ph, found %*ph", splice->name,
				       splice->func->jump_offset, KSPLICE_JUMP_SIZE,
				       write->expected, KSPLICE_JUMP_SIZE, stop->found);
}

/* When reversing, a range is all of a module: which of its functions is it? */
static const char *conflict_name(const struct ksplice_update *update,
				 const struct ksplice_conflict *conflict)
{
	const struct ksplice_splice *splice;
	const struct ksplice_part *part;

	for_each_splice(splice, part, update)
		if (splice->new_address && conflict->address >= splice->new_address &&
		    conflict->address - splice->new_address < splice->new_size)
			return splice->name;
	return conflict->name;
}

static void report_conflicts(struct ksplice_update *update, const struct ksplice_stop *stop,
			     struct ksplice_abort *abort)
{
	unsigned int nr = atomic_read(&stop->check.nr_conflicts);
	const struct ksplice_conflict *first = &stop->check.conflicts[0];
	size_t used = 0;
	unsigned int i;

	for (i = 0; i < min_t(unsigned int, nr, KSPLICE_MAX_CONFLICTS); i++) {
		const struct ksplice_conflict *conflict = &stop->check.conflicts[i];
		size_t room = sizeof(update->conflicts) - used;
		size_t len = snprintf(update->conflicts + used, room, "%d %s %s\n", conflict->pid,
				      conflict->comm, conflict_name(update, conflict));

		/* Whole lines only. */
		if (len >= room) {
			update->conflicts[used] = '\0';
			break;
		}
		used += len;
	}
	if (nr > 1)
		ksplice_refuse(abort, KSPLICE_CAUSE_BUSY, "%s (pid %d) and %u more are inside %s",
			       first->comm, first->pid, nr - 1, conflict_name(update, first));
	else
		ksplice_refuse(abort, KSPLICE_CAUSE_BUSY, "%s (pid %d) is inside %s", first->comm,
			       first->pid, conflict_name(update, first));
}

/* Runs the stop; 0 when it did (or in a dry run: could have done) its work. */
static int run_stop(struct ksplice_update *update, struct ksplice_stop *stop,
		    struct ksplice_abort *abort)
{
	sort_stop(stop);
	ksplice_survey_make(&stop->check.survey, &stop->check);
	ksplice_stop_run(stop);
	update->stop_ns = stop->stop_ns;
	switch (stop->cause) {
	case KSPLICE_CAUSE_OK:
		return 0;
	case KSPLICE_CAUSE_BUSY:
		report_conflicts(update, stop, abort);
		break;
	case KSPLICE_CAUSE_CHANGED:
		report_changed(update, stop, abort);
		break;
	case KSPLICE_CAUSE_UNSUPPORTED:
		ksplice_refuse(
			abort, KSPLICE_CAUSE_UNSUPPORTED,
			"the idle tasks cannot be found: is idle_threads in /proc/kallsyms?");
		break;
	default:
		ksplice_refuse(abort, stop->cause, "the machine could not be stopped");
		break;
	}
	return ksplice_refuse(abort, stop->cause, "refused");
}

static int print_counts(char *text, size_t room, unsigned int functions, unsigned int constants)
{
	int used = scnprintf(text, room, "%u function%s", functions, functions == 1 ? "" : "s");

	if (constants)
		used += scnprintf(text + used, room - used, " and %u constant%s", constants,
				  constants == 1 ? "" : "s");
	return used;
}

/*
 * "2 functions in vmlinux, 1 function and 1 constant in ext4"; of more than a
 * few targets the sum, "70 functions in 66 targets".
 */
static void log_transition(const struct ksplice_update *update, const char *verb)
{
	unsigned int functions = 0, constants = 0, nr_targets = 0;
	const struct ksplice_part *part;
	char text[256] = "";
	size_t used = 0;

	list_for_each_entry(part, &update->parts, list) {
		unsigned int nr = 0, i;

		for (i = 0; i < part->nr_splices; i++)
			nr += part->splices[i].func->kind == KSPLICE_FUNC_REPLACED;
		functions += nr;
		constants += part->nr_constants;
		if (nr_targets++)
			used += scnprintf(text + used, sizeof(text) - used, ", ");
		used += print_counts(text + used, sizeof(text) - used, nr, part->nr_constants);
		used += scnprintf(text + used, sizeof(text) - used, " in %s", part->target_name);
	}
	if (nr_targets > KSPLICE_NAMED_TARGETS) {
		used = print_counts(text, sizeof(text), functions, constants);
		scnprintf(text + used, sizeof(text) - used, " in %u targets", nr_targets);
	}
	pr_info("ksplice: %s %s: %s, stopped %llu us\n", update->id, verb, text,
		div_u64(update->stop_ns, NSEC_PER_USEC));
}

/* ---- apply ---------------------------------------------------------------------- */

static void drop_redirects(struct ksplice_update *update)
{
	struct ksplice_splice *splice;
	struct ksplice_part *part;

	for_each_splice(splice, part, update) {
		ksplice_redirect_unregister(splice->redirect);
		splice->redirect = NULL;
	}
}

static int prepare_apply(struct ksplice_update *update, struct ksplice_stop *stop,
			 struct ksplice_abort *abort)
{
	struct ksplice_splice *splice;
	struct ksplice_part *part;
	const char *user;
	int err;

	for_each_splice(splice, part, update) {
		if (splice->func->kind == KSPLICE_FUNC_ADDED)
			continue;
		watch_range(stop, splice->old_address, splice->old_size, splice->name);
		if (splice->func->kind != KSPLICE_FUNC_REPLACED)
			continue;
		user = ksplice_replaced_by(splice, update);
		if (user)
			return ksplice_refuse(abort, KSPLICE_CAUSE_IN_USE,
					      "%s is replaced by update %s already", splice->name,
					      user);
		if (splice->func->flags & KSPLICE_FUNC_FTRACE) {
			err = ksplice_redirect_register(splice, &splice->redirect, abort);
			if (err)
				return err;
			stop->redirects[stop->nr_redirects++] = splice->redirect;
		} else {
			err = add_write(stop, splice, splice->original, splice->jump, abort);
			if (err)
				return err;
		}
	}
	return ksplice_constants_prepare(update, true, stop, abort);
}

int ksplice_apply(struct ksplice_update *update, bool dry_run, struct ksplice_abort *abort)
{
	struct ksplice_stop *stop;
	struct ksplice_part *part;
	int err;

	list_for_each_entry(part, &update->parts, list)
		if (!dry_run && part->mod && part->desc->flags & KSPLICE_UPDATE_MATCH_ONLY)
			return ksplice_refuse(abort, KSPLICE_CAUSE_UNSUPPORTED,
					      "it has nothing to change: it only matches");
	err = pin_modules(update, abort);
	if (err)
		return err;
	stop = alloc_stop(update, abort);
	if (!stop) {
		err = -ENOMEM;
		goto unpin;
	}
	stop->dry_run = dry_run;
	stop->redirect_to_new = true;
	err = prepare_apply(update, stop, abort);
	if (!err)
		err = run_stop(update, stop, abort);
	free_stop(stop);
	if (err || dry_run)
		goto drop;

	update->stage = KSPLICE_APPLIED;
	list_for_each_entry(part, &update->parts, list)
		if (part->mod && part->desc->flags & KSPLICE_UPDATE_KEEP)
			update->keeps_module = true;
	add_taint(TAINT_LIVEPATCH, LOCKDEP_STILL_OK);
	log_transition(update, "applied");
	return 0;

drop:
	drop_redirects(update);
unpin:
	unpin_modules(update);
	return err;
}

/* ---- reverse ---------------------------------------------------------------------- */

static int prepare_reverse(struct ksplice_update *update, struct ksplice_stop *stop,
			   struct ksplice_abort *abort)
{
	struct ksplice_splice *splice;
	unsigned long start, size;
	struct ksplice_part *part;
	int err;

	list_for_each_entry(part, &update->parts, list) {
		if (!part->mod)
			continue;
		ksplice_compat_module_text(part->mod, &start, &size);
		watch_range(stop, start, size, part->mod->name);
	}
	for_each_splice(splice, part, update) {
		if (splice->redirect)
			stop->redirects[stop->nr_redirects++] = splice->redirect;
		if (!splice->site)
			continue;
		err = add_write(stop, splice, splice->jump, splice->original, abort);
		if (err)
			return err;
	}
	return ksplice_constants_prepare(update, false, stop, abort);
}

int ksplice_reverse(struct ksplice_update *update, struct ksplice_abort *abort)
{
	struct ksplice_stop *stop = alloc_stop(update, abort);
	int err;

	if (!stop)
		return -ENOMEM;
	err = prepare_reverse(update, stop, abort);
	if (!err)
		err = run_stop(update, stop, abort);
	free_stop(stop);
	if (err)
		return err;

	update->stage = KSPLICE_REVERSED;
	log_transition(update, "reversed");
	drop_redirects(update);
	/*
	 * A task that is on its way out is on no list any more, and may have
	 * been preempted in new code. This waits for it too; then the modules may go.
	 */
	if (!update->keeps_module)
		synchronize_rcu_tasks();
	unpin_modules(update);
	return 0;
}
