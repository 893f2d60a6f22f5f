// SPDX-License-Identifier: GPL-2.0-only
/* What is a change between two builds of a unit, and what is refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../../objmanip/compare.h"
#include "../../objmanip/pair.h"
#include "scratch.h"

#define FLAGS                                                               \
	"-O2 -fno-pic -mcmodel=kernel -ffunction-sections -fdata-sections " \
	"-fno-asynchronous-unwind-tables -fcf-protection=none -fno-stack-protector"

/* A unit with a bit of everything; tests replace parts of it. */
static const char base[] =
	"extern int printk(const char *, ...);\n"
	"extern int outside(int);\n"
	"int shared = 5; static int hidden; static const int table[4] = { 1, 2, 3, 4 };\n"
	"static __attribute__((noinline)) int helper(int x) { return outside(x) * 3; }\n"
	"int user(int x) { hidden += x; return helper(x) + shared; }\n"
	"int lookup(int x) { return table[x & 3]; }\n"
	"int counter_a(void) { static int count; return ++count; }\n"
	"int counter_b(void) { static int count; return ++count; }\n"
	"void speak(void) { printk(\"hello\"); }\n"
	"__attribute__((section(\".init.text\"))) void start(void) { shared = outside(1); }\n"
	"__attribute__((section(\".strange\"))) int strange = 3;\n"
	"__attribute__((section(\"__param\"))) const void *const param = &shared;\n";

struct pair {
	struct unit *pre, *post;
};

/* Replaces the first `from' in the text; a NULL `from' appends. */
static char *edit(const char *text, const char *from, const char *to)
{
	const char *at = from ? strstr(text, from) : text + strlen(text);
	size_t len = from ? strlen(from) : 0;
	char *out;

	assert_non_null(at);
	if (asprintf(&out, "%.*s%s%s", (int)(at - text), text, to, at + len) < 0)
		fail();
	return out;
}

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

static struct pair open_pair(const char *pre, const char *post)
{
	struct error err = { 0 };
	struct pair p = { open_text("pre.c", pre), open_text("post.c", post) };

	if (compare_units(p.pre, p.post, &err))
		fail_msg("%s", err.text);
	return p;
}

static void close_pair(struct pair *p)
{
	unit_free(p->pre);
	unit_free(p->post);
}

/* The names of all changed atoms, each with a space after it. */
static void changed_names(const struct unit *unit, char *buf, size_t size)
{
	buf[0] = '\0';
	for (size_t i = 0; i < unit->nr_named; i++) {
		if (!unit->by_name[i]->changed)
			continue;
		assert_true(strlen(buf) + strlen(atom_name(unit->by_name[i])) + 2 < size);
		strcat(strcat(buf, atom_name(unit->by_name[i])), " ");
	}
}

/* Edits the base, compares, and expects exactly these to change. */
static void expect_changed(const char *from, const char *to, const char *names)
{
	char *post = edit(base, from, to), found[512];
	struct pair p = open_pair(base, post);

	changed_names(p.post, found, sizeof(found));
	assert_string_equal(found, names);
	close_pair(&p);
	free(post);
}

/* Edits the base and expects a refusal that names what and why. */
static void expect_refused(const char *from, const char *to, const char *what, const char *why)
{
	char *post = edit(base, from, to);
	struct pair p = open_pair(base, post);
	struct error err = { 0 };

	assert_int_equal(compare_check(p.pre, p.post, "dir/unit.o", "vmlinux", &err),
			 -ERROR_REFUSED);
	if (!strstr(err.text, what) || !strstr(err.text, why) || !strstr(err.text, "dir/unit.o"))
		fail_msg("%s", err.text);
	assert_true(err.hint[0]);
	close_pair(&p);
	free(post);
}

static void test_same(void **state)
{
	(void)state;
	expect_changed(NULL, "", "");
	expect_changed("int shared", "\n/* more lines */\n\nint shared", "");
}

