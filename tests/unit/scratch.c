// SPDX-License-Identifier: GPL-2.0-only
#include "scratch.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

static char folder[] = "/tmp/ksplice-unit.XXXXXX";

static void remove_folder(void)
{
	char command[64];

	snprintf(command, sizeof(command), "rm -rf '%s'", folder);
	if (system(command))
		fprintf(stderr, "%s: cannot be removed\n", folder);
}

const char *scratch_folder(void)
{
	static int made;

	if (!made) {
		assert_non_null(mkdtemp(folder));
		atexit(remove_folder);
		made = 1;
	}
	return folder;
}

char *scratch_path(const char *name)
{
	char *path;

	assert_true(asprintf(&path, "%s/%s", scratch_folder(), name) > 0);
	return path;
}

char *scratch_object(const char *name, const char *text, const char *flags)
{
	const char *cc = getenv("CC");
	char *source = scratch_path(name), *object, *command;
	FILE *file = fopen(source, "w");

	assert_non_null(file);
	fputs(text, file);
	assert_int_equal(fclose(file), 0);
	assert_true(asprintf(&object, "%s.o", source) > 0);
	assert_true(asprintf(&command, "%s -c %s -o '%s' '%s'", cc ? cc : "gcc", flags, object,
			     source) > 0);
	assert_int_equal(system(command), 0);
	free(command);
	free(source);
	return object;
}
