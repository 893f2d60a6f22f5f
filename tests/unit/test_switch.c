// SPDX-License-Identifier: GPL-2.0-only
/*
 * Tables that the compiler makes of a switch. Of values: CSWTCH.N, where N counts all that the
 * unit has, so that one more renumbers the others. Of places to jump to: without a name.
 */
#include "extract_job.h"

static const char unit[] =
	"enum kind { RED = 1, GREEN, BLUE, BLACK, WHITE };\n"
	"int exported(const char *, ...);\n"
	"int weight(enum kind kind) { switch (kind) {\n"
	"	case RED: return 310; case GREEN: return 14; case BLUE: return 1592;\n"
	"	case BLACK: return 65; case WHITE: return 3589; default: return 7; } }\n"
	"int height(enum kind kind) { switch (kind) {\n"
	"	case RED: return 271; case GREEN: return 82; case BLUE: return 8182;\n"
	"	case BLACK: return 84; case WHITE: return 5904; default: return 7; } }\n"
	"const char *name(enum kind kind) { switch (kind) {\n"
	"	case RED: return \"red\"; case GREEN: return \"green\"; case BLUE: return \"blue\";\n"
	"	case BLACK: return \"black\"; case WHITE: return \"white\"; default: return \"?\"; } }\n"
	"int work(enum kind kind) { switch (kind) {\n"
	"	case RED: return exported(\"r\"); case GREEN: return exported(\"g\", 1) * 3;\n"
	"	case BLUE: return exported(\"b\", 2) - 2; case BLACK: return exported(\"l\") / 3;\n"
	"	case WHITE: return exported(\"w\", 4) + 2; default: return exported(\"n\"); } }\n"
	"int plain(enum kind kind) { return exported(\"p\", kind); }\n";

/* Replaces the text `from' in the unit and makes the update. */
static void change(struct job *job, const char *from, const char *to)
{
	char *post = edit(unit, from, to);

	run_texts(job, "c", unit, post);
	free(post);
}

/* Exactly these functions are replaced or added, by name; a space behind each. */
static void expect_replaced(const struct job *job, const char *names)
{
	char got[256] = "";
	size_t nr;

	expect_ok(job);
	funcs(job, &nr);
	for (size_t i = 0; i < nr; i++) {
		assert_true(strlen(got) + strlen(func_name(job, i)) + 2 < sizeof(got));
		strcat(strcat(got, func_name(job, i)), " ");
	}
	assert_string_equal(got, names);
}

/* The table that new code of `function' reads: one of the update's own. */
static const struct elf_section *table_of(const struct job *job, const char *function, size_t size)
{
	const struct elf_section *code, *table = NULL;
	char name[64];

	snprintf(name, sizeof(name), ".text.%s", function);
	code = elf_find_section(job->x.out, name);
	assert_non_null(code);
	for (size_t i = 0; i < code->nr_relocs; i++) {
		const struct elf_symbol *symbol = code->relocs[i].symbol;

		/* Not the kernel's. */
		assert_true(symbol->section || strncmp(symbol->name, "CSWTCH", 6));
		if (symbol->section && !strncmp(symbol->section->name, ".rodata.CSWTCH", 14)) {
			assert_null(table);
			table = symbol->section;
		}
	}
	assert_non_null(table);
	assert_int_equal(table->size, size);
	return table;
}

static void expect_ints(const struct elf_section *table, const int *values)
{
	assert_memory_equal(table->data, values, table->size);
}

/* The string that an entry of a table of pointers leads to. */
static void expect_text(const struct elf_section *table, uint64_t entry, const char *text)
{
	for (size_t i = 0; i < table->nr_relocs; i++) {
		const struct elf_reloc *reloc = &table->relocs[i];

		if (reloc->offset != entry * sizeof(long))
			continue;
		assert_non_null(reloc->symbol->section);
		assert_string_equal((const char *)reloc->symbol->section->data +
					    reloc->symbol->value + reloc->addend,
				    text);
		return;
	}
	fail_msg("entry %lu is no pointer", (unsigned long)entry);
}

/* Code is equal, and so is the table's name: the contents alone tell. */
static void test_value(void **state)
{
	static const int values[] = { 310, 14, 1593, 65, 3589 };
	struct job job;

	(void)state;
	change(&job, "1592", "1593");
	expect_replaced(&job, "weight ");
	expect_ints(table_of(&job, "weight", sizeof(values)), values);
	done(&job);
}

/* Two tables of one size change their contents with each other: each number stays in use. */
static void test_exchanged(void **state)
{
	static const int values[] = { 271, 82, 8182, 84, 5904 };
	struct job job;
	char *half = edit(unit, "int weight(", "int middle("), *post;

	(void)state;
	post = edit(half, "int height(", "int weight(");
	free(half);
	half = edit(post, "int middle(", "int height(");
	run_texts(&job, "c", unit, half);
	expect_replaced(&job, "height weight ");
	expect_ints(table_of(&job, "weight", sizeof(values)), values);
	done(&job);
	free(half);
	free(post);
}

