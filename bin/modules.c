// SPDX-License-Identifier: GPL-2.0-only
/* The kernel's list of modules, and the numbers that sysfs has given them. */
#include "modules.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cleanup.h"
#include "paths.h"

/* "NAME SIZE USERS NAMES STATE ADDRESS": all but who uses it, which changes at any time. */
static int add_listed(FILE *out, struct failure *f)
{
	_cleanup_free_ char *path = NULL, *line = NULL;
	_cleanup_fclose_ FILE *file = NULL;
	size_t size = 0;

	if (asprintf(&path, "%s/modules", path_proc()) < 0)
		return fail_memory(f);
	file = fopen(path, "re");
	if (!file)
		return fail(f, STATUS_FAILED, "unexpected", "%s: %s", path, strerror(errno));
	while (getline(&line, &size, file) >= 0) {
		char name[64], state[16], address[32];

		if (sscanf(line, "%63s %*s %*s %*s %15s %31s", name, state, address) == 3)
			fprintf(out, "%s %s %s\n", name, state, address);
	}
	if (ferror(file))
		return fail(f, STATUS_FAILED, "unexpected", "%s: %s", path, strerror(errno));
	return 0;
}

/* The inodes of the modules' folders: no number is given twice. */
static int add_folders(FILE *out, struct failure *f)
{
	_cleanup_closedir_ DIR *dir = NULL;
	_cleanup_free_ char *path = NULL;
	const struct dirent *entry;

	if (asprintf(&path, "%s/module", path_sys()) < 0)
		return fail_memory(f);
	dir = opendir(path);
	if (!dir)
		return fail(f, STATUS_FAILED, "unexpected", "%s: %s", path, strerror(errno));
	while ((entry = readdir(dir)))
		if (entry->d_name[0] != '.')
			fprintf(out, "%s %llu\n", entry->d_name, (unsigned long long)entry->d_ino);
	return 0;
}

char *modules_present(struct failure *f)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);
	int err;

	if (!out) {
		fail_memory(f);
		return NULL;
	}
	err = add_listed(out, f) || add_folders(out, f);
	if (fclose(out))
		err = fail_memory(f);
	if (err) {
		free(text);
		return NULL;
	}
	return text;
}
