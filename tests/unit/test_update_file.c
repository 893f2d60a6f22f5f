// SPDX-License-Identifier: GPL-2.0-only
/* Update files: archives made here with libarchive, good and bad. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <archive.h>
#include <archive_entry.h>

/* Before cmocka.h, which makes `fail' a macro. */
#include "bin/sha256.h"
#include "bin/update_file.h"

#include <cmocka.h>

struct member {
	const char *name;
	const char *data;
	unsigned int type; /* AE_IF*; 0: regular */
};

static char path[] = "/tmp/test_update_file.XXXXXX";
static char manifest[4096];

static int setup(void **state)
{
	char core[SHA256_HEX], module[SHA256_HEX], patch[SHA256_HEX];
	int fd = mkstemp(path);

	sha256_hex("core", 4, core);
	sha256_hex("module", 6, module);
	sha256_hex("patch", 5, patch);
	snprintf(manifest, sizeof(manifest),
		 "format 1\nid u1\nkernel k\nmachine m\ncore ksplice.ko %s\n"
		 "target vmlinux m.ko %s\npatch patch %s\n",
		 core, module, patch);
	return fd < 0 || close(fd);
}

static int teardown(void **state)
{
	return unlink(path);
}

static void pack(const struct member *members)
{
	struct archive *archive = archive_write_new();

	archive_write_set_format_ustar(archive);
	archive_write_add_filter_zstd(archive);
	assert_int_equal(archive_write_open_filename(archive, path), ARCHIVE_OK);
	for (; members->name; members++) {
		struct archive_entry *entry = archive_entry_new();
		size_t size = members->data ? strlen(members->data) : 0;

		archive_entry_set_pathname(entry, members->name);
		archive_entry_set_filetype(entry, members->type ? members->type : AE_IFREG);
		if (members->type == AE_IFLNK)
			archive_entry_set_symlink(entry, "/etc/passwd");
		else if (!members->type && !members->data)
			archive_entry_set_hardlink(entry, "/etc/passwd");
		archive_entry_set_perm(entry, 0644);
		archive_entry_set_size(entry, size);
		assert_int_equal(archive_write_header(archive, entry), ARCHIVE_OK);
		if (size)
			assert_int_equal(archive_write_data(archive, members->data, size), size);
		archive_entry_free(entry);
	}
	archive_write_close(archive);
	archive_write_free(archive);
}

static void reads_a_good_one(void **state)
{
	struct update_file file;
	struct failure f = { 0 };

	pack((struct member[]){ { "u1", NULL, AE_IFDIR },
				{ "u1/manifest", manifest, 0 },
				{ "u1/ksplice.ko", "core", 0 },
				{ "u1/m.ko", "module", 0 },
				{ "u1/patch", "patch", 0 },
				{ 0 } });
	assert_int_equal(update_file_read(path, &file, &f), 0);
	assert_string_equal(file.manifest.id, "u1");
	assert_int_equal(file.nr_members, 4);
	assert_string_equal((const char *)update_file_member(&file, "patch")->data, "patch");
	assert_null(update_file_member(&file, "none"));
	update_file_free(&file);
}

static void refuses(const struct member *members, const char *why)
{
	struct update_file file;
	struct failure f = { 0 };

	pack(members);
	assert_int_equal(update_file_read(path, &file, &f), -1);
	assert_int_equal(f.status, STATUS_FAILED);
	if (!strstr(f.text, why))
		fail_msg("expected `%s' in `%s'", why, f.text);
}

#define GOOD_BUT(name, data, type)                          \
	((struct member[]){ { "u1/manifest", manifest, 0 }, \
			    { "u1/ksplice.ko", "core", 0 }, \
			    { "u1/m.ko", "module", 0 },     \
			    { name, data, type },           \
			    { 0 } })

static void refuses_bad_members(void **state)
{
	refuses(GOOD_BUT("u1/patch", "other", 0), "damaged");
	refuses(GOOD_BUT("u1/more", "more", 0), "member patch: missing");
	refuses(GOOD_BUT("u1/m.ko", "module", 0), "two of this name");
	refuses(GOOD_BUT("u1/patch", NULL, AE_IFLNK), "not a regular file");
	refuses(GOOD_BUT("u1/patch", NULL, AE_IFIFO), "not a regular file");
	refuses(GOOD_BUT("u1/patch", NULL, 0), "not a regular file");
	refuses(GOOD_BUT("u1/../patch", "patch", 0), "not a plain file name");
	refuses(GOOD_BUT("u1/sub/patch", "patch", 0), "not a plain file name");
	refuses(GOOD_BUT("/u1/patch", "patch", 0), "outside");
	refuses(GOOD_BUT("../patch", "patch", 0), "outside");
	refuses(GOOD_BUT("u2/patch", "patch", 0), "outside");
	refuses(GOOD_BUT("u1/.patch", "patch", 0), "not a plain file name");
	refuses((struct member[]){ { "u1/patch", "patch", 0 }, { 0 } }, "no manifest");
	refuses((struct member[]){ { "u2/manifest", manifest, 0 }, { 0 } }, "directory's name");
	refuses((struct member[]){ { "../manifest", manifest, 0 }, { 0 } }, "named like an update");
}

/* Any prefix of a good file, and any changed byte, is refused or read; never worse. */
static void survives_damage(void **state)
{
	struct update_file file;
	unsigned char data[4096];
	struct failure f = { 0 };
	size_t size;
	FILE *io;

	pack(GOOD_BUT("u1/patch", "patch", 0));
	io = fopen(path, "r");
	size = fread(data, 1, sizeof(data), io);
	fclose(io);
	assert_true(size > 100 && size < sizeof(data));
	for (size_t i = 0; i < size; i++) {
		unsigned char old = data[i];

		io = fopen(path, "w");
		assert_int_equal(fwrite(data, 1, i, io), i);
		fclose(io);
		memset(&f, 0, sizeof(f));
		if (!update_file_read(path, &file, &f))
			update_file_free(&file);
		else
			assert_true(f.text[0]);

		data[i] ^= 0x5a;
		io = fopen(path, "w");
		assert_int_equal(fwrite(data, 1, size, io), size);
		fclose(io);
		data[i] = old;
		memset(&f, 0, sizeof(f));
		if (!update_file_read(path, &file, &f))
			update_file_free(&file);
		else
			assert_true(f.text[0]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_a_good_one),
		cmocka_unit_test(refuses_bad_members),
		cmocka_unit_test(survives_damage),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
