// SPDX-License-Identifier: GPL-2.0-only
/* Candidate tables: which entries get in, their order, and damaged images. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Before cmocka.h, which makes `fail' a macro. */
#include "bin/candidates.h"
#include "kmodsrc/ksplice_format.h"

#include <cmocka.h>

enum {
	SECTION, LOCAL, GLOBAL, PERCPU, ABSOLUTE, START, HELP, MAYBE, WEAK, EXTERN, UNNAMED,
	NR_SYMBOLS
};

struct image {
	struct ksplice_image head;
	struct ksplice_section sections[2];
	struct ksplice_symbol symbols[NR_SYMBOLS];
	char strings[80];
} __attribute__((aligned(16)));

/* Offsets of the names in `strings'. */
static const char strings[80] = "\0local\0global\0percpu\0ext\0.text\0.init.text\0start\0help\0maybe\0weak";
enum {
	NAME_LOCAL = 1, NAME_GLOBAL = 7, NAME_PERCPU = 14, NAME_EXT = 21, NAME_TEXT = 25,
	NAME_INIT_TEXT = 31, NAME_START = 42, NAME_HELP = 48, NAME_MAYBE = 53, NAME_WEAK = 59,
};

static struct image make_image(uint32_t unit_id)
{
	struct image image = {
		.head = {
			.magic = KSPLICE_IMAGE_MAGIC,
			.version = KSPLICE_FORMAT_VERSION,
			.size = sizeof(image),
			.unit_id = unit_id,
			.nr_sections = 2,
			.sections_off = offsetof(struct image, sections),
			.nr_symbols = NR_SYMBOLS,
			.symbols_off = offsetof(struct image, symbols),
			.strings_off = offsetof(struct image, strings),
			.strings_size = sizeof(image.strings),
		},
		.sections = {
			[0] = { .name = NAME_TEXT, .kind = KSPLICE_TEXT },
			[1] = { .name = NAME_INIT_TEXT, .kind = KSPLICE_FREED },
		},
		.symbols = {
			[SECTION] = { .name = NAME_TEXT, .type = KSPLICE_SYM_SECTION },
			[LOCAL] = { .name = NAME_LOCAL, .type = KSPLICE_SYM_FUNC },
			[GLOBAL] = { .name = NAME_GLOBAL, .flags = KSPLICE_SYM_GLOBAL },
			[PERCPU] = { .name = NAME_PERCPU, .flags = KSPLICE_SYM_PERCPU },
			[ABSOLUTE] = { .name = NAME_LOCAL, .section = KSPLICE_ABS },
			[START] = { .name = NAME_START, .section = 1, .flags = KSPLICE_SYM_GLOBAL },
			[HELP] = { .name = NAME_HELP, .section = 1 },
			[MAYBE] = { .name = NAME_MAYBE, .section = 1, .flags = KSPLICE_SYM_WEAK },
			[WEAK] = { .name = NAME_WEAK, .flags = KSPLICE_SYM_WEAK },
			[EXTERN] = { .name = NAME_EXT, .section = KSPLICE_EXTERN },
			[UNNAMED] = { .section = 1, .type = KSPLICE_SYM_SECTION },
		},
	};

	memcpy(image.strings, strings, sizeof(strings));
	return image;
}

static const char kallsyms_text[] = "0000000000001000 A percpu\n"
				    "ffffffff81000200 t local\n"
				    "ffffffff81000100 t local\n"
				    "ffffffff81000100 t local\n"
				    "ffffffff81000300 T global\n"
				    "ffffffff81000400 T ext\n"
				    "ffffffff81000500 t ext\n"
				    "ffffffff81000600 T .text\n"
				    "ffffffff81000700 T _stext\n"
				    "ffffffffc0000100 t local\t[mod]\n"
				    "ffffffffc0000200 t ext\t[mod]\n"
				    "ffffffffc0000300 T ext\t[other]\n"
				    "ffffffffc0000400 t ext\t[other]\n";

/* Reads the text, and `more` lines. */
static void read_kallsyms(struct kallsyms *k, const char *more)
{
	char path[] = "/tmp/test_candidates.XXXXXX";
	int fd = mkstemp(path);
	struct failure f = { 0 };

	assert_true(fd >= 0);
	assert_true(write(fd, kallsyms_text, sizeof(kallsyms_text) - 1) > 0);
	assert_true(write(fd, more, strlen(more)) >= 0);
	close(fd);
	assert_int_equal(kallsyms_read(k, path, &f), 0);
	unlink(path);
}

