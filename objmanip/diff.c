// SPDX-License-Identifier: GPL-2.0-only
/* objmanip diff: what changed between two builds of a unit, for a reader. */
#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include "commands.h"
#include "compare.h"

static const char *kind(const struct atom *atom)
{
	switch (atom->class) {
	case SECTION_INIT_CODE:
		return "init function";
	case SECTION_EXIT_CODE:
		return "exit function";
	case SECTION_CODE:
		return "function";
	case SECTION_RODATA:
		return "constant";
	default:
		return "object";
	}
}

static bool listed(const struct atom *atom)
{
	return atom->sym && (atom_is_code(atom) || section_is_data(atom->class) ||
			     atom->class == SECTION_INIT_DATA);
}

static unsigned int print_changes(const struct unit *pre, const struct unit *post)
{
	unsigned int nr = 0;

	for (size_t i = 0; i < post->nr_named; i++) {
		const struct atom *atom = post->by_name[i];

		if (!listed(atom))
			continue;
		if (!atom->twin)
			printf("added    %-13s  %s\n", kind(atom), atom_name(atom));
		else if (atom->changed)
			printf("changed  %-13s  %s: %s\n", kind(atom), atom_name(atom),
			       atom->reason);
		else
			continue;
		nr++;
	}
	for (size_t i = 0; i < pre->nr_named; i++) {
		const struct atom *atom = pre->by_name[i];

		if (!listed(atom) || atom->twin)
			continue;
		printf("removed  %-13s  %s\n", kind(atom), atom_name(atom));
		nr++;
	}
	/* One of these is among the above. */
	if (post->unclear)
		printf("unclear  objects        debugging information may tell which is which (extract --pre-debug, --post-debug)\n");
	return nr;
}

int cmd_diff(int argc, char **argv)
{
	static const struct option options[] = {
		{ "help", no_argument, NULL, 'h' },
		{ NULL, 0, NULL, 0 },
	};
	_cleanup_unit_ struct unit *pre = NULL;
	_cleanup_unit_ struct unit *post = NULL;
	struct error err = { 0 };
	int opt;

	opterr = 0;
	optind = 1;
	while ((opt = getopt_long(argc, argv, "h", options, NULL)) != -1) {
		if (opt != 'h')
			return command_usage_error("diff", "bad option %s", argv[optind - 1]);
		printf("Usage: objmanip diff PRE POST\n"
		       "Print what differs between two builds of a unit, and why.\n\n"
		       "Exit codes: 0 something differs, 7 nothing that matters, 1 failed.\n");
		return EXIT_OK;
	}
	if (argc - optind != 2)
		return command_usage_error("diff", "needs two objects");
	if (unit_open(argv[optind], &pre, &err) || unit_open(argv[optind + 1], &post, &err))
		return command_fail(&err);
	compare_units(pre, post);
	return print_changes(pre, post) ? EXIT_OK : EXIT_NO_CHANGE;
}
