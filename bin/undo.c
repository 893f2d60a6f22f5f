// SPDX-License-Identifier: GPL-2.0-only
/* ksplice-undo: takes an applied update out of the running kernel again. */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "attempt.h"
#include "cleanup.h"
#include "interrupt.h"
#include "lock.h"
#include "manifest.h"
#include "message.h"
#include "options.h"
#include "record.h"
#include "remove.h"
#include "sysfs.h"

struct options {
	const char *id;
	unsigned int wait;
	bool all;
};

static const char help[] =
	"Usage: ksplice-undo [OPTION]... ID\n"
	"       ksplice-undo [OPTION]... --all\n"
	"Take the update ID out of the running kernel.\n\n"
	"  -a, --all           undo all updates, the newest first; stop at the first failure\n"
	"  -w, --wait SECONDS  keep trying while a task is inside of new code (default 10)\n"
	"      --json          print the result as JSON\n"
	"  -v, --verbose       say what is being done\n"
	"  -h, --help          print this and exit\n"
	"  -V, --version       print the version and exit\n\n"
	"Exit status: 0 undone; 1 failed; 2 usage; 4 busy, nothing was changed;\n"
	"5 not permitted. See ksplice-undo(8).\n";

/* Returns a status to exit with, or -1 to go on. */
static int parse_options(int argc, char **argv, struct options *o, struct speaker *who,
			 struct failure *f)
{
	static const struct option options[] = {
		{ "all", no_argument, NULL, 'a' },
		{ "wait", required_argument, NULL, 'w' },
		{ "json", no_argument, NULL, OPTION_JSON },
		{ "verbose", no_argument, NULL, 'v' },
		{ "help", no_argument, NULL, 'h' },
		{ "version", no_argument, NULL, 'V' },
		{ 0 },
	};
	int c, status;

	opterr = 0;
	while ((c = getopt_long(argc, argv, "aw:vhV", options, NULL)) >= 0) {
		switch (c) {
		case 'a':
			o->all = true;
			break;
		case 'w':
			if (option_seconds(optarg, &o->wait, f))
				return say_failure(who, f);
			break;
		default:
			status = option_common(c, argv, who, help);
			if (status >= 0)
				return status;
		}
	}
	if (optind + !o->all != argc)
		return option_usage(who, "expected one update id, or --all");
	o->id = o->all ? NULL : argv[optind];
	return -1;
}

static void say_result(const struct speaker *who, const char *id, const char *result,
		       const char *text, int64_t stop_ns)
{
	json_t *root;

	if (!who->json) {
		printf("%s\n", text);
		return;
	}
	root = json_pack("{s:s, s:s, s:I}", "id", id, "result", result, "stop_ns",
			 (json_int_t)stop_ns);
	say_json(root);
	json_decref(root);
}

/* What apply left that never became, or is no more, part of the kernel. */
static int clean_up(const struct speaker *who, const char *id, const char *stage, struct failure *f)
{
	_cleanup_free_ char *text = NULL;

	if (remove_update(id, f))
		return -1;
	record_remove(id);
	remove_core_if_idle();
	if (asprintf(&text, "Update %s was not applied (it was %s); its remains are cleaned up.",
		     id, stage) < 0)
		return fail_memory(f);
	say_result(who, id, "cleaned_up", text, 0);
	return 0;
}

/* After the splice is out: what of the update can leave the kernel, does. */
static int finish_undo(const struct speaker *who, const char *id, struct failure *f)
{
	_cleanup_free_ char *text = NULL;
	struct failure now = { 0 };
	int64_t stop_ns = attempt_stop_ns(id);
	bool kept = false;

	if (remove_update(id, &now)) {
		kept = !strcmp(now.code, "kept");
		if (!kept) {
			say_note(who, "Update %s is undone, but not cleaned up.", id);
			*f = now;
			return -1;
		}
	} else {
		record_remove(id);
		remove_core_if_idle();
	}
	if (asprintf(&text, "Undone %s. The machine stood still for %.2f ms.%s", id,
		     (double)stop_ns / 1e6,
		     kept ? " Its modules stay loaded: something may still point into their code."
			  : "") < 0)
		return fail_memory(f);
	say_result(who, id, kept ? "undone_kept" : "undone", text, stop_ns);
	return 0;
}

static int undo(const struct speaker *who, const char *id, unsigned int wait, struct failure *f)
{
	char stage[SYSFS_VALUE_MAX];

	if (!manifest_id_is_valid(id) || !sysfs_read(id, "stage", stage)) {
		fail(f, STATUS_FAILED, "unknown_update", "there is no update %.40s in this kernel",
		     id);
		fail_hint(f, "ksplice-view lists those that are");
		return -1;
	}
	if (strcmp(stage, "applied"))
		return clean_up(who, id, stage, f);
	if (attempt(who, id, "reversed", wait, f)) {
		f->unchanged = sysfs_read(id, "stage", stage) && !strcmp(stage, "applied") &&
			       strcmp(f->code, "unexpected");
		return -1;
	}
	return finish_undo(who, id, f);
}

struct dated {
	const char *id;
	int64_t time;
};

static int newest_first(const void *a, const void *b)
{
	const struct dated *x = a, *y = b;

	return (x->time < y->time) - (x->time > y->time);
}

static int undo_all(const struct speaker *who, unsigned int wait, struct failure *f)
{
	_cleanup_free_ struct dated *order = NULL;
	size_t count;
	char **ids = sysfs_list_dirs("", &count);
	int ret = 0;

	order = calloc(count + 1, sizeof(*order));
	for (size_t i = 0; order && i < count; i++)
		order[i] = (struct dated){ .id = ids[i], .time = record_time(ids[i]) };
	if (order)
		qsort(order, count, sizeof(*order), newest_first);
	else
		ret = fail_memory(f);
	for (size_t i = 0; !ret && i < count; i++)
		ret = interrupt_check(f) ? -1 : undo(who, order[i].id, wait, f);
	if (!count && !who->json)
		printf("No updates are applied.\n");
	sysfs_free_names(ids, count);
	return ret;
}

int main(int argc, char **argv)
{
	struct speaker who = { .name = "ksplice-undo", .unchanged = "the update is still applied" };
	struct options o = { .wait = 10 };
	struct failure f = { 0 };
	_cleanup_close_ int lock = -1;
	int status = parse_options(argc, argv, &o, &who, &f);

	if (status >= 0)
		return status;
	interrupt_catch();
	if (option_need_root(&f) || lock_take(&who, o.wait, &lock, &f) ||
	    (o.all ? undo_all(&who, o.wait, &f) : undo(&who, o.id, o.wait, &f)))
		return say_failure(&who, &f);
	return STATUS_OK;
}
