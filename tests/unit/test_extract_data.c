// SPDX-License-Identifier: GPL-2.0-only
/* Data of small units: constants that are rewritten or copied, and what has to stay after undo. */
#include "../../objmanip/rewrite.h"
#include "extract_job.h"

/* Edits changed() and says whether the update's modules have to stay after undo. */
static bool is_kept(const char *before, const char *statement)
{
	struct job job;
	char *to;
	bool kept;

	assert_true(asprintf(&to, "%s\nint changed(int x) { %s", before, statement) > 0);
	run_edit(&job, "int changed(int x) {", to);
	expect_ok(&job);
	kept = elf_find_section(job.x.out, ".ksplice.keep");
	done(&job);
	free(to);
	return kept;
}

/* What can be found by others, at run time or from the beginning, stays. */
static void test_kept(void **state)
{
	static const char buffer[] =
		"static char buffer[16]; int snprintf(char *, unsigned long, const char *, ...);";
	static const char names[] = "static const char *const names[] = { \"a\", \"b\", \"c\" };";
	static const char list[] = "static void *list[2]; extern struct { void *next; } *object;";
	static const char other[] = "int later(int); void mutex_lock(void *); extern long lock;";

	(void)state;
	assert_false(is_kept(buffer, "buffer[x & 15] = 1; state += buffer[1];"));
	assert_false(is_kept(buffer, "snprintf(buffer, 16, \"x\");"));
	assert_true(is_kept(buffer, "exported(\"x\", buffer);"));
	assert_true(is_kept(buffer, "hook = (void *)buffer;"));
	assert_false(is_kept(names, "exported(names[x]);"));
	assert_true(is_kept(names, "exported(\"x\", names);"));
	assert_true(is_kept(list, "list[0] = list; state += list[0] != 0;"));
	assert_true(is_kept(list, "object->next = list;"));
	assert_false(is_kept(list, "state += object->next == (void *)list;"));
	/* A string of the update's own, in an object of the kernel. */
	assert_true(is_kept(list, "object->next = \"name\";"));
	/* New in another unit of the update, perhaps. */
	assert_false(is_kept(other, "state += later(x);"));
	assert_true(is_kept(other, "hook = later;"));
	assert_false(is_kept(other, "mutex_lock(&lock);"));
	assert_true(is_kept(other, "state += (long)&lock;"));
	/* Known to the unit before, or exported: the kernel's. */
	assert_false(is_kept("", "hook = unexported;"));
	assert_false(is_kept("", "hook = (int (*)(int))exported;"));
}

static void test_constant_comes_along(void **state)
{
	static const char text[] = "static const int table[4] = { 1, 2, 3, 4 };\n"
				   "int lookup(int x) { return table[x & 3]; }\n"
				   "int other(int x) { return x + 7; }\n";
	char *table = edit(text, "3, 4", "3, 9"), *post = edit(table, "x & 3", "x & 1");
	struct job job;

	(void)state;
	run_texts(&job, "c", text, post);
	expect_ok(&job);
	assert_non_null(elf_find_section(job.x.out, ".text.lookup"));
	assert_int_equal(elf_find_section(job.x.out, ".rodata.table")->data[12], 9);
	assert_int_equal(refs_to(elf_find_section(job.x.out, ".text.lookup"), "table.ksplice."), 0);
	done(&job);
	free(table);
	free(post);
}

/* The report, one line after the other; free() it. */
static char *report_of(const struct job *job)
{
	char *text = NULL;
	size_t size;
	FILE *file = open_memstream(&text, &size);

	assert_non_null(file);
	extract_report(&job->x, file);
	assert_int_equal(fclose(file), 0);
	return text;
}

/* The only record of a constant that is rewritten, and its contents with the mask behind. */
static const unsigned char *only_rewrite(const struct job *job, struct ksplice_rewrite *rewrite,
					 const struct elf_section **contents)
{
	const struct elf_section *sec = elf_find_section(job->x.out, KSPLICE_SEC_REWRITES);

	assert_non_null(sec);
	assert_int_equal(sec->size, sizeof(*rewrite));
	assert_int_equal(sec->nr_relocs, 2);
	memcpy(rewrite, sec->data, sizeof(*rewrite));
	assert_int_equal(sec->relocs[1].offset, offsetof(struct ksplice_rewrite, contents));
	*contents = sec->relocs[1].symbol->section;
	assert_true((*contents)->size >= 2 * (uint64_t)rewrite->size);
	assert_int_equal(rewrite->unit_id, image_unit_id("dir/unit.o"));
	assert_true(image_symbol_at(job->x.image, rewrite->symbol)->flags & KSPLICE_SYM_NEEDED);
	return (*contents)->data + sec->relocs[1].addend;
}

