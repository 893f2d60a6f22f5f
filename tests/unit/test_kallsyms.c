// SPDX-License-Identifier: GPL-2.0-only
/* Reading /proc/kallsyms: from a file of the test's own. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Before cmocka.h, which makes `fail' a macro. */
#include "bin/kallsyms.h"

#include <cmocka.h>

static const char text[] = "0000000000000000 A fixed_percpu_data\n"
			   "0000000000019240 A cpu_tlbstate\n"
			   "ffffffff81000000 T _stext\n"
			   "ffffffff81000100 t same\n"
			   "ffffffff81000200 t same\n"
			   "ffffffff81000300 t same.isra.0\n"
			   "ffffffff82000000 D data\n"
			   "ffffffffc0001000 t same\t[ext4]\n"
			   "ffffffffc0001100 T exported\t[jbd2]\n"
			   "ffffffffc0002000 t same\t[ksplice_3f2a_vmlinux]\n"
			   "ffffffffc0003000 t same\t[bpf]\n"
			   "ffffffffc0003000 t same\t[__builtin__ftrace]\n"
			   "broken line\n"
			   "zzz\n"
			   "\n"
			   "ffffffffc0004000 T last\t[mod]"; /* no newline */

/* Reads `content' through a temporary file. */
static int read_text(struct kallsyms *k, const char *content, struct failure *f)
{
	char path[] = "/tmp/test_kallsyms.XXXXXX";
	int fd = mkstemp(path), ret;

	assert_true(fd >= 0);
	assert_int_equal(write(fd, content, strlen(content)), strlen(content));
	close(fd);
	ret = kallsyms_read(k, path, f);
	unlink(path);
	return ret;
}

static void keeps_what_was_wanted(void **state)
{
	struct kallsyms *k = kallsyms_new();
	const struct kallsyms_entry *entries;
	struct failure f = { 0 };
	size_t count;

	assert_int_equal(kallsyms_want(k, "same"), 0);
	assert_int_equal(kallsyms_want(k, "same"), 0);
	assert_int_equal(kallsyms_want(k, "cpu_tlbstate"), 0);
	assert_int_equal(kallsyms_want(k, "last"), 0);
	assert_int_equal(kallsyms_want(k, "nowhere"), 0);
	assert_int_equal(read_text(k, text, &f), 0);

	entries = kallsyms_find(k, "same", &count);
	assert_int_equal(count, 3);
	assert_int_equal(entries[0].address, 0xffffffff81000100);
	assert_string_equal(entries[0].module, "");
	assert_int_equal(entries[0].type, 't');
	assert_string_equal(entries[2].module, "ext4");
	entries = kallsyms_find(k, "cpu_tlbstate", &count);
	assert_int_equal(count, 1);
	assert_int_equal(entries[0].address, 0x19240);
	entries = kallsyms_find(k, "last", &count);
	assert_int_equal(count, 1);
	assert_string_equal(entries[0].module, "mod");

	/* Names are exact, and others are not kept. */
	assert_null(kallsyms_find(k, "same.isra.0", &count));
	assert_null(kallsyms_find(k, "data", &count));
	assert_null(kallsyms_find(k, "nowhere", &count));
	assert_int_equal(count, 0);
	kallsyms_free(k);
}

static void notices_hidden_addresses(void **state)
{
	struct kallsyms *k = kallsyms_new();
	struct failure f = { 0 };

	assert_int_equal(read_text(k, "0000000000000000 T _stext\n0000000000000000 t x\n", &f), -1);
	assert_int_equal(f.status, STATUS_DENIED);
	assert_non_null(strstr(f.hint, "kptr_restrict"));
	kallsyms_free(k);
}

static void fails_without_the_file(void **state)
{
	struct kallsyms *k = kallsyms_new();
	struct failure f = { 0 };

	assert_int_equal(kallsyms_read(k, "/nowhere/kallsyms", &f), -1);
	assert_string_equal(f.code, "no_symbols");
	kallsyms_free(k);
}

static void holds_many_names(void **state)
{
	struct kallsyms *k = kallsyms_new();
	struct failure f = { 0 };
	char name[32];
	size_t count;

	for (int i = 0; i < 5000; i++) {
		snprintf(name, sizeof(name), "name%d", i);
		assert_int_equal(kallsyms_want(k, name), 0);
	}
	assert_int_equal(
		read_text(k, "ffffffff81000000 T name4999\nffffffff81000000 T name0\n", &f), 0);
	assert_non_null(kallsyms_find(k, "name4999", &count));
	assert_non_null(kallsyms_find(k, "name0", &count));
	assert_null(kallsyms_find(k, "name1", &count));
	kallsyms_free(k);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(keeps_what_was_wanted),
		cmocka_unit_test(notices_hidden_addresses),
		cmocka_unit_test(fails_without_the_file),
		cmocka_unit_test(holds_many_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