static struct ksplice_candidates *make_freed(const void *images, size_t size, const char *target,
					     const char *more, const struct freed *freed)
{
	struct kallsyms *k = kallsyms_new();
	struct failure f = { 0 };
	void *blob = NULL;
	size_t blob_size;

	assert_int_equal(candidates_want(k, images, size, &f), 0);
	read_kallsyms(k, more);
	assert_int_equal(candidates_make(k, freed, images, size, "3f2a", target, &blob, \
&blob_size, &f),
			 0);
	kallsyms_free(k);
	assert_int_equal(((struct ksplice_candidates *)blob)->size, blob_size);
	return blob;
}

static struct ksplice_candidates *make(const void *images, size_t size, const char *target,
				       const char *more)
{
	return make_freed(images, size, target, more, NULL);
}

static void expect(const struct ksplice_candidate *c, uint32_t unit, uint32_t symbol,
		   uint64_t address)
{
	assert_int_equal(c->unit_id, unit);
	assert_int_equal(c->symbol, symbol);
	assert_int_equal(c->address, address);
}

static void for_vmlinux(void **state)
{
	struct image images[2] = { make_image(9), make_image(3) };
	struct ksplice_candidates *c = make(images, sizeof(images), "vmlinux", "");
	const struct ksplice_candidate *e = (void *)(c + 1);

	assert_int_equal(c->magic, KSPLICE_CANDIDATES_MAGIC);
	assert_int_equal(c->version, KSPLICE_FORMAT_VERSION);
	assert_string_equal(c->id, "3f2a");
	assert_string_equal(c->target, "vmlinux");
	/* Ascending, nothing twice, nothing of modules. */
	assert_int_equal(c->nr_entries, 12);
	expect(e++, 3, LOCAL, 0xffffffff81000100);
	expect(e++, 3, LOCAL, 0xffffffff81000200);
	expect(e++, 3, GLOBAL, 0xffffffff81000300);
	expect(e++, 3, PERCPU, 0x1000);
	expect(e++, 3, EXTERN, 0xffffffff81000400);
	expect(e++, 3, EXTERN, 0xffffffff81000500);
	expect(e++, 9, LOCAL, 0xffffffff81000100);
	free(c);
}

/* Where the kernel has what a per-CPU variable begins with: a name that only the linker knew. */
static void for_initial_percpu(void **state)
{
	static const char load[] = "ffffffff82000000 D __per_cpu_load\n";
	struct image image = make_image(9);
	struct ksplice_candidates *c;
	const struct ksplice_candidate *e;

	(void)state;
	strcpy(image.strings + NAME_EXT, "init_per_cpu__percpu");
	image.symbols[SECTION].name = 0;
	c = make(&image, sizeof(image), "vmlinux", load);
	e = (void *)(c + 1);
	expect(&e[c->nr_entries - 1], 9, EXTERN, 0xffffffff82001000);
	free(c);
	c = make(&image, sizeof(image), "mod", load);
	e = (void *)(c + 1);
	assert_int_not_equal(e[c->nr_entries - 1].symbol, EXTERN);
	free(c);
}

static void for_a_module(void **state)
{
	struct image image = make_image(9);
	struct ksplice_candidates *c = make(&image, sizeof(image), "mod", "");
	const struct ksplice_candidate *e = (void *)(c + 1);

	/* Definitions lie in the module; externs there, in a global of vmlinux, or in another. */
	assert_int_equal(c->nr_entries, 5);
	expect(e++, 9, LOCAL, 0xffffffffc0000100);
	expect(e++, 9, EXTERN, 0xffffffff81000400);
	expect(e++, 9, EXTERN, 0xffffffffc0000200);
	expect(e++, 9, EXTERN, 0xffffffffc0000300);
	expect(e++, 9, EXTERN, 0xffffffffc0000400);
	free(c);
}

/* Where kallsyms has labels of exports, an extern of a module is its own or what is exported. */
static void for_a_module_with_exports(void **state)
{
	struct image image = make_image(9);
	struct ksplice_candidates *c = make(&image, sizeof(image), "mod",
					    "ffffffffc0000500 t ext\t[third]\n"
					    "ffffffffc0000600 r __ksymtab_ext\t[other]\n"
					    "ffffffffc0000700 r __ksymtab_local\t[third]\n");
	const struct ksplice_candidate *e = (void *)(c + 1);

	assert_int_equal(c->nr_entries, 4);
	expect(e++, 9, LOCAL, 0xffffffffc0000100);
	expect(e++, 9, EXTERN, 0xffffffffc0000200);
	expect(e++, 9, EXTERN, 0xffffffffc0000300);
	expect(e++, 9, EXTERN, 0xffffffffc0000400);
	free(c);
	c = make(&image, sizeof(image), "mod", "ffffffff81000800 r __ksymtab_ext\n");
	e = (void *)(c + 1);
	assert_int_equal(c->nr_entries, 3);
	expect(e++, 9, LOCAL, 0xffffffffc0000100);
	expect(e++, 9, EXTERN, 0xffffffff81000400);
	expect(e++, 9, EXTERN, 0xffffffffc0000200);
	free(c);
}

