// SPDX-License-Identifier: GPL-2.0-only
/* The files below /run/ksplice. */
#include "record.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "cleanup.h"
#include "paths.h"

#define MAX_RECORD (64UL << 20) /* bytes */

char *record_path(const char *id, const char *name)
{
	char *path;

	if (asprintf(&path, "%s/ksplice/%s%s%s", path_run(), id, name ? "/" : "",
		     name ? name : "") < 0)
		return NULL;
	return path;
}

static int make_dir(const char *path, struct failure *f)
{
	if (mkdir(path, 0755) && errno != EEXIST)
		return fail(f, STATUS_FAILED, "unexpected", "%s: %s", path, strerror(errno));
	return 0;
}

int record_make_dir(struct failure *f)
{
	_cleanup_free_ char *path = NULL;

	if (asprintf(&path, "%s/ksplice", path_run()) < 0)
		return fail_memory(f);
	/* /run itself may be missing where no init system made it. */
	if (mkdir(path_run(), 0755) && errno != EEXIST)
		return fail(f, STATUS_FAILED, "unexpected", "%s: %s", path_run(), strerror(errno));
	return make_dir(path, f);
}

static int save(const char *id, const char *name, const void *data, size_t size, struct failure *f)
{
	_cleanup_free_ char *path = record_path(id, name);
	_cleanup_close_ int fd = -1;
	const char *at = data;

	if (!path)
		return fail_memory(f);
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0644);
	if (fd < 0)
		return fail(f, STATUS_FAILED, "unexpected", "%s: %s", path, strerror(errno));
	while (size) {
		ssize_t put = write(fd, at, size);

		if (put < 0 && errno == EINTR)
			continue;
		if (put <= 0)
			return fail(f, STATUS_FAILED, "unexpected", "%s: %s", path,
				    strerror(errno));
		at += put;
		size -= put;
	}
	return 0;
}

int record_save(const struct update_file *file, struct failure *f)
{
	const struct update_member *manifest = update_file_member(file, "manifest");
	const struct update_member *patch = update_file_member(file, file->manifest.patch.name);
	const char *id = file->manifest.id;
	_cleanup_free_ char *dir = record_path(id, NULL);

	if (!dir)
		return fail_memory(f);
	if (record_make_dir(f) || make_dir(dir, f) ||
	    save(id, "manifest", manifest->data, manifest->size, f) ||
	    save(id, "patch", patch->data, patch->size, f))
		return -1;
	return 0;
}

/* A remembered file and a NUL, or NULL. */
static char *load(const char *id, const char *name, size_t *size)
{
	_cleanup_free_ char *path = record_path(id, name);
	_cleanup_fclose_ FILE *file = path ? fopen(path, "re") : NULL;
	struct stat st;
	char *data;

	if (!file || fstat(fileno(file), &st) || !S_ISREG(st.st_mode) ||
	    (unsigned long)st.st_size > MAX_RECORD)
		return NULL;
	data = malloc(st.st_size + 1);
	if (!data)
		return NULL;
	*size = fread(data, 1, st.st_size, file);
	data[*size] = '\0';
	return data;
}

int record_load(const char *id, struct manifest *m)
{
	_cleanup_free_ char *data = NULL;
	struct failure ignored = { 0 };
	size_t size = 0;

	data = load(id, "manifest", &size);
	return data ? manifest_parse(data, size, m, &ignored) : -1;
}

char *record_load_patch(const char *id)
{
	size_t size = 0;

	return load(id, "patch", &size);
}

int64_t record_time(const char *id)
{
	_cleanup_free_ char *path = record_path(id, "manifest");
	struct stat st;

	if (!path || stat(path, &st))
		return 0;
	return (int64_t)st.st_mtim.tv_sec * 1000000000 + st.st_mtim.tv_nsec;
}

void record_remove(const char *id)
{
	static const char *const names[] = { "manifest", "patch" };
	_cleanup_free_ char *dir = record_path(id, NULL);

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		_cleanup_free_ char *path = record_path(id, names[i]);

		if (path)
			unlink(path);
	}
	if (dir)
		rmdir(dir);
}
