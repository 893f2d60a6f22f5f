// SPDX-License-Identifier: GPL-2.0-only
/* Units that a patch adds or removes, and what moves between units. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../../objmanip/extract.h"
#include "scratch.h"

#define RUN_FLAGS                                                       \
	"-O2 -fno-pic -mcmodel=kernel -fno-asynchronous-unwind-tables " \
	"-fcf-protection=none -fno-stack-protector -fno-toplevel-reorder "
#define SECTIONS "-ffunction-sections -fdata-sections "

static const char base[] =
	"extern int unexported(int); static int calls; int shared = 5;\n"
	"__attribute__((noinline)) int moving(int x) { calls++; return unexported(x) * 3 + 1; }\n"
	"__attribute__((noinline)) int exported(int x) { return unexported(x) + 7; }\n"
	"static __attribute__((noinline)) int helper(int x) { return unexported(x) - 11; }\n"
	"int stays(int x) { return helper(x) + moving(x) + calls; }\n";

struct job {
	struct extract x;
	struct symvers *symvers;
	struct names *names;
	struct error err;
	int rc;
};

/* A unit of nothing for NULL. */
static struct unit *open_text(const char *file, const char *text)
{
	struct error err = { 0 };
	struct unit *unit;
	char *path;

	if (!text) {
		assert_int_equal(unit_from_elf(elf_new("none", NULL), &unit, &err), 0);
		return unit;
	}
	path = scratch_object(file, text, RUN_FLAGS SECTIONS);
	if (unit_open(path, &unit, &err))
		fail_msg("%s", err.text);
	free(path);
	return unit;
}

static char *write_text(const char *file, const char *text)
{
	char *path = scratch_path(file);
	FILE *out = fopen(path, "we");

	assert_non_null(out);
	fputs(text, out);
	assert_int_equal(fclose(out), 0);
	return path;
}

/* NULL pre: the patch adds the unit; NULL post: it removes it. */
static void run(struct job *job, const char *pre, const char *post, const char *names)
{
	char *symvers =
		write_text("Module.symvers", "0x00000000\texported\tvmlinux\tEXPORT_SYMBOL\t\n");
	char *list = write_text("names", names), *object;

	memset(job, 0, sizeof(*job));
	assert_int_equal(symvers_open(symvers, &job->symvers, &job->err), 0);
	assert_int_equal(names_open(list, &job->names, &job->err), 0);
	if (pre) {
		object = scratch_object("run.c", pre, RUN_FLAGS);
		assert_int_equal(elf_open(object, &job->x.run, &job->err), 0);
		free(object);
	} else {
		job->x.run = elf_new("none", NULL);
	}
	job->x.name = "dir/unit.o";
	job->x.target = "vmlinux";
	job->x.symvers = job->symvers;
	job->x.names = job->names;
	job->x.all_names = job->names;
	job->x.pre = open_text("run.c", pre);
	job->x.post = open_text("run.c", post);
	job->rc = extract_unit(&job->x, "code.o", &job->err);
	free(symvers);
	free(list);
}

static void done(struct job *job)
{
	extract_done(&job->x);
	elf_free(job->x.run);
	unit_free(job->x.pre);
	unit_free(job->x.post);
	symvers_free(job->symvers);
	names_free(job->names);
}

static void expect_ok(const struct job *job)
{
	if (job->rc)
		fail_msg("%d: %s", job->rc, job->err.text);
}

static void expect_refused(struct job *job, const char *what, const char *why)
{
	assert_int_equal(job->rc, -ERROR_REFUSED);
	if (!strstr(job->err.text, what) || !strstr(job->err.text, why))
		fail_msg("%s", job->err.text);
	assert_true(job->err.hint[0]);
	done(job);
}

/* Base without the definition of a function or object; free() it. */
static char *without(const char *begin)
{
	const char *at = strstr(base, begin), *end;
	char *out;

	assert_non_null(at);
	end = strchr(at, '\n') + 1;
	assert_true(asprintf(&out, "int moving(int); int exported(int);\n%.*s%s", (int)(at - base),
			     base, end) > 0);
	return out;
}

