// SPDX-License-Identifier: GPL-2.0-only
/* The kernel's numbers of types: the names of their places count lines and macros. */
#include "extract_job.h"

static const char ids[] =
	"asm(\".pushsection .BTF_ids,\\\"a\\\"\\n.local list\\nlist:\\n\"\n"
	"\".type __BTF_ID__struct__socket__11,@object\\n.size __BTF_ID__struct__socket__11,4\\n\"\n"
	"\"__BTF_ID__struct__socket__11: .zero 4\\n\"\n"
	"\".type __BTF_ID__struct__file__12,@object\\n.size __BTF_ID__struct__file__12,4\\n\"\n"
	"\"__BTF_ID__struct__file__12: .zero 4\\n.popsection\");\n"
	"extern const unsigned int list[];\n"
	"int f(int x) { return x ? list[1] : 1; }\n"
	"void filler(void) { }\n";

/* Their numbers move, and code that uses one changes: it goes on using the kernel's. */
static void test_moved_numbers(void **state)
{
	char *post = edit(ids, "? list[1] : 1", "? list[1] : 2"), *found;
	struct job job;

	(void)state;
	while ((found = strstr(post, "file__12")))
		memcpy(found, "file__34", 8);
	run_texts(&job, "c", ids, post);
	expect_ok(&job);
	assert_string_equal(func_name(&job, 0), "f");
	assert_null(elf_find_section(job.x.out, ".BTF_ids"));
	done(&job);
	free(post);
}

/* f() changes, and a number has another name in POST, or in PRE: it is refused as `id'. */
static void expect_new(bool in_pre, const char *from, const char *to, const char *id)
{
	char *pre = edit(ids, NULL, ""), *post = edit(ids, "? list[1] : 1", "? list[1] : 2"),
	     *found;
	struct job job;

	assert_int_equal(strlen(from), strlen(to));
	while ((found = strstr(in_pre ? pre : post, from)))
		memcpy(found, to, strlen(to));
	run_texts(&job, "c", pre, post);
	expect_refused(&job, id, "new in section .BTF_ids");
	free(pre);
	free(post);
}

static void test_new_number(void **state)
{
	(void)state;
	expect_new(false, "struct__file", "struct__node", "__BTF_ID__struct__node__12");
}

/* The first of a list has a second name, the list's, which stays. */
static void test_new_first_number(void **state)
{
	(void)state;
	expect_new(false, "struct__socket", "struct__dentry", "__BTF_ID__struct__dentry__11");
}

/* Only what counts is left out of the name: another type whose name begins so is another one. */
static void test_longer_name(void **state)
{
	(void)state;
	expect_new(true, "file__12", "file__1x", "__BTF_ID__struct__file__12");
	expect_new(false, "file__12", "file__1x", "__BTF_ID__struct__file__1x");
}

/* One more of a type that is there already is one more. */
static void test_one_more(void **state)
{
	static const char more[] =
		"\".type __BTF_ID__struct__file__13,@object\\n.size __BTF_ID__struct__file__13,4\\n\"\n"
		"\"__BTF_ID__struct__file__13: .zero 4\\n.popsection\");\n";
	char *post = edit(ids, "? list[1] : 1", "? list[1] : 2"), *longer;
	struct job job;

	(void)state;
	longer = edit(post, "file__12: .zero 4\\n.popsection\");\n",
		      "file__12: .zero 4\\n\"\n#more#");
	free(post);
	post = edit(longer, "#more#", more);
	run_texts(&job, "c", ids, post);
	expect_refused(&job, "__BTF_ID__struct__file__1", "new in section .BTF_ids");
	free(longer);
	free(post);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_moved_numbers),	 cmocka_unit_test(test_new_number),
		cmocka_unit_test(test_new_first_number), cmocka_unit_test(test_longer_name),
		cmocka_unit_test(test_one_more),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
