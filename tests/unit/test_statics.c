// SPDX-License-Identifier: GPL-2.0-only
/* Static objects of functions: which is which in two builds. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../../objmanip/check.h"
#include "../../objmanip/compare.h"
#include "../../objmanip/declare.h"
#include "scratch.h"

#define FLAGS                                                               \
	"-O2 -fno-pic -mcmodel=kernel -ffunction-sections -fdata-sections " \
	"-fno-asynchronous-unwind-tables -fcf-protection=none -fno-stack-protector"

/* As the kernel's: one flag per use, all of one name, some on one line. */
#define HEADER                                                                           \
	"int g(int); int warn(const char *);\n"                                          \
	"#define once(text) do { static _Bool __attribute__((section(\".data.once\"))) " \
	"__already_done; if (!__already_done) { __already_done = 1; warn(text); } } while (0)\n"

struct pair {
	struct unit *pre, *post;
};

/* Compiled under one name, as both builds of a unit are. */
static char *compile(const char *text, const char *flags, const char *as)
{
	char *object = scratch_object("unit.c", text, flags), *path = scratch_path(as);

	assert_int_equal(rename(object, path), 0);
	free(object);
	return path;
}

static struct unit *open_text(const char *text, const char *debug_text)
{
	char *plain = compile(text, FLAGS, "plain.o");
	struct error err = { 0 };
	struct unit *unit;

	if (unit_open(plain, &unit, &err))
		fail_msg("%s", err.text);
	if (debug_text) {
		char *debug = compile(debug_text, FLAGS " -g -gdwarf-4", "debug.o");

		if (declare_objects(unit, debug, &err))
			fail_msg("%s", err.text);
		free(debug);
	}
	free(plain);
	return unit;
}

static struct pair open_pair(const char *pre, const char *post, bool debug)
{
	struct pair p = { open_text(pre, debug ? pre : NULL),
			  open_text(post, debug ? post : NULL) };

	compare_units(p.pre, p.post);
	return p;
}

static void close_pair(struct pair *p)
{
	unit_free(p->pre);
	unit_free(p->post);
}

/* The static `name' that the source declares in `function'. */
static struct atom *find_static(const struct unit *unit, const char *name, const char *function)
{
	for (size_t i = 0; i < unit->nr_named; i++) {
		struct atom *atom = unit->by_name[i];

		if (atom->declaration && !strncmp(atom_name(atom), name, strlen(name)) &&
		    !strcmp(atom->declaration->function, function))
			return atom;
	}
	fail_msg("no %s of %s()", name, function);
	return NULL;
}

static bool is_changed(const struct pair *p, const char *function)
{
	const struct atom *atom = unit_find(p->post, function);

	assert_non_null(atom);
	return atom->changed;
}

static void expect_refusal(const struct pair *p, const char *what)
{
	struct error err = { 0 };

	assert_int_equal(check_units(p->pre, p->post, "u.o", "vmlinux", &err), -ERROR_REFUSED);
	if (!strstr(err.text, what))
		fail_msg("%s", err.text);
}

#define TWO_HELPERS                                                               \
	"static inline int one(int x) { static int count; return count += x; }\n" \
	"static inline int two(int x) { static int count; return count -= x; }\n"

/* Of two objects that one function uses, the one that is left keeps its own. */
static void test_one_of_two_removed(void **state)
{
	static const char pre[] = TWO_HELPERS "int f(int x) { return g(one(x)) + g(two(x)); }\n";
	static const char *const posts[] = {
		TWO_HELPERS "int f(int x) { return g(two(x)); }\n",
		TWO_HELPERS "int f(int x) { return g(one(x)); }\n",
	};
	static const char *const left[] = { "two", "one" };

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		struct pair p = open_pair(pre, posts[i], true);
		struct atom *b = find_static(p.post, "count", left[i]);

		assert_ptr_equal(b->twin, find_static(p.pre, "count", left[i]));
		assert_null(find_static(p.pre, "count", left[!i ? 1 : 0])->twin);
		assert_false(b->unsure);
		close_pair(&p);
	}
}

