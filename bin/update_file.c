// SPDX-License-Identifier: GPL-2.0-only
/*
 * Reads an update file. The archive is untrusted: only regular files directly
 * inside the one directory named like the id, only those that the manifest
 * names, each with the sum that the manifest gives, and all within limits.
 */
#include "update_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <archive.h>
#include <archive_entry.h>

#include "cleanup.h"
#include "sha256.h"

#define MAX_MEMBERS 520
#define MAX_TOTAL   (512UL << 20) /* bytes, unpacked */

static int bad(struct failure *f, const char *path, const char *why)
{
	return fail(f, STATUS_FAILED, "bad_update", "%s: %s", path, why);
}

static int bad_member(struct failure *f, const char *path, const char *name, const char *why)
{
	return fail(f, STATUS_FAILED, "bad_update", "%s: member %.80s: %s", path, name, why);
}

static void close_archive(struct archive **archive)
{
	if (*archive)
		archive_read_free(*archive);
}
#define _cleanup_archive_ __attribute__((cleanup(close_archive)))

/*
 * Splits "ID/NAME" and checks it: *id is the directory (stored at the first
 * member), *name what follows, "" for the directory itself.
 */
static int check_name(struct failure *f, const char *path, const char *full, char **id,
		      const char **name)
{
	const char *slash = strchr(full, '/');
	size_t length = slash ? (size_t)(slash - full) : strlen(full);

	if (!*id) {
		*id = strndup(full, length);
		if (!*id)
			return fail_memory(f);
		if (!manifest_id_is_valid(*id))
			return bad_member(f, path, full, "not in a directory named like an update");
	}
	if (strlen(*id) != length || strncmp(full, *id, length))
		return bad_member(f, path, full, "outside of the update's directory");
	*name = slash ? slash + 1 : "";
	if (strchr(*name, '/') || (*name)[0] == '.')
		return bad_member(f, path, full, "not a plain file name");
	return 0;
}

static int read_data(struct archive *archive, struct update_member *member, size_t limit,
		     const char *path, struct failure *f)
{
	size_t capacity = 0;

	for (;;) {
		unsigned char *data;
		la_ssize_t got;

		if (member->size + 65536 + 1 > capacity) {
			capacity = 2 * capacity + 65536 + 1;
			data = realloc(member->data, capacity);
			if (!data)
				return fail_memory(f);
			member->data = data;
		}
		got = archive_read_data(archive, member->data + member->size,
					capacity - member->size - 1);
		if (got < 0)
			return bad_member(f, path, member->name, archive_error_string(archive));
		member->size += got;
		if (member->size > limit)
			return bad(f, path, "too large when unpacked");
		if (!got)
			break;
	}
	member->data[member->size] = '\0';
	return 0;
}

static int add_member(struct archive *archive, struct update_file *file, const char *name,
		      size_t limit, const char *path, struct failure *f)
{
	struct update_member *members, *member;

	if (update_file_member(file, name))
		return bad_member(f, path, name, "there are two of this name");
	if (file->nr_members >= MAX_MEMBERS)
		return bad(f, path, "too many members");
	members = reallocarray(file->members, file->nr_members + 1, sizeof(*members));
	if (!members)
		return fail_memory(f);
	file->members = members;
	member = &members[file->nr_members++];
	memset(member, 0, sizeof(*member));
	member->name = strdup(name);
	if (!member->name)
		return fail_memory(f);
	return read_data(archive, member, limit, path, f);
}

static int read_members(struct archive *archive, struct update_file *file, char **id,
			const char *path, struct failure *f)
{
	size_t total = 0;

	for (;;) {
		struct archive_entry *entry;
		const char *full, *name = "";
		int got = archive_read_next_header(archive, &entry);

		if (got == ARCHIVE_EOF)
			return 0;
		if (got != ARCHIVE_OK)
			return bad(f, path,
				   file->nr_members ? "truncated or damaged"
						    : "not an update file (a tar archive)");
		full = archive_entry_pathname(entry);
		if (!full || !*full)
			return bad(f, path, "a member has no name");
		if (check_name(f, path, full, id, &name))
			return -1;
		if (archive_entry_filetype(entry) == AE_IFDIR && !*name)
			continue;
		if (archive_entry_filetype(entry) != AE_IFREG || archive_entry_hardlink(entry) ||
		    !*name)
			return bad_member(f, path, full, "not a regular file");
		if (add_member(archive, file, name, MAX_TOTAL - total, path, f))
			return -1;
		total += file->members[file->nr_members - 1].size;
	}
}

