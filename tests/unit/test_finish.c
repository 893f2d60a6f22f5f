// SPDX-License-Identifier: GPL-2.0-only
/* Update modules written in assembler, as Kbuild would have linked them. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../../objmanip/finish.h"
#include "../../objmanip/image.h"
#include "../../objmanip/image_view.h"
#include "scratch.h"

#define UNIT "dir/unit.o"

/* The unit that the update changes. */
static const char unit[] = ".text\n.globl f\n.type f,@function\n"
			   "f:	call hidden\n	call helper\n	ret\n.size f, . - f\n"
			   ".type helper,@function\nhelper: ret\n.size helper, . - helper\n"
			   ".section .rodata,\"a\"\n.balign 8\n.type constant,@object\n"
			   "constant: .quad 5\n.size constant, 8\n";

static const char symvers_text[] = "0x00000000\texported\tvmlinux\tEXPORT_SYMBOL_GPL\t\n"
				   "0x00000000\tspaced\tvmlinux\tEXPORT_SYMBOL_GPL\tSPACE\n";

struct fixture {
	struct symvers *symvers;
	char *image_path;
	uint32_t helper, constant; /* their indices in the image */
};

static struct fixture fixture;

static int setup(void **state)
{
	_cleanup_elf_ struct elf_file *elf = NULL;
	_cleanup_image_ struct image *image = NULL;
	char *object = scratch_object("unit.s", unit, ""), *path = scratch_path("Module.symvers");
	struct error err = { 0 };
	unsigned char *bytes;
	size_t size;
	FILE *file = fopen(path, "w");

	(void)state;
	fputs(symvers_text, file);
	fclose(file);
	if (symvers_open(path, &fixture.symvers, &err) || elf_open(object, &elf, &err) ||
	    image_build(elf, UNIT, "vmlinux", &image, &err))
		return -1;
	image_add_extern(image, "unexported", KSPLICE_SYM_GLOBAL | KSPLICE_SYM_NEEDED);
	fixture.helper = image_find_symbol(image, "helper");
	fixture.constant = image_find_symbol(image, "constant");
	if (image_serialise(image, &bytes, &size, &err))
		return -1;
	fixture.image_path = scratch_path("image");
	file = fopen(fixture.image_path, "w");
	fwrite(bytes, 1, size, file);
	fclose(file);
	free(bytes);
	free(path);
	free(object);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	symvers_free(fixture.symvers);
	free(fixture.image_path);
	return 0;
}

/* The module before it is finished: the frame, and `code'. The caller frees it. */
static struct elf_file *module(const char *code, const char *extra)
{
	struct elf_file *elf = NULL;
	struct error err = { 0 };
	char *text, *path;

	assert_true(
		asprintf(
			&text,
			".section .ksplice.descriptor,\"aw\"\n.balign 8\n"
			".long %#x, %u\n.fill %zu, 1, 0x61\n.fill %zu, 1, 0\n"
			".section .ksplice.names,\"a\"\nname: .string \"f\"\n"
			".section .ksplice.funcs,\"a\"\n.quad new_f + %#llx, name\n"
			".long 1, 1, %#x, 1, 5, 0\n"
			".section .init.ksplice.image,\"a\"\n.balign 16\n.incbin \"%s\"\n"
			"%s\n.text\n.globl new_f\n.type new_f,@function\nnew_f:\n%s\n.size new_f, . - new_f\n",
			KSPLICE_DESCRIPTOR_MAGIC, KSPLICE_FORMAT_VERSION,
			sizeof(char[KSPLICE_ID_LEN]),
			sizeof(struct ksplice_descriptor) - 8 - KSPLICE_ID_LEN,
			FINISH_NEW_ADDR_APART, image_unit_id(UNIT), fixture.image_path, extra,
			code) > 0);
	path = scratch_object("module.s", text, "");
	if (elf_open(path, &elf, &err))
		fail_msg("%s", err.text);
	free(path);
	free(text);
	return elf;
}

