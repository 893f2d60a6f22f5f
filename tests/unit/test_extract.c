// SPDX-License-Identifier: GPL-2.0-only
/* The new code of small units: what comes along, what it refers to, what is refused. */
#include "../../objmanip/finish.h"
#include "extract_job.h"

static void test_no_change(void **state)
{
	struct job job;

	(void)state;
	run_edit(&job, "int shared", "\n\nint shared");
	assert_int_equal(job.rc, 1);
	assert_null(job.x.out);
	done(&job);
}

static void test_replaced(void **state)
{
	const struct ksplice_func *f;
	const struct elf_section *text;
	struct job job;
	size_t nr;

	(void)state;
	run_edit(&job, "\"old\"", "\"new %d\", shared");
	expect_ok(&job);
	f = funcs(&job, &nr);
	assert_int_equal(nr, 1);
	assert_string_equal(func_name(&job, 0), "changed");
	assert_int_equal(f[0].kind, KSPLICE_FUNC_REPLACED);
	assert_int_equal(f[0].jump_offset, 0);
	/* So far it is no address of code: not for objtool. */
	assert_true(elf_find_section(job.x.out, KSPLICE_SEC_FUNCS)->relocs[0].addend >=
		    FINISH_NEW_ADDR_APART);
	assert_int_equal(f[0].unit_id, image_unit_id("dir/unit.o"));
	assert_string_equal(image_symbol_name(job.x.image, f[0].symbol), "changed");
	assert_true(image_symbol_at(job.x.image, f[0].symbol)->flags & KSPLICE_SYM_NEEDED);
	text = elf_find_section(job.x.out, ".text.changed");
	/* What the running kernel has stays there; what is exported keeps its plain name. */
	assert_int_equal(refs_to(text, "helper.ksplice."), 1);
	assert_true(refs_to(text, "state.ksplice.") >= 2);
	assert_int_equal(refs_to(text, "shared.ksplice."), 1);
	assert_int_equal(refs_to(text, "exported"), 1);
	assert_null(elf_find_section(job.x.out, ".text.helper"));
	assert_null(elf_find_section(job.x.out, ".text.stays"));
	assert_null(elf_find_section(job.x.out, ".bss.state"));
	assert_memory_equal(elf_find_section(job.x.out, ".rodata.str")->data, "new %d", 7);
	assert_null(elf_find_section(job.x.out, ".ksplice.keep"));
	assert_non_null(elf_find_section(job.x.out, KSPLICE_SEC_IMAGE));
	done(&job);
}

static void test_unexported(void **state)
{
	const struct elf_section *text;
	struct job job;

	(void)state;
	run_edit(&job, "* 3", "* 7");
	expect_ok(&job);
	text = elf_find_section(job.x.out, ".text.helper");
	assert_int_equal(refs_to(text, "unexported"), 1);
	assert_int_not_equal(image_find_symbol(job.x.image, "unexported"), KSPLICE_NONE);
	done(&job);
}

static void test_added(void **state)
{
	struct job job;
	size_t nr;

	(void)state;
	run_edit(
		&job, "int changed(int x) {",
		"static int calls = 7; int fresh = 2;\n"
		"static __attribute__((noinline)) int extra(int x) { return exported(\"n\") + ++calls - x; }\n"
		"int changed(int x) { state += extra(x) + fresh;");
	expect_ok(&job);
	funcs(&job, &nr);
	assert_int_equal(nr, 2);
	assert_non_null(elf_find_section(job.x.out, ".data.calls"));
	assert_int_equal(elf_find_section(job.x.out, ".data.calls")->data[0], 7);
	/* New globals bind with other units' new code; the rest is the unit's own. */
	assert_int_equal(elf_find_symbol(job.x.out, "fresh")->bind, STB_GLOBAL);
	assert_int_equal(elf_find_symbol(job.x.out, "calls")->bind, STB_LOCAL);
	assert_int_equal(elf_find_symbol(job.x.out, "changed")->bind, STB_LOCAL);
	assert_int_equal(refs_to(elf_find_section(job.x.out, ".text.changed"), "extra"), 1);
	assert_null(elf_find_section(job.x.out, ".ksplice.keep"));
	done(&job);
}

