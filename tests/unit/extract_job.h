/* SPDX-License-Identifier: GPL-2.0-only */
/* Makes the new code of a small unit, for the tests that look at it. */
#ifndef TESTS_UNIT_EXTRACT_JOB_H
#define TESTS_UNIT_EXTRACT_JOB_H

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
#define IBT	 "-fcf-protection=branch -ftoplevel-reorder "

static const char *more_flags = "";

static const char base[] =
	"extern int exported(const char *, ...); extern int unexported(int);\n"
	"extern int (*hook)(int);\n"
	"static int state; int shared = 5;\n"
	"static __attribute__((noinline)) int helper(int x) { return unexported(x) * 3 + state; }\n"
	"__attribute__((noinline)) int changed(int);\n"
	"int changed(int x) { state += helper(x); exported(\"old\"); return state; }\n"
	"int stays(int x) { return helper(x) + changed(x) + shared; }\n"
	"void brief(void) { }\n";

struct job {
	struct extract x;
	struct symvers *symvers;
	struct error err;
	int rc;
};

static inline char *edit(const char *text, const char *from, const char *to)
{
	const char *at = from ? strstr(text, from) : text + strlen(text);
	size_t len = from ? strlen(from) : 0;
	char *out;

	assert_non_null(at);
	assert_true(asprintf(&out, "%.*s%s%s", (int)(at - text), text, to, at + len) > 0);
	return out;
}

static inline struct unit *open_text(const char *file, const char *text, const char *flags)
{
	struct error err = { 0 };
	struct unit *unit;
	char *path = scratch_object(file, text, flags);

	if (unit_open(path, &unit, &err))
		fail_msg("%s", err.text);
	free(path);
	return unit;
}

static inline void run_texts(struct job *job, const char *extension, const char *pre,
			     const char *post)
{
	char flags[512];
	char *symvers = scratch_path("Module.symvers"), *name, *run;
	FILE *file = fopen(symvers, "we");

	assert_non_null(file);
	fputs("0x00000000\texported\tvmlinux\tEXPORT_SYMBOL\t\n"
	      "0x00000000\t__fentry__\tvmlinux\tEXPORT_SYMBOL\t\n",
	      file);
	assert_int_equal(fclose(file), 0);
	memset(job, 0, sizeof(*job));
	assert_int_equal(symvers_open(symvers, &job->symvers, &job->err), 0);
	assert_true(asprintf(&name, "run.%s", extension) > 0);
	snprintf(flags, sizeof(flags), RUN_FLAGS "%s", more_flags);
	run = scratch_object(name, pre, flags);
	strcat(flags, SECTIONS);
	assert_int_equal(elf_open(run, &job->x.run, &job->err), 0);
	job->x.name = "dir/unit.o";
	job->x.target = "vmlinux";
	job->x.symvers = job->symvers;
	job->x.pre = open_text(name, pre, flags);
	job->x.post = open_text(name, post, flags);
	job->rc = extract_unit(&job->x, "code.o", &job->err);
	free(name);
	free(run);
	free(symvers);
}

static inline void run_edit(struct job *job, const char *from, const char *to)
{
	char *post = edit(base, from, to);

	run_texts(job, "c", base, post);
	free(post);
}

static inline void done(struct job *job)
{
	extract_done(&job->x);
	elf_free(job->x.run);
	unit_free(job->x.pre);
	unit_free(job->x.post);
	symvers_free(job->symvers);
}

static inline void expect_ok(const struct job *job)
{
	if (job->rc)
		fail_msg("%d: %s", job->rc, job->err.text);
}

static inline void expect_refused(struct job *job, const char *what, const char *why)
{
	assert_int_equal(job->rc, -ERROR_REFUSED);
	if (!strstr(job->err.text, what) || !strstr(job->err.text, why))
		fail_msg("%s", job->err.text);
	assert_true(job->err.hint[0]);
	done(job);
}

/* How often does the section refer to a symbol whose name begins so? */
static inline unsigned int refs_to(const struct elf_section *sec, const char *begin)
{
	unsigned int nr = 0;

	assert_non_null(sec);
	for (size_t i = 0; i < sec->nr_relocs; i++)
		nr += !strncmp(sec->relocs[i].symbol->name, begin, strlen(begin));
	return nr;
}

static inline const struct ksplice_func *funcs(const struct job *job, size_t *nr)
{
	const struct elf_section *sec = elf_find_section(job->x.out, KSPLICE_SEC_FUNCS);

	assert_non_null(sec);
	*nr = sec->size / sizeof(struct ksplice_func);
	return (const void *)sec->data;
}

static inline const char *func_name(const struct job *job, size_t index)
{
	const struct elf_section *sec = elf_find_section(job->x.out, KSPLICE_SEC_FUNCS);
	const struct elf_section *names = elf_find_section(job->x.out, KSPLICE_SEC_FUNC_NAMES);
	uint64_t field = index * sizeof(struct ksplice_func) + offsetof(struct ksplice_func, name);

	for (size_t i = 0; i < sec->nr_relocs; i++)
		if (sec->relocs[i].offset == field)
			return (const char *)names->data + sec->relocs[i].addend;
	fail();
	return NULL;
}

#endif
