// SPDX-License-Identifier: GPL-2.0-only
/*
 * What is known of a module's freed symbols: a module compiled here, beside a /sys that says where
 * its sections were.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bin/freed.h"
#include "scratch.h"

#include <cmocka.h>

#define INIT_TEXT 0xffffffffc0500000UL
#define INIT_DATA 0xffffffffc0501000UL
#define DATA	  0xffffffffc0501800UL /* alive: where what was before it ended */

/* `helper' is in it twice: of two units, one of them static. */
static const char unit_a[] =
	"__attribute__((section(\".init.text\"), noinline)) static int only(void) { return 1; }\n"
	"__attribute__((section(\".init.text\"), noinline)) static int helper(void) { return 2; }\n"
	"__attribute__((section(\".init.text\"))) int start(void) { return only() + helper(); }\n"
	"__attribute__((section(\".init.data\"))) int wanted = 3;\n"
	"int alive = 4;\n";
static const char unit_b[] =
	"__attribute__((section(\".init.text\"))) int helper(void) { return 5; }\n"
	"extern int elsewhere(void);\n"
	"int later(void) { return elsewhere(); }\n";

static void run(const char *command)
{
	assert_int_equal(system(command), 0);
}

/* sh -c with the scratch folder as its own; the words of `format' are the caller's. */
#define RUN(...)                                                           \
	do {                                                               \
		char *command;                                             \
		int at = chdir(scratch_folder());                          \
		assert_int_equal(at, 0);                                   \
		assert_true(asprintf(&command, __VA_ARGS__) > 0);          \
		run(command);                                              \
		free(command);                                             \
	} while (0)

static void write_address(const char *section, uint64_t address)
{
	RUN("echo 0x%lx >sys/module/my_mod/sections/%s", (unsigned long)address, section);
}

/* A fresh /sys and a folder of modules, with the file as `compress' leaves it. */
static void set_up_files(const char *compress, const char *suffix)
{
	char *sys = scratch_path("sys"), *modules = scratch_path("modules");
	char *a = scratch_object("a.c", unit_a, "-O1 -fno-pic -fcf-protection=none");
	char *b = scratch_object("b.c", unit_b, "-O1 -fno-pic -fcf-protection=none");

	RUN("rm -rf sys modules; mkdir -p sys/module/my_mod/sections sys/module/my_mod/notes "
	    "modules/6.1-test/kernel");
	RUN("ld -r --build-id=sha1 -o my-mod.ko '%s' '%s'", a, b);
	RUN("objcopy -O binary --only-section=.note.gnu.build-id my-mod.ko "
	    "sys/module/my_mod/notes/.note.gnu.build-id");
	RUN("%s <my-mod.ko >modules/6.1-test/kernel/my-mod.ko%s", compress, suffix);
	RUN("printf 'kernel/my_mod_2.ko:\\nkernel/not-my-mod.ko: kernel/my-mod.ko\\n"
	    "kernel/my-mod.ko%s: kernel/other.ko\\n' >modules/6.1-test/modules.dep", suffix);
	write_address(".text", 0xffffffffc0400000UL);
	write_address(".init.text", INIT_TEXT);
	write_address(".init.data", INIT_DATA);
	write_address(".data", DATA);
	write_address(".symtab", DATA + 0x1000);
	setenv("KSPLICE_SYSFS", sys, 1);
	setenv("KSPLICE_MODULES", modules, 1);
	free(a);
	free(b);
	free(sys);
	free(modules);
}

static struct freed read_it(void)
{
	struct freed freed;

	assert_int_equal(freed_read("my_mod", "6.1-test", &freed), 0);
	return freed;
}

/* The offset of a symbol of the file, as nm has it. */
static uint64_t offset(const char *binding, const char *name)
{
	unsigned long value;
	char *command;
	FILE *out;

	assert_true(asprintf(&command, "nm '%s/my-mod.ko' | grep ' %s %s$'", scratch_folder(),
			     binding, name) > 0);
	out = popen(command, "r");
	assert_int_equal(fscanf(out, "%lx", &value), 1);
	pclose(out);
	free(command);
	return value;
}

static void expect(const struct freed *freed, const char *name, uint64_t address, bool global)
{
	const struct freed_symbol *found;
	size_t count;

	found = freed_find(freed, name, &count);
	for (size_t i = 0; i < count; i++)
		if (found[i].address == address && found[i].global == global)
			return;
	fail_msg("no %s %s at %lx", global ? "global" : "static", name, (unsigned long)address);
}

static void expect_symbols(const struct freed *freed)
{
	size_t count;

	assert_true(freed->has_sections);
	assert_true(freed->has_symbols);
	assert_string_equal(freed->missing, "");
	expect(freed, "start", INIT_TEXT + offset("T", "start"), true);
	expect(freed, "only", INIT_TEXT + offset("t", "only"), false);
	expect(freed, "wanted", INIT_DATA + offset("D", "wanted"), true);
	expect(freed, "helper", INIT_TEXT + offset("t", "helper"), false);
	expect(freed, "helper", INIT_TEXT + offset("T", "helper"), true);
	freed_find(freed, "helper", &count);
	assert_int_equal(count, 2);
	/* What is alive, or of another module, is not among them. */
	assert_null(freed_find(freed, "alive", &count));
	assert_int_equal(count, 0);
	assert_null(freed_find(freed, "later", &count));
	assert_null(freed_find(freed, "elsewhere", &count));
	assert_null(freed_find(freed, "", &count));
}

