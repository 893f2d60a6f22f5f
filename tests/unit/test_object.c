// SPDX-License-Identifier: GPL-2.0-only
/* Reading objects that are not what they should be, and writing what was read. */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "../../objmanip/object.h"
#include "scratch.h"

static const char source[] = "extern int other(int); int data = 3; static int state;\n"
			     "int f(int x) { state += x; return other(data + state); }\n"
			     "const char *g(void) { return \"text\"; }\n";

struct bytes {
	unsigned char *data;
	size_t size;
};

static struct bytes read_all(const char *path)
{
	struct bytes b = { NULL, 0 };
	FILE *file = fopen(path, "re");
	long size;

	assert_non_null(file);
	assert_int_equal(fseek(file, 0, SEEK_END), 0);
	size = ftell(file);
	assert_true(size > 0);
	rewind(file);
	b.size = (size_t)size;
	b.data = malloc(b.size);
	assert_non_null(b.data);
	assert_int_equal(fread(b.data, 1, b.size, file), b.size);
	fclose(file);
	return b;
}

static void write_all(const char *path, const unsigned char *data, size_t size)
{
	FILE *file = fopen(path, "we");

	assert_non_null(file);
	assert_int_equal(fwrite(data, 1, size, file), size);
	assert_int_equal(fclose(file), 0);
}

/* It must be refused, with the path in the message. */
static void expect_error(const unsigned char *data, size_t size)
{
	char *path = scratch_path("bad.o");
	struct elf_file *elf = NULL;
	struct error err = { 0 };

	write_all(path, data, size);
	assert_int_not_equal(elf_open(path, &elf, &err), 0);
	assert_null(elf);
	assert_non_null(strstr(err.text, "bad.o"));
	free(path);
}

static void test_missing(void **state)
{
	struct elf_file *elf = NULL;
	struct error err = { 0 };

	(void)state;
	assert_int_equal(elf_open("/nonexistent/file.o", &elf, &err), -2);
	assert_non_null(strstr(err.text, "/nonexistent/file.o"));
}

static void test_not_elf(void **state)
{
	char *path = scratch_object("unit.c", source, "-O1 -c");
	struct bytes b = read_all(path);

	(void)state;
	expect_error((const unsigned char *)"", 0);
	expect_error((const unsigned char *)"hello", 5);
	expect_error(b.data, 20);
	expect_error(b.data, 64);
	b.data[18] = 183; /* e_machine: aarch64 */
	expect_error(b.data, b.size);
	b.data[18] = 62;
	b.data[16] = 3; /* e_type: shared object */
	expect_error(b.data, b.size);
	b.data[16] = 1;
	b.data[4] = 1; /* 32 bits */
	expect_error(b.data, b.size);
	free(b.data);
	free(path);
}

/* Whatever is cut off or turned over: an error or an object, never a crash. */
static void test_damaged(void **state)
{
	char *path = scratch_object("unit.c", source, "-O1 -ffunction-sections");
	char *bad = scratch_path("bad.o");
	struct bytes b = read_all(path);
	unsigned int seed = 1;

	(void)state;
	for (size_t i = 0; i < 600; i++) {
		struct bytes copy = { malloc(b.size), b.size };
		struct elf_file *elf = NULL;
		struct error err = { 0 };
		int rc;

		assert_non_null(copy.data);
		memcpy(copy.data, b.data, b.size);
		if (i % 3 == 0)
			copy.size = b.size * (i + 1) / 600;
		for (size_t k = 0; i % 3 && k < 1 + i % 7; k++) {
			seed = seed * 1103515245 + 12345;
			copy.data[(seed >> 8) % b.size] ^= (unsigned char)(1 + seed % 255);
		}
		write_all(bad, copy.data, copy.size);
		rc = elf_open(bad, &elf, &err);
		assert_int_equal(rc == 0, elf != NULL);
		assert_int_equal(rc == 0, err.text[0] == '\0');
		elf_free(elf);
		free(copy.data);
	}
	free(b.data);
	free(bad);
	free(path);
}

static void test_no_file(void **state)
{
	struct elf_file *elf;
	struct error err = { 0 };

	(void)state;
	assert_int_not_equal(elf_open("/", &elf, &err), 0);
	assert_null(elf);
	assert_string_equal(err.text, "/: not a regular file");
}

static void test_round_trip(void **state)
{
	char *path = scratch_object("unit.c", source, "-O1 -ffunction-sections -fdata-sections");
	char *again = scratch_path("again.o");
	struct elf_file *a, *b;
	struct error err = { 0 };

	(void)state;
	assert_int_equal(elf_open(path, &a, &err), 0);
	assert_int_equal(elf_write(a, again, &err), 0);
	assert_int_equal(elf_open(again, &b, &err), 0);
	assert_int_equal(a->nr_sections, b->nr_sections);
	for (size_t i = 1; i < a->nr_sections; i++) {
		const struct elf_section *x = a->sections[i], *y = b->sections[i];

		assert_string_equal(x->name, y->name);
		assert_int_equal(x->size, y->size);
		if (x->data)
			assert_memory_equal(x->data, y->data, x->size);
		assert_int_equal(x->nr_relocs, y->nr_relocs);
		for (size_t r = 0; r < x->nr_relocs; r++) {
			assert_int_equal(x->relocs[r].offset, y->relocs[r].offset);
			assert_int_equal(x->relocs[r].addend, y->relocs[r].addend);
			assert_string_equal(x->relocs[r].symbol->name, y->relocs[r].symbol->name);
		}
	}
	/* Each symbol once, and where the list says. */
	for (size_t i = 0; i < a->nr_symbols; i++)
		assert_int_equal(a->symbols[i]->index, i);
	elf_free(a);
	elf_free(b);
	free(again);
	free(path);
}

static void test_build(void **state)
{
	struct elf_file *elf = elf_new("new.o", NULL);
	struct elf_section *sec =
		elf_add_section(elf, ".data", SHT_PROGBITS, SHF_ALLOC | SHF_WRITE, 1, 0, "abc", 3);
	uint64_t at;

	(void)state;
	assert_int_equal(elf_append(sec, "12345678", 8, 8, &at), 0);
	assert_int_equal(at, 8);
	assert_int_equal(sec->align, 8);
	assert_memory_equal(sec->data, "abc\0\0\0\0\00012345678", 16);
	for (unsigned int i = 0; i < 100; i++)
		assert_int_equal(elf_add_reloc(sec, (i * 37) % 10, R_X86_64_8, sec->symbol, i), 0);
	assert_int_equal(elf_sort_relocs(sec), 0);
	for (size_t i = 1; i < sec->nr_relocs; i++) {
		assert_true(sec->relocs[i - 1].offset <= sec->relocs[i].offset);
		if (sec->relocs[i - 1].offset == sec->relocs[i].offset)
			assert_true(sec->relocs[i - 1].addend < sec->relocs[i].addend);
	}
	assert_int_equal(sec->relocs[elf_reloc_at(sec, 5)].offset, 5);
	elf_free(elf);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_missing),	   cmocka_unit_test(test_not_elf),
		cmocka_unit_test(test_no_file),	   cmocka_unit_test(test_damaged),
		cmocka_unit_test(test_round_trip), cmocka_unit_test(test_build),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