/* As many as before, but not the same: an order of use would pair all of them. */
static void test_one_for_another(void **state)
{
	static const char pre[] = TWO_HELPERS "int f(int x) { return g(one(x)) + g(two(x)); }\n";
	static const char post[] = TWO_HELPERS
		"static inline int three(int x) { static int count; return count ^= x; }\n"
		"int f(int x) { return g(two(x)) + g(three(x)); }\n";
	struct pair p = open_pair(pre, post, true);
	struct atom *three = find_static(p.post, "count", "three");

	(void)state;
	assert_ptr_equal(find_static(p.post, "count", "two")->twin,
			 find_static(p.pre, "count", "two"));
	/* one() has lost its count: is this it, under a new name of the function? */
	assert_null(three->twin);
	assert_true(three->unsure);
	close_pair(&p);
}

/* A function whose code stays the same but for which of two equal objects it uses. */
static void test_exchanged(void **state)
{
#define LIMITERS                                                                     \
	"static inline int one(int x) { static int count; return g(count += x); }\n" \
	"static inline int two(int x) { static int count; return g(count += x); }\n" \
	"int a(int x) { return one(x) + 1; }\nint b(int x) { return two(x) + 2; }\n"
	static const char pre[] = LIMITERS "int f(int x) { return one(x) + 3; }\n";
	static const char post[] = LIMITERS "int f(int x) { return two(x) + 3; }\n";
	struct pair p = open_pair(pre, post, true);

	(void)state;
	assert_ptr_equal(find_static(p.post, "count", "one")->twin,
			 find_static(p.pre, "count", "one"));
	assert_ptr_equal(find_static(p.post, "count", "two")->twin,
			 find_static(p.pre, "count", "two"));
	assert_true(is_changed(&p, "f"));
	assert_false(is_changed(&p, "a"));
	assert_false(is_changed(&p, "b"));
	assert_false(p.post->unclear);
	close_pair(&p);

	/* Without declarations nothing tells, and nothing is guessed. */
	p = open_pair(pre, post, false);
	assert_true(p.post->unclear);
	assert_true(is_changed(&p, "f"));
	for (size_t i = 0; i < p.post->nr_named; i++)
		if (!atom_is_code(p.post->by_name[i])) {
			assert_null(p.post->by_name[i]->twin);
			assert_true(p.post->by_name[i]->unsure);
		}
	close_pair(&p);
}

/* What has been said once stays said when another such message is added before it. */
static void test_once_flag(void **state)
{
	static const char pre[] = HEADER "void f(void) {\nonce(\"a\");\ng(1);\nonce(\"b\");\n}\n";
	static const char post[] = HEADER
		"void f(void) {\n\n#line 10004\nonce(\"new\");\n#line 4\nonce(\"a\");\ng(2);"
		"\nonce(\"b\");\n}\n";
	struct pair p = open_pair(pre, post, true);
	unsigned int paired = 0, added = 0;

	(void)state;
	for (size_t i = 0; i < p.post->nr_named; i++) {
		struct atom *b = p.post->by_name[i];

		if (!b->declaration)
			continue;
		assert_false(b->unsure);
		added += !b->twin;
		if (b->twin) {
			assert_int_equal(b->declaration->line, b->twin->declaration->line);
			paired++;
		}
	}
	assert_int_equal(paired, 2);
	assert_int_equal(added, 1);
	close_pair(&p);
}

/* An object that the patch enlarges, or makes a constant, is the same one still: refused. */
static void test_edited(void **state)
{
	static const char pre[] = "int g(void *); int f(int x) {\nstatic char text[8];\n"
				  "text[0] = x; return g(text); }\n";
	static const char larger[] = "int g(void *); int f(int x) {\nstatic char text[16];\n"
				     "text[0] = x; return g(text); }\n";
	static const char other[] =
		"int g(void *); int f(int x) {\n\nstatic char text[8] = { 1 };\n"
		"text[0] = x; return g(text); }\n";
	struct pair p = open_pair(pre, larger, true);

	(void)state;
	expect_refusal(&p, "from 8 to 16");
	close_pair(&p);
	p = open_pair(pre, other, true);
	expect_refusal(&p, "initial value");
	close_pair(&p);
}

/* Moved to another function, out of it, or into it: new by the compiler's names. */
static void test_moved(void **state)
{
	static const char in_f[] = "int f(int x) { static int n; return n += x; }\n"
				   "int h(int x) { return x; }\n";
	static const char in_h[] = "int f(int x) { return x; }\n"
				   "int h(int x) { static int n; return n += x; }\n";
	static const char outside[] = "static int n; int f(int x) { return n += x; }\n"
				      "int h(int x) { return x; }\n";
	static const char *const posts[][2] = { { in_f, in_h },
						{ in_f, outside },
						{ outside, in_h } };

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		struct pair p = open_pair(posts[i][0], posts[i][1], true);
		unsigned int objects = 0;

		for (size_t k = 0; k < p.post->nr_named; k++) {
			const struct atom *b = p.post->by_name[k];

			if (atom_is_code(b))
				continue;
			assert_null(b->twin);
			assert_true(b->unsure);
			objects++;
		}
		assert_int_equal(objects, 1);
		close_pair(&p);
	}
}