static void test_function(void **state)
{
	(void)state;
	expect_changed("* 3", "* 7", "helper ");
	expect_changed("outside(x) * 3", "outside(x) * 3 + shared", "helper ");
	expect_changed("return outside(x)", "return printk((void *)(long)x)", "helper ");
	expect_changed("hidden += x", "hidden -= x", "user ");
	expect_changed("++count", "--count", "counter_a ");
	expect_changed("\"hello\"", "\"hullo\"", "speak ");
}

static void test_strings_by_content(void **state)
{
	(void)state;
	/* Another string in front moves all of them. */
	expect_changed("int counter_a", "void shout(void) { printk(\"HELLO\"); } int counter_a",
		       "");
}

static void test_constant(void **state)
{
	(void)state;
	expect_changed("3, 4", "3, 5", "lookup table ");
}

static void test_numbered_statics(void **state)
{
	/* A function with a static of the same name comes first: all numbers move. */
	char *post =
		edit(base, "int counter_a",
		     "int counter_0(void) { static int count; return ++count; }\nint counter_a");
	struct pair p = open_pair(base, post);
	static const char *const functions[] = { "counter_a", "counter_b" };
	char found[512];

	(void)state;
	changed_names(p.post, found, sizeof(found));
	assert_string_equal(found, "");
	for (size_t i = 0; i < 2; i++) {
		struct atom *a = unit_find(p.pre, functions[i]),
			    *b = unit_find(p.post, functions[i]);

		assert_non_null(a->refs[0].atom->twin);
		assert_ptr_equal(a->refs[0].atom->twin, b->refs[0].atom);
	}
	assert_null(unit_find(p.post, "counter_0")->refs[0].atom->twin);
	close_pair(&p);
	free(post);
}

static void test_unsure_static(void **state)
{
	static const char one[] = "int g(int); int f(int x) { static int n; return g(n += x); }\n";
	static const char two[] =
		"int g(int); int f(int x) { if (x) { static int n; return g(++n); }\n"
		"static int n; return g(n += x); }\n";
	struct pair p = open_pair(one, two);
	size_t unsure = 0;

	(void)state;
	for (size_t i = 0; i < p.post->nr_named; i++)
		unsure += p.post->by_name[i]->unsure;
	assert_int_equal(unsure, 2);
	close_pair(&p);
}

static void test_moved_static(void **state)
{
	/* Gone from one function, new in another: not the same thing by its name alone. */
	static const char pre[] = "int f(int x) { static int n; return n += x; }\n"
				  "int g(int x) { return x; }\n";
	static const char post[] = "int f(int x) { return x; }\n"
				   "int g(int x) { static int n; return n += x; }\n";
	struct pair p = open_pair(pre, post);

	(void)state;
	for (size_t i = 0; i < p.post->nr_named; i++)
		if (!atom_is_code(p.post->by_name[i])) {
			assert_null(p.post->by_name[i]->twin);
			assert_true(p.post->by_name[i]->unsure);
		}
	close_pair(&p);
}

static void test_refused(void **state)
{
	(void)state;
	expect_refused("shared = 5", "shared = 6", "shared", "initial value");
	expect_refused("static int hidden;", "static int hidden = 1;", "hidden", "initial value");
	expect_refused("int shared = 5", "long shared = 5", "shared", "from 4 to 8");
	expect_refused("outside(1)", "outside(2)", "start", "only at boot");
	expect_refused("strange = 3", "strange = 4", "strange", ".strange");
	expect_refused("= &shared", "= &strange", "param", "__param");
	expect_refused(NULL,
		       "__attribute__((section(\"__param\"))) const void *const p2 = &strange;",
		       "p2", "__param");
}

static void test_global_constant(void **state)
{
	struct pair p = open_pair("const int seen[2] = { 1, 2 }; int f(int x) { return seen[x]; }",
				  "const int seen[2] = { 1, 3 }; int f(int x) { return seen[x]; }");
	struct error err = { 0 };

	(void)state;
	assert_int_equal(compare_check(p.pre, p.post, "u.o", "vmlinux", &err), -ERROR_REFUSED);
	assert_non_null(strstr(err.text, "seen"));
	close_pair(&p);
}

