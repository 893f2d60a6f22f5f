// SPDX-License-Identifier: GPL-2.0-only
/* objmanip: the object tool. Only finds the subcommand. */
#include <stdio.h>
#include <string.h>

#include "commands.h"

struct command {
	const char *name;
	int (*run)(int argc, char **argv);
	const char *summary;
};

static const struct command commands[] = {
	{ "extract", cmd_extract, "write the new code of one unit, from its three objects" },
	{ "diff", cmd_diff, "print what differs between two builds of a unit, and why" },
	{ "image", cmd_image, "write the image (match program) of a unit" },
	{ "names", cmd_names, "print what only one of two builds of a unit defines" },
	{ "finish", cmd_finish, "complete an update's module after it was linked" },
	{ "show", cmd_show, "print the contents of an update's module, new code or image" },
};

#define NR_COMMANDS (sizeof(commands) / sizeof(commands[0]))

static void print_help(FILE *out)
{
	fprintf(out, "Usage: objmanip COMMAND [OPTION]... [FILE]...\n"
		     "Compare, extract and finish the objects of a Ksplice update.\n\nCommands:\n");
	for (size_t i = 0; i < NR_COMMANDS; i++)
		fprintf(out, "  %-8s  %s\n", commands[i].name, commands[i].summary);
	fprintf(out, "\n`objmanip COMMAND --help' lists the options of a command.\n"
		     "Exit codes: 0 ok, 1 failed, 2 usage, 6 unsupported patch, 7 no change.\n");
}

int main(int argc, char **argv)
{
	if (argc < 2) {
		print_help(stderr);
		return EXIT_USAGE;
	}
	if (!strcmp(argv[1], "--help") || !strcmp(argv[1], "-h") || !strcmp(argv[1], "help")) {
		print_help(stdout);
		return EXIT_OK;
	}
	for (size_t i = 0; i < NR_COMMANDS; i++)
		if (!strcmp(argv[1], commands[i].name))
			return commands[i].run(argc - 1, argv + 1);
	fprintf(stderr,
		"objmanip: error: no command `%s' [usage]\n"
		"objmanip: hint: `objmanip --help' lists the commands\n",
		argv[1]);
	return EXIT_USAGE;
}
