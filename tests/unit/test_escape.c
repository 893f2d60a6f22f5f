// SPDX-License-Identifier: GPL-2.0-only
/* From which code the address of a new object can get to where undo does not see it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../../objmanip/escape.h"
#include "scratch.h"

/* The first reference to `thing' in code of this text. Frees nothing: *unit is the caller's. */
static const struct ref *reference(const char *body, const char *more, struct unit **unit,
				   const struct atom **from)
{
	struct error err = { 0 };
	const struct atom *user;
	char *text, *path;

	assert_true(asprintf(&text,
			     ".text\n.type f,@function\nf:\n%s\n.size f, . - f\n"
			     ".data\n.type thing,@object\nthing: .quad 0\n.size thing, 8\n%s\n",
			     body, more) > 0);
	path = scratch_object("escape.s", text, "");
	if (unit_open(path, unit, &err))
		fail_msg("%s", err.text);
	free(path);
	free(text);
	user = unit_find(*unit, more[0] ? "user" : "f");
	assert_non_null(user);
	*from = user;
	for (size_t i = 0; i < user->nr_refs; i++)
		if (user->refs[i].atom && !strcmp(atom_name(user->refs[i].atom), "thing"))
			return &user->refs[i];
	fail_msg("no reference in: %s", body);
	return NULL;
}

static bool escapes(const char *body, bool (*how)(const struct atom *, const struct ref *))
{
	_cleanup_unit_ struct unit *unit = NULL;
	const struct atom *from;
	const struct ref *ref = reference(body, "", &unit, &from);

	return how(from, ref);
}

static void expect_safe(const char *body)
{
	if (escapes(body, escape_address))
		fail_msg("%s", body);
}

static void expect_escape(const char *body)
{
	if (!escapes(body, escape_address))
		fail_msg("%s", body);
}

static void test_access(void **state)
{
	(void)state;
	expect_safe("mov thing(%rip),%rax\nret");
	expect_safe("mov thing(,%rcx,8),%rax\nret");
	expect_safe("incl thing(%rip)\nret");
	expect_safe("movq $5,thing(%rip)\nret");
	expect_safe("mov %rdi,thing(%rax)\nret");
	expect_safe("incl %gs:thing(%rip)\nret");
	expect_safe("call thing\nret");
	expect_safe("jmp thing");
	expect_safe("cmp $thing,%rdi\nret");
}

static void test_handed_out(void **state)
{
	(void)state;
	expect_escape("mov $thing,%rax\nret");
	expect_escape("lea thing(%rip),%rax\nret");
	expect_escape("movq $thing,8(%rdi)\nret");
	expect_escape("movq $thing,(%rsp)\ncall g\nret");
	expect_escape("mov $thing,%rdi\ncall register_it\nret");
	expect_escape("mov $thing,%rdi\njmp register_it");
	expect_escape("mov $thing,%rdi\njmp 1f\n1: call mutex_lock\nret");
	expect_escape("mov $thing,%rdi\ncall *%rax\nret");
	expect_escape("push $thing\nret");
}

/* Passed on, and nothing but. */
static void test_passed(void **state)
{
	(void)state;
	expect_safe("mov $thing,%rdi\ncall mutex_lock\nret");
	expect_safe("mov $thing,%rdi\njmp mutex_lock");
	expect_safe("lea thing(%rip),%rsi\nmov %rbx,%rdi\ncall seq_puts\nret");
	expect_safe("mov $thing,%edi\nnopw 0(%rdi,%rax,1)\ncall _raw_spin_lock\nret");
	expect_safe("mov $thing,%r8\nmov $1,%r9\nmov thing(%rip),%rcx\ncall snprintf\nret");
	expect_safe("mov $thing,%rdi\nmov %rbx,%rdi\ncall register_it\nret");
	expect_safe("mov $thing,%rdi\nmov 8(%rbx),%edi\ncall register_it\nret");
	/* It is somewhere else as well, before or on another way. */
	expect_escape("mov $thing,%rdi\nmov %rdi,8(%rbx)\ncall mutex_lock\nret");
	expect_escape("mov $thing,%rdi\nmov 8(%rdi),%rdi\ncall mutex_lock\nret");
	expect_escape("mov $thing,%rdi\nmov %edi,%eax\ncall mutex_lock\nret");
	expect_escape("mov $thing,%rdi\npush %rdi\ncall mutex_lock\nret");
	expect_escape("mov $thing,%rdi\ntest %eax,%eax\nje 1f\ncall mutex_lock\n1: ret");
	expect_escape("mov $thing,%rbx\nmov %rbx,%rdi\ncall mutex_lock\nret");
	expect_escape("mov $thing,%rdi\n1: .byte 0x0f,0x1f,0x44,0,0\ncall mutex_lock\nret\n"
		      ".section __jump_table,\"aw\"\n.long 1b - .\n.long 1b - .\n.quad 0\n.text");
}

/* What copies may return where to. */
static void test_passed_back(void **state)
{
	(void)state;
	expect_safe("mov $thing,%rdi\ncall memcpy\nmov %rbx,%rdi\ncall g\nret");
	expect_safe("mov $thing,%rdi\ncall memcpy\nmov $1,%eax\nret");
	expect_escape("mov $thing,%rdi\ncall memcpy\nret");
	expect_escape("mov $thing,%rdi\ncall memcpy\njmp __x86_return_thunk");
	expect_escape("mov $thing,%rdi\njmp memcpy");
	expect_safe("mov $thing,%rdi\ncall memcpy\njmp g");
	expect_escape("mov $thing,%rdi\ncall memcpy\nmov %rax,8(%rbx)\ncall g\nret");
	expect_escape("mov $thing,%rdi\ncall memcpy\ntest %ebx,%ebx\nje 1f\n1: call g\nret");
}

/* What new data points to, somebody finds there; what a table of code has, goes with it. */
static void test_data(void **state)
{
	_cleanup_unit_ struct unit *unit = NULL;
	const struct atom *from;
	const struct ref *ref = reference(
		"ret", ".type user,@object\nuser: .quad thing\n.size user, 8\n", &unit, &from);

	(void)state;
	assert_true(escape_address(from, ref));
	assert_false(escape_stored(from, ref));
}

static void test_stored(void **state)
{
	(void)state;
	assert_true(escapes("movq $thing,8(%rdi)\nret", escape_stored));
	assert_true(escapes("movq $thing,(%r12)\nret", escape_stored));
	assert_true(escapes("movq $thing,0x80(%r12,%rax,8)\nret", escape_stored));
	assert_true(escapes("movq $thing,other(%rip)\nret", escape_stored));
	assert_true(escapes("movq $thing,%gs:8(%rax)\nret", escape_stored));
	assert_false(escapes("movq $thing,8(%rsp)\ncall g\nret", escape_stored));
	assert_false(escapes("movq $thing,0x80(%rsp,%rax,8)\ncall g\nret", escape_stored));
	assert_false(escapes("mov $thing,%rdi\ncall register_it\nret", escape_stored));
	assert_false(escapes("movq $5,thing(%rip)\nret", escape_stored));
	assert_false(escapes("cmpq $thing,8(%rdi)\nret", escape_stored));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_access), cmocka_unit_test(test_handed_out),
		cmocka_unit_test(test_passed), cmocka_unit_test(test_passed_back),
		cmocka_unit_test(test_data),   cmocka_unit_test(test_stored),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