/* Operations: a copy would split the old objects from the new. A table that is only read is not. */
static void test_operations(void **state)
{
	static const char text[] =
		"int one(void); int two(void); int x; struct ops { int (*f)(void); };\n"
		"static int a(void) { return one(); } static int b(void) { return two(); }\n"
		"static const struct ops ops = { a };\n"
		"static int (*const table[])(void) = { a, b, a };\n"
		"void give(const struct ops **to) { *to = &ops; }\n"
		"int call(int n) { return table[n](); }\n"
		"int both(void) { return b() + a(); }\n";
	char *post = edit(text, "{ a }", "{ b }");
	struct pair p = open_pair(text, post);
	struct error err = { 0 };

	(void)state;
	assert_int_equal(compare_check(p.pre, p.post, "u.o", "vmlinux", &err), -ERROR_REFUSED);
	assert_non_null(strstr(err.text, "give()"));
	close_pair(&p);
	free(post);

	post = edit(text, "b, a }", "b, b }");
	p = open_pair(text, post);
	err.text[0] = '\0';
	if (compare_check(p.pre, p.post, "u.o", "vmlinux", &err))
		fail_msg("%s", err.text);
	assert_true(unit_find(p.post, "call")->changed);
	assert_false(unit_find(p.post, "give")->changed);
	close_pair(&p);
	free(post);
}

static void test_not_refused(void **state)
{
	struct error err = { 0 };
	char *post = edit(base, "hidden += x;", "");
	struct pair p = open_pair(base, post);

	(void)state;
	/* A removed object, a changed function. */
	assert_int_equal(compare_check(p.pre, p.post, "u.o", "vmlinux", &err), 0);
	assert_true(compare_any_change(p.post, "vmlinux"));
	close_pair(&p);
	free(post);
}

/* ---- assembler: what C does not make at will ------------------------------------ */

static struct pair open_asm(const char *pre, const char *post)
{
	struct error err = { 0 };
	struct pair p = { open_text("pre.s", pre), open_text("post.s", post) };

	if (compare_units(p.pre, p.post, &err))
		fail_msg("%s", err.text);
	return p;
}

static void test_cold_part(void **state)
{
	static const char pre[] =
		".section .text.f,\"ax\"\n.type f,@function\nf: jmp f.cold\n nop\n.size f,.-f\n"
		".section .text.unlikely.f,\"ax\"\n.type f.cold,@function\nf.cold: mov $1,%eax\n"
		" jmp f+5\n.size f.cold,.-f.cold\n";
	char *post = edit(pre, "$1", "$2"), found[128];
	struct pair p = open_asm(pre, post);

	(void)state;
	changed_names(p.post, found, sizeof(found));
	assert_string_equal(found, "f f.cold ");
	close_pair(&p);
	free(post);
}

static void test_alias(void **state)
{
	static const char pre[] = ".section .text.f,\"ax\"\n.globl f\n.type f,@function\n"
				  "f: mov $1,%eax\n ret\n.size f,.-f\n";
	char *post = edit(pre, "f: mov", ".globl a\n.type a,@function\na: f: mov");
	struct pair p = open_asm(pre, post);

	(void)state;
	assert_ptr_equal(unit_find(p.pre, "f")->twin, unit_find(p.post, "a"));
	close_pair(&p);
	free(post);
}

static void test_shared_section(void **state)
{
	/* The assembler resolves the call; its bytes move when something gets in between. */
	static const char pre[] =
		".section .sched.text,\"ax\"\n.type a,@function\na: call b\n ret\n.size a,.-a\n"
		".type b,@function\nb: xor %eax,%eax\n ret\n.size b,.-b\n";
	char *post = edit(pre, ".type b", ".type c,@function\nc: nop\n ret\n.size c,.-c\n.type b");
	char found[128];
	struct pair p = open_asm(pre, post);
	struct atom *a = unit_find(p.post, "a");

	(void)state;
	changed_names(p.post, found, sizeof(found));
	assert_string_equal(found, "");
	assert_int_equal(a->nr_refs, 1);
	assert_ptr_equal(a->refs[0].atom, unit_find(p.post, "b"));
	assert_int_equal(a->refs[0].place, 0);
	close_pair(&p);
	free(post);
}