static void expect_sections(const struct freed *freed)
{
	assert_true(freed->has_sections);
	assert_int_equal(freed->nr_sections, 2);
	assert_string_equal(freed->sections[0].name, ".init.text");
	assert_int_equal(freed->sections[0].address, INIT_TEXT);
	assert_int_equal(freed->sections[0].size, INIT_DATA - INIT_TEXT);
	assert_string_equal(freed->sections[1].name, ".init.data");
	assert_int_equal(freed->sections[1].size, DATA - INIT_DATA);
}

/* Only the sections are known, for a reason that has these words. */
static void expect_sections_alone(const char *why)
{
	struct freed freed = read_it();

	expect_sections(&freed);
	assert_false(freed.has_symbols);
	assert_int_equal(freed.nr_symbols, 0);
	if (!strstr(freed.missing, why))
		fail_msg("'%s' does not have '%s'", freed.missing, why);
	freed_free(&freed);
}

static void compressed_in_any_way(void **state)
{
	static const char *const ways[][2] = {
		{ "cat", "" }, { "xz -c", ".xz" }, { "zstd -qc", ".zst" }, { "gzip -c", ".gz" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(ways) / sizeof(ways[0]); i++) {
		struct freed freed;

		set_up_files(ways[i][0], ways[i][1]);
		freed = read_it();
		expect_sections(&freed);
		expect_symbols(&freed);
		freed_free(&freed);
	}
}

/* Its name is the module's, and it is not what was loaded. */
static void of_another_build(void **state)
{
	(void)state;
	set_up_files("cat", "");
	RUN("echo 'int more;' >c.c; ${CC:-gcc} -c -o c.o c.c; ld -r --build-id=sha1 -o "
	    "modules/6.1-test/kernel/my-mod.ko a.c.o b.c.o c.o");
	expect_sections_alone("not the one that was loaded");
	set_up_files("cat", "");
	RUN("printf x >>sys/module/my_mod/notes/.note.gnu.build-id");
	expect_sections_alone("not the one that was loaded");
	/* Without a build id nothing proves it. */
	set_up_files("cat", "");
	RUN("objcopy --remove-section=.note.gnu.build-id my-mod.ko "
	    "modules/6.1-test/kernel/my-mod.ko");
	expect_sections_alone("not the one that was loaded");
	set_up_files("cat", "");
	RUN("rm -r sys/module/my_mod/notes");
	expect_sections_alone("not the one that was loaded");
}

static void file_is_gone(void **state)
{
	(void)state;
	set_up_files("cat", "");
	RUN("rm modules/6.1-test/kernel/my-mod.ko");
	expect_sections_alone("No such file");
	RUN("rm modules/6.1-test/modules.dep");
	expect_sections_alone("modules.dep does not name it");
	set_up_files("cat", "");
	RUN("rm modules/6.1-test/kernel/my-mod.ko; mkfifo modules/6.1-test/kernel/my-mod.ko");
	expect_sections_alone("cannot be unpacked");
}

static void file_is_damaged(void **state)
{
	(void)state;
	set_up_files("xz -c", ".xz");
	RUN("truncate -s -32 modules/6.1-test/kernel/my-mod.ko.xz");
	expect_sections_alone("cannot be unpacked");
	set_up_files("head -c 1000", "");
	expect_sections_alone("not the one that was loaded");
	set_up_files("cat", "");
	RUN("strip -o modules/6.1-test/kernel/my-mod.ko my-mod.ko");
	expect_sections_alone("no symbols");
}

/* The kernel shows no sections, or hides where they are. */
static void sections_are_hidden(void **state)
{
	struct freed freed;

	(void)state;
	set_up_files("cat", "");
	write_address(".data", 0);
	freed = read_it();
	assert_false(freed.has_sections);
	assert_false(freed.has_symbols);
	assert_non_null(strstr(freed.missing, "no addresses"));
	freed_free(&freed);
	RUN("rm sys/module/my_mod/sections/.*[a-z]");
	freed = read_it();
	assert_false(freed.has_sections);
	assert_non_null(strstr(freed.missing, "no addresses"));
	freed_free(&freed);
	RUN("rmdir sys/module/my_mod/sections");
	freed = read_it();
	assert_false(freed.has_sections);
	assert_non_null(strstr(freed.missing, "No such file"));
	freed_free(&freed);
}

/* The last one of all: where it ended nobody says. */
static void last_section(void **state)
{
	struct freed freed;

	(void)state;
	set_up_files("cat", "");
	RUN("rm sys/module/my_mod/sections/.data sys/module/my_mod/sections/.symtab");
	freed = read_it();
	assert_int_equal(freed.nr_sections, 2);
	assert_int_equal(freed.sections[1].size, UINT64_MAX - INIT_DATA);
	freed_free(&freed);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(compressed_in_any_way), cmocka_unit_test(of_another_build),
		cmocka_unit_test(file_is_gone),		 cmocka_unit_test(file_is_damaged),
		cmocka_unit_test(sections_are_hidden),	 cmocka_unit_test(last_section),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
