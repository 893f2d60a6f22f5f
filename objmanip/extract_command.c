// SPDX-License-Identifier: GPL-2.0-only
/* objmanip extract: the command line. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "accept.h"
#include "commands.h"
#include "declare.h"
#include "extract.h"

struct arguments {
	const char *run, *pre, *post, *pre_debug, *post_debug, *unit, *target, *symvers, *names,
		*all_names, *output, *report, *accept;
};

static const char usage[] =
	"Usage: objmanip extract [--run FILE --pre FILE] [--post FILE] --unit NAME --target NAME\n"
	"                        --symvers FILE [--names FILE --all-names FILE] -o FILE [--report FILE]\n"
	"                        [--pre-debug FILE --post-debug FILE] [--accept LIST]\n"
	"Write the new code of one unit. --run and --pre are left out for a unit that the patch adds,\n"
	"--post for one that it removes.\n\n"
	"  --run FILE       the unit as the distribution compiles it\n"
	"  --pre FILE       the same source, with a section for each function and object\n"
	"  --post FILE      the patched source, likewise\n"
	"  --unit NAME      the unit's name: fs/proc/cmdline.o\n"
	"  --target NAME    what it is part of: vmlinux, or a module's name\n"
	"  --symvers FILE   Module.symvers of the kernel\n"
	"  --names FILE     what the units of the target gain and lose (see `objmanip names')\n"
	"  --all-names FILE the same of all targets of the update\n"
	"  -o FILE          where the new code goes\n"
	"  --report FILE    one line for each function: replaced, added, removed; data\n"
	"  --pre-debug FILE, --post-debug FILE\n"
	"                   the same as --pre and --post with debugging information, which tells\n"
	"                   equally named objects of functions apart\n"
	"  --accept LIST    changes to leave out instead of refusing them, separated by commas:\n"
	"                   init-code or initial-value, or init-code=FUNCTION, initial-value=OBJECT\n\n"
	"Exit codes: 0 written, 7 nothing changed (nothing is written), 6 the patch asks for\n"
	"what cannot be done safely, 1 failed, 2 usage.\n";

/* An exit code, or -1 to go on. */
static int parse(int argc, char **argv, struct arguments *a)
{
	static const struct option options[] = {
		{ "run", required_argument, NULL, 'r' },
		{ "pre", required_argument, NULL, 'p' },
		{ "post", required_argument, NULL, 'P' },
		{ "pre-debug", required_argument, NULL, 'd' },
		{ "post-debug", required_argument, NULL, 'D' },
		{ "unit", required_argument, NULL, 'u' },
		{ "target", required_argument, NULL, 't' },
		{ "symvers", required_argument, NULL, 's' },
		{ "names", required_argument, NULL, 'n' },
		{ "all-names", required_argument, NULL, 'N' },
		{ "output", required_argument, NULL, 'o' },
		{ "report", required_argument, NULL, 'R' },
		{ "accept", required_argument, NULL, 'A' },
		{ "help", no_argument, NULL, 'h' },
		{ NULL, 0, NULL, 0 },
	};
	const char **const values[] = {
		['r'] = &a->run,       ['p'] = &a->pre,	       ['P'] = &a->post,
		['u'] = &a->unit,      ['t'] = &a->target,     ['s'] = &a->symvers,
		['n'] = &a->names,     ['o'] = &a->output,     ['R'] = &a->report,
		['d'] = &a->pre_debug, ['D'] = &a->post_debug, ['A'] = &a->accept,
		['N'] = &a->all_names,
	};
	int status = command_options(argc, argv, options, values, usage);

	if (status >= 0)
		return status;
	if (optind != argc)
		return command_usage_error("extract", "unexpected argument `%s'", argv[optind]);
	if ((!a->run != !a->pre) || (!a->pre && !a->post) || !a->unit || !a->target ||
	    !a->symvers || !a->output)
		return command_usage_error(
			"extract",
			"--unit --target --symvers -o, and --run with --pre, or --post, or all three are needed");
	if (!accept_valid(a->accept))
		return command_usage_error("extract", "--accept: `%s' is no list of changes",
					   a->accept);
	return -1;
}

static int write_report(const struct extract *x, const char *path, struct error *err)
{
	FILE *file = fopen(path, "we");
	int rc = 0;

	if (!file)
		return error_set(err, -errno, "%s: %s", path, strerror(errno));
	extract_report(x, file);
	if (ferror(file))
		rc = -EIO;
	if (fclose(file))
		rc = -EIO;
	return rc ? error_set(err, rc, "%s: cannot write", path) : 0;
}

static int open_run(const char *path, struct elf_file **ret, struct error *err)
{
	if (path)
		return elf_open(path, ret, err);
	*ret = elf_new("no object", NULL);
	return *ret ? 0 : error_set(err, -ENOMEM, "out of memory");
}

static int open_unit(const char *path, struct unit **ret, struct error *err)
{
	struct elf_file *empty;
	int rc;

	if (path)
		return unit_open(path, ret, err);
	rc = open_run(NULL, &empty, err);
	return rc ? rc : unit_from_elf(empty, ret, err);
}

/* As extract_unit(): 1 when nothing changed. */
static int extract(const struct arguments *a, struct error *err)
{
	_cleanup_symvers_ struct symvers *symvers = NULL;
	_cleanup_names_ struct names *names = NULL;
	_cleanup_names_ struct names *all_names = NULL;
	_cleanup_elf_ struct elf_file *run = NULL;
	_cleanup_unit_ struct unit *pre = NULL;
	_cleanup_unit_ struct unit *post = NULL;
	struct extract x = { .name = a->unit, .target = a->target };
	int rc;

	rc = symvers_open(a->symvers, &symvers, err);
	if (!rc)
		rc = open_run(a->run, &run, err);
	if (!rc)
		rc = open_unit(a->pre, &pre, err);
	if (!rc)
		rc = open_unit(a->post, &post, err);
	if (!rc && a->names)
		rc = names_open(a->names, &names, err);
	if (!rc && a->all_names)
		rc = names_open(a->all_names, &all_names, err);
	if (!rc && a->pre_debug && a->post_debug)
		rc = declare_objects(pre, a->pre_debug, err);
	if (!rc && a->pre_debug && a->post_debug)
		rc = declare_objects(post, a->post_debug, err);
	if (rc)
		return rc;
	x.symvers = symvers;
	x.names = names;
	x.all_names = all_names;
	x.run = run;
	x.pre = pre;
	if (post)
		post->accept = a->accept;
	x.post = post;
	rc = extract_unit(&x, a->output, err);
	if (!rc)
		rc = elf_write(x.out, a->output, err);
	if (rc >= 0 && a->report) {
		int failed = write_report(&x, a->report, err);

		rc = failed ? failed : rc;
	}
	extract_done(&x);
	return rc;
}

int cmd_extract(int argc, char **argv)
{
	struct arguments a = { 0 };
	struct error err = { 0 };
	int rc = parse(argc, argv, &a);

	if (rc >= 0)
		return rc;
	rc = extract(&a, &err);
	if (rc == 1)
		return EXIT_NO_CHANGE;
	return rc ? command_fail(&err) : EXIT_OK;
}
