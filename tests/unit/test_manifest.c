// SPDX-License-Identifier: GPL-2.0-only
/* Manifests: what is read, and what is refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

/* Before cmocka.h, which makes `fail' a macro. */
#include "bin/manifest.h"
#include "bin/sha256.h"

#include <cmocka.h>

#define SUM "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

#define HEAD "format 1\nid 3f2a\nkernel 6.1.0-47-amd64\nmachine x86_64\n"
#define BODY                                                              \
	"version #1 SMP PREEMPT_DYNAMIC Debian 6.1.170-3 (2026-05-08)\n"  \
	"created 1700000000\n"                                            \
	"core ksplice.ko " SUM "\n"                                       \
	"target vmlinux ksplice_3f2a_vmlinux.ko " SUM "\n"                \
	"target ext4 ksplice_3f2a_ext4.ko " SUM "\n"                      \
	"function vmlinux replaced cmdline_proc_show fs/proc/cmdline.o\n" \
	"function vmlinux added helper.isra.0 fs/proc/cmdline.o\n"        \
	"function ext4 replaced ext4_ioctl fs/ext4/ioctl.o\n"             \
	"patch patch " SUM "\n"
#define TAIL "description Fix a  bug: 100 %\n"

static int parse(const char *text, struct manifest *m, struct failure *f)
{
	memset(f, 0, sizeof(*f));
	return manifest_parse(text, strlen(text), m, f);
}

static void reads_all_fields(void **state)
{
	struct manifest m;
	struct failure f;

	assert_int_equal(parse(HEAD BODY TAIL, &m, &f), 0);
	assert_string_equal(m.id, "3f2a");
	assert_string_equal(m.kernel, "6.1.0-47-amd64");
	assert_string_equal(m.version, "#1 SMP PREEMPT_DYNAMIC Debian 6.1.170-3 (2026-05-08)");
	assert_int_equal(m.created, 1700000000);
	assert_string_equal(m.core.name, "ksplice.ko");
	assert_string_equal(m.core.sha256, SUM);
	assert_int_equal(m.nr_targets, 2);
	assert_string_equal(m.targets[1].target, "ext4");
	assert_int_equal(m.nr_functions, 3);
	assert_false(m.functions[1].replaced);
	assert_string_equal(m.functions[1].name, "helper.isra.0");
	assert_string_equal(m.description, "Fix a  bug: 100 %");
	assert_int_equal(manifest_count_replaced(&m, "vmlinux"), 1);
	manifest_free(&m);
}

static void description_may_be_missing(void **state)
{
	struct manifest m;
	struct failure f;

	assert_int_equal(parse(HEAD BODY, &m, &f), 0);
	assert_string_equal(m.description, "");
	manifest_free(&m);
	assert_int_equal(parse(HEAD BODY "description\n", &m, &f), 0);
	assert_string_equal(m.description, "");
	manifest_free(&m);
}

static void refuses(const char *text, const char *why)
{
	struct manifest m;
	struct failure f;

	assert_int_equal(parse(text, &m, &f), -1);
	assert_string_equal(f.code, "bad_update");
	if (!strstr(f.text, why))
		fail_msg("expected `%s' in `%s'", why, f.text);
}

static void reads_data(void **state)
{
	struct manifest m;
	struct failure f;

	assert_int_equal(parse(HEAD BODY "data ext4 rewritten ops fs/ext4/file.o\n" TAIL, &m, &f),
			 0);
	assert_int_equal(m.nr_data, 1);
	assert_string_equal(m.data[0].target, "ext4");
	assert_string_equal(m.data[0].name, "ops");
	assert_string_equal(m.data[0].unit, "fs/ext4/file.o");
	assert_int_equal(manifest_count_data(&m, "ext4"), 1);
	assert_int_equal(manifest_count_data(&m, "vmlinux"), 0);
	manifest_free(&m);

	refuses(HEAD BODY "data ext4 replaced ops fs/ext4/file.o\n", "expected `rewritten'");
	refuses(HEAD BODY "data ext4 rewritten ops\n", "expected: data TARGET");
	refuses(HEAD BODY "data xfs rewritten ops fs/xfs/file.o\n", "data ops is in target xfs");
}

