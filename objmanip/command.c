// SPDX-License-Identifier: GPL-2.0-only
/* How subcommands report their failure. */
#include "commands.h"

#include <stdarg.h>
#include <stdio.h>

int command_fail(const struct error *err)
{
	int refused = err->code == -ERROR_REFUSED;

	fprintf(stderr, "objmanip: error: %s [%s]\n", err->text[0] ? err->text : "failed",
		refused ? "unsupported" : "failed");
	if (err->hint[0])
		fprintf(stderr, "objmanip: hint: %s\n", err->hint);
	return refused ? EXIT_UNSUPPORTED : EXIT_ERROR;
}

int command_usage_error(const char *command, const char *fmt, ...)
{
	va_list ap;

	fprintf(stderr, "objmanip: error: %s: ", command);
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fprintf(stderr, " [usage]\nobjmanip: hint: `objmanip %s --help' lists the options\n",
		command);
	return EXIT_USAGE;
}

int command_options(int argc, char **argv, const struct option *options, const char **const *values,
		    const char *usage)
{
	int c;

	opterr = 0;
	optind = 1;
	while ((c = getopt_long(argc, argv, "o:h", options, NULL)) != -1) {
		switch (c) {
		case 'h':
			fputs(usage, stdout);
			return EXIT_OK;
		case '?':
			return command_usage_error(argv[0], "bad option %s", argv[optind - 1]);
		default:
			*values[c] = optarg;
		}
	}
	return -1;
}