/* An enumerator in between: whoever has a table of all, and nobody else. */
static void test_enumerator(void **state)
{
	static const int values[] = { 310, 14, 7, 1592, 65, 3589 };
	const struct elf_section *table;
	struct job job;

	(void)state;
	change(&job, "GREEN, BLUE", "GREEN, CYAN, BLUE");
	expect_replaced(&job, "height name weight work ");
	expect_ints(table_of(&job, "weight", sizeof(values)), values);
	table = table_of(&job, "name", 6 * sizeof(long));
	expect_text(table, 1, "green");
	expect_text(table, 2, "?");
	expect_text(table, 3, "blue");
	done(&job);
	/* The order changes, and no size does. */
	change(&job, "BLUE, BLACK", "BLACK, BLUE");
	expect_replaced(&job, "height name weight work ");
	table = table_of(&job, "name", 5 * sizeof(long));
	expect_text(table, 2, "black");
	expect_text(table, 3, "blue");
	done(&job);
}

/* What one table more or less does to the others is no change. */
static void test_renumbered(void **state)
{
	static const char first[] =
		"int depth(enum kind kind) { switch (kind) {\n"
		"	case RED: return 1; case GREEN: return 20; case BLUE: return 300;\n"
		"	case BLACK: return 4000; case WHITE: return 50000; default: return 7; } }\n"
		"int plain(enum kind kind) { return exported(\"p\", depth(kind)); }\n";
	static const int values[] = { 1, 20, 300, 4000, 50000 };
	struct job job;
	char *post;

	(void)state;
	change(&job, "int plain(enum kind kind) { return exported(\"p\", kind); }\n", first);
	expect_replaced(&job, "depth plain ");
	expect_ints(table_of(&job, "plain", sizeof(values)), values);
	done(&job);
	/* In front of the others. */
	post = edit(
		unit, "int weight(",
		"int before(int x) { switch (x) { case 1: return 14;"
		"case 2: return 9; case 3: return 55; case 4: return 2; case 5: return 8; } return 1; }\n"
		"int weight(");
	run_texts(&job, "c", unit, post);
	expect_ok(&job);
	assert_null(elf_find_section(job.x.out, ".text.weight"));
	assert_null(elf_find_section(job.x.out, ".text.height"));
	assert_null(elf_find_section(job.x.out, ".text.name"));
	done(&job);
	/* And the other way: the first one goes. */
	run_texts(&job, "c", post, unit);
	expect_ok(&job);
	assert_null(elf_find_section(job.x.out, ".text.height"));
	done(&job);
	free(post);
	change(&job, "int weight(enum kind kind) { switch (kind) {\n",
	       "int weight(enum kind kind) { return kind * 3; switch (kind) {\n");
	expect_replaced(&job, "weight ");
	assert_int_equal(refs_to(elf_find_section(job.x.out, ".text.weight"), "CSWTCH"), 0);
	done(&job);
}

/* A string in a table of pointers, which is neither in the code nor in the table's bytes. */
static void test_string(void **state)
{
	const struct elf_section *table;
	struct job job;

	(void)state;
	change(&job, "\"green\"", "\"grey\"");
	expect_replaced(&job, "name ");
	table = table_of(&job, "name", 5 * sizeof(long));
	expect_text(table, 0, "red");
	expect_text(table, 1, "grey");
	done(&job);
}

/* Two cases of a jump table change places: the code of neither does. */
static void test_jump_table(void **state)
{
	struct job job;

	(void)state;
	change(&job, "WHITE };", "WHITE, LAST = 77 };");
	assert_int_equal(job.rc, 1);
	done(&job);
	change(&job, "exported(\"w\", 4) + 2; default", "exported(\"n\"); default");
	expect_replaced(&job, "work ");
	assert_non_null(elf_find_section(job.x.out, ".text.work"));
	assert_int_equal(refs_to(elf_find_section(job.x.out, ".text.work"), "exported"), 5);
	done(&job);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_value),	   cmocka_unit_test(test_exchanged),
		cmocka_unit_test(test_enumerator), cmocka_unit_test(test_renumbered),
		cmocka_unit_test(test_string),	   cmocka_unit_test(test_jump_table),
	};
	int failed = cmocka_run_group_tests_name("as usual", tests, NULL, NULL);

	/* As kernels with retpolines have it. */
	more_flags = "-fno-jump-tables ";
	return failed + cmocka_run_group_tests_name("without jump tables", tests, NULL, NULL);
}