/* What exit code there is was known when the module was loaded: new code of that kind is said. */
static void test_new_exit_code(void **state)
{
	static const char text[] = "int state;\nint f(int x) { return state += x; }\n";
	char *post = edit(text, "+= x", "+= x + 1"),
	     *more = edit(post, NULL,
			  "__attribute__((section(\".exit.text\"), used)) static void leave(void)"
			  " { state = 0; }\n"),
	     *report;
	struct job job;

	(void)state;
	run_texts(&job, "c", text, more);
	expect_ok(&job);
	report = report_of(&job);
	assert_string_equal(report, "replaced f\nignored leave\n");
	free(report);
	done(&job);
	free(more);
	free(post);
}

/* A device table has a second name, for the kernel's build: messages have its own. */
static void test_device_table(void **state)
{
	static const char text[] = "static const int ids[] = { 1, 2, 0 };\n"
				   "extern const __typeof__(ids) __mod_usb__ids_device_table"
				   " __attribute__((unused, alias(\"ids\")));\n"
				   "const int *driver = ids;\nint f(int x) { return ids[x]; }\n";
	char *post = edit(text, "2, 0", "2, 3, 0");
	struct job job;

	(void)state;
	run_texts(&job, "c", text, post);
	expect_refused(&job, "driver", "uses ids, which changes");
	assert_null(strstr(job.err.text, "__mod_"));
	free(post);
}

/* A table whose users stay: no function comes along, only what is written over it. */
static void test_rewritten(void **state)
{
	static const char text[] = "static const int table[4] = { 1, 2, 3, 4 };\n"
				   "int lookup(int x) { return table[x & 3]; }\n";
	static const unsigned char mask[16] = { [12] = 1 };
	char *post = edit(text, "3, 4", "3, 9"), *report;
	const struct elf_section *sec;
	const unsigned char *contents;
	struct ksplice_rewrite rewrite;
	struct job job;

	(void)state;
	run_texts(&job, "c", text, post);
	expect_ok(&job);
	assert_null(elf_find_section(job.x.out, KSPLICE_SEC_FUNCS));
	assert_null(elf_find_section(job.x.out, ".text.lookup"));
	assert_null(elf_find_section(job.x.out, ".ksplice.keep"));
	contents = only_rewrite(&job, &rewrite, &sec);
	assert_string_equal(image_symbol_name(job.x.image, rewrite.symbol), "table");
	assert_int_equal(rewrite.size, 16);
	assert_int_equal(contents[12], 9);
	assert_memory_equal(contents + 16, mask, sizeof(mask));
	report = report_of(&job);
	assert_string_equal(report, "rewritten table\n");
	free(report);
	done(&job);
	free(post);
}

/* Of a table of pointers: only those that change, a replaced function by its old address. */
static void test_rewritten_pointer(void **state)
{
	static const char text[] =
		"int exported(const char *, ...); int unexported(int); struct ops { int (*f)(int); };\n"
		"static __attribute__((noinline)) int a(int x) { return unexported(x); }\n"
		"static __attribute__((noinline)) int b(int x) { return unexported(x + 1); }\n"
		"static const struct ops ops[] = { { a }, { b }, { a } };\n"
		"void give(const struct ops **to) { *to = ops; }\n"
		"int both(int x) { return a(x) + b(x); }\n";
	char *table = edit(text, "{ b }, { a }", "{ b }, { b }"), *post;
	const struct elf_section *sec;
	const unsigned char *contents;
	struct ksplice_rewrite rewrite;
	struct job job;

	(void)state;
	post = edit(table, "x + 1", "x + 2");
	run_texts(&job, "c", text, post);
	expect_ok(&job);
	contents = only_rewrite(&job, &rewrite, &sec);
	assert_int_equal(rewrite.size, 24);
	assert_int_equal(contents[24 + 15], 0);
	assert_int_equal(contents[24 + 16], 1);
	assert_int_equal(sec->nr_relocs, 1);
	assert_int_equal(sec->relocs[0].offset, 16);
	assert_int_equal(refs_to(sec, "b.ksplice."), 1);
	assert_null(elf_find_section(job.x.out, ".ksplice.keep"));
	done(&job);
	free(post);
	free(table);

	/* A function of the update's own: whoever has read the pointer may go on using it. */
	table = edit(text, "{ b }, { a }", "{ b }, { c }");
	post = edit(table, "static const struct ops",
		    "static int c(int x) { return unexported(x + 3); }\nstatic const struct ops");
	run_texts(&job, "c", text, post);
	expect_ok(&job);
	only_rewrite(&job, &rewrite, &sec);
	assert_int_equal(sec->nr_relocs, 1);
	assert_ptr_equal(sec->relocs[0].symbol->section, elf_find_section(job.x.out, ".text.c"));
	assert_non_null(elf_find_section(job.x.out, ".ksplice.keep"));
	done(&job);
	free(post);
	free(table);
}