static char *marked(const char *name, uint32_t id, uint32_t index)
{
	static char buf[128];

	snprintf(buf, sizeof(buf), "%s" KSPLICE_UNDEF_MARK "%08x.%u", name, id, index);
	return buf;
}

static const struct ksplice_reloc *relocs_of(const struct elf_file *elf, size_t *nr)
{
	const struct elf_section *sec = elf_find_section(elf, KSPLICE_SEC_RELOCS);

	*nr = sec ? sec->size / sizeof(struct ksplice_reloc) : 0;
	return sec ? (const void *)sec->data : NULL;
}

static void finished(struct elf_file *elf)
{
	struct error err = { 0 };

	if (finish_update(elf, fixture.symvers, &err))
		fail_msg("%s", err.text);
}

static void not_finished(const char *code, const char *extra, int why, const char *text)
{
	_cleanup_elf_ struct elf_file *elf = module(code, extra);
	struct error err = { 0 };

	assert_int_equal(finish_update(elf, fixture.symvers, &err), why);
	if (!strstr(err.text, text))
		fail_msg("\"%s\" does not say \"%s\"", err.text, text);
}

static void test_relocations(void **state)
{
	char code[512];
	struct elf_file *elf;
	const struct ksplice_reloc *rel;
	const struct elf_section *sec;
	size_t nr;

	(void)state;
	snprintf(code, sizeof(code),
		 "call exported\ncall unexported\ncall %s\nmov $unexported+8,%%rax\nret\n",
		 marked("helper", image_unit_id(UNIT), fixture.helper));
	elf = module(code, "");
	finished(elf);
	rel = relocs_of(elf, &nr);
	assert_int_equal(nr, 3);
	assert_int_equal(rel[0].unit_id, image_unit_id(UNIT));
	assert_int_equal(rel[0].type, KSPLICE_PC32);
	assert_int_equal(rel[0].addend, -4);
	assert_int_equal(rel[1].symbol, fixture.helper);
	assert_int_equal(rel[2].symbol, rel[0].symbol);
	assert_int_equal(rel[2].type, KSPLICE_ABS32S);
	assert_int_equal(rel[2].addend, 8);

	/* Their places are for the loader to fill in. */
	sec = elf_find_section(elf, KSPLICE_SEC_RELOCS);
	assert_true(sec->flags & SHF_ALLOC);
	assert_int_equal(sec->nr_relocs, 3);
	assert_int_equal(sec->relocs[0].type, R_X86_64_64);
	assert_string_equal(sec->relocs[0].symbol->section->name, ".text");
	assert_int_equal(sec->relocs[0].addend, 6);

	/* What is left for the loader. */
	sec = elf_find_section(elf, ".text");
	assert_int_equal(sec->nr_relocs, 1);
	assert_string_equal(sec->relocs[0].symbol->name, "exported");
	assert_non_null(elf_find_symbol(elf, "exported"));
	assert_null(elf_find_symbol(elf, "unexported"));
	assert_null(elf_find_symbol(elf, marked("helper", image_unit_id(UNIT), fixture.helper)));
	elf_free(elf);
}

/* The loader must not look for the callee of a call that is relocated later. */
static void test_accounted_calls(void **state)
{
	static const char sites[] = ".section .call_sites,\"a\"\n.long 11f - .\n.long 12f - .\n"
				    ".long 13f - .\n";
	struct elf_file *elf = module("11: call exported\n12: call unexported\n13: call new_f\n"
				      "ret",
				      sites);
	const struct elf_section *sec = elf_find_section(elf, ".call_sites");

	(void)state;
	finished(elf);
	assert_int_equal(sec->size, 8);
	assert_int_equal(sec->nr_relocs, 2);
	assert_int_equal(sec->relocs[0].offset, 0);
	assert_int_equal(sec->relocs[0].symbol->value + sec->relocs[0].addend, 0);
	assert_int_equal(sec->relocs[1].offset, 4);
	assert_int_equal(sec->relocs[1].symbol->value + sec->relocs[1].addend, 10);
	elf_free(elf);
}