/* Another program's debugging information is not believed. */
static void test_wrong_information(void **state)
{
	static const char text[] = "int f(int x) { static int n; return n += x; }\n";
	static const char other[] = "int f(int x) { static int n; return n -= x; }\n";
	struct unit *unit = open_text(text, other);

	(void)state;
	for (size_t i = 0; i < unit->nr_atoms; i++)
		assert_null(unit->atoms[i]->declaration);
	unit_free(unit);
	unit = open_text(text, text);
	assert_non_null(find_static(unit, "n.", "f"));
	unit_free(unit);
}

/* Names of macros that nobody misses, and the same names given to what holds a state. */
static void test_harmless_names(void **state)
{
	static const char pre[] = "int f(int x) { static long __warned; return __warned += x; }\n";
	static const char post[] = "int f(int x) { return x; }\n"
				   "int h(int x) { static long __warned; return __warned += x; }\n";
	struct pair p = open_pair(pre, post, true);

	(void)state;
	assert_true(find_static(p.post, "__warned", "h")->unsure);
	close_pair(&p);
}

/* The code has the strings, a list has them once more: what is new there is new, and no more. */
static void test_listed_strings(void **state)
{
#define LISTED(text)                                                                    \
	"{ static const char *___tp_str __attribute__((section(\"__tracepoint_str\"), " \
	"used)) = \"" text "\"; warn(\"" text "\"); }\n"
	static const char pre[] = HEADER
		"int f(int x) { if (x)" LISTED("Start") "else" LISTED("End") "return 0; }\n";
	static const char post[] = HEADER "int f(int x) {" LISTED("new") "if (x)" LISTED(
		"Start") "else" LISTED("End") "return 0; }\n";
	struct pair p = open_pair(pre, pre, false);
	unsigned int nr_new = 0;

	(void)state;
	for (size_t i = 0; i < p.post->nr_named; i++)
		assert_non_null(p.post->by_name[i]->twin);
	assert_false(p.post->unclear);
	close_pair(&p);
	p = open_pair(pre, post, false);
	assert_true(is_changed(&p, "f"));
	for (size_t i = 0; i < p.post->nr_named; i++)
		nr_new += !p.post->by_name[i]->twin;
	assert_int_equal(nr_new, 1);
	close_pair(&p);
}

/* A lock_class_key without lockdep holds nothing: any of the name is as good as another. */
static void test_empty_objects(void **state)
{
#define EMPTY "int keep(void *, int); struct key { }; "
	static const char pre[] = EMPTY
		"int f(int *x) { static struct key k; return keep(&k, *x); }\n"
		"int h(int *x) { static struct key k; return keep(&k, *x - 1); }\n";
	static const char post[] = EMPTY
		"int f(int *x) { static struct key k; return keep(&k, *x + 1); }\n"
		"int h(int *x) { static struct key k; return keep(&k, *x - 2); }\n"
		"int n(int *x) { static struct key k; return keep(&k, *x); }\n";
	unsigned int nr_new = 0;

	(void)state;
	for (int debug = 0; debug <= 1; debug++) {
		struct pair p = open_pair(pre, post, debug);

		assert_true(is_changed(&p, "f") && is_changed(&p, "h"));
		for (size_t i = 0; i < p.post->nr_named; i++) {
			const struct atom *atom = p.post->by_name[i];

			if (strncmp(atom_name(atom), "k.", 2))
				continue;
			assert_int_equal(atom_size(atom), 0);
			assert_false(atom->unsure);
			nr_new += !atom->twin;
		}
		close_pair(&p);
	}
	/* That of n(), in each of the two. */
	assert_int_equal(nr_new, 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_one_of_two_removed),
		cmocka_unit_test(test_one_for_another),
		cmocka_unit_test(test_exchanged),
		cmocka_unit_test(test_once_flag),
		cmocka_unit_test(test_edited),
		cmocka_unit_test(test_moved),
		cmocka_unit_test(test_wrong_information),
		cmocka_unit_test(test_harmless_names),
		cmocka_unit_test(test_listed_strings),
		cmocka_unit_test(test_empty_objects),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