static void test_stored_address(void **state)
{
	struct job job;

	(void)state;
	run_edit(&job, "int changed(int x) {",
		 "static __attribute__((noinline)) int extra(int x) { return x - 1; }\n"
		 "int changed(int x) { hook = extra;");
	expect_ok(&job);
	assert_non_null(elf_find_section(job.x.out, ".ksplice.keep"));
	done(&job);

	/* Objects that live on may be linked into a new list. */
	run_edit(&job, "int changed(int x) {",
		 "static void *list[2] = { list, list };\n"
		 "int changed(int x) { state += list[1] == list;");
	expect_ok(&job);
	assert_non_null(elf_find_section(job.x.out, ".ksplice.keep"));
	done(&job);

	/* A replaced function is known by its old address: nothing to keep. */
	run_edit(&job, "int changed(int x) {",
		 "int changed(int x) { hook = helper; hook = changed;");
	expect_ok(&job);
	assert_null(elf_find_section(job.x.out, ".ksplice.keep"));
	assert_int_equal(refs_to(elf_find_section(job.x.out, ".text.changed"), "changed.ksplice."),
			 1);
	done(&job);
}

static void test_too_short(void **state)
{
	struct job job;

	(void)state;
	run_edit(&job, "brief(void) { }", "brief(void) { exported(\"x\"); }");
	expect_refused(&job, "brief()", "too short");
}

static void test_other_inlining(void **state)
{
	struct job job;

	(void)state;
	run_edit(&job, "\"old\"", "\"new\"");
	expect_ok(&job);
	extract_done(&job.x);
	/* RUN from another source. */
	elf_free(job.x.run);
	char *path = scratch_object("other.c", "int g(void) { return 1; }", RUN_FLAGS);

	assert_int_equal(elf_open(path, &job.x.run, &job.err), 0);
	job.rc = extract_unit(&job.x, "code.o", &job.err);
	free(path);
	expect_refused(&job, "brief()", "only in the object");
}

static void test_init_data(void **state)
{
	struct job job;
	static const char text[] = "__attribute__((section(\".init.data\"))) int early = 4;\n"
				   "extern int unexported(int);\n"
				   "int user(int x) { return unexported(x) + 1; }\n";
	char *post = edit(text, "+ 1", "+ early");

	(void)state;
	run_texts(&job, "c", text, post);
	expect_refused(&job, "early", "freed");
	free(post);
}

static void test_unknown_section(void **state)
{
	struct job job;

	(void)state;
	run_edit(&job, "int changed(int x) {",
		 "static int odd __attribute__((section(\".strange\"))) = 1;\n"
		 "int changed(int x) { state += odd++;");
	expect_refused(&job, "odd", ".strange");
}

static const char assembler[] =
	".section .text.f,\"ax\"\n.globl f\n.type f,@function\n"
	"f: call __fentry__\n1: .byte 0x0f,0x1f,0x44,0,0\n mov $1,%eax\n2: jmp f.cold\n.size f,.-f\n"
	".section .text.unlikely.f,\"ax\"\n.type f.cold,@function\n"
	"f.cold: mov $2,%eax\n jmp 2b\n.size f.cold,.-f.cold\n"
	".section __jump_table,\"aw\"\n .long 1b - .\n .long 2b - .\n .quad key - .\n"
	".section __ex_table,\"a\"\n .long 1b - .\n .long 2b - .\n .long 1\n"
	".section .data.key,\"aw\"\n.type key,@object\nkey: .quad 0\n.size key,8\n"
	".section .sched.text,\"ax\"\n.type a,@function\n"
	"a: call b\n xor %ecx,%ecx\n ret\n.size a,.-a\n"
	".type b,@function\nb: xor %eax,%eax\n ret\n nop\n nop\n nop\n.size b,.-b\n";

