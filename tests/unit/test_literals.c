// SPDX-License-Identifier: GPL-2.0-only
/* Constants that the linker merges: which one is meant, and how it is copied. */
#include "../../objmanip/compare.h"
#include "../../objmanip/pair.h"
#include "extract_job.h"

/* As in blake2s-core.S: a loop goes from a table of one entry to its end; parts are loaded. */
static const char loop[] =
	".section .rodata.cst32.one,\"aM\",@progbits,32\n.align 32\n"
	"one: .quad 1,2,3,4\n"
	".section .rodata.cst64.table,\"aM\",@progbits,96\n.align 64\n"
	"table: .rept 12\n .quad 7\n .endr\n"
	".text\n.globl f\n.type f,@function\n"
	"f: movdqa one+16(%rip),%xmm0\n lea table(%rip),%rax\n lea table+96(%rip),%rcx\n"
	" mov %edi,%edi\n ret\n.size f,.-f\n";

static bool changes(const char *post)
{
	struct unit *x = open_text("pre.s", loop, ""), *y = open_text("post.s", post, "");
	bool changed;

	compare_units(x, y);
	changed = unit_find(y, "f")->changed;
	unit_free(x);
	unit_free(y);
	return changed;
}

static void test_which_one(void **state)
{
	static const char *const other[][2] = {
		{ "one+16", "one" },
		{ "table+96", "table+95" },
		{ ".quad 1,2,3,4", ".quad 1,2,3,5" },
		/* Not the half that is loaded: the linker chooses by all of it. */
		{ ".quad 1,2,3,4", ".quad 0,2,3,4" },
		{ ".quad 7", ".quad 8" },
	};

	(void)state;
	assert_false(changes(loop));
	for (size_t i = 0; i < sizeof(other) / sizeof(other[0]); i++) {
		char *post = edit(loop, other[i][0], other[i][1]);

		if (!changes(post))
			fail_msg("%s for %s is no change", other[i][1], other[i][0]);
		free(post);
	}
}

/* Where the copied field at an offset of f leads, in the section of copied constants. */
static uint64_t copied(const struct job *job, uint64_t offset)
{
	const struct elf_section *text = elf_find_section(job->x.out, ".text");
	const struct elf_section *consts = elf_find_section(job->x.out, ".rodata.cst");
	size_t i = elf_reloc_at(text, offset);
	const struct elf_reloc *r = &text->relocs[i];

	assert_true(i < text->nr_relocs && r->offset == offset);
	assert_ptr_equal(r->symbol->section, consts);
	return r->symbol->value + (uint64_t)r->addend + 4;
}

/* Whole, aligned as it was, and the places in it kept, the one behind it too. */
static void test_copy(void **state)
{
	char *post = edit(loop, "mov %edi,%edi", "mov %esi,%esi");
	const struct elf_section *consts;
	uint64_t one, table;
	struct job job;

	(void)state;
	run_texts(&job, "s", loop, post);
	expect_ok(&job);
	consts = elf_find_section(job.x.out, ".rodata.cst");
	assert_non_null(consts);
	assert_int_equal(consts->align, 64);
	one = copied(&job, 4) - 16;
	table = copied(&job, 11);
	assert_int_equal(copied(&job, 18), table + 96);
	assert_int_equal(one % 32, 0);
	assert_int_equal(table % 64, 0);
	assert_int_equal(consts->size, table + 96);
	assert_int_equal(consts->data[one + 8], 2);
	assert_int_equal(consts->data[table + 88], 7);
	done(&job);
	free(post);
}

/* One that was copied for less cannot serve for what must be aligned. */
static void test_alignment_of_equal(void **state)
{
	static const char text[] =
		".section .rodata.cst16,\"aM\",@progbits,16\n.align 16\nfirst: .octa 5\nlow: .octa 6\n"
		".section .rodata.cst16.high,\"aM\",@progbits,16\n.align 64\nhigh: .octa 6\n"
		".text\n.globl f\n.type f,@function\n"
		/* The first, so that the copy of the second is not aligned by chance. */
		"f: lea first(%rip),%rdx\n lea low(%rip),%rax\n lea high(%rip),%rcx\n"
		" mov %edi,%edi\n ret\n.size f,.-f\n";
	char *post = edit(text, "mov %edi,%edi", "mov %esi,%esi");
	struct job job;

	(void)state;
	run_texts(&job, "s", text, post);
	expect_ok(&job);
	assert_int_equal(copied(&job, 17) % 64, 0);
	done(&job);
	free(post);
}

/* A constant that the compiler has put into the code, so that nothing refers to what is left. */
static void test_nobody_refers(void **state)
{
	static const char text[] =
		"int f(const char *s) { static const char id[] = \"DP-HDMI\";\n"
		" return __builtin_memcmp(s, id, 4) == 0; }\n"
		"const char *g(int x) { static const char id[] = \"other\"; return &id[x]; }\n";
	struct unit *x = open_text("pre.c", text, RUN_FLAGS SECTIONS);
	struct unit *y = open_text("post.c", text, RUN_FLAGS SECTIONS);
	unsigned int constants = 0;

	(void)state;
	compare_units(x, y);
	for (size_t i = 0; i < y->nr_named; i++) {
		if (strncmp(atom_name(y->by_name[i]), "id.", 3))
			continue;
		assert_ptr_equal(y->by_name[i]->twin, x->by_name[i]);
		constants++;
	}
	assert_int_equal(constants, 2);
	assert_false(y->unclear);
	unit_free(x);
	unit_free(y);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_which_one),
		cmocka_unit_test(test_copy),
		cmocka_unit_test(test_alignment_of_equal),
		cmocka_unit_test(test_nobody_refers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