/* The entry of that name in .ksplice.funcs; *code: the symbol of its new code, or NULL. */
static const struct ksplice_func *find_func(const struct job *job, const char *name,
					    const struct elf_symbol **code)
{
	const struct elf_section *sec = elf_find_section(job->x.out, KSPLICE_SEC_FUNCS);
	const struct elf_section *names = elf_find_section(job->x.out, KSPLICE_SEC_FUNC_NAMES);
	const struct ksplice_func *found = NULL;

	for (size_t r = 0; r < sec->nr_relocs && !found; r++) {
		const struct elf_reloc *rel = &sec->relocs[r];
		size_t index = rel->offset / sizeof(*found);

		if (rel->symbol == names->symbol &&
		    !strcmp((const char *)names->data + rel->addend, name))
			found = (const struct ksplice_func *)sec->data + index;
	}
	if (!found)
		return NULL;
	*code = NULL;
	for (size_t r = 0; r < sec->nr_relocs; r++)
		if (sec->relocs[r].offset == (size_t)((const unsigned char *)found - sec->data) +
						     offsetof(struct ksplice_func, new_addr))
			*code = sec->relocs[r].symbol;
	return found;
}

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

static void test_added_unit(void **state)
{
	const struct elf_symbol *code, *moving;
	const struct ksplice_func *func;
	struct job job;

	(void)state;
	run(&job, NULL, base, "");
	expect_ok(&job);
	func = find_func(&job, "moving", &code);
	assert_non_null(func);
	assert_int_equal(func->kind, KSPLICE_FUNC_ADDED);
	assert_non_null(find_func(&job, "stays", &code));
	assert_int_equal(find_func(&job, "helper", &code)->kind, KSPLICE_FUNC_ADDED);
	/* Other units of the update find it by its name. */
	moving = elf_find_symbol(job.x.out, "moving");
	assert_int_equal(moving->bind, STB_GLOBAL);
	assert_non_null(moving->section);
	/* What it needs of the kernel is in an image that has nothing else. */
	assert_int_not_equal(image_find_symbol(job.x.image, "unexported"), KSPLICE_NONE);
	assert_null(image_section_at(job.x.image, 0));
	assert_int_equal(image_find_symbol(job.x.image, "helper"), KSPLICE_NONE);
	done(&job);
}

static void test_added_unit_starts(void **state)
{
	struct job job;

	(void)state;
	run(&job, NULL,
	    "int f(void); int f(void) { return 1; }\n"
	    "static int (*call)(void) __attribute__((used, section(\".initcall6.init\"))) = f;\n",
	    "");
	expect_refused(&job, ".initcall6.init", "only at boot");
	run(&job, NULL,
	    "int f(void); int f(void) { return 1; }\n"
	    "int __attribute__((section(\".init.text\"))) init_module(void) { return f(); }\n",
	    "");
	expect_refused(&job, "module_init()", "loaded already");
	run(&job, NULL,
	    "int f(void); int f(void) { return 1; }\n"
	    "void __attribute__((section(\".exit.text\"))) cleanup_module(void) { f(); }\n",
	    "");
	expect_refused(&job, "module_exit()", "loaded already");
}

static void test_removed_unit(void **state)
{
	const struct elf_symbol *code;
	struct job job;

	(void)state;
	/* Nothing of it is left to change, but a task may be inside. */
	run(&job, "int gone(int); int gone(int x) { return x + 1; }\n", NULL, "");
	expect_ok(&job);
	assert_int_equal(find_func(&job, "gone", &code)->kind, KSPLICE_FUNC_OLD_PART);
	done(&job);
}

static void test_removed_function(void **state)
{
	const struct ksplice_func *func;
	const struct elf_symbol *code;
	struct job job;
	char *report;

	(void)state;
	run(&job, base,
	    "extern int unexported(int); static int calls; int shared = 5;\n"
	    "__attribute__((noinline)) int moving(int x) { calls++; return unexported(x) * 3 + 1; }\n"
	    "__attribute__((noinline)) int exported(int x) { return unexported(x) + 7; }\n"
	    "int stays(int x) { return moving(x) + calls; }\n",
	    "");
	expect_ok(&job);
	func = find_func(&job, "helper", &code);
	assert_non_null(func);
	assert_int_equal(func->kind, KSPLICE_FUNC_OLD_PART);
	assert_null(code);
	assert_true(image_symbol_at(job.x.image, func->symbol)->flags & KSPLICE_SYM_NEEDED);
	report = report_of(&job);
	assert_non_null(strstr(report, "removed helper\n"));
	assert_null(strstr(report, "stored helper\n"));
	assert_non_null(strstr(report, "replaced stays\n"));
	free(report);
	done(&job);
}