#define BUG(line, flags)                                                                \
	".section .text.f,\"ax\"\n.type f,@function\nf: ud2\n1: ret\n.size f,.-f\n"     \
	".section __bug_table,\"aw\"\n.long f - .\n.long .Lfile - .\n.word " #line "\n" \
	".word " #flags "\n.section .rodata.str1.1,\"aMS\",@progbits,1\n"               \
	".Lfile: .string \"dir/unit.c\"\n"

static void test_bug_table(void **state)
{
	struct pair p = open_asm(BUG(10, 0x901), BUG(99, 0x901));

	(void)state;
	assert_false(unit_find(p.post, "f")->changed);
	close_pair(&p);
	p = open_asm(BUG(10, 0x901), BUG(10, 0x905));
	assert_true(unit_find(p.post, "f")->changed);
	assert_non_null(strstr(unit_find(p.post, "f")->reason, "__bug_table"));
	close_pair(&p);
}

static void test_table_layout(void **state)
{
	struct error err = { 0 };
	struct unit *unit = NULL;
	char *path = scratch_object("odd.s",
				    ".section .text.f,\"ax\"\nf: nop\n"
				    ".section __ex_table,\"a\"\n.long f - .\n.zero 3\n",
				    "");

	(void)state;
	assert_int_not_equal(unit_open(path, &unit, &err), 0);
	assert_null(unit);
	assert_non_null(strstr(err.text, "__ex_table"));
	free(path);
}

/* ---- the comparator itself: every change of a byte or reference is seen ----------- */

static void test_mutation(void **state)
{
	struct unit *whole = open_text("pre.c", base);
	size_t nr = whole->nr_atoms;
	unsigned int tried = 0;

	(void)state;
	for (size_t i = 0; i < nr; i++) {
		const struct atom *atom = whole->atoms[i];

		if (atom->class != SECTION_CODE || !atom->sym)
			continue;
		for (uint64_t k = 0; k < atom_size(atom) + atom->nr_refs; k++) {
			struct unit *pre = open_text("pre.c", base);
			struct unit *post = open_text("pre.c", base);
			struct atom *b = post->atoms[i];
			struct error err = { 0 };
			bool in_field = false;

			for (size_t r = 0; r < b->nr_refs; r++)
				in_field |= k >= b->refs[r].offset &&
					    k < b->refs[r].offset + reloc_size(b->refs[r].type);
			if (k >= atom_size(atom))
				b->refs[k - atom_size(atom)].place += 1000;
			else
				b->sec->data[b->start + k] ^= 1;
			assert_int_equal(compare_units(pre, post, &err), 0);
			/* Literals are outside after +1000: different, too. */
			if (!in_field)
				assert_true(b->changed);
			tried++;
			unit_free(pre);
			unit_free(post);
		}
		if (tried > 40)
			break;
	}
	unit_free(whole);
	assert_true(tried > 10);
}

static void test_names(void **state)
{
	(void)state;
	assert_int_equal(pair_base_length("count.12"), 5);
	assert_int_equal(pair_base_length("count"), 5);
	assert_int_equal(pair_base_length("u64"), 3);
	assert_int_equal(pair_base_length("__UNIQUE_ID_ddebug123.45"), 18);
	assert_true(pair_is_numbered("foo.isra.0"));
	assert_true(pair_is_numbered("foo.constprop.0.cold"));
	assert_false(pair_is_numbered("nf_register_net_hook2"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_same),
		cmocka_unit_test(test_function),
		cmocka_unit_test(test_strings_by_content),
		cmocka_unit_test(test_constant),
		cmocka_unit_test(test_numbered_statics),
		cmocka_unit_test(test_unsure_static),
		cmocka_unit_test(test_moved_static),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_global_constant),
		cmocka_unit_test(test_operations),
		cmocka_unit_test(test_not_refused),
		cmocka_unit_test(test_cold_part),
		cmocka_unit_test(test_alias),
		cmocka_unit_test(test_shared_section),
		cmocka_unit_test(test_bug_table),
		cmocka_unit_test(test_table_layout),
		cmocka_unit_test(test_mutation),
		cmocka_unit_test(test_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
