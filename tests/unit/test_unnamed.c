// SPDX-License-Identifier: GPL-2.0-only
/* Assembler code without a name, and code that goes on into what follows it. */
#include "../../objmanip/compare.h"
#include "extract_job.h"

/*
 * As in getuser.S of 6.1: both functions leave by code that only the table of
 * exceptions and a branch name, which goes on into a part that has a name.
 */
static const char user[] =
	".text\n"
	".globl f\n.type f,@function\nf: cmp %edx,%eax\n jae 9f\n1: movl (%rax),%edx\n"
	" xor %eax,%eax\n ret\n.size f,.-f\n"
	".globl g\n.type g,@function\ng: mov %edi,%esi\n2: movl (%rsi),%edx\n ret\n.size g,.-g\n"
	".p2align 4\n9: nop\n nop\n"
	".type bad,@function\nbad: mov $-14,%eax\n ret\n.size bad,.-bad\n"
	".globl h\n.type h,@function\nh: mov %edi,%ecx\n ret\n ret\n ret\n.size h,.-h\n"
	".section __ex_table,\"a\"\n.long 1b-.,9b-.,3\n.long 2b-.,9b-.,3\n";

/* The new code of this section that begins with the bytes; its offset. */
static uint64_t find_code(const struct elf_section *sec, const void *bytes, size_t size)
{
	assert_non_null(sec);
	for (uint64_t at = 0; at + size <= sec->size; at++)
		if (!memcmp(sec->data + at, bytes, size))
			return at;
	fail_msg("not in %s", sec->name);
	return 0;
}

static const struct elf_reloc *reloc_at(const struct elf_section *sec, uint64_t offset)
{
	size_t i = elf_reloc_at(sec, offset);

	assert_true(i < sec->nr_relocs && sec->relocs[i].offset == offset);
	return &sec->relocs[i];
}

/* It comes along; what it goes on into stays where it is, and is jumped to. */
static void test_comes_along(void **state)
{
	static const unsigned char code[] = { 0x90, 0x90, 0xe9 };
	char *post = edit(user, "xor %eax,%eax", "xor %ecx,%ecx");
	const struct elf_section *text, *table;
	const struct elf_reloc *jump, *fixup;
	struct job job;
	uint64_t at;
	size_t nr;

	(void)state;
	run_texts(&job, "s", user, post);
	expect_ok(&job);
	funcs(&job, &nr);
	assert_int_equal(nr, 1);
	assert_string_equal(func_name(&job, 0), "f");
	text = elf_find_section(job.x.out, ".text");
	at = find_code(text, code, sizeof(code));
	jump = reloc_at(text, at + sizeof(code));
	assert_true(!strncmp(jump->symbol->name, "bad.ksplice.", 12));
	assert_int_equal(jump->addend, -4);
	/* f's branch, and its entry of the table, lead to the copy. */
	table = elf_find_section(job.x.out, "__ex_table");
	assert_non_null(table);
	assert_int_equal(table->size, 12);
	fixup = reloc_at(table, 4);
	assert_ptr_equal(fixup->symbol->section, text);
	assert_int_equal(fixup->symbol->value + (uint64_t)fixup->addend, at);
	done(&job);
	free(post);
}

/* The kernel reads the table before it could be told where named code is: a jump stands for it. */
static void test_fault_goes_to_named(void **state)
{
	char *named = edit(user, ".long 1b-.,9b-.,3", ".long 1b-.,bad-.,3");
	char *post = edit(named, "xor %eax,%eax", "xor %ecx,%ecx");
	const struct elf_section *table;
	const struct elf_reloc *fixup;
	struct job job;

	(void)state;
	run_texts(&job, "s", named, post);
	expect_ok(&job);
	table = elf_find_section(job.x.out, "__ex_table");
	assert_non_null(table);
	fixup = reloc_at(table, 4);
	assert_non_null(fixup->symbol->section);
	assert_string_equal(fixup->symbol->section->name, ".text.ksplice_stubs");
	assert_int_equal(fixup->addend, 0);
	assert_int_equal(refs_to(fixup->symbol->section, "bad.ksplice."), 1);
	done(&job);
	free(named);
	free(post);
}

