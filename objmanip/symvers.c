// SPDX-License-Identifier: GPL-2.0-only
#include "symvers.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct export
{
	const char *name;
	const char *exporter;
};

struct symvers {
	char *text; /* the file, cut into its fields */
	struct export *exports; /* by name */
	size_t nr;
};

static int compare(const void *left, const void *right)
{
	return strcmp(((const struct export *)left)->name, ((const struct export *)right)->name);
}

static int read_text(const char *path, char **ret, struct error *err)
{
	FILE *file = fopen(path, "re");
	size_t size = 0;
	ssize_t got;

	if (!file)
		return error_set(err, -errno, "%s: %s", path, strerror(errno));
	/* No NUL is expected: this reads all. */
	got = getdelim(ret, &size, 0, file);
	if (got < 0 && ferror(file)) {
		int code = -errno;

		fclose(file);
		return error_set(err, code, "%s: %s", path, strerror(-code));
	}
	fclose(file);
	if (got <= 0)
		return error_set(err, -EINVAL, "%s: is empty", path);
	return 0;
}

/* "crc \t name \t exporter \t EXPORT_SYMBOL[_GPL] \t namespace" */
static int add_line(struct symvers *symvers, char *line)
{
	char *fields[5] = { NULL };

	for (int i = 0; i < 5; i++)
		fields[i] = strsep(&line, "\t");
	if (!fields[3])
		return -EINVAL;
	if (fields[4] && *fields[4])
		return 0;
	symvers->exports[symvers->nr].name = fields[1];
	symvers->exports[symvers->nr++].exporter = fields[2];
	return 0;
}

int symvers_open(const char *path, struct symvers **ret, struct error *err)
{
	_cleanup_symvers_ struct symvers *symvers = calloc(1, sizeof(*symvers));
	size_t lines = 1, number = 0;
	char *rest, *line;
	int code;

	if (!symvers)
		return error_set(err, -ENOMEM, "out of memory");
	code = read_text(path, &symvers->text, err);
	if (code)
		return code;
	for (rest = symvers->text; (rest = strchr(rest, '\n')); rest++)
		lines++;
	symvers->exports = calloc(lines, sizeof(*symvers->exports));
	if (!symvers->exports)
		return error_set(err, -ENOMEM, "out of memory");
	for (rest = symvers->text; (line = strsep(&rest, "\n"));) {
		number++;
		if (*line && add_line(symvers, line))
			return error_set(err, -EINVAL, "%s:%zu: not a line of Module.symvers", path,
					 number);
	}
	qsort(symvers->exports, symvers->nr, sizeof(*symvers->exports), compare);
	*ret = symvers;
	symvers = NULL;
	return 0;
}

void symvers_free(struct symvers *symvers)
{
	if (!symvers)
		return;
	free(symvers->exports);
	free(symvers->text);
	free(symvers);
}

const char *symvers_exporter(const struct symvers *symvers, const char *name)
{
	struct export key = { .name = name };
	const struct export *found =
		bsearch(&key, symvers->exports, symvers->nr, sizeof(key), compare);

	return found ? found->exporter : NULL;
}
