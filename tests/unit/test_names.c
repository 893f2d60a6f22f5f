// SPDX-License-Identifier: GPL-2.0-only
/* The lists of what units lose and gain: printed, and read again. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../../objmanip/names.h"
#include "scratch.h"

#define FLAGS                                                                  \
	"-O2 -fno-pic -mcmodel=kernel -fno-asynchronous-unwind-tables "        \
	"-fcf-protection=none -fno-stack-protector -fno-toplevel-reorder " \
	"-ffunction-sections -fdata-sections "

/* A unit of nothing for NULL. */
static struct elf_file *open_text(const char *file, const char *text)
{
	struct error err = { 0 };
	struct elf_file *elf;
	char *path;

	if (!text)
		return elf_new("none", NULL);
	path = scratch_object(file, text, FLAGS);
	if (elf_open(path, &elf, &err))
		fail_msg("%s", err.text);
	free(path);
	return elf;
}

/* What names_print() says of a unit; free() it. */
static char *names_of(const char *pre, const char *post)
{
	struct elf_file *before = open_text("before.c", pre), *after = open_text("after.c", post);
	struct error err = { 0 };
	char *text = NULL;
	size_t size;
	FILE *file = open_memstream(&text, &size);

	assert_non_null(file);
	assert_int_equal(names_print(before, after, "dir/unit.o", file, &err), 0);
	assert_int_equal(fclose(file), 0);
	elf_free(before);
	elf_free(after);
	return text;
}

static void test_names(void **state)
{
	static const char pre[] =
		"int stays(void) { static int n; return n++; }\n"
		"int lost(void) { static int n; return n++; }\n"
		"int table_lost[2] = { 1, 2 }; const int limit = 3;\n"
		"static __attribute__((noinline, used)) int local(void) { return 1; }\n"
		"__attribute__((section(\".init.text\"))) int boots(void) { return 2; }\n";
	static const char post[] = "int stays(void) { static int n; return n++; }\n"
				   "static int fresh; int get(void) { return fresh++; }\n";
	char *text = names_of(pre, post);

	(void)state;
	assert_non_null(strstr(text, "dir/unit.o\tlost\tfunction\tglobal\t"));
	assert_non_null(strstr(text, "\tlost\n"));
	assert_non_null(strstr(text, "dir/unit.o\tlost\tvariable\tglobal\t8\ttable_lost\t"));
	assert_non_null(strstr(text, "dir/unit.o\tlost\tconstant\tglobal\t4\tlimit\n"));
	/* Of two variables of one name, one is lost. */
	assert_non_null(strstr(text, "dir/unit.o\tlost\tvariable\tstatic\t4\tn\n"));
	assert_non_null(strstr(text, "dir/unit.o\tnew\tvariable\tstatic\t4\tfresh\n"));
	assert_non_null(strstr(text, "\tget\n"));
	assert_null(strstr(text, "stays"));
	assert_null(strstr(text, "local"));
	assert_null(strstr(text, "boots"));
	free(text);
	text = names_of(NULL, post);
	assert_non_null(strstr(text, "dir/unit.o\tnew\tfunction\tglobal\t"));
	assert_null(strstr(text, "\tlost\t"));
	free(text);
	text = names_of(pre, pre);
	assert_string_equal(text, "");
	free(text);
}

/* The checksum that a variable v of the text has; free() it. */
static char *contents_of(const char *text)
{
	char *lines = names_of(NULL, text), *at = strstr(lines, "\tv\t"), *ret;

	assert_non_null(at);
	at += 3;
	ret = strndup(at, strcspn(at, "\n"));
	assert_int_equal(strlen(ret), 16);
	free(lines);
	return ret;
}

static void test_contents(void **state)
{
	static const char one[] = "extern int a, b; int before = 3; struct { int *p; int n; } v = { &a, 5 };\n";
	static const char same[] =
		"extern int a, b; struct { int *p; int n; } v = { &a, 5 }; int after = 4;\n";
	static const char *const others[] = {
		"extern int a, b; struct { int *p; int n; } v = { &a, 6 };\n",
		"extern int a, b; struct { int *p; int n; } v = { &b, 5 };\n",
		"extern int a[], b; struct { int *p; int n; } v = { a + 1, 5 };\n",
		"struct { int *p; int n; } v;\n",
		"extern int a, b; __attribute__((section(\".data..ro_after_init\")))\n"
		"struct { int *p; int n; } v = { &a, 5 };\n",
	};
	/* The same values at other places. */
	static const char places[] = "extern int a; struct { int *p, *q; } v = { &a, 0 };\n";
	static const char places_other[] = "extern int a; struct { int *p, *q; } v = { 0, &a };\n";
	/* What a neighbour in the section refers to is not its own. */
#define HERE "__attribute__((section(\".data.here\"))) "
	static const char near[] = "extern int a, b; " HERE "int *u = &a, *v = &a, *w = &a;\n";
	static const char near_other[] =
		"extern int a, b; " HERE "int *u = &b, *v = &a, *w = &b;\n";
	char *first = contents_of(one), *second = contents_of(same);

	(void)state;
	assert_string_equal(first, second);
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
		free(second);
		second = contents_of(others[i]);
		assert_string_not_equal(first, second);
	}
	free(first);
	free(second);
	first = contents_of(places);
	second = contents_of(places_other);
	assert_string_not_equal(first, second);
	free(first);
	free(second);
	first = contents_of(near);
	second = contents_of(near_other);
	assert_string_equal(first, second);
	free(first);
	free(second);
}

static void test_bad_names(void **state)
{
	static const char *const bad[] = {
		"dir/unit.o\n",
		"dir/unit.o\tlost\tfunction\tglobal\tmany\tname\n",
		"dir/unit.o\tlost\tthing\tglobal\t4\tname\n",
		"dir/unit.o\tlost\tfunction\tglobal\t4294967296\tname\n",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		char *path = scratch_path("names");
		FILE *file = fopen(path, "we");
		struct error err = { 0 };
		struct names *names = NULL;

		assert_non_null(file);
		fputs(bad[i], file);
		assert_int_equal(fclose(file), 0);
		assert_int_equal(names_open(path, &names, &err), -EINVAL);
		assert_null(names);
		assert_non_null(strstr(err.text, ":1: not a line"));
		free(path);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_contents),
		cmocka_unit_test(test_bad_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