static void test_tables(void **state)
{
	char *post = edit(assembler, "mov $1,", "mov $3,");
	const struct elf_section *table;
	const struct ksplice_func *f;
	struct job job;
	size_t nr;

	(void)state;
	run_texts(&job, "s", assembler, post);
	expect_ok(&job);
	f = funcs(&job, &nr);
	assert_int_equal(nr, 2);
	assert_int_equal(f[0].kind, KSPLICE_FUNC_REPLACED);
	/* After the fentry call, onto a jump label: only ftrace can redirect it. */
	assert_int_equal(f[0].jump_offset, 5);
	assert_int_equal(f[0].flags, KSPLICE_FUNC_FTRACE);
	assert_int_equal(f[1].kind, KSPLICE_FUNC_OLD_PART);
	assert_string_equal(func_name(&job, 1), "f.cold");
	table = elf_find_section(job.x.out, "__jump_table");
	assert_int_equal(table->size, 16);
	assert_ptr_equal(table->relocs[0].symbol->section, elf_find_section(job.x.out, ".text.f"));
	assert_int_equal(table->relocs[0].addend, 5);
	assert_int_equal(refs_to(table, "key.ksplice."), 1);
	assert_int_equal(elf_find_section(job.x.out, "__ex_table")->size, 12);
	assert_non_null(elf_find_section(job.x.out, ".text.unlikely.f"));
	assert_null(elf_find_section(job.x.out, ".sched.text"));
	done(&job);
	free(post);
}

static void test_shared_section(void **state)
{
	char *post = edit(assembler, "xor %ecx,%ecx", "xor %edx,%edx");
	const struct elf_section *text;
	struct job job;

	(void)state;
	run_texts(&job, "s", assembler, post);
	expect_ok(&job);
	text = elf_find_section(job.x.out, ".sched.text");
	assert_non_null(text);
	/* Only a: its call of b, which the assembler had resolved, is a reference now. */
	assert_int_equal(text->size, 8);
	assert_int_equal(refs_to(text, "b.ksplice."), 1);
	assert_null(elf_find_section(job.x.out, "__jump_table"));
	done(&job);
	free(post);
}

static void test_alternative(void **state)
{
	static const char pre[] =
		".section .text.f,\"ax\"\n.globl f\n.type f,@function\n"
		"f: mov $1,%eax\n1: call hidden\n2: call exported\n ret\n.size f,.-f\n"
		".section .altinstr_replacement,\"ax\"\n3: call hidden\n4:\n"
		".section .altinstructions,\"a\"\n .long 1b - .\n .long 3b - .\n .word 1\n"
		" .byte 2b - 1b\n .byte 4b - 3b\n"
		" .long 2b - .\n .long 4b - .\n .word 1\n .byte 5\n .byte 0\n";
	char *post = edit(pre, "$1", "$2");
	struct job job;

	(void)state;
	run_texts(&job, "s", pre, post);
	expect_ok(&job);
	/* Patched before our relocations: both calls go through a stub. */
	assert_int_equal(refs_to(elf_find_section(job.x.out, ".text.f"), "hidden.stub"), 1);
	assert_int_equal(refs_to(elf_find_section(job.x.out, ".text.f"), "exported"), 1);
	assert_int_equal(
		refs_to(elf_find_section(job.x.out, ".altinstr_replacement"), "hidden.stub"), 1);
	assert_int_equal(elf_find_section(job.x.out, ".text.ksplice_stubs")->size, 5);
	assert_int_equal(elf_find_section(job.x.out, ".altinstructions")->size, 24);
	done(&job);
	free(post);
}

static void test_dead_call(void **state)
{
	static const char pre[] =
		"int booting; __attribute__((section(\".init.text\"), noinline)) void once(void)"
		" { booting++; }\n"
		"void f(int x) { if (booting == 1) once(); booting += 5 * x; }\n";
	char *post = edit(pre, "5 *", "7 *");
	struct job job;

	(void)state;
	run_texts(&job, "c", pre, post);
	expect_ok(&job);
	assert_int_equal(refs_to(elf_find_section(job.x.out, ".text.f"), "once.freed"), 1);
	done(&job);
	free(post);
	/* Where it was not called before, it must not be called now. */
	post = edit(pre, "booting += 5", "once(); booting += 5");
	char *plain = edit(pre, "if (booting == 1) once();", "");
	run_texts(&job, "c", plain, post);
	expect_refused(&job, "once", "freed");
	free(plain);
	free(post);
}

