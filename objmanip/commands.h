/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * objmanip's subcommands. Each gets its own argv (argv[0] is the subcommand's
 * name), parses it with getopt_long and returns an exit code.
 */
#ifndef OBJMANIP_COMMANDS_H
#define OBJMANIP_COMMANDS_H

#include <getopt.h>

#include "error.h"

/* Exit codes, the same for all of the project's commands. */
enum command_exit {
	EXIT_OK = 0,
	EXIT_ERROR = 1,
	EXIT_USAGE = 2,
	EXIT_UNSUPPORTED = 6, /* the patch asks for what cannot be done safely */
	EXIT_NO_CHANGE = 7,
};

int cmd_extract(int argc, char **argv);
int cmd_diff(int argc, char **argv);
int cmd_image(int argc, char **argv);
int cmd_names(int argc, char **argv);
int cmd_finish(int argc, char **argv);
int cmd_show(int argc, char **argv);

/* Prints the error and its hint to stderr; returns the exit code that goes with it. */
int command_fail(const struct error *err);

/*
 * Prints "objmanip: error: COMMAND: ..." and where to read more to stderr;
 * returns EXIT_USAGE.
 */
int command_usage_error(const char *command, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

/*
 * Parses the options of a command of which each takes a value, besides --help:
 * `values' has where to put it, by the option's letter (`val'); -o is one of
 * them. Returns an exit code (help was printed, or an option was wrong), or -1
 * to go on, with optind at the first argument.
 */
int command_options(int argc, char **argv, const struct option *options, const char **const *values,
		    const char *usage);

#endif
