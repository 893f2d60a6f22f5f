// SPDX-License-Identifier: GPL-2.0-only
/* Changes that are refused unless the user accepts them by name, and what is told of them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../../objmanip/accept.h"
#include "../../objmanip/check.h"
#include "../../objmanip/compare.h"
#include "../../objmanip/declare.h"
#include "scratch.h"

#define FLAGS                                                               \
	"-O2 -fno-pic -mcmodel=kernel -ffunction-sections -fdata-sections " \
	"-fno-asynchronous-unwind-tables -fcf-protection=none -fno-stack-protector"

static const char base[] =
	"extern int outside(int), instead(int);\n"
	"int shared = 5, other = 7; static int zero;\n"
	"struct { char a; int b; long c; } record = { 1, 2, 3 };\n"
	"int (*hook)(int) = outside;\n"
	"int user(int x) { zero += x; return shared + other + record.b + hook(x); }\n"
	"__attribute__((section(\".init.text\"))) void start(void) { shared = outside(1); }\n"
	"__attribute__((section(\".init.data\"))) int table[3] = { 4, 5, 6 };\n"
	"__attribute__((section(\".strange\"))) int strange = 3;\n"
	"__attribute__((section(\".init.setup\"), used)) static void *option[] = { start };\n";

static struct unit *open_text(const char *file, const char *text)
{
	struct error err = { 0 };
	struct unit *unit;
	char *path = scratch_object(file, text, FLAGS);

	if (unit_open(path, &unit, &err))
		fail_msg("%s", err.text);
	free(path);
	return unit;
}

/* What check_units() says when `from' becomes `to' and `accept' is accepted; 0: err is empty */
static int check(const char *from, const char *to, const char *accept, struct error *err)
{
	const char *at = strstr(base, from);
	struct unit *pre, *post;
	char *text;
	int rc;

	assert_non_null(at);
	if (asprintf(&text, "%.*s%s%s", (int)(at - base), base, to, at + strlen(from)) < 0)
		fail();
	pre = open_text("pre.c", base);
	post = open_text("post.c", text);
	memset(err, 0, sizeof(*err));
	compare_units(pre, post);
	post->accept = accept;
	rc = check_units(pre, post, "u.o", "vmlinux", err);
	/* What is accepted is left out: nothing else changed. */
	assert_false(!rc && compare_any_change(post, "vmlinux"));
	unit_free(pre);
	unit_free(post);
	free(text);
	return rc;
}

/* The change is refused with both texts, also if something else is accepted, but not with `accept'. */
static void expect(const char *from, const char *to, const char *accept, const char *text)
{
	static const char *const others[] = { NULL, "", "init-code=user,initial-value=user",
					      "initial-value=share,initial-value=sharedx" };
	struct error err;

	for (size_t i = 0; i < sizeof(others) / sizeof(*others); i++) {
		assert_int_equal(check(from, to, others[i], &err), -ERROR_REFUSED);
		if (!strstr(err.text, text))
			fail_msg("%s: no '%s' in: %s", to, text, err.text);
		if (!strstr(err.hint, accept))
			fail_msg("%s: no '%s' in: %s", to, accept, err.hint);
	}
	if (check(from, to, accept, &err))
		fail_msg("%s: accepted, but: %s", to, err.text);
}

static void test_initial_values(void **state)
{
	struct error err;

	(void)state;
	expect("shared = 5", "shared = 6", "initial-value=shared",
	       "shared changes (0x5 becomes 0x6)");
	expect("int zero", "int zero = 258", "initial-value=zero", "(0x0 becomes 0x102)");
	expect("1, 2, 3", "1, 2, 9", "initial-value=record", "(at offset 8 0x3 becomes 0x9)");
	expect("1, 2, 3", "1, 9, 3", "initial-value=record", "(at offset 4 0x2 becomes 0x9)");
	expect("= outside", "= instead", "initial-value=hook", "instead instead of outside");
	expect("4, 5, 6", "4, 9, 6", "initial-value=table", "(at offset 4 0x5 becomes 0x9)");
	/* The whole kind, and one of several. */
	assert_int_equal(check("shared = 5", "shared = 6", "initial-value", &err), 0);
	assert_int_equal(check("shared = 5", "shared = 6",
			       "init-code=x,initial-value=y,initial-value=shared", &err),
			 0);
	/* Not all that changes is accepted. */
	assert_int_equal(check("shared = 5, other = 7", "shared = 6, other = 8",
			       "initial-value=shared", &err),
			 -ERROR_REFUSED);
	assert_non_null(strstr(err.text, "other"));
}

