// SPDX-License-Identifier: GPL-2.0-only
/* ksplice-view: shows the updates in the running kernel, or what an update file holds. */
#include <getopt.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <jansson.h>
#include <libsmartcols.h>

#include "cleanup.h"
#include "message.h"
#include "options.h"
#include "report.h"
#include "sysfs.h"
#include "update_file.h"

struct options {
	const char *what; /* id or path; NULL: list all */
	bool quiet;
	bool patch;
	bool check;
};

static const char help[] =
	"Usage: ksplice-view [OPTION]...           list the updates in the kernel\n"
	"       ksplice-view [OPTION]... ID        show one of them\n"
	"       ksplice-view [OPTION]... FILE      show what an update file holds\n"
	"       ksplice-view --check ID            only an exit status\n\n"
	"  -q, --quiet    list ids only\n"
	"  -p, --patch    print the update's patch\n"
	"  -c, --check    exit status 0: applied, 1: not applied, 4: being changed\n"
	"      --json     print JSON\n"
	"  -h, --help     print this and exit\n"
	"  -V, --version  print the version and exit\n\n"
	"See ksplice-view(8).\n";

/* Returns a status to exit with, or -1 to go on. */
static int parse_options(int argc, char **argv, struct options *o, struct speaker *who)
{
	static const struct option options[] = {
		{ "quiet", no_argument, NULL, 'q' },
		{ "patch", no_argument, NULL, 'p' },
		{ "check", no_argument, NULL, 'c' },
		{ "json", no_argument, NULL, OPTION_JSON },
		{ "help", no_argument, NULL, 'h' },
		{ "version", no_argument, NULL, 'V' },
		{ 0 },
	};
	int c, status;

	opterr = 0;
	while ((c = getopt_long(argc, argv, "qpchV", options, NULL)) >= 0) {
		switch (c) {
		case 'q':
			o->quiet = true;
			break;
		case 'p':
			o->patch = true;
			break;
		case 'c':
			o->check = true;
			break;
		default:
			status = option_common(c, argv, who, help);
			if (status >= 0)
				return status;
		}
	}
	if (optind < argc)
		o->what = argv[optind++];
	if (optind < argc || (!o->what && (o->check || o->patch)))
		return option_usage(who, "expected %s",
				    optind < argc ? "at most one update"
						  : "an update's id or file");
	return -1;
}

/* A string of a report; `none' where it has no such value. */
static const char *get(const json_t *report, const char *key, const char *none)
{
	const char *value = json_string_value(json_object_get(report, key));

	return value && *value ? value : none;
}

static void add_line(struct libscols_table *table, const char *const *values, size_t count)
{
	struct libscols_line *line = scols_table_new_line(table, NULL);

	for (size_t i = 0; line && i < count; i++)
		scols_line_set_data(line, i, values[i]);
}

static void print_table(struct libscols_table *table)
{
	scols_print_table(table);
	scols_unref_table(table);
}

static void add_update(struct libscols_table *table, const json_t *update)
{
	_cleanup_free_ char *targets = NULL;
	char count[32];
	size_t functions = 0, i, j, size;
	const json_t *target, *function;
	FILE *names = open_memstream(&targets, &size);

	if (!names)
		return;
	json_array_foreach(json_object_get(update, "targets"), i, target)
	{
		fprintf(names, "%s%s", i ? "," : "", get(target, "name", "?"));
		json_array_foreach(json_object_get(target, "functions"), j, function)
			functions += !strcmp(get(function, "kind", ""), "replaced");
	}
	fclose(names);
	snprintf(count, sizeof(count), "%zu", functions);
	add_line(table,
		 (const char *[]){ get(update, "id", "?"), get(update, "stage", "?"), targets,
				   count, get(update, "description", "-") },
		 5);
}