static int check_sum(const struct update_file *file, const struct manifest_file *want,
		     const char *path, struct failure *f)
{
	const struct update_member *member = update_file_member(file, want->name);
	char sum[SHA256_HEX];

	if (!member)
		return bad_member(f, path, want->name, "missing");
	sha256_hex(member->data, member->size, sum);
	if (strcmp(sum, want->sha256))
		return bad_member(f, path, want->name,
				  "damaged: its SHA-256 sum is not the manifest's");
	return 0;
}

static bool is_named(const struct manifest *m, const char *name)
{
	if (!strcmp(name, "manifest") || !strcmp(name, m->core.name) ||
	    !strcmp(name, m->patch.name))
		return true;
	for (size_t i = 0; i < m->nr_targets; i++) {
		if (!strcmp(name, m->targets[i].name))
			return true;
	}
	return false;
}

static int check_members(const struct update_file *file, const char *id, const char *path,
			 struct failure *f)
{
	const struct manifest *m = &file->manifest;

	if (strcmp(m->id, id))
		return bad(f, path, "the manifest's id is not the directory's name");
	if (check_sum(file, &m->core, path, f) || check_sum(file, &m->patch, path, f))
		return -1;
	for (size_t i = 0; i < m->nr_targets; i++) {
		if (check_sum(file, &m->targets[i], path, f))
			return -1;
	}
	for (size_t i = 0; i < file->nr_members; i++) {
		if (!is_named(m, file->members[i].name))
			return bad_member(f, path, file->members[i].name,
					  "the manifest does not name it");
	}
	return 0;
}

static int open_file(const char *path, int *ret, struct failure *f)
{
	struct stat st;
	/* O_NONBLOCK: a FIFO must not hang us. */
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);

	if (fd < 0)
		return fail(f, STATUS_FAILED, "no_file", "%s: %s", path, strerror(errno));
	*ret = fd;
	if (fstat(fd, &st))
		return bad(f, path, strerror(errno));
	if (!S_ISREG(st.st_mode))
		return bad(f, path, S_ISDIR(st.st_mode) ? "is a directory" : "not a regular file");
	if (!st.st_size)
		return bad(f, path, "the file is empty");
	return 0;
}

static int read_all(int fd, struct update_file *file, const char *path, struct failure *f)
{
	_cleanup_archive_ struct archive *archive = archive_read_new();
	_cleanup_free_ char *id = NULL;
	const struct update_member *text;

	if (!archive)
		return fail_memory(f);
	archive_read_support_filter_zstd(archive);
	archive_read_support_format_tar(archive);
	if (archive_read_open_fd(archive, fd, 65536) != ARCHIVE_OK)
		return bad(f, path, "not an update file (a zstd-compressed tar archive)");
	if (read_members(archive, file, &id, path, f))
		return -1;
	text = update_file_member(file, "manifest");
	if (!text)
		return bad(f, path,
			   file->nr_members ? "there is no manifest in it"
					    : "not an update file (nothing is in it)");
	if (manifest_parse((const char *)text->data, text->size, &file->manifest, f))
		return -1;
	return check_members(file, id, path, f);
}

int update_file_read(const char *path, struct update_file *ret, struct failure *f)
{
	_cleanup_close_ int fd = -1;
	int err;

	memset(ret, 0, sizeof(*ret));
	err = open_file(path, &fd, f);
	if (!err)
		err = read_all(fd, ret, path, f);
	if (err) {
		update_file_free(ret);
		if (strcmp(f->code, "no_file"))
			fail_hint(
				f,
				"copy the file again, or make the update again with ksplice-create");
	}
	return err;
}

void update_file_free(struct update_file *file)
{
	for (size_t i = 0; i < file->nr_members; i++) {
		free(file->members[i].name);
		free(file->members[i].data);
	}
	free(file->members);
	manifest_free(&file->manifest);
	memset(file, 0, sizeof(*file));
}

const struct update_member *update_file_member(const struct update_file *file, const char *name)
{
	for (size_t i = 0; i < file->nr_members; i++) {
		if (file->members[i].name && !strcmp(file->members[i].name, name))
			return &file->members[i];
	}
	return NULL;
}