static void test_short_branch(void **state)
{
	static const char pre[] =
		".section .sched.text,\"ax\"\n.type a,@function\n"
		"a: mov $1,%eax\n jmp b\n.size a,.-a\n.type c,@function\nc: nop\n ret\n.size c,.-c\n"
		".type b,@function\nb: xor %eax,%eax\n ret\n.size b,.-b\n";
	char *post = edit(pre, "$1", "$2");
	const struct ksplice_func *f;
	const struct elf_section *text;
	struct job job;
	size_t nr;

	(void)state;
	/* Something between the two does not change them. */
	char *other = edit(pre, "c: nop", "c: nop\n nop");

	run_texts(&job, "s", pre, other);
	assert_false(unit_find(job.x.post, "a")->changed);
	done(&job);
	free(other);

	run_texts(&job, "s", pre, post);
	expect_ok(&job);
	text = elf_find_section(job.x.out, ".sched.text");
	assert_int_equal(text->size, 12);
	assert_memory_equal(text->data, "\xb8\2\0\0\0\xeb\0\xe9\0\0\0\0", 12);
	assert_int_equal(refs_to(text, "b.ksplice."), 1);
	f = funcs(&job, &nr);
	assert_int_equal(f[0].new_size, 12);
	done(&job);
	free(post);
}

static void test_became_global(void **state)
{
	struct job job;

	(void)state;
	run_edit(&job, "static __attribute__((noinline)) int helper", "int helper");
	expect_ok(&job);
	assert_int_equal(elf_find_symbol(job.x.out, "helper")->bind, STB_GLOBAL);
	done(&job);
}

static void test_unknown_table(void **state)
{
	char *pre = edit(assembler, NULL, ".section .new_table,\"a\"\n .long 1b - .\n");
	char *post = edit(pre, "mov $1,", "mov $3,");
	struct job job;

	(void)state;
	run_texts(&job, "s", pre, post);
	expect_refused(&job, ".new_table", "f()");
	free(pre);
	free(post);
}

/* The kernel fills these in at boot, in its own code only. */
static void test_runtime_constant(void **state)
{
	static const char pre[] =
		"static void *table; extern unsigned long limit; unsigned long other(void);\n"
		"void set(void *to) { table = to; }\n"
		"unsigned long use(void) { unsigned long a, b, c = 7;\n"
		"asm(\"mov %1, %0\\n1: .pushsection runtime_ptr_table, \\\"a\\\"\\n\"\n"
		"\".long 1b - 8 - .\\n.popsection\" : \"=r\"(a) : \"i\"(0x0123456789abcdefUL));\n"
		"asm(\"mov %1, %0\\n1: .pushsection runtime_ptr_limit, \\\"a\\\"\\n\"\n"
		"\".long 1b - 8 - .\\n.popsection\" : \"=r\"(b) : \"i\"(0x0123456789abcdefUL));\n"
		"asm(\"shrl $12, %k0\\n1: .pushsection runtime_shift_bits, \\\"a\\\"\\n\"\n"
		"\".long 1b - 1 - .\\n.popsection\" : \"+r\"(c));\n"
		"return a + b + c + 1; }\n";
	static const struct {
		const char *name;
		uint32_t type;
		unsigned char blank;
	} expected[] = {
		{ "table", KSPLICE_RUNTIME_PTR, 0xef },
		{ "limit", KSPLICE_RUNTIME_PTR, 0xef },
		{ "bits", KSPLICE_RUNTIME_SHIFT, KSPLICE_RUNTIME_SHIFT_BLANK },
	};
	char *post = edit(pre, "c + 1", "c + 2");
	const struct ksplice_reloc *relocs;
	const struct elf_section *sec;
	struct job job;

	(void)state;
	run_texts(&job, "c", pre, post);
	expect_ok(&job);
	assert_null(elf_find_section(job.x.out, "runtime_ptr_table"));
	sec = elf_find_section(job.x.out, KSPLICE_SEC_RELOCS);
	assert_non_null(sec);
	assert_int_equal(sec->size, 3 * sizeof(*relocs));
	assert_int_equal(sec->nr_relocs, 3);
	relocs = (const void *)sec->data;
	for (size_t i = 0; i < 3; i++) {
		const struct elf_reloc *place = &sec->relocs[i];
		size_t e = 0;

		while (e < 3 &&
		       strcmp(image_symbol_name(job.x.image, relocs[i].symbol), expected[e].name))
			e++;
		assert_true(e < 3);
		assert_int_equal(relocs[i].type, expected[e].type);
		assert_true(image_symbol_at(job.x.image, relocs[i].symbol)->flags &
			    KSPLICE_SYM_NEEDED);
		assert_int_equal(place->offset, i * sizeof(*relocs));
		assert_int_equal(place->symbol->section->data[place->symbol->value + place->addend],
				 expected[e].blank);
	}
	free(post);
	done(&job);
}

