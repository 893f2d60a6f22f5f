// SPDX-License-Identifier: GPL-2.0-only
/* Access to /sys/kernel/ksplice and to /sys/module. */
#include "sysfs.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "cleanup.h"
#include "paths.h"

/* "/sys/kernel/ksplice" and, where given, "/A" and "/B"; to be freed. */
static char *make_path(const char *a, const char *b)
{
	char *path;

	if (asprintf(&path, "%s/kernel/ksplice%s%s%s%s", path_sys(), a ? "/" : "", a ? a : "",
		     b ? "/" : "", b ? b : "") < 0)
		return NULL;
	return path;
}

static bool is_there(const char *path)
{
	return path && !access(path, F_OK);
}

static bool read_value(const char *path, char value[SYSFS_VALUE_MAX])
{
	_cleanup_close_ int fd = path ? open(path, O_RDONLY | O_CLOEXEC) : -1;
	size_t size = 0;

	value[0] = '\0';
	if (fd < 0)
		return false;
	while (size < SYSFS_VALUE_MAX - 1) {
		ssize_t got = read(fd, value + size, SYSFS_VALUE_MAX - 1 - size);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0) {
			value[0] = '\0';
			return false;
		}
		if (!got)
			break;
		size += got;
	}
	if (size && value[size - 1] == '\n')
		size--;
	value[size] = '\0';
	return true;
}

bool sysfs_core_is_loaded(void)
{
	_cleanup_free_ char *path = make_path("version", NULL);

	return is_there(path);
}

int sysfs_core_version(struct failure *f)
{
	_cleanup_free_ char *path = make_path("version", NULL);
	char value[SYSFS_VALUE_MAX], *end;
	long version;

	if (!read_value(path, value))
		return fail(f, STATUS_FAILED, "unexpected", "%s: %s", path, strerror(errno));
	version = strtol(value, &end, 10);
	if (end == value || *end || version < 0 || version > 65535)
		return fail(f, STATUS_FAILED, "unexpected", "%s: not a version: %.40s", path,
			    value);
	return (int)version;
}

/* Writes all of it at ascending offsets. Returns 0 or a negative errno. */
static int write_all(int fd, const char *data, size_t size)
{
	while (size) {
		ssize_t put = write(fd, data, size);

		if (put < 0 && errno == EINTR)
			continue;
		if (put <= 0)
			return put ? -errno : -EIO;
		data += put;
		size -= put;
	}
	return 0;
}

int sysfs_write_symbols(const void *blob, size_t size, struct failure *f)
{
	_cleanup_free_ char *path = make_path("symbols", NULL);
	_cleanup_close_ int fd = -1;
	int err;

	if (!path)
		return fail_memory(f);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return fail(f, STATUS_FAILED, "unexpected", "%s: %s", path, strerror(errno));
	err = write_all(fd, blob, size);
	if (err)
		return fail(f, STATUS_FAILED, "unexpected",
			    "the kernel did not accept the table of symbols: %s: %s", path,
			    strerror(-err));
	return 0;
}

bool sysfs_update_exists(const char *id)
{
	_cleanup_free_ char *path = make_path(id, "stage");

	return is_there(path);
}

bool sysfs_read(const char *id, const char *attribute, char value[SYSFS_VALUE_MAX])
{
	_cleanup_free_ char *path = make_path(id, attribute);

	return read_value(path, value);
}

int sysfs_write_stage(const char *id, const char *word)
{
	_cleanup_free_ char *path = make_path(id, "stage");
	_cleanup_close_ int fd = -1;

	if (!path)
		return -ENOMEM;
	fd = open(path, O_WRONLY | O_CLOEXEC | O_TRUNC);
	if (fd < 0)
		return -errno;
	return write_all(fd, word, strlen(word));
}

static int compare_names(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

char **sysfs_list_dirs(const char *path, size_t *count)
{
	_cleanup_free_ char *full = make_path(*path ? path : NULL, NULL);
	_cleanup_closedir_ DIR *dir = full ? opendir(full) : NULL;
	struct dirent *entry;
	char **names = NULL;

	*count = 0;
	while (dir && (entry = readdir(dir))) {
		char **larger;
		struct stat st;

		if (entry->d_name[0] == '.' || fstatat(dirfd(dir), entry->d_name, &st, 0) ||
		    !S_ISDIR(st.st_mode))
			continue;
		larger = reallocarray(names, *count + 1, sizeof(*names));
		if (!larger)
			break;
		names = larger;
		names[*count] = strdup(entry->d_name);
		if (!names[*count])
			break;
		(*count)++;
	}
	if (*count)
		qsort(names, *count, sizeof(*names), compare_names);
	return names;
}

void sysfs_free_names(char **names, size_t count)
{
	for (size_t i = 0; i < count; i++)
		free(names[i]);
	free(names);
}

bool sysfs_module_exists(const char *name)
{
	_cleanup_free_ char *path = NULL;

	if (asprintf(&path, "%s/module/%s", path_sys(), name) < 0)
		return false;
	return is_there(path);
}

uint64_t sysfs_module_number(const char *name)
{
	_cleanup_free_ char *path = NULL;
	struct stat st;

	if (asprintf(&path, "%s/module/%s", path_sys(), name) < 0)
		return 0;
	return stat(path, &st) ? 0 : st.st_ino;
}

bool sysfs_module_is_live(const char *name)
{
	_cleanup_free_ char *path = NULL;
	char value[SYSFS_VALUE_MAX];

	if (asprintf(&path, "%s/module/%s/initstate", path_sys(), name) < 0)
		return false;
	return read_value(path, value) && !strcmp(value, "live");
}

bool sysfs_module_is_held(const char *name)
{
	_cleanup_free_ char *path = NULL;
	_cleanup_closedir_ DIR *dir = NULL;
	struct dirent *entry;

	if (asprintf(&path, "%s/module/%s/holders", path_sys(), name) < 0)
		return false;
	dir = opendir(path);
	while (dir && (entry = readdir(dir)))
		if (entry->d_name[0] != '.')
			return true;
	return false;
}