/* ---- what a module has freed ------------------------------------------------ */

#define INIT_TEXT 0xffffffffc0700000UL
#define INIT_DATA 0xffffffffc0701000UL

static struct freed_section freed_sections[] = {
	{ (char *)".init.text", INIT_TEXT, 4096 },
	{ (char *)".init.data", INIT_DATA, 256 },
};

/* In the order of their names: each name that the image has, static and global. */
static struct freed_symbol freed_symbols[] = {
	{ (char *)"ext", INIT_TEXT + 16, false },    { (char *)"ext", INIT_TEXT + 32, true },
	{ (char *)"help", INIT_TEXT + 48, false },   { (char *)"help", INIT_TEXT + 64, true },
	{ (char *)"help", INIT_TEXT + 80, false },   { (char *)"local", INIT_TEXT + 96, false },
	{ (char *)"maybe", INIT_TEXT + 112, true },  { (char *)"maybe", INIT_TEXT + 120, false },
	{ (char *)"start", INIT_TEXT + 128, true },  { (char *)"start", INIT_TEXT + 144, false },
	{ (char *)"weak", INIT_TEXT + 160, true },
};

static void expect_freed(const struct ksplice_candidates *c, uint32_t i, uint32_t symbol,
			 uint64_t address, uint64_t size)
{
	const struct ksplice_candidate *entries = (void *)(c + 1);
	const struct ksplice_freed *f = (const void *)(entries + c->nr_entries);

	assert_in_range(i, 0, c->nr_freed - 1);
	assert_int_equal(f[i].unit_id, 9);
	assert_int_equal(f[i].symbol, symbol);
	assert_int_equal(f[i].address, address);
	assert_int_equal(f[i].size, size);
}

/* By the file: a global symbol for one, a static one for the other, and both for nobody. */
static void freed_by_name(void **state)
{
	const struct freed freed = {
		.sections = freed_sections, .nr_sections = 2, .symbols = freed_symbols,
		.nr_symbols = 11, .has_sections = true, .has_symbols = true,
	};
	struct image image = make_image(9);
	struct ksplice_candidates *c = make_freed(&image, sizeof(image), "mod", "", &freed);

	assert_int_equal(c->flags, KSPLICE_CANDIDATES_FREED);
	assert_int_equal(c->nr_entries, 5);
	assert_int_equal(c->nr_freed, 7);
	expect_freed(c, 0, START, INIT_TEXT + 128, 1);
	expect_freed(c, 1, HELP, INIT_TEXT + 48, 1);
	expect_freed(c, 2, HELP, INIT_TEXT + 80, 1);
	expect_freed(c, 3, MAYBE, INIT_TEXT + 112, 1);
	expect_freed(c, 4, WEAK, INIT_TEXT + 160, 1);
	expect_freed(c, 5, EXTERN, INIT_TEXT + 32, 1);
	expect_freed(c, 6, UNNAMED, INIT_TEXT, 4096);
	free(c);
}

/* Without the file: the section of that name, and for another unit's any. */
static void freed_by_section(void **state)
{
	const struct freed freed = {
		.sections = freed_sections, .nr_sections = 2, .has_sections = true,
	};
	struct image image = make_image(9);
	struct ksplice_candidates *c = make_freed(&image, sizeof(image), "mod", "", &freed);

	assert_int_equal(c->flags, KSPLICE_CANDIDATES_FREED);
	assert_int_equal(c->nr_freed, 6);
	expect_freed(c, 0, START, INIT_TEXT, 4096);
	expect_freed(c, 1, HELP, INIT_TEXT, 4096);
	expect_freed(c, 2, MAYBE, INIT_TEXT, 4096);
	expect_freed(c, 3, EXTERN, INIT_TEXT, 4096);
	expect_freed(c, 4, EXTERN, INIT_DATA, 256);
	expect_freed(c, 5, UNNAMED, INIT_TEXT, 4096);
	free(c);
	/* A section that the module has under no such name: it was one of them. */
	strcpy(image.strings + NAME_INIT_TEXT, ".init.mine");
	c = make_freed(&image, sizeof(image), "mod", "", &freed);
	assert_int_equal(c->nr_freed, 10);
	expect_freed(c, 0, START, INIT_TEXT, 4096);
	expect_freed(c, 1, START, INIT_DATA, 256);
	free(c);
}