static void test_removed_callback(void **state)
{
	static const char pre[] = "extern int unexported(int); int (*hook)(int);\n"
				  "static int called(int x) { return unexported(x); }\n"
				  "void arms(void) { hook = called; }\n";
	static const char post[] = "extern int unexported(int); int (*hook)(int);\n"
				   "void arms(void) { hook = unexported; }\n";
	struct job job;
	char *report;

	(void)state;
	run(&job, pre, post, "");
	expect_ok(&job);
	report = report_of(&job);
	assert_non_null(strstr(report, "removed called\n"));
	assert_non_null(strstr(report, "stored called\n"));
	free(report);
	done(&job);
}

static void test_removed_export(void **state)
{
	char *post = without("__attribute__((noinline)) int exported");
	struct job job;

	(void)state;
	run(&job, base, post, "");
	expect_refused(&job, "exported()", "any module may call it");
	/* It has only moved. */
	run(&job, base, post, "dir/other.o\tnew\tfunction\tglobal\t40\texported\n");
	expect_ok(&job);
	done(&job);
	free(post);
}

static void test_moved_function(void **state)
{
	char *post = without("__attribute__((noinline)) int moving");
	const struct ksplice_func *func;
	const struct elf_symbol *code;
	struct job job;
	char *report;

	(void)state;
	run(&job, base, post,
	    "dir/unit.o\tlost\tfunction\tglobal\t32\tmoving\n"
	    "dir/other.o\tnew\tfunction\tglobal\t77\tmoving\n");
	expect_ok(&job);
	func = find_func(&job, "moving", &code);
	assert_non_null(func);
	assert_int_equal(func->kind, KSPLICE_FUNC_REPLACED);
	assert_int_equal(func->new_size, 77);
	assert_non_null(code);
	assert_string_equal(code->name, "moving");
	assert_null(code->section);
	assert_string_equal(image_symbol_name(job.x.image, func->symbol), "moving");
	report = report_of(&job);
	assert_non_null(strstr(report, "replaced moving\n"));
	assert_null(strstr(report, "removed moving"));
	free(report);
	done(&job);

	/* Two units that define it: no linker would take that, and nothing is guessed. */
	run(&job, base, post,
	    "dir/other.o\tnew\tfunction\tglobal\t77\tmoving\n"
	    "dir/third.o\tnew\tfunction\tglobal\t77\tmoving\n");
	expect_ok(&job);
	assert_int_equal(find_func(&job, "moving", &code)->kind, KSPLICE_FUNC_OLD_PART);
	done(&job);
	free(post);
}

/* Who calls it or stores its address means the old one, which leads to the new one. */
static void test_moved_function_used(void **state)
{
	static const char pre[] = "extern int exported(int); extern int (*hook)(int);\n"
				  "int arms(int x) { hook = exported; return x; }\n";
	static const char post[] = "extern int exported(int); extern int (*hook)(int);\n"
				   "int arms(int x) { hook = exported; return exported(x); }\n";
	static const char lost[] = "dir/one.o\tlost\tfunction\tglobal\t77\texported\n";
	static const char both[] = "dir/one.o\tlost\tfunction\tglobal\t77\texported\n"
				   "dir/two.o\tnew\tfunction\tglobal\t78\texported\n";
	struct job job;
	uint32_t index;

	(void)state;
	run(&job, pre, post, lost);
	expect_ok(&job);
	assert_non_null(elf_find_symbol(job.x.out, "exported"));
	done(&job);
	run(&job, pre, post, both);
	expect_ok(&job);
	assert_null(elf_find_symbol(job.x.out, "exported"));
	index = image_find_symbol(job.x.image, "exported");
	assert_int_not_equal(index, KSPLICE_NONE);
	assert_true(image_symbol_at(job.x.image, index)->flags & KSPLICE_SYM_NEEDED);
	done(&job);
}

static void test_moved_variable(void **state)
{
	static const char post[] = "extern int unexported(int); static int state; int shared = 5;\n"
				   "int uses(int x) { state += unexported(x); return state; }\n";
	static const char pre[] = "extern int unexported(int); int shared = 5;\n"
				  "int uses(int x) { return unexported(x); }\n";
	struct job job;

	(void)state;
	run(&job, pre, post, "dir/other.o\tlost\tvariable\tstatic\t4\tstate\n");
	expect_refused(&job, "state", "moves here from dir/other.o");
	/* One of its own unit, or of another name, does not matter; neither does a constant. */
	run(&job, pre, post,
	    "dir/unit.o\tlost\tvariable\tstatic\t4\tstate\n"
	    "dir/other.o\tlost\tvariable\tstatic\t4\tstates\n"
	    "dir/other.o\tlost\tconstant\tglobal\t4\tstate\n");
	expect_ok(&job);
	done(&job);
}

