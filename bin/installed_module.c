// SPDX-License-Identifier: GPL-2.0-only
/* modules.dep tells where a module's file is; libarchive knows how it is compressed. */
#include "installed_module.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <archive.h>
#include <archive_entry.h>

#include "cleanup.h"
#include "paths.h"

#define MAX_SIZE (512UL << 20) /* bytes, unpacked; the largest one with debug information is half */
#define CHUNK	 (1UL << 20)

static void close_archive(struct archive **archive)
{
	if (*archive)
		archive_read_free(*archive);
}
#define _cleanup_archive_ __attribute__((cleanup(close_archive)))

/* Is `path' that of a file of the module: its name, with - for _ perhaps, and .ko? */
static bool is_file_of(const char *path, const char *module)
{
	const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;

	for (; *module; name++, module++)
		if (*name != *module && !(*name == '-' && *module == '_'))
			return false;
	return !strncmp(name, ".ko", 3) && (!name[3] || name[3] == '.');
}

/* The path of the module's file, to be freed, or NULL (in *ret). A line is "PATH: DEPENDENCY...". */
static int find_path(const char *module, const char *folder, char **ret)
{
	_cleanup_free_ char *index = NULL, *line = NULL;
	_cleanup_fclose_ FILE *file = NULL;
	size_t size = 0;

	*ret = NULL;
	if (asprintf(&index, "%s/modules.dep", folder) < 0)
		return -1;
	file = fopen(index, "re");
	while (file && getline(&line, &size, file) >= 0) {
		line[strcspn(line, ":\n")] = '\0';
		if (!is_file_of(line, module))
			continue;
		*ret = NULL;
		return asprintf(ret, "%s%s%s", *line == '/' ? "" : folder,
				*line == '/' ? "" : "/", line) < 0 ? -1 : 0;
	}
	return 0;
}

/* A plain file, as it is or compressed in one of the ways that modules are. */
static struct archive *open_file(int fd)
{
	_cleanup_archive_ struct archive *archive = archive_read_new();
	struct archive_entry *entry;
	struct archive *ret;
	struct stat st;

	if (!archive || fstat(fd, &st) || !S_ISREG(st.st_mode))
		return NULL;
	archive_read_support_filter_xz(archive);
	archive_read_support_filter_zstd(archive);
	archive_read_support_filter_gzip(archive);
	archive_read_support_format_raw(archive);
	if (archive_read_open_fd(archive, fd, CHUNK) != ARCHIVE_OK ||
	    archive_read_next_header(archive, &entry) != ARCHIVE_OK)
		return NULL;
	ret = archive;
	archive = NULL;
	return ret;
}

/* All of it; NULL in *data: it is damaged. */
static int read_all(struct archive *archive, void **data, size_t *size)
{
	_cleanup_free_ char *buffer = NULL;
	size_t capacity = 0, have = 0;
	la_ssize_t got;

	do {
		if (have + CHUNK > capacity) {
			char *larger = realloc(buffer, 2 * capacity + CHUNK);

			if (!larger)
				return -1;
			buffer = larger;
			capacity = 2 * capacity + CHUNK;
		}
		got = archive_read_data(archive, buffer + have, CHUNK);
		if (got < 0 || have + got > MAX_SIZE)
			return 0;
		have += got;
	} while (got);
	*size = have;
	*data = buffer;
	buffer = NULL;
	return 0;
}

int installed_module_read(const char *module, const char *release, void **data, size_t *size,
			  char *why, size_t why_size)
{
	_cleanup_free_ char *folder = NULL, *path = NULL;
	_cleanup_close_ int fd = -1;
	_cleanup_archive_ struct archive *archive = NULL;

	*data = NULL;
	if (asprintf(&folder, "%s/%s", path_modules(), release) < 0)
		return -1;
	if (find_path(module, folder, &path))
		return -1;
	if (!path) {
		snprintf(why, why_size, "%.100s/modules.dep does not name it", folder);
		return 0;
	}
	/* O_NONBLOCK: a FIFO must not hang us. */
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0) {
		snprintf(why, why_size, "%.100s: %s", path, strerror(errno));
		return 0;
	}
	archive = open_file(fd);
	if (archive && read_all(archive, data, size))
		return -1;
	if (!*data)
		snprintf(why, why_size, "%.120s cannot be unpacked", path);
	return 0;
}
