// SPDX-License-Identifier: GPL-2.0-only
/* ksplice-apply: changes the running kernel as an update file says. */
#include <getopt.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <jansson.h>

#include "../kmodsrc/ksplice_format.h"
#include "attempt.h"
#include "cleanup.h"
#include "interrupt.h"
#include "load.h"
#include "lock.h"
#include "message.h"
#include "options.h"
#include "record.h"
#include "remove.h"
#include "sysfs.h"

struct options {
	const char *path;
	unsigned int wait;
	bool dry_run;
	bool first_time;
};

static const char help[] =
	"Usage: ksplice-apply [OPTION]... FILE\n"
	"Apply the update FILE to the running kernel.\n\n"
	"  -n, --dry-run       do all but the change itself, then take everything out again\n"
	"  -w, --wait SECONDS  keep trying while a task is inside of a function (default 10)\n"
	"      --first-time    fail if the update is applied already\n"
	"      --json          print the result as JSON\n"
	"  -v, --verbose       say what is being done\n"
	"  -h, --help          print this and exit\n"
	"  -V, --version       print the version and exit\n\n"
	"Exit status: 0 applied; 1 failed; 2 usage; 3 the update does not match this kernel;\n"
	"4 busy, nothing was changed; 5 not permitted. See ksplice-apply(8).\n";

/* Returns a status to exit with, or -1 to go on. */
static int parse_options(int argc, char **argv, struct options *o, struct speaker *who,
			 struct failure *f)
{
	enum { FIRST_TIME = OPTION_JSON + 1 };
	static const struct option options[] = {
		{ "dry-run", no_argument, NULL, 'n' },
		{ "wait", required_argument, NULL, 'w' },
		{ "first-time", no_argument, NULL, FIRST_TIME },
		{ "json", no_argument, NULL, OPTION_JSON },
		{ "verbose", no_argument, NULL, 'v' },
		{ "help", no_argument, NULL, 'h' },
		{ "version", no_argument, NULL, 'V' },
		{ 0 },
	};
	int c, status;

	opterr = 0;
	while ((c = getopt_long(argc, argv, "nw:vhV", options, NULL)) >= 0) {
		switch (c) {
		case 'n':
			o->dry_run = true;
			break;
		case 'w':
			if (option_seconds(optarg, &o->wait, f))
				return say_failure(who, f);
			break;
		case FIRST_TIME:
			o->first_time = true;
			break;
		default:
			status = option_common(c, argv, who, help);
			if (status >= 0)
				return status;
		}
	}
	if (optind + 1 != argc)
		return option_usage(who, "expected one update file");
	o->path = argv[optind];
	return -1;
}

static void print_counts(FILE *out, size_t functions, size_t constants)
{
	fprintf(out, "%zu function%s", functions, functions == 1 ? "" : "s");
	if (constants)
		fprintf(out, " and %zu constant%s", constants, constants == 1 ? "" : "s");
}

/*
 * "2 functions in vmlinux, 1 function and 1 constant in ext4"; of more than a
 * few targets the sum, "70 functions in 66 targets". To be freed.
 */
static char *describe_functions(const struct manifest *m)
{
	bool named = m->nr_targets <= KSPLICE_NAMED_TARGETS;
	size_t functions = 0, constants = 0;
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	if (!out)
		return NULL;
	for (size_t i = 0; i < m->nr_targets; i++) {
		size_t count = manifest_count_replaced(m, m->targets[i].target);
		size_t data = manifest_count_data(m, m->targets[i].target);

		functions += count;
		constants += data;
		if (!named)
			continue;
		fputs(i ? ", " : "", out);
		print_counts(out, count, data);
		fprintf(out, " in %s", m->targets[i].target);
	}
	if (!named) {
		print_counts(out, functions, constants);
		fprintf(out, " in %zu targets", m->nr_targets);
	}
	fclose(out);
	return text;
}

static void print_json(const struct manifest *m, const char *result, int64_t stop_ns)
{
	json_t *targets = json_array(), *root;

	for (size_t i = 0; targets && i < m->nr_targets; i++)
		json_array_append_new(
			targets,
			json_pack("{s:s, s:I, s:I}", "name", m->targets[i].target, "replaced",
				  (json_int_t)manifest_count_replaced(m, m->targets[i].target),
				  "rewritten",
				  (json_int_t)manifest_count_data(m, m->targets[i].target)));
	root = json_pack("{s:s, s:s, s:I, s:o}", "id", m->id, "result", result, "stop_ns",
			 (json_int_t)stop_ns, "targets", targets);
	say_json(root);
	json_decref(root);
}

static void say_result(const struct speaker *who, const struct manifest *m, const char *result,
		       const char *words, int64_t stop_ns)
{
	_cleanup_free_ char *functions = describe_functions(m);

	if (who->json)
		print_json(m, result, stop_ns);
	else
		printf("%s %s: %s. The machine stood still for %.2f ms.\n", words, m->id,
		       functions ? functions : "", (double)stop_ns / 1e6);
}