static void test_descriptor(void **state)
{
	_cleanup_elf_ struct elf_file *elf =
		module("call unexported\nret\n", ".section .ksplice.keep,\"a\"\n");
	const struct elf_section *sec;
	struct ksplice_descriptor desc;
	struct error err = { 0 };

	(void)state;
	finished(elf);
	sec = elf_find_section(elf, KSPLICE_SEC_DESCRIPTOR);
	memcpy(&desc, sec->data, sizeof(desc));
	assert_int_equal(desc.nr_funcs, 1);
	assert_int_equal(desc.nr_relocs, 1);
	assert_int_equal(desc.images_size, elf_find_section(elf, KSPLICE_SEC_IMAGE)->size);
	assert_int_equal(desc.flags, KSPLICE_UPDATE_KEEP);
	assert_int_equal(sec->nr_relocs, 3);
	assert_int_equal(sec->relocs[0].offset, offsetof(struct ksplice_descriptor, funcs));
	assert_string_equal(sec->relocs[0].symbol->section->name, KSPLICE_SEC_FUNCS);
	assert_string_equal(sec->relocs[1].symbol->section->name, KSPLICE_SEC_IMAGE);
	assert_string_equal(sec->relocs[2].symbol->section->name, KSPLICE_SEC_RELOCS);

	/* The address of the new code, which objtool must not see. */
	sec = elf_find_section(elf, KSPLICE_SEC_FUNCS);
	assert_int_equal(sec->relocs[0].offset, offsetof(struct ksplice_func, new_addr));
	assert_int_equal(sec->relocs[0].symbol->value + sec->relocs[0].addend, 0);

	assert_int_equal(finish_update(elf, fixture.symvers, &err), -EINVAL);
	assert_non_null(strstr(err.text, "finished already"));
}

/* For the audit: no functions, and never to be applied. */
static void test_match_only(void **state)
{
	static const char mark[] = ".section .ksplice.match_only,\"a\"\n";
	_cleanup_elf_ struct elf_file *elf = module("ret\n", mark);
	struct ksplice_descriptor desc;
	struct elf_section *sec;

	(void)state;
	not_finished("ret\n", mark, -EINVAL, "has functions");
	sec = elf_find_section(elf, KSPLICE_SEC_FUNCS);
	free(sec->name);
	sec->name = strdup(".something");
	finished(elf);
	sec = elf_find_section(elf, KSPLICE_SEC_DESCRIPTOR);
	memcpy(&desc, sec->data, sizeof(desc));
	assert_int_equal(desc.nr_funcs, 0);
	assert_int_equal(desc.flags, KSPLICE_UPDATE_MATCH_ONLY);
	assert_int_equal(sec->nr_relocs, 1);
	assert_int_equal(sec->relocs[0].offset, offsetof(struct ksplice_descriptor, images));
}

