// SPDX-License-Identifier: GPL-2.0-only
/* objmanip names: the command line. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "commands.h"
#include "names.h"

static const char usage[] =
	"Usage: objmanip names [--pre FILE] [--post FILE] --unit NAME [-o FILE]\n"
	"Print the functions and variables that only one of two builds of a unit defines, as\n"
	"UNIT, lost or new, function, constant or variable, global or static, size and name.\n\n"
	"  --pre FILE   before the patch; left out: the patch adds the unit\n"
	"  --post FILE  after the patch; left out: the patch removes the unit\n"
	"  --unit NAME  the unit's name: fs/proc/cmdline.o\n\n"
	"Of functions and constants only the global ones. The lines of a target's units are what\n"
	"`objmanip extract --names' reads.\n";

static int open_object(const char *path, struct elf_file **ret, struct error *err)
{
	if (path)
		return elf_open(path, ret, err);
	*ret = elf_new("an empty object", NULL);
	return *ret ? 0 : error_set(err, -ENOMEM, "out of memory");
}

static int write_names(const struct elf_file *before, const struct elf_file *after,
		       const char *unit, const char *path, struct error *err)
{
	FILE *file = path ? fopen(path, "we") : stdout;
	int rc;

	if (!file)
		return error_set(err, -errno, "%s: %s", path, strerror(errno));
	rc = names_print(before, after, unit, file, err);
	if (!rc && (fflush(file) || ferror(file)))
		rc = error_set(err, -EIO, "%s: cannot write", path ? path : "standard output");
	if (path && fclose(file) && !rc)
		rc = error_set(err, -EIO, "%s: cannot write", path);
	return rc;
}

int cmd_names(int argc, char **argv)
{
	static const struct option options[] = {
		{ "pre", required_argument, NULL, 'p' },
		{ "post", required_argument, NULL, 'P' },
		{ "unit", required_argument, NULL, 'u' },
		{ "output", required_argument, NULL, 'o' },
		{ "help", no_argument, NULL, 'h' },
		{ NULL, 0, NULL, 0 },
	};
	const char *pre = NULL, *post = NULL, *unit = NULL, *output = NULL;
	const char *
		*const values[] = { ['p'] = &pre, ['P'] = &post, ['u'] = &unit, ['o'] = &output };
	_cleanup_elf_ struct elf_file *before = NULL;
	_cleanup_elf_ struct elf_file *after = NULL;
	struct error err = { 0 };
	int rc = command_options(argc, argv, options, values, usage);

	if (rc >= 0)
		return rc;
	if (optind != argc)
		return command_usage_error("names", "unexpected argument `%s'", argv[optind]);
	if (!unit || (!pre && !post))
		return command_usage_error("names", "--unit, or both of --pre --post, is missing");
	rc = open_object(pre, &before, &err);
	if (!rc)
		rc = open_object(post, &after, &err);
	if (!rc)
		rc = write_names(before, after, unit, output, &err);
	return rc ? command_fail(&err) : EXIT_OK;
}