static int list(const struct options *o, const struct speaker *who, struct failure *f)
{
	json_t *report = report_all(f);
	const json_t *updates = json_object_get(report, "updates"), *update;
	struct libscols_table *table;
	size_t i;

	if (!report)
		return -1;
	if (who->json) {
		say_json(report);
	} else if (o->quiet) {
		json_array_foreach(updates, i, update) printf("%s\n", get(update, "id", "?"));
	} else if (!json_array_size(updates)) {
		printf("No updates are applied.\n");
	} else {
		table = scols_new_table();
		scols_table_new_column(table, "ID", 0, 0);
		scols_table_new_column(table, "STAGE", 0, 0);
		scols_table_new_column(table, "TARGETS", 0, 0);
		scols_table_new_column(table, "FUNCTIONS", 0, SCOLS_FL_RIGHT);
		scols_table_new_column(table, "DESCRIPTION", 0, SCOLS_FL_TRUNC);
		json_array_foreach(updates, i, update) add_update(table, update);
		print_table(table);
	}
	json_decref(report);
	return 0;
}

static void print_field(const char *name, const char *value)
{
	printf("%-13s %s\n", name, value);
}

/* When it was made, in UTC. */
static void print_created(const json_t *report)
{
	time_t seconds = json_integer_value(json_object_get(report, "created"));
	char text[64];
	struct tm tm;

	if (seconds > 0 && gmtime_r(&seconds, &tm) &&
	    strftime(text, sizeof(text), "%Y-%m-%d %H:%M:%S UTC", &tm))
		print_field("Created:", text);
}

static void print_patch(const json_t *report)
{
	const char *patch = get(report, "patch", NULL);

	if (patch)
		printf("\n%s", patch);
	else
		printf("\nThe patch is not recorded.\n");
}

/* How much was compared with memory before anything was changed. */
static void print_matched(const json_t *matched)
{
	json_int_t functions = json_integer_value(json_object_get(matched, "functions"));

	if (functions)
		printf("Proved to run: %lld function%s, %lld bytes, %lld places that the kernel rewrites\n",
		       (long long)functions, functions == 1 ? "" : "s",
		       (long long)json_integer_value(json_object_get(matched, "bytes")),
		       (long long)json_integer_value(json_object_get(matched, "sites")));
}

static void print_functions(const json_t *target)
{
	struct libscols_table *table = scols_new_table();
	const json_t *function;
	size_t i;

	scols_table_new_column(table, "FUNCTION", 0, 0);
	scols_table_new_column(table, "KIND", 0, 0);
	scols_table_new_column(table, "OLD ADDRESS", 0, 0);
	scols_table_new_column(table, "NEW ADDRESS", 0, 0);
	json_array_foreach(json_object_get(target, "functions"), i, function)
		add_line(table,
			 (const char *[]){ get(function, "name", "?"), get(function, "kind", "?"),
					   get(function, "old_address", "-"),
					   get(function, "new_address", "-") },
			 4);
	print_table(table);
}

static void print_data(const json_t *target)
{
	struct libscols_table *table = scols_new_table();
	const json_t *datum;
	size_t i;

	scols_table_new_column(table, "DATA", 0, 0);
	scols_table_new_column(table, "KIND", 0, 0);
	scols_table_new_column(table, "ADDRESS", 0, 0);
	json_array_foreach(json_object_get(target, "data"), i, datum)
		add_line(table,
			 (const char *[]){ get(datum, "name", "?"), get(datum, "kind", "?"),
					   get(datum, "address", "-") },
			 3);
	print_table(table);
}

static void print_update(const json_t *report)
{
	const json_t *stop = json_object_get(report, "stop_ns"), *target;
	const char *cause = get(report, "abort_cause", "ok");
	char text[64];
	size_t i;

	print_field("Update:", get(report, "id", "?"));
	print_field("Stage:", get(report, "stage", "?"));
	if (!strcmp(get(report, "state", ""), "working"))
		print_field("State:", "being changed in this moment");
	print_field("Description:", get(report, "description", "-"));
	print_field("Kernel:", get(report, "kernel", "-"));
	print_created(report);
	if (json_integer_value(stop)) {
		snprintf(text, sizeof(text), "%.2f ms", (double)json_integer_value(stop) / 1e6);
		print_field("Stood still:", text);
	}
	if (strcmp(cause, "ok")) {
		print_field("Last refusal:", cause);
		print_field("", get(report, "abort_detail", "-"));
	}
	if (json_is_true(json_object_get(report, "keeps_module")))
		print_field("Modules:", "stay loaded: something may still point into their code");

	json_array_foreach(json_object_get(report, "targets"), i, target)
	{
		printf("\nTarget %s (module %s)\n", get(target, "name", "?"),
		       get(target, "module", "not loaded"));
		print_matched(json_object_get(target, "matched"));
		if (json_array_size(json_object_get(target, "functions")))
			print_functions(target);
		if (json_array_size(json_object_get(target, "data")))
			print_data(target);
	}
}