/* Nothing is said where nothing is known; the kernel must not take that for all. */
static void freed_by_nothing(void **state)
{
	const struct freed freed = { .sections = freed_sections, .nr_sections = 2 };
	struct image image = make_image(9);
	struct ksplice_candidates *c = make_freed(&image, sizeof(image), "mod", "", &freed);

	assert_int_equal(c->flags, 0);
	assert_int_equal(c->nr_freed, 0);
	free(c);
	c = make(&image, sizeof(image), "vmlinux", "");
	assert_int_equal(c->flags, 0);
	assert_int_equal(c->nr_freed, 0);
	free(c);
}

static void finds_nothing_twice(void **state)
{
	struct freed_symbol twice[] = { { (char *)"start", INIT_TEXT + 128, true },
					{ (char *)"start", INIT_TEXT + 128, true } };
	const struct freed freed = {
		.symbols = twice, .nr_symbols = 2, .has_sections = true, .has_symbols = true,
	};
	struct image image = make_image(9);
	struct ksplice_candidates *c = make_freed(&image, sizeof(image), "mod", "", &freed);

	assert_int_equal(c->nr_freed, 1);
	expect_freed(c, 0, START, INIT_TEXT + 128, 1);
	free(c);
}

static void for_the_core(void **state)
{
	struct kallsyms *k = kallsyms_new();
	struct failure f = { 0 };
	struct ksplice_candidates *c;
	void *blob = NULL;
	size_t size;

	assert_int_equal(candidates_want_core(k, &f), 0);
	read_kallsyms(k, "");
	assert_int_equal(candidates_make_core(k, &blob, &size, &f), 0);
	c = blob;
	assert_string_equal(c->id, "");
	assert_int_equal(c->nr_entries, 1);
	expect((void *)(c + 1), 0, KSPLICE_CORE__stext, 0xffffffff81000700);
	free(blob);
	kallsyms_free(k);
}

static void refuse(const void *images, size_t size)
{
	struct kallsyms *k = kallsyms_new();
	struct failure f = { 0 };

	assert_int_equal(candidates_want(k, images, size, &f), -1);
	assert_string_equal(f.code, "bad_update");
	kallsyms_free(k);
}

static void refuses_damaged_images(void **state)
{
	struct image image = make_image(9);

	refuse(NULL, 0);
	for (size_t size = 0; size < sizeof(image); size++) {
		/* A copy of just that size, so that a read beyond is seen. */
		void *copy = malloc(size ? size : 1);

		memcpy(copy, &image, size);
		refuse(copy, size);
		free(copy);
	}
#define REFUSE_WITH(field, value)              \
	do {                                   \
		image = make_image(9);         \
		image.field = value;           \
		refuse(&image, sizeof(image)); \
	} while (0)
	REFUSE_WITH(head.magic, 0);
	REFUSE_WITH(head.version, KSPLICE_FORMAT_VERSION + 1);
	REFUSE_WITH(head.size, 0);
	REFUSE_WITH(head.size, 8);
	REFUSE_WITH(head.size, sizeof(image) - 1);
	REFUSE_WITH(head.size, 0xfffffff0);
	REFUSE_WITH(head.nr_symbols, 0xffffffff);
	REFUSE_WITH(head.nr_symbols, sizeof(image));
	REFUSE_WITH(head.symbols_off, 0xffffffff);
	REFUSE_WITH(head.symbols_off, 3);
	REFUSE_WITH(head.strings_off, sizeof(image));
	REFUSE_WITH(head.strings_size, 0);
	REFUSE_WITH(head.strings_size, 0xffffffff);
	REFUSE_WITH(symbols[EXTERN].name, 80);
	REFUSE_WITH(symbols[EXTERN].section, 2);
	REFUSE_WITH(sections[1].name, 80);
	REFUSE_WITH(head.nr_sections, 0xffffffff);
	REFUSE_WITH(head.sections_off, 3);
	REFUSE_WITH(head.sections_off, sizeof(image));
	REFUSE_WITH(strings[79], 'x');
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(for_vmlinux),
		cmocka_unit_test(for_initial_percpu),
		cmocka_unit_test(for_a_module),
		cmocka_unit_test(for_a_module_with_exports),
		cmocka_unit_test(freed_by_name),
		cmocka_unit_test(freed_by_section),
		cmocka_unit_test(freed_by_nothing),
		cmocka_unit_test(finds_nothing_twice),
		cmocka_unit_test(for_the_core),
		cmocka_unit_test(refuses_damaged_images),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
