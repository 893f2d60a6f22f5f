// SPDX-License-Identifier: GPL-2.0-only
/* Gathers reports from sysfs, from what apply recorded, and from update files. */
#include "report.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>

#include "cleanup.h"
#include "paths.h"
#include "record.h"
#include "sysfs.h"

/* A string as JSON; what is not UTF-8 becomes question marks, never an error. */
static json_t *text(const char *value)
{
	json_t *string = json_string(value);
	char *copy;

	if (string)
		return string;
	copy = strdup(value);
	if (!copy)
		return json_null();
	for (char *c = copy; *c; c++) {
		if ((unsigned char)*c >= 0x80)
			*c = '?';
	}
	string = json_string(copy);
	free(copy);
	return string ? string : json_null();
}

/* An attribute as a string, or null when there is none or it may not be read. */
static json_t *attribute(const char *id, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

static json_t *attribute(const char *id, const char *format, ...)
{
	char value[SYSFS_VALUE_MAX], name[1024];
	va_list args;

	va_start(args, format);
	vsnprintf(name, sizeof(name), format, args);
	va_end(args);
	return sysfs_read(id, name, value) && *value ? text(value) : json_null();
}

/* "rewritten" in the folder of a constant; something else in that of a function. */
static bool is_constant(const char *id, const char *target, const char *dir)
{
	char value[SYSFS_VALUE_MAX], path[1024];

	snprintf(path, sizeof(path), "targets/%s/%s/kind", target, dir);
	return sysfs_read(id, path, value) && !strcmp(value, "rewritten");
}

static json_t *report_function(const char *id, const char *target, const char *dir)
{
	json_t *function = json_object();

	json_object_set_new(function, "kind", attribute(id, "targets/%s/%s/kind", target, dir));
	json_object_set_new(function, "old_address",
			    attribute(id, "targets/%s/%s/old_address", target, dir));
	json_object_set_new(function, "new_address",
			    attribute(id, "targets/%s/%s/new_address", target, dir));
	return function;
}

static json_t *report_constant(const char *id, const char *target, const char *dir)
{
	json_t *constant = json_object();

	json_object_set_new(constant, "kind", attribute(id, "targets/%s/%s/kind", target, dir));
	json_object_set_new(constant, "address",
			    attribute(id, "targets/%s/%s/address", target, dir));
	return constant;
}

/* Adds the functions and the data of a target to its report. */
static void add_contents(json_t *report, const char *id, const char *target)
{
	json_t *functions = json_array(), *data = json_array();
	char path[512];
	size_t count;
	char **names;

	snprintf(path, sizeof(path), "%s/targets/%s", id, target);
	names = sysfs_list_dirs(path, &count);
	for (size_t i = 0; i < count; i++) {
		/* The directory is called NAME,N because names need not be unique. */
		char *comma = strrchr(names[i], ',');
		bool constant = comma && is_constant(id, target, names[i]);
		json_t *item;

		if (!comma)
			continue;
		item = constant ? report_constant(id, target, names[i])
				: report_function(id, target, names[i]);
		*comma = '\0';
		json_object_set_new(item, "name", text(names[i]));
		json_array_append_new(constant ? data : functions, item);
	}
	sysfs_free_names(names, count);
	json_object_set_new(report, "functions", functions);
	json_object_set_new(report, "data", data);
}

/* An attribute as a number, or null. */
static json_t *number(const char *id, const char *target, const char *name)
{
	char value[SYSFS_VALUE_MAX], path[1024];

	snprintf(path, sizeof(path), "targets/%s/matched/%s", target, name);
	return sysfs_read(id, path, value) && *value ? json_integer(strtoll(value, NULL, 10))
						     : json_null();
}

/* How much code of the target was proved to be what the update was made for. */
static json_t *report_matched(const char *id, const char *target)
{
	json_t *matched = json_object();

	json_object_set_new(matched, "functions", number(id, target, "functions"));
	json_object_set_new(matched, "bytes", number(id, target, "bytes"));
	json_object_set_new(matched, "sites", number(id, target, "sites"));
	return matched;
}

static json_t *report_targets(const char *id)
{
	json_t *targets = json_array();
	char path[512];
	size_t count;
	char **names;

	snprintf(path, sizeof(path), "%s/targets", id);
	names = sysfs_list_dirs(path, &count);
	for (size_t i = 0; i < count; i++) {
		json_t *target = json_object();

		json_object_set_new(target, "name", text(names[i]));
		json_object_set_new(target, "module", attribute(id, "targets/%s/module", names[i]));
		json_object_set_new(target, "matched", report_matched(id, names[i]));
		add_contents(target, id, names[i]);
		json_array_append_new(targets, target);
	}
	sysfs_free_names(names, count);
	return targets;
}

/* The manifest's part of a report. */
static void add_manifest(json_t *report, const struct manifest *m)
{
	json_object_set_new(report, "kernel", text(m->kernel));
	json_object_set_new(report, "machine", text(m->machine));
	json_object_set_new(report, "version", text(m->version));
	json_object_set_new(report, "created", json_integer(m->created));
	json_object_set_new(report, "description", text(m->description));
}

json_t *report_update(const char *id, struct failure *f)
{
	_cleanup_manifest_ struct manifest m = { 0 };
	_cleanup_free_ char *patch = NULL;
	char value[SYSFS_VALUE_MAX];
	json_t *report;

	if (!manifest_id_is_valid(id) || !sysfs_update_exists(id)) {
		fail(f, STATUS_FAILED, "unknown_update", "there is no update %.40s in this kernel",
		     id);
		fail_hint(f, "ksplice-view lists those that are");
		return NULL;
	}
	report = json_object();
	if (!report) {
		fail_memory(f);
		return NULL;
	}
	json_object_set_new(report, "id", text(id));
	json_object_set_new(report, "stage", attribute(id, "stage"));
	json_object_set_new(report, "state", attribute(id, "state"));
	json_object_set_new(report, "abort_cause", attribute(id, "abort_cause"));
	json_object_set_new(report, "abort_detail", attribute(id, "abort_detail"));
	json_object_set_new(report, "keeps_module",
			    json_boolean(sysfs_read(id, "keeps_module", value) &&
					 !strcmp(value, "1")));
	json_object_set_new(report, "stop_ns",
			    sysfs_read(id, "stop_ns", value) ? json_integer(atoll(value))
							     : json_null());
	json_object_set_new(report, "targets", report_targets(id));
	if (!record_load(id, &m))
		add_manifest(report, &m);
	patch = record_load_patch(id);
	json_object_set_new(report, "patch", patch ? text(patch) : json_null());
	return report;
}

struct dated {
	const char *id;
	int64_t time;
};

static int oldest_first(const void *a, const void *b)
{
	const struct dated *x = a, *y = b;

	return (x->time > y->time) - (x->time < y->time);
}

json_t *report_all(struct failure *f)
{
	_cleanup_free_ struct dated *order = NULL;
	json_t *updates = json_array();
	size_t count;
	char **ids = sysfs_list_dirs("", &count);

	order = calloc(count + 1, sizeof(*order));
	if (!order || !updates) {
		fail_memory(f);
		json_decref(updates);
		sysfs_free_names(ids, count);
		return NULL;
	}
	for (size_t i = 0; i < count; i++)
		order[i] = (struct dated){ .id = ids[i], .time = record_time(ids[i]) };
	qsort(order, count, sizeof(*order), oldest_first);
	for (size_t i = 0; i < count; i++) {
		struct failure gone = { 0 }; /* undone in this moment: not there */
		json_t *report = report_update(order[i].id, &gone);

		if (report)
			json_array_append_new(updates, report);
	}
	sysfs_free_names(ids, count);
	return json_pack("{s:o}", "updates", updates);
}

/* NULL if the update is for this kernel, otherwise the reason; to be freed. */
static char *why_not_fit(const struct manifest *m)
{
	char path[512], release[256] = "";
	struct utsname uts;
	FILE *file;
	char *why;

	snprintf(path, sizeof(path), "%s/sys/kernel/osrelease", path_proc());
	file = fopen(path, "re");
	if (file) {
		if (!fgets(release, sizeof(release), file))
			release[0] = '\0';
		release[strcspn(release, "\n")] = '\0';
		fclose(file);
	}
	if (strcmp(release, m->kernel))
		return asprintf(&why, "the running kernel is %s", release) < 0 ? NULL : why;
	if (!uname(&uts) && strcmp(uts.machine, m->machine))
		return asprintf(&why, "this machine is %s", uts.machine) < 0 ? NULL : why;
	return NULL;
}

static json_t *report_item(const char *name, const char *unit, const char *kind)
{
	json_t *report = json_object();

	json_object_set_new(report, "kind", text(kind));
	json_object_set_new(report, "name", text(name));
	json_object_set_new(report, "unit", text(unit));
	return report;
}

static json_t *report_file_target(const struct manifest *m, const struct manifest_file *file)
{
	json_t *target = json_object(), *functions = json_array(), *data = json_array();

	json_object_set_new(target, "name", text(file->target));
	json_object_set_new(target, "file", text(file->name));
	for (size_t i = 0; i < m->nr_functions; i++) {
		const struct manifest_function *func = &m->functions[i];

		if (!strcmp(func->target, file->target))
			json_array_append_new(functions,
					      report_item(func->name, func->unit,
							  func->replaced ? "replaced" : "added"));
	}
	for (size_t i = 0; i < m->nr_data; i++)
		if (!strcmp(m->data[i].target, file->target))
			json_array_append_new(data, report_item(m->data[i].name, m->data[i].unit,
								"rewritten"));
	json_object_set_new(target, "functions", functions);
	json_object_set_new(target, "data", data);
	return target;
}

json_t *report_file(const struct update_file *file, const char *path, struct failure *f)
{
	const struct manifest *m = &file->manifest;
	const struct update_member *patch = update_file_member(file, m->patch.name);
	_cleanup_free_ char *why = why_not_fit(m);
	json_t *report = json_object(), *targets = json_array();

	if (!report || !targets) {
		fail_memory(f);
		return NULL;
	}
	json_object_set_new(report, "id", text(m->id));
	json_object_set_new(report, "file", text(path));
	add_manifest(report, m);
	json_object_set_new(report, "fits", json_boolean(!why));
	json_object_set_new(report, "why_not", why ? text(why) : json_null());
	json_object_set_new(report, "applied", json_boolean(sysfs_update_exists(m->id)));
	for (size_t i = 0; i < m->nr_targets; i++)
		json_array_append_new(targets, report_file_target(m, &m->targets[i]));
	json_object_set_new(report, "targets", targets);
	json_object_set_new(report, "patch", text((const char *)patch->data));
	return report;
}
