// SPDX-License-Identifier: GPL-2.0-only
/* objmanip finish */
#include "commands.h"
#include "finish.h"

static const char usage[] =
	"Usage: objmanip finish IN.ko --symvers FILE -o OUT.ko\n"
	"Complete an update's module after it was linked: references that the module\n"
	"loader cannot resolve become the update's own, and its tables are joined.\n"
	"\n"
	"      --symvers FILE  the Module.symvers of the kernel that it is for\n"
	"  -o, --output FILE   the finished module\n"
	"  -h, --help          print this and exit\n";

static int finish_file(const char *input, const char *symvers_path, const char *output,
		       struct error *err)
{
	_cleanup_elf_ struct elf_file *elf = NULL;
	_cleanup_symvers_ struct symvers *symvers = NULL;
	int ret;

	ret = symvers_open(symvers_path, &symvers, err);
	if (!ret)
		ret = elf_open(input, &elf, err);
	if (!ret)
		ret = finish_update(elf, symvers, err);
	if (!ret)
		ret = elf_write(elf, output, err);
	return ret;
}

int cmd_finish(int argc, char **argv)
{
	static const struct option options[] = {
		{ "symvers", required_argument, NULL, 's' },
		{ "output", required_argument, NULL, 'o' },
		{ "help", no_argument, NULL, 'h' },
		{ NULL, 0, NULL, 0 },
	};
	const char *symvers = NULL, *output = NULL;
	const char **const values[] = { ['s'] = &symvers, ['o'] = &output };
	int status = command_options(argc, argv, options, values, usage);
	struct error err = { 0 };

	if (status >= 0)
		return status;
	if (argc - optind != 1 || !symvers || !output)
		return command_usage_error("finish", "needs IN.ko, --symvers and -o");
	if (finish_file(argv[optind], symvers, output, &err))
		return command_fail(&err);
	return EXIT_OK;
}
