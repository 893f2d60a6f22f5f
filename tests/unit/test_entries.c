// SPDX-License-Identifier: GPL-2.0-only
/* Entries into a replaced function behind its jump. */
#include "extract_job.h"

/* Changes f() and perhaps more; `why': of the refusal, NULL: none. */
static void try_middle(const char *pre, const char *from, const char *to, const char *why)
{
	char *changed = edit(pre, "$1", "$2"), *post = edit(changed, from, to);
	struct job job;

	run_texts(&job, "s", pre, post);
	if (why) {
		expect_refused(&job, "f()", why);
	} else {
		expect_ok(&job);
		done(&job);
	}
	free(changed);
	free(post);
}

/* Who comes in behind the jump goes on in the old code. */
static void test_entered_in_the_middle(void **state)
{
	static const char pre[] =
		".text\n.globl f\n.type f,@function\nf: mov $1,%eax\n cmp %eax,%edx\n je 1f\n nop\n"
		"inner: xor %ecx,%ecx\n1: ret\n.size f,.-f\n"
		".globl g\n.type g,@function\ng: mov %edi,%esi\n ret\n ret\n ret\n ret\n.size g,.-g\n";
	char *global = edit(pre, ".globl g", ".globl inner\n.globl g");
	char *user = edit(pre, "%esi\n ret", "%esi\n jmp inner");

	(void)state;
	try_middle(pre, "", "", NULL);
	try_middle(global, "", "", "inner is an entry in the middle");
	try_middle(user, "", "", "g(), which does not, enters it");
	/* If both change, both go on in the new code. */
	try_middle(user, "%edi,%esi", "%edi,%ebx", NULL);
	free(global);
	free(user);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_entered_in_the_middle),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