/* A constant that changes where it is: in the descriptor, and checked against the image. */
static void test_rewrites(void **state)
{
	static const char table[] =
		".section .ksplice.rewrites,\"a\"\n.quad name, contents\n.long %#x, %u, %u, 0\n"
		".section .rodata.ksplice,\"a\"\n.balign 8\ncontents: .quad %s\n.fill 16, 1, 1\n";
	const struct elf_section *sec;
	struct ksplice_descriptor desc;
	uint32_t id = image_unit_id(UNIT);
	struct elf_file *elf;
	char text[512];

	(void)state;
	for (int into = 0; into <= 1; into++) {
		snprintf(text, sizeof(text), table, id, fixture.constant, 8,
			 into ? "new_f" : "unexported");
		elf = module("ret\n", text);
		finished(elf);
		sec = elf_find_section(elf, KSPLICE_SEC_DESCRIPTOR);
		memcpy(&desc, sec->data, sizeof(desc));
		assert_int_equal(desc.nr_rewrites, 1);
		assert_int_equal(sec->relocs[1].offset,
				 offsetof(struct ksplice_descriptor, rewrites));
		assert_string_equal(sec->relocs[1].symbol->section->name, KSPLICE_SEC_REWRITES);
		/* What the kernel points to then, it may point to for ever. */
		assert_int_equal(desc.flags, into ? KSPLICE_UPDATE_KEEP : 0);
		assert_int_equal(desc.nr_relocs, !into);
		elf_free(elf);
	}
	snprintf(text, sizeof(text), table, id, fixture.constant, 4, "0");
	not_finished("ret\n", text, -EINVAL, "has 4 bytes, in the image 8");
	snprintf(text, sizeof(text), table, id, fixture.helper, 8, "0");
	not_finished("ret\n", text, -EINVAL, "not in any image");
	snprintf(text, sizeof(text), table, id + 1, fixture.constant, 8, "0");
	not_finished("ret\n", text, -EINVAL, "not in any image");
	not_finished("ret\n", ".section .ksplice.rewrites,\"a\"\n.quad 0\n", -EINVAL, "bad size");
	not_finished(
		"ret\n",
		".section .ksplice.match_only,\"a\"\n.section .ksplice.rewrites,\"a\"\n.quad 0\n",
		-EINVAL, "has functions");
}

static void test_written_and_read(void **state)
{
	_cleanup_elf_ struct elf_file *elf = module("call unexported\nret\n", "");
	_cleanup_elf_ struct elf_file *again = NULL;
	struct error err = { 0 };
	char *path = scratch_path("finished.ko");
	struct image_view *views;
	struct elf_section *sec;
	size_t nr;

	(void)state;
	finished(elf);
	assert_int_equal(elf_write(elf, path, &err), 0);
	assert_int_equal(elf_open(path, &again, &err), 0);
	sec = elf_find_section(again, KSPLICE_SEC_IMAGE);
	assert_int_equal(image_views_read(sec->data, sec->size, path, &views, &nr, &err), 0);
	assert_string_equal(image_view_unit(&views[0]), UNIT);
	assert_int_equal(elf_find_section(again, KSPLICE_SEC_RELOCS)->nr_relocs, 1);
	free(views);
	free(path);
}

/* Symbols that only debug information, or nothing, refers to would stop the loader. */
static void test_unused_symbols_go(void **state)
{
	_cleanup_elf_ struct elf_file *elf =
		module("call unexported\nret\n",
		       ".section .debug_x,\"\"\n.quad unexported\n.quad new_f\n");
	const struct elf_section *sec;

	(void)state;
	finished(elf);
	assert_null(elf_find_symbol(elf, "unexported"));
	sec = elf_find_section(elf, ".debug_x");
	assert_int_equal(sec->nr_relocs, 1);
	for (size_t i = 0; i < elf->nr_symbols; i++)
		assert_int_equal(elf->symbols[i]->index, i);
}

static void test_versions(void **state)
{
	_cleanup_elf_ struct elf_file *elf =
		module("call unexported\ncall exported\nret\n",
		       ".section __versions,\"a\"\n"
		       ".quad 1\nv1: .string \"module_layout\"\n.fill 56-(.-v1),1,0\n"
		       ".quad 2\nv2: .string \"unexported\"\n.fill 56-(.-v2),1,0\n"
		       ".quad 3\nv3: .string \"exported\"\n.fill 56-(.-v3),1,0\n");
	const struct elf_section *sec;

	(void)state;
	/* The update replaces it, too. */
	sec = elf_find_section(elf, ".text");
	assert_non_null(elf_add_symbol(elf, "exported", (struct elf_section *)sec, 0, 1, STT_FUNC,
				       STB_LOCAL));
	finished(elf);
	sec = elf_find_section(elf, "__versions");
	assert_int_equal(sec->size, 128);
	assert_string_equal((const char *)sec->data + 8, "module_layout");
	assert_string_equal((const char *)sec->data + 64 + 8, "exported");
}