static const struct elf_section *code_of(const struct job *job, const char *name)
{
	const struct elf_section *sec = elf_find_section(job->x.out, name);

	if (!sec)
		fail_msg("no section %s", name);
	return sec;
}

/* A function whose address nobody took begins without ENDBR, or the kernel took it away. */
static void test_new_address(void **state)
{
	static const unsigned char endbr[] = { 0xf3, 0x0f, 0x1e, 0xfa };
	const struct elf_section *sec;
	struct job job;

	(void)state;
	more_flags = IBT;
	run_edit(&job, "state += helper(x);",
		 "state += helper(x); extern int stays(int); hook = stays;");
	expect_ok(&job);
	sec = code_of(&job, ".text.ksplice_stubs");
	assert_memory_equal(sec->data, endbr, sizeof(endbr));
	assert_int_equal(refs_to(sec, "stays" KSPLICE_UNDEF_MARK), 1);
	/* Other units may point to a global one: the address is the real one where it can be. */
	assert_int_equal(refs_to(code_of(&job, ".text.changed"), "stays" KSPLICE_UNDEF_MARK), 1);
	assert_true(job.x.keep);
	done(&job);

	/* A static one gets an ENDBR by the change itself: the new one is meant. */
	run_edit(&job, "state += helper(x);", "state += helper(x); hook = helper;");
	expect_ok(&job);
	assert_memory_equal(code_of(&job, ".text.helper")->data, endbr, sizeof(endbr));
	assert_null(elf_find_section(job.x.out, ".text.ksplice_stubs"));
	assert_true(job.x.keep);
	done(&job);
	more_flags = "";

	/* Without IBT, the old address is as good as ever. */
	run_edit(&job, "state += helper(x);",
		 "state += helper(x); extern int stays(int); hook = stays;");
	expect_ok(&job);
	assert_null(elf_find_section(job.x.out, ".text.ksplice_stubs"));
	done(&job);
}

static void test_written(void **state)
{
	char *path = scratch_path("code.o");
	struct elf_file *again = NULL;
	struct job job;

	(void)state;
	run_edit(&job, "\"old\"", "\"new\"");
	expect_ok(&job);
	assert_int_equal(elf_write(job.x.out, path, &job.err), 0);
	assert_int_equal(elf_open(path, &again, &job.err), 0);
	elf_free(again);
	done(&job);
	free(path);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_no_change),      cmocka_unit_test(test_replaced),
		cmocka_unit_test(test_unexported),     cmocka_unit_test(test_added),
		cmocka_unit_test(test_stored_address),

		cmocka_unit_test(test_too_short),      cmocka_unit_test(test_other_inlining),
		cmocka_unit_test(test_init_data),      cmocka_unit_test(test_unknown_section),
		cmocka_unit_test(test_tables),	       cmocka_unit_test(test_shared_section),
		cmocka_unit_test(test_alternative),    cmocka_unit_test(test_dead_call),
		cmocka_unit_test(test_short_branch),   cmocka_unit_test(test_became_global),
		cmocka_unit_test(test_unknown_table),  cmocka_unit_test(test_runtime_constant),

		cmocka_unit_test(test_new_address),    cmocka_unit_test(test_written),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