static void expect_replaced(const char *from, const char *to, const char *const names[], size_t nr)
{
	char *post = edit(user, from, to);
	struct job job;
	size_t found;

	run_texts(&job, "s", user, post);
	expect_ok(&job);
	funcs(&job, &found);
	assert_int_equal(found, nr);
	for (size_t i = 0; i < nr; i++)
		assert_string_equal(func_name(&job, i), names[i]);
	done(&job);
	free(post);
}

/* A change there is one of who goes there: nothing else would bring it. */
static void test_change_is_seen(void **state)
{
	static const char *const users[] = { "f", "g" }, *const named[] = { "bad" };
	static const char *const caller[] = { "h" };
	char *post;
	struct job job;

	(void)state;
	expect_replaced("9: nop", "9: cld", users, 2);
	expect_replaced("$-14", "$-22", named, 1);
	expect_replaced("%edi,%ecx", "%edi,%edx", caller, 1);
	/* Another entry of a table for it, with the bytes as they were. */
	post = edit(user, "9b-.,3\n.long 2b", "9b-.,3\n.long 9b-.,bad-.,3\n.long 2b");
	run_texts(&job, "s", user, post);
	expect_ok(&job);
	assert_string_equal(func_name(&job, 0), "f");
	assert_string_equal(func_name(&job, 1), "g");
	done(&job);
	free(post);
}

/* A label is no function: nobody knows what else is in the bytes of a jump. */
static void test_label_changes(void **state)
{
	char *label = edit(user, ".size bad,.-bad\n", ""), *post = edit(label, "$-14", "$-22");
	struct job job;

	(void)state;
	run_texts(&job, "s", label, post);
	expect_refused(&job, "bad cannot be replaced", "it is a label");
	free(label);
	free(post);
}

/* A function may go on into the next one, which need not change. */
static void test_goes_on(void **state)
{
	static const char two[] =
		".text\n.globl f\n.type f,@function\nf: mov $1,%eax\n mov $5,%ecx\n.size f,.-f\n"
		".globl g\n.type g,@function\ng: mov $2,%edx\n ret\n ret\n ret\n.size g,.-g\n";
	char *post = edit(two, "$1", "$3"), *other = edit(two, ".globl g", " ret\n.globl g");
	const struct elf_section *text;
	const struct elf_reloc *jump;
	struct job job;
	size_t nr;

	(void)state;
	run_texts(&job, "s", two, post);
	expect_ok(&job);
	funcs(&job, &nr);
	assert_int_equal(nr, 1);
	assert_string_equal(func_name(&job, 0), "f");
	text = elf_find_section(job.x.out, ".text");
	assert_int_equal(text->size, 15);
	assert_int_equal(text->data[10], 0xe9);
	jump = reloc_at(text, 11);
	assert_true(!strncmp(jump->symbol->name, "g.ksplice.", 10));
	done(&job);
	/* If something else follows, the function is another one. */
	run_texts(&job, "s", two, other);
	expect_ok(&job);
	assert_string_equal(func_name(&job, 0), "f");
	done(&job);
	free(post);
	free(other);
}

/* Padding is no code, whatever it is made of. */
static void test_padding(void **state)
{
	static const char two[] =
		".text\n.globl f\n.type f,@function\nf: mov $1,%eax\n ret\n"
		".size f,.-f\n.p2align 4\n int3\n .zero 3\n nopl 0(%rax)\n"
		".globl g\n.type g,@function\ng: mov $2,%eax\n ret\n.size g,.-g\n";
	struct unit *unit = open_text("padding.s", two, "");

	(void)state;
	assert_int_equal(unit->nr_atoms, unit->nr_named);
	assert_null(unit->atoms[0]->next);
	unit_free(unit);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_comes_along),
		cmocka_unit_test(test_fault_goes_to_named),
		cmocka_unit_test(test_change_is_seen),
		cmocka_unit_test(test_label_changes),
		cmocka_unit_test(test_goes_on),
		cmocka_unit_test(test_padding),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