/* A module has one section of per-CPU variables, whatever part of the kernel's they are for. */
static void test_per_cpu(void **state)
{
	static const char variable[] =
		"static __attribute__((section(\".data..percpu..%s\"), aligned(64))) long mine = 3;\n"
		"int changed(int x) { state += mine++; ";
	const struct elf_section *sec;
	struct job job;
	char text[256];

	(void)state;
	snprintf(text, sizeof(text), variable, "shared_aligned");
	run_edit(&job, "int changed(int x) { ", text);
	expect_ok(&job);
	assert_null(elf_find_section(job.x.out, ".data..percpu..shared_aligned"));
	sec = elf_find_section(job.x.out, ".data..percpu");
	assert_non_null(sec);
	assert_int_equal(sec->size, sizeof(long));
	assert_int_equal(sec->align, 64);
	done(&job);
	snprintf(text, sizeof(text), variable, "decrypted");
	run_edit(&job, "int changed(int x) { ", text);
	expect_refused(&job, "mine in section .data..percpu..decrypted", "not known");
}

/* Where no probe may be: what says so of new code comes along, and of no other. */
static void test_no_probes(void **state)
{
	static const char text[] =
		"#define NOKPROBE(name) static unsigned long _kbl_addr_##name "
		"__attribute__((used, section(\"_kprobe_blacklist\"))) = (unsigned long)name;\n"
		"static __attribute__((noipa)) int added(int x) { return x + 1; }\n"
		"NOKPROBE(added) NOKPROBE(changed) NOKPROBE(helper)\n"
		"int changed(int x) { state += added(x); ";
	const struct elf_section *sec;
	struct job job;

	(void)state;
	run_edit(&job, "int changed(int x) { ", text);
	expect_ok(&job);
	sec = elf_find_section(job.x.out, "_kprobe_blacklist");
	assert_non_null(sec);
	assert_int_equal(sec->size, 16);
	assert_int_equal(sec->nr_relocs, 2);
	assert_string_equal(sec->relocs[0].symbol->section->name, ".text.added");
	assert_string_equal(sec->relocs[1].symbol->section->name, ".text.changed");
	done(&job);
}

/* What the module loader finds in a section of pointers comes along; what nobody knows does not. */
static void test_pointers(void **state)
{
	static const char pointers[] =
		"static long mine; extern long *const pointer;\n"
		"long *const pointer __attribute__((section(\"%s\"))) = &mine;\n"
		"int changed(int x) { state += mine++; ";
	const struct elf_section *sec;
	struct job job;
	char text[256];

	(void)state;
	snprintf(text, sizeof(text), pointers, "___srcu_struct_ptrs");
	run_edit(&job, "int changed(int x) { ", text);
	expect_ok(&job);
	sec = elf_find_section(job.x.out, "___srcu_struct_ptrs");
	assert_non_null(sec);
	assert_int_equal(sec->size, 8);
	assert_int_equal(sec->nr_relocs, 1);
	assert_string_equal(sec->relocs[0].symbol->name, "mine");
	done(&job);
	snprintf(text, sizeof(text), pointers, "__strange_ptrs");
	run_edit(&job, "int changed(int x) { ", text);
	expect_refused(&job, "__strange_ptrs has an entry for mine", "not known how");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_kept),	      cmocka_unit_test(test_constant_comes_along),
		cmocka_unit_test(test_new_exit_code), cmocka_unit_test(test_device_table),
		cmocka_unit_test(test_rewritten),     cmocka_unit_test(test_rewritten_pointer),
		cmocka_unit_test(test_per_cpu),	      cmocka_unit_test(test_no_probes),
		cmocka_unit_test(test_pointers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