/* Its contents are those that `objmanip names' printed for the unit it was in. */
static void test_moved_global_variable(void **state)
{
	static const char pre[] = "extern int unexported(int); extern int state;\n"
				  "int uses(int x); int uses(int x) { return unexported(x) + state; }\n";
	static const char post[] = "extern int unexported(int); int state = 5; extern void *kept;\n"
				   "int uses(int x); int uses(int x) { kept = &state; return unexported(x); }\n";
	static const char lost[] = "dir/other.o\tlost\tvariable\tglobal\t4\tstate\t1\n";
	static const char *const others[] = {
		"dir/unit.o\tnew\tvariable\tglobal\t4\tstate\t2\n",
		"dir/unit.o\tnew\tvariable\tglobal\t8\tstate\t1\n",
		"dir/unit.o\tnew\tvariable\tglobal\t4\tstate\n",
		"dir/unit.o\tnew\tvariable\tstatic\t4\tstate\n",
		"dir/unit.o\tnew\tvariable\tglobal\t4\tstate\t1\n"
		"dir/another.o\tlost\tvariable\tglobal\t4\tstate\t1\n",
	};
	struct job job;
	uint32_t index;
	char *names;

	(void)state;
	assert_true(asprintf(&names, "%sdir/unit.o\tnew\tvariable\tglobal\t4\tstate\t1\n", lost) > 0);
	run(&job, pre, post, names);
	expect_ok(&job);
	assert_null(elf_find_symbol(job.x.out, "state"));
	index = image_find_symbol(job.x.image, "state");
	assert_int_not_equal(index, KSPLICE_NONE);
	assert_true(image_symbol_at(job.x.image, index)->flags & KSPLICE_SYM_NEEDED);
	/* It is nothing of the update that could be handed out. */
	assert_false(job.x.keep);
	done(&job);
	free(names);
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
		assert_true(asprintf(&names, "%s%s", lost, others[i]) > 0);
		run(&job, pre, post, names);
		expect_refused(&job, "state", "moves here from dir/");
		free(names);
	}
}

/* Undo has to keep what is new and was handed out; what the running kernel has stays anyway. */
static void test_handed_out(void **state)
{
	static const char pre[] = "extern int unexported(int); int uses(int x);\n"
				  "int uses(int x) { return unexported(x); }\n";
	static const char post[] = "extern int unexported(int), taken(void *), elsewhere[2];\n"
				   "extern void moving(void); int uses(int x);\n"
				   "int uses(int x) { taken(elsewhere); taken(moving); return unexported(x); }\n";
	struct job job;

	(void)state;
	run(&job, pre, post, "dir/other.o\tnew\tvariable\tglobal\t8\telsewhere\n");
	expect_ok(&job);
	assert_true(job.x.keep);
	done(&job);
	run(&job, pre, post, "dir/other.o\tnew\tfunction\tglobal\t8\tmoving\n");
	expect_ok(&job);
	assert_true(job.x.keep);
	done(&job);
	run(&job, pre, post,
	    "dir/other.o\tlost\tvariable\tglobal\t8\telsewhere\n"
	    "dir/other.o\tnew\tvariable\tstatic\t8\telsewhere\n"
	    "dir/other.o\tlost\tfunction\tglobal\t8\tmoving\n"
	    "dir/another.o\tnew\tfunction\tglobal\t8\tmoving\n");
	expect_ok(&job);
	assert_false(job.x.keep);
	done(&job);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_added_unit),
		cmocka_unit_test(test_added_unit_starts),
		cmocka_unit_test(test_removed_unit),
		cmocka_unit_test(test_removed_function),
		cmocka_unit_test(test_removed_export),
		cmocka_unit_test(test_moved_function),
		cmocka_unit_test(test_moved_variable),
		cmocka_unit_test(test_moved_global_variable),
		cmocka_unit_test(test_moved_function_used),
		cmocka_unit_test(test_handed_out),
		cmocka_unit_test(test_removed_callback),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
