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

#include "../../objmanip/check.h"
#include "../../objmanip/compare.h"
#include "../../objmanip/pair.h"
#include "../../objmanip/rewrite.h"
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
	struct pair p = { open_text("pre.c", pre), open_text("post.c", post) };

	compare_units(p.pre, p.post);
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

	assert_int_equal(check_units(p.pre, p.post, "dir/unit.o", "vmlinux", &err),
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

/* Nobody but the table changes: it is rewritten where it is. */
static void test_constant(void **state)
{
	(void)state;
	expect_changed("3, 4", "3, 5", "table ");
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

/* What became of a constant of POST. */
static void expect_fate(const struct pair *p, const char *name, bool renewed, bool rewritten)
{
	const struct atom *atom = unit_find(p->post, name);

	assert_non_null(atom);
	assert_true(atom->changed);
	assert_int_equal(atom->renewed, renewed);
	assert_int_equal(atom->rewritten, rewritten);
	assert_int_equal(atom->twin->renewed, renewed);
	assert_int_equal(atom->twin->rewritten, rewritten);
}

static void expect_accepted(const struct pair *p)
{
	struct error err = { 0 };

	if (check_units(p->pre, p->post, "u.o", "vmlinux", &err))
		fail_msg("%s", err.text);
}

static void expect_no(const struct pair *p, const char *what, const char *why)
{
	struct error err = { 0 };

	assert_int_equal(check_units(p->pre, p->post, "u.o", "vmlinux", &err), -ERROR_REFUSED);
	if (!strstr(err.text, what) || !strstr(err.text, why))
		fail_msg("%s", err.text);
	assert_true(err.hint[0]);
}

/* Other units may use it: only its contents can change, where they are. */
static void test_global_constant(void **state)
{
	static const char text[] = "const int seen[2] = { 1, 2 }; int f(int x) { return seen[x]; }";
	struct pair p =
		open_pair(text, "const int seen[2] = { 1, 3 }; int f(int x) { return seen[x]; }");

	(void)state;
	expect_fate(&p, "seen", false, true);
	assert_false(unit_find(p.post, "f")->changed);
	expect_accepted(&p);
	assert_true(compare_any_change(p.post, "vmlinux"));
	close_pair(&p);

	p = open_pair(text, "const int seen[3] = { 1, 2, 3 }; int f(int x) { return seen[x]; }");
	expect_fate(&p, "seen", true, false);
	expect_no(&p, "seen", "its size changes");
	close_pair(&p);

	p = open_pair("const int seen __attribute__((weak)) = 1;",
		      "const int seen __attribute__((weak)) = 2;");
	expect_no(&p, "seen", "weak");
	close_pair(&p);
}

/* Only functions that change anyway read it: they bring the changed copy. */
static void test_copied_constant(void **state)
{
	char *post = edit(base, "3, 4", "3, 5"), *both = edit(post, "table[x & 3]", "table[x & 1]");
	struct pair p = open_pair(base, both);

	(void)state;
	expect_fate(&p, "table", true, false);
	expect_accepted(&p);
	close_pair(&p);
	free(both);

	/* Not if one of them hands out its address, which somebody may have. */
	both = edit(post, "table[x & 3]", "outside((long)table)");
	p = open_pair(base, both);
	expect_fate(&p, "table", false, true);
	close_pair(&p);
	free(both);
	free(post);

	/* Of another size: all that read it come along. */
	post = edit(base, "table[4] = { 1, 2, 3, 4 }", "table[5] = { 1, 2, 3, 4, 5 }");
	p = open_pair(base, post);
	expect_fate(&p, "table", true, false);
	assert_true(unit_find(p.post, "lookup")->changed);
	expect_accepted(&p);
	close_pair(&p);
	free(post);
}

/* Operations: a copy would split the old objects from the new, so they change where they are. */
static void test_operations(void **state)
{
	static const char text[] =
		"int one(void); int two(void); int x; struct ops { int (*f)(void); };\n"
		"static int a(void) { return one(); } static int b(void) { return two(); }\n"
		"static const struct ops ops[] = { { a }, { a } };\n"
		"static int (*const table[])(void) = { a, b, a };\n"
		"void give(const struct ops **to) { *to = ops; }\n"
		"int call(int n) { return table[n](); }\n"
		"int both(void) { return b() + a(); }\n";
	char *post = edit(text, "{ a }, { a }", "{ b }, { a }");
	struct pair p = open_pair(text, post);

	(void)state;
	expect_fate(&p, "ops", false, true);
	assert_false(unit_find(p.post, "give")->changed);
	expect_accepted(&p);
	assert_true(
		rewrite_changes_ref(unit_find(p.post, "ops"), &unit_find(p.post, "ops")->refs[0]));
	assert_false(
		rewrite_changes_ref(unit_find(p.post, "ops"), &unit_find(p.post, "ops")->refs[1]));
	close_pair(&p);
	free(post);

	post = edit(text, "{ a }, { a }", "{ a }, { a }, { b }");
	p = open_pair(text, post);
	expect_no(&p, "give()", "its size changes");
	close_pair(&p);
	free(post);

	post = edit(text, "b, a }", "b, b }");
	p = open_pair(text, post);
	expect_fate(&p, "table", false, true);
	assert_false(unit_find(p.post, "call")->changed);
	expect_accepted(&p);
	close_pair(&p);
	free(post);
}

/* New strings are the update's: better a copy of the table, if that is as good. */
static void test_names_table(void **state)
{
	static const char text[] = "static const char *const names[] = { \"one\", \"two\" };\n"
				   "static const char *const *const list = names;\n"
				   "const char *name(int n) { return names[n]; }\n"
				   "int g(const char *const *); int all(void) { return 1; }\n";
	char *post = edit(text, "two", "second"), *out;
	struct pair p = open_pair(text, post);

	(void)state;
	expect_fate(&p, "names", true, false);
	assert_true(unit_find(p.post, "name")->changed);
	expect_accepted(&p);
	close_pair(&p);
	free(post);

	out = edit(text, "return 1", "return g(names)");
	post = edit(out, "two", "second");
	p = open_pair(out, post);
	expect_fate(&p, "names", false, true);
	assert_true(rewrite_points_into_update(unit_find(p.post, "names")));
	assert_false(unit_find(p.post, "name")->changed);
	close_pair(&p);
	free(post);
	free(out);
}

/* What code that has run read out of a constant cannot be taken back. */
static void test_init_reader(void **state)
{
	static const char text[] = "int x; int g(const int *);\n"
				   "static const int sizes[] = { 4, 8 };\n"
				   "int size(int n) { return sizes[n]; }\n"
				   "__attribute__((section(\".init.text\"))) int start(int n)\n"
				   "{ return x += sizes[n]; }\n";
	char *out, *post = edit(text, "8 }", "9 }");
	struct pair p = open_pair(text, post);

	(void)state;
	expect_no(&p, "start()", "only at boot");
	close_pair(&p);
	free(post);

	/* A table that it registered is another matter. */
	out = edit(text, "x += sizes[n]", "g(sizes)");
	post = edit(out, "8 }", "9 }");
	p = open_pair(out, post);
	expect_fate(&p, "sizes", false, true);
	expect_accepted(&p);
	close_pair(&p);
	free(post);
	free(out);
}

static void expect_mask(const char *pre, const char *post, const char *mask)
{
	struct pair p = open_pair(pre, post);
	const struct atom *atom = unit_find(p.post, "t");
	unsigned char found[64];
	const char *why;

	assert_true(atom_size(atom) == strlen(mask) && atom->changed);
	if (!rewrite_possible(atom, &why))
		fail_msg("%s", why);
	rewrite_mask(atom, found);
	for (size_t i = 0; i < atom_size(atom); i++)
		if (found[i] != mask[i] - '0')
			fail_msg("byte %zu is %d", i, found[i]);
	close_pair(&p);
}

/* Bytes that change; of a pointer that comes, goes or changes, all of them. */
static void test_rewrite_mask(void **state)
{
	static const char pre[] =
		"int f(void); int g(void); struct t { long n; int (*p)(void); };\n"
		"const struct t t = { 258, f };\n";
	char *post = edit(pre, "258, f", "259, f");

	(void)state;
	expect_mask(pre, post, "1000000000000000");
	expect_mask(post, pre, "1000000000000000");
	free(post);
	post = edit(pre, "258, f", "258, g");
	expect_mask(pre, post, "0000000011111111");
	free(post);
	post = edit(pre, "258, f", "258, 0");
	expect_mask(pre, post, "0000000011111111");
	expect_mask(post, pre, "0000000011111111");
	free(post);
	post = edit(pre, "258, f", "0, f");
	expect_mask(pre, post, "1100000000000000");
	free(post);
}

static void test_not_refused(void **state)
{
	struct error err = { 0 };
	char *post = edit(base, "hidden += x;", "");
	struct pair p = open_pair(base, post);

	(void)state;
	/* A removed object, a changed function. */
	assert_int_equal(check_units(p.pre, p.post, "u.o", "vmlinux", &err), 0);
	assert_true(compare_any_change(p.post, "vmlinux"));
	close_pair(&p);
	free(post);
}

/* ---- assembler: what C does not make at will ------------------------------------ */

static struct pair open_asm(const char *pre, const char *post)
{
	struct pair p = { open_text("pre.s", pre), open_text("post.s", post) };

	compare_units(p.pre, p.post);
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

/* A jump from there would lead to what the page tables of user mode do not have. */
static void test_entry_code(void **state)
{
	static const char pre[] = ".section .entry.text,\"ax\"\n.globl enter\n.type enter,@function\n"
				  "enter: push %rax\n pop %rax\n nop\n nop\n nop\n ret\n"
				  ".size enter,.-enter\n";
	char *post = edit(pre, "nop", "cld");
	struct pair p = open_asm(pre, post);
	struct error err = { 0 };

	(void)state;
	assert_int_equal(check_units(p.pre, p.post, "u.o", "vmlinux", &err), -ERROR_REFUSED);
	if (!strstr(err.text, "enter()") || !strstr(err.text, "page tables"))
		fail_msg("%s", err.text);
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
			bool in_field = false;

			for (size_t r = 0; r < b->nr_refs; r++)
				in_field |= k >= b->refs[r].offset &&
					    k < b->refs[r].offset + reloc_size(b->refs[r].type);
			if (k >= atom_size(atom))
				b->refs[k - atom_size(atom)].place += 1000;
			else
				b->sec->data[b->start + k] ^= 1;
			compare_units(pre, post);
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
		cmocka_unit_test(test_copied_constant),
		cmocka_unit_test(test_names_table),
		cmocka_unit_test(test_init_reader),
		cmocka_unit_test(test_rewrite_mask),
		cmocka_unit_test(test_operations),
		cmocka_unit_test(test_not_refused),
		cmocka_unit_test(test_cold_part),
		cmocka_unit_test(test_alias),
		cmocka_unit_test(test_shared_section),
		cmocka_unit_test(test_entry_code),
		cmocka_unit_test(test_bug_table),
		cmocka_unit_test(test_table_layout),
		cmocka_unit_test(test_mutation),
		cmocka_unit_test(test_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