/* The functions or the data of an update file; nothing if it has none. */
static void print_items(const json_t *report, const char *key, const char *column)
{
	struct libscols_table *table = scols_new_table();
	const json_t *target, *item;
	size_t i, j;

	scols_table_new_column(table, "TARGET", 0, 0);
	scols_table_new_column(table, column, 0, 0);
	scols_table_new_column(table, "KIND", 0, 0);
	scols_table_new_column(table, "UNIT", 0, 0);
	json_array_foreach(json_object_get(report, "targets"), i, target)
	{
		json_array_foreach(json_object_get(target, key), j, item)
			add_line(table,
				 (const char *[]){ get(target, "name", "?"), get(item, "name", "?"),
						   get(item, "kind", "?"), get(item, "unit", "?") },
				 4);
	}
	if (scols_table_is_empty(table))
		scols_unref_table(table);
	else
		print_table(table);
}

static void print_file(const json_t *report)
{
	const char *why = get(report, "why_not", NULL);

	print_field("Update:", get(report, "id", "?"));
	print_field("File:", get(report, "file", "?"));
	print_field("Description:", get(report, "description", "-"));
	print_field("Kernel:", get(report, "kernel", "-"));
	print_field("Machine:", get(report, "machine", "-"));
	print_created(report);
	printf("%-13s %s%s\n", "Fits:", why ? "no, " : "yes", why ? why : "");
	print_field("In kernel:", json_is_true(json_object_get(report, "applied"))
					  ? "yes (ksplice-view ID shows it)"
					  : "no");

	putchar('\n');
	print_items(report, "functions", "FUNCTION");
	print_items(report, "data", "DATA");
}

/* Is `what' a file rather than the id of an update in the kernel? */
static bool is_file(const char *what)
{
	return strchr(what, '/') || strchr(what, '.') ||
	       (manifest_id_is_valid(what) && !sysfs_update_exists(what) && !access(what, F_OK));
}

static int view(const struct options *o, const struct speaker *who, struct failure *f)
{
	_cleanup_update_file_ struct update_file file = { 0 };
	bool from_file = is_file(o->what);
	json_t *report;

	if (from_file && update_file_read(o->what, &file, f))
		return -1;
	report = from_file ? report_file(&file, o->what, f) : report_update(o->what, f);
	if (!report)
		return -1;
	if (who->json) {
		say_json(report);
	} else {
		if (from_file)
			print_file(report);
		else
			print_update(report);
		if (o->patch)
			print_patch(report);
	}
	json_decref(report);
	return 0;
}

static int check(const char *id)
{
	char value[SYSFS_VALUE_MAX];

	if (!manifest_id_is_valid(id))
		return STATUS_FAILED;
	if (sysfs_read(id, "state", value) && !strcmp(value, "working"))
		return STATUS_BUSY;
	return sysfs_read(id, "stage", value) && !strcmp(value, "applied") ? STATUS_OK
									   : STATUS_FAILED;
}

int main(int argc, char **argv)
{
	struct speaker who = { .name = "ksplice-view" };
	struct options o = { 0 };
	struct failure f = { 0 };
	int status = parse_options(argc, argv, &o, &who);

	if (status >= 0)
		return status;
	if (o.check)
		return check(o.what);
	if (o.what ? view(&o, &who, &f) : list(&o, &who, &f))
		return say_failure(&who, &f);
	return STATUS_OK;
}