/* What is refused when `from' becomes `to' in the text, with debugging information. */
static void expect_field(const char *from, const char *to, const char *wanted)
{
	static const char text[] =
		"extern int one(void), two(void);\n"
		"struct deep { char name[8]; union { int number; char letter; }; };\n"
		"extern int matrix[2][3]; int matrix[2][3] = { { 1, 2, 3 }, { 4, 5, 6 } };\n"
		"struct { int first; struct deep deep[3]; int (*call)(void); int bits:3; int more:5; }\n"
		"	whole = { 1, { { \"zero\", { 10 } }, { \"one\", { 11 } }, { \"two\", { 12 } } }, one, 2, 3 };\n"
		"int plain = 5;\n"
		"int user(void) { static long counts[2] = { 8, 9 }; return counts[0]++; }\n"
		"int other(void) { return whole.call() + matrix[1][1] + plain; }\n";
	const char *at = strstr(text, from);
	char *changed, *path;
	struct unit *pre, *post;
	struct error err = { 0 };

	assert_non_null(at);
	assert_true(asprintf(&changed, "%.*s%s%s", (int)(at - text), text, to, at + strlen(from)) > 0);
	pre = open_text("pre.c", text);
	post = open_text("post.c", changed);
	path = scratch_object("debug.c", changed, FLAGS " -g");
	if (declare_objects(post, path, &err))
		fail_msg("%s", err.text);
	compare_units(pre, post);
	assert_int_equal(check_units(pre, post, "u.o", "vmlinux", &err), -ERROR_REFUSED);
	if (!strstr(err.text, wanted))
		fail_msg("no '%s' in: %s", wanted, err.text);
	unit_free(pre);
	unit_free(post);
	free(changed);
	free(path);
}

static void test_fields(void **state)
{
	(void)state;
	expect_field("{ 1, { {", "{ 2, { {", "of whole.first changes (at offset 0 0x1 becomes 0x2)");
	expect_field("{ 11 }", "{ 13 }", "of whole.deep[1].number changes (at offset 24");
	expect_field("\"two\"", "\"tvo\"", "of whole.deep[2].name[1] changes");
	expect_field("one, 2", "two, 2", "of whole.call changes (");
	expect_field("2, 3 };\nint plain", "2, 4 };\nint plain", "of whole changes (at offset 48");
	expect_field("4, 5, 6", "4, 7, 6", "of matrix[4] changes");
	expect_field("plain = 5", "plain = 6", "of plain changes (0x5 becomes 0x6)");
	expect_field("{ 8, 9 }", "{ 8, 10 }", "[1] changes");
}

static void test_init_code(void **state)
{
	struct error err;

	(void)state;
	expect("outside(1)", "outside(2)", "init-code=start", "only at boot");
	assert_int_equal(check("outside(1)", "outside(2)", "init-code", &err), 0);
	assert_int_equal(check("outside(1)", "outside(2)", "initial-value", &err), -ERROR_REFUSED);
}

/* What the start of the kernel or of a module reads: left out only where it does nothing else. */
static void test_registered(void **state)
{
	static const char at[] = "__attribute__((section(\".init.setup\")";
	static const char more[] =
		"__attribute__((section(\".init.text\"))) static void extra(void) { shared = 1; }\n"
		"__attribute__((section(\"%s\"), used)) static void *added = extra;\n%s";
	static const char *const accepted[] = { ".init.setup", ".initcall5.init",
						".con_initcall.init", "__param" };
	struct error err;
	char text[512];

	(void)state;
	for (size_t i = 0; i < sizeof(accepted) / sizeof(*accepted); i++) {
		snprintf(text, sizeof(text), more, accepted[i], at);
		expect(at, text, "init-code=added", "read only at boot");
	}
	snprintf(text, sizeof(text), more, "__tracepoints_ptrs", at);
	assert_int_equal(check(at, text, "init-code", &err), -ERROR_REFUSED);
	/* What has been there needs no accepting. */
	assert_int_equal(check("int user", "int  user", NULL, &err), 0);
}

static void test_beyond(void **state)
{
	static const char all[] = "init-code,initial-value";
	struct error err;

	(void)state;
	/* Another size, an unknown section. */
	assert_int_equal(check("int zero", "long zero", all, &err), -ERROR_REFUSED);
	assert_int_equal(check("strange = 3", "strange = 4", all, &err), -ERROR_REFUSED);
}

static void test_valid(void **state)
{
	(void)state;
	assert_true(accept_valid(NULL));
	assert_true(accept_valid(""));
	assert_true(accept_valid("init-code"));
	assert_true(accept_valid("initial-value=a,init-code=b.cold"));
	assert_false(accept_valid("layout"));
	assert_false(accept_valid("init-code="));
	assert_false(accept_valid("init-codes"));
	assert_false(accept_valid("init-code,,init-code"));
	assert_false(accept_valid("initial-value=a,=b"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_initial_values), cmocka_unit_test(test_init_code),
		cmocka_unit_test(test_fields),
		cmocka_unit_test(test_registered),     cmocka_unit_test(test_beyond),
		cmocka_unit_test(test_valid),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
