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

enum { SECTION, LOCAL, GLOBAL, PERCPU, ABSOLUTE, EXTERN, UNNAMED, NR_SYMBOLS };

struct image {
	struct ksplice_image head;
	struct ksplice_symbol symbols[NR_SYMBOLS];
	char strings[64];
} __attribute__((aligned(16)));

/* Offsets of the names in `strings'. */
static const char strings[64] = "\0local\0global\0percpu\0ext\0.text";
enum { NAME_LOCAL = 1, NAME_GLOBAL = 7, NAME_PERCPU = 14, NAME_EXT = 21, NAME_TEXT = 25 };

static struct image make_image(uint32_t unit_id)
{
	struct image image = {
		.head = {
			.magic = KSPLICE_IMAGE_MAGIC,
			.version = KSPLICE_FORMAT_VERSION,
			.size = sizeof(image),
			.unit_id = unit_id,
			.nr_symbols = NR_SYMBOLS,
			.symbols_off = offsetof(struct image, symbols),
			.strings_off = offsetof(struct image, strings),
			.strings_size = sizeof(image.strings),
		},
		.symbols = {
			[SECTION] = { .name = NAME_TEXT, .type = KSPLICE_SYM_SECTION },
			[LOCAL] = { .name = NAME_LOCAL, .type = KSPLICE_SYM_FUNC },
			[GLOBAL] = { .name = NAME_GLOBAL, .flags = KSPLICE_SYM_GLOBAL },
			[PERCPU] = { .name = NAME_PERCPU, .flags = KSPLICE_SYM_PERCPU },
			[ABSOLUTE] = { .name = NAME_LOCAL, .section = KSPLICE_ABS },
			[EXTERN] = { .name = NAME_EXT, .section = KSPLICE_EXTERN },
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

static struct ksplice_candidates *make(const void *images, size_t size, const char *target,
				       const char *more)
{
	struct kallsyms *k = kallsyms_new();
	struct failure f = { 0 };
	void *blob = NULL;
	size_t blob_size;

	assert_int_equal(candidates_want(k, images, size, &f), 0);
	read_kallsyms(k, more);
	assert_int_equal(candidates_make(k, images, size, "3f2a", target, &blob, &blob_size, &f),
			 0);
	kallsyms_free(k);
	assert_int_equal(((struct ksplice_candidates *)blob)->size, blob_size);
	return blob;
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
	REFUSE_WITH(symbols[EXTERN].name, 64);
	REFUSE_WITH(strings[63], 'x');
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(for_vmlinux),
		cmocka_unit_test(for_initial_percpu),
		cmocka_unit_test(for_a_module),
		cmocka_unit_test(for_a_module_with_exports),
		cmocka_unit_test(for_the_core),
		cmocka_unit_test(refuses_damaged_images),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