static void test_refusals(void **state)
{
	uint32_t id = image_unit_id(UNIT);

	(void)state;
	not_finished("call nobody_knows\nret\n", "", -EINVAL, "nobody_knows in new_f+0x1");
	not_finished("call spaced\nret\n", "", -EINVAL, "spaced");
	not_finished("ret\n", ".section .altinstr_replacement,\"ax\"\ncall unexported\n",
		     -ERROR_REFUSED, ".altinstr_replacement");
	not_finished("1: call unexported\n2: ret\n",
		     ".section .altinstr_replacement,\"ax\"\n3: nop\n4:\n"
		     ".section .altinstructions,\"a\"\n.long 1f - .\n.long 3b - .\n.word 1\n"
		     ".byte 5\n.byte 1\n",
		     -ERROR_REFUSED, "unexported");
	not_finished("ret\n", ".section .data..percpu,\"aw\"\n.quad unexported\n", -ERROR_REFUSED,
		     ".data..percpu");
	not_finished("ret\n", ".data\n.word unexported\n", -ERROR_REFUSED, "relocation type");

	char code[256];

	snprintf(code, sizeof(code), "call %s\nret\n", marked("helper", id, 9999));
	not_finished(code, "", -EINVAL, "has only");
	snprintf(code, sizeof(code), "call %s\nret\n", marked("helper", id + 1, 1));
	not_finished(code, "", -EINVAL, "no image of that unit");
	not_finished("call x.ksplice.zz\nret\n", "", -EINVAL, "malformed");
	not_finished("call x.ksplice.00000001.\nret\n", "", -EINVAL, "malformed");
	not_finished("ret\n", ".section .ksplice.funcs,\"a\"\n.quad 0\n", -EINVAL, "bad size");
	not_finished("ret\n",
		     ".section .ksplice.funcs,\"a\"\n.quad new_f, 0\n.long 1, 3, 0, 0, 0, 0\n",
		     -EINVAL, "not as objmanip made it");
	not_finished("ret\n", ".section .init.ksplice.image,\"a\"\n.long 1,2,3,4\n", -EINVAL,
		     "not an image");
}

static void test_not_an_update(void **state)
{
	_cleanup_elf_ struct elf_file *elf = NULL;
	struct error err = { 0 };
	char *path = scratch_object("plain.s", "f: ret\n", "");

	(void)state;
	assert_int_equal(elf_open(path, &elf, &err), 0);
	assert_int_equal(finish_update(elf, fixture.symvers, &err), -EINVAL);
	assert_non_null(strstr(err.text, KSPLICE_SEC_DESCRIPTOR));
	free(path);
}

static void test_symvers(void **state)
{
	struct symvers *symvers = NULL;
	struct error err = { 0 };
	char *path = scratch_path("broken.symvers");
	FILE *file = fopen(path, "w");

	(void)state;
	assert_string_equal(symvers_exporter(fixture.symvers, "exported"), "vmlinux");
	assert_null(symvers_exporter(fixture.symvers, "spaced"));
	assert_null(symvers_exporter(fixture.symvers, ""));
	fputs("0x1\tfoo\tvmlinux\tEXPORT_SYMBOL\t\nnonsense\n", file);
	fclose(file);
	assert_int_equal(symvers_open(path, &symvers, &err), -EINVAL);
	assert_non_null(strstr(err.text, ":2:"));
	memset(&err, 0, sizeof(err));
	assert_int_equal(symvers_open("/nonexistent/x", &symvers, &err), -ENOENT);
	free(path);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_relocations),	  cmocka_unit_test(test_accounted_calls),
		cmocka_unit_test(test_descriptor),	  cmocka_unit_test(test_written_and_read),
		cmocka_unit_test(test_unused_symbols_go), cmocka_unit_test(test_versions),
		cmocka_unit_test(test_refusals),	  cmocka_unit_test(test_not_an_update),
		cmocka_unit_test(test_symvers),		  cmocka_unit_test(test_match_only),
		cmocka_unit_test(test_rewrites),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