enum present { PRESENT_NO, PRESENT_APPLIED, PRESENT_KEPT };

/*
 * What the kernel has of this update from before. What a killed ksplice-apply
 * left is taken out. An update that was undone may keep its modules: they can
 * be spliced again.
 */
static int find_present(const struct speaker *who, const char *id, enum present *ret,
			struct failure *f)
{
	char stage[SYSFS_VALUE_MAX], keeps[SYSFS_VALUE_MAX];

	*ret = PRESENT_NO;
	if (!sysfs_read(id, "stage", stage))
		return 0;
	if (!strcmp(stage, "applied")) {
		*ret = PRESENT_APPLIED;
		return 0;
	}
	if (!strcmp(stage, "reversed") && sysfs_read(id, "keeps_module", keeps) &&
	    !strcmp(keeps, "1")) {
		*ret = PRESENT_KEPT;
		return 0;
	}
	say_step(who, "taking out what is left of an earlier update %s (%s)", id, stage);
	return remove_update(id, f);
}

static int say_applied_already(const struct speaker *who, const struct options *o,
			       const struct manifest *m, struct failure *f)
{
	if (o->first_time)
		return fail(f, STATUS_FAILED, "applied_already", "update %s is applied already",
			    m->id);
	if (who->json)
		print_json(m, "already_applied", attempt_stop_ns(m->id));
	else
		printf("Update %s is applied already.\n", m->id);
	return 0;
}

/* An id can have been given to two updates: the other must not pass for this one. */
static int check_same(const struct update_file *file, struct failure *f)
{
	const struct manifest *m = &file->manifest;
	_cleanup_manifest_ struct manifest present = { 0 };

	if (record_load(m->id, &present) || !strcmp(present.patch.sha256, m->patch.sha256))
		return 0;
	fail(f, STATUS_FAILED, "id_in_use", "the kernel has another update of the id %s already",
	     m->id);
	fail_hint(f, "make this one again with another id: ksplice-create --id");
	return -1;
}

/* The change itself; all before it can be taken back without a trace. */
static int splice(const struct speaker *who, const struct options *o,
		  const struct update_file *file, struct failure *f)
{
	const struct manifest *m = &file->manifest;
	struct failure record = { 0 };

	if (attempt(who, m->id, "applied", o->wait, f))
		return -1;
	if (record_save(file, &record))
		say_note(who, "the update is applied, but not recorded: %s", record.text);
	say_result(who, m, "applied", "Applied", attempt_stop_ns(m->id));
	return 0;
}

static int rehearse(const struct speaker *who, const struct options *o, struct load *l,
		    struct failure *f)
{
	const struct manifest *m = &l->file->manifest;
	int64_t stop_ns;

	if (attempt(who, m->id, "dry-run", o->wait, f))
		return -1;
	stop_ns = attempt_stop_ns(m->id);
	load_roll_back(l, f);
	say_result(who, m, "would_apply", "Would apply", stop_ns);
	return 0;
}

static int apply(const struct speaker *who, const struct options *o, const struct update_file *file,
		 struct failure *f)
{
	_cleanup_load_ struct load l = { .who = who, .file = file, .wait = o->wait };
	enum present present;

	if (load_check(&l, f) || find_present(who, file->manifest.id, &present, f))
		return -1;
	if (present != PRESENT_NO && check_same(file, f))
		return -1;
	if (present == PRESENT_APPLIED)
		return say_applied_already(who, o, &file->manifest, f);
	if (present == PRESENT_KEPT && !o->dry_run)
		return splice(who, o, file, f);
	if (present == PRESENT_KEPT)
		return fail(f, STATUS_FAILED, "kept",
			    "update %s was undone and its modules are still loaded: no dry run",
			    file->manifest.id);

	if (!load_check_targets(&l, f) && !load_read_symbols(&l, f) && !load_core(&l, f) &&
	    !load_modules(&l, f) &&
	    !(o->dry_run ? rehearse(who, o, &l, f) : splice(who, o, file, f)))
		return 0;
	load_roll_back(&l, f);
	return -1;
}

int main(int argc, char **argv)
{
	_cleanup_update_file_ struct update_file file = { 0 };
	struct speaker who = { .name = "ksplice-apply", .unchanged = "the kernel is as it was" };
	struct options o = { .wait = 10 };
	struct failure f = { 0 };
	_cleanup_close_ int lock = -1;
	int status = parse_options(argc, argv, &o, &who, &f);

	if (status >= 0)
		return status;
	interrupt_catch();
	if (option_need_root(&f) || update_file_read(o.path, &file, &f) ||
	    lock_take(&who, o.wait, &lock, &f) || apply(&who, &o, &file, &f))
		return say_failure(&who, &f);
	return STATUS_OK;
}