static void refuses_what_is_wrong(void **state)
{
	refuses("", "incomplete");
	refuses("format 1", "incomplete");
	refuses("\n", "expected `format NUMBER'");
	refuses("format 2\n", "format 2");
	refuses("format 1 2\n", "expected `format NUMBER'");
	refuses(HEAD, "no `core' line");
	refuses(HEAD HEAD BODY, "unknown key `format'");
	refuses(HEAD "id x\n" BODY, "given before");
	refuses(HEAD "\n" BODY, "empty");
	refuses(HEAD BODY TAIL TAIL, "given before");
	refuses(HEAD BODY "surprise 1\n", "unknown key `surprise'");
	refuses(HEAD BODY "function nfs replaced f u.o\n", "which it does not have");
	refuses(HEAD BODY "function ext4 changed f u.o\n", "`replaced' or `added'");
	refuses(HEAD BODY "function ext4 replaced f u.o more\n", "expected: function");
	refuses(HEAD BODY "target ext4 a.ko " SUM "\n", "given before");
	refuses(HEAD BODY "target nfs ../a.ko " SUM "\n", "plain file name");
	refuses(HEAD BODY "target nfs .a.ko " SUM "\n", "plain file name");
	refuses(HEAD BODY "target n/fs a.ko " SUM "\n", "name of a target");
	refuses(HEAD BODY "target nfs a.ko 1234\n", "not a SHA-256");
	refuses(HEAD "created x\n" BODY, "number of seconds");
	refuses("format 1\nid 3F\nkernel k\nmachine m\n" BODY, "not a legal id");
	refuses("format 1\nid 0123456789012345678901234\nkernel k\nmachine m\n" BODY,
		"not a legal id");
}

/* As many modules as a changed header may be in. */
static void reads_many_targets(void **state)
{
	static char text[1 << 16];
	struct manifest m;
	struct failure f;
	size_t length;

	length = snprintf(text, sizeof(text), "%s", HEAD BODY);
	for (int i = 2; i < 512; i++)
		length += snprintf(text + length, sizeof(text) - length,
				   "target m%d ksplice_3f2a_m%d.ko " SUM "\n", i, i);
	assert_int_equal(parse(text, &m, &f), 0);
	assert_int_equal(m.nr_targets, 512);
	assert_string_equal(m.targets[511].target, "m511");
	manifest_free(&m);
	snprintf(text + length, sizeof(text) - length, "target more more.ko " SUM "\n");
	refuses(text, "too many targets");
}

static void refuses_zero_bytes(void **state)
{
	static const char text[] = HEAD "\0" BODY;
	struct failure f = { 0 };
	struct manifest m;

	assert_int_equal(manifest_parse(text, sizeof(text) - 1, &m, &f), -1);
}

/* Every beginning of a manifest is read or refused, and freed (see the sanitizers). */
static void survives_truncation(void **state)
{
	static const char text[] = HEAD BODY TAIL;

	for (size_t size = 0; size < sizeof(text) - 1; size++) {
		struct failure f = { 0 };
		struct manifest m;

		if (!manifest_parse(text, size, &m, &f))
			manifest_free(&m);
		else
			assert_true(f.text[0]);
	}
}

static void sums_are_right(void **state)
{
	char hex[SHA256_HEX], million[1000];

	sha256_hex("", 0, hex);
	assert_string_equal(hex, SUM);
	sha256_hex("abc", 3, hex);
	assert_string_equal(hex,
			    "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
	sha256_hex("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq", 56, hex);
	assert_string_equal(hex,
			    "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
	memset(million, 'a', sizeof(million));
	sha256_hex(million, sizeof(million), hex);
	assert_string_equal(hex,
			    "41edece42d63e8d9bf515a9ba6932e1c20cbc9f5a5d134645adb5db1b9737ea3");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_all_fields),
		cmocka_unit_test(reads_data),
		cmocka_unit_test(description_may_be_missing),
		cmocka_unit_test(refuses_what_is_wrong),
		cmocka_unit_test(reads_many_targets),
		cmocka_unit_test(refuses_zero_bytes),
		cmocka_unit_test(survives_truncation),
		cmocka_unit_test(sums_are_right),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
