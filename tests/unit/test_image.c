// SPDX-License-Identifier: GPL-2.0-only
/* Images of small units written in assembler, with one site of each kind. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../../objmanip/image.h"
#include "../../objmanip/image_view.h"
#include "scratch.h"

/* The tables have the layout of 6.1 unless a test says otherwise. */
#define MACROS                                                                            \
	".macro alt_entry orig, orig_end, repl, repl_end, feature\n"                      \
	" .long \\orig - .\n .long \\repl - .\n .word \\feature\n"                        \
	" .byte \\orig_end - \\orig\n .byte \\repl_end - \\repl\n.endm\n"                 \
	".macro lock_here\n .pushsection .smp_locks,\"a\"\n .balign 4\n .long 671f - .\n" \
	" .popsection\n671:\n lock\n.endm\n"

static const char every_site[] = MACROS
	".text\n"
	".globl f\n.type f,@function\n"
	"f:	call __fentry__\n" /* 0x00 */
	"	mov message(%rip),%rdi\n" /* 0x05 */
	"1:	jmp 2f\n" /* 0x0c, 2 bytes */
	".pushsection __jump_table,\"aw\"\n .balign 8\n .long 1b - .\n .long 2f - .\n"
	" .quad key - .\n.popsection\n"
	"2:	call __SCT__op\n" /* 0x0e */
	"3:	call *pv_ops+16(%rip)\n4:\n" /* 0x13 */
	".pushsection .parainstructions,\"a\"\n .balign 8\n .quad 3b\n .byte 2\n .byte 4b - 3b\n"
	" .short 1\n .balign 8\n.popsection\n"
	"	lock_here\n	incl counter(%rip)\n" /* 0x19, 7 bytes */
	"5:	call slow\n6:\n" /* 0x20 */
	".pushsection .altinstr_replacement,\"ax\"\n"
	"7:	call fast\n8:	nop\n9:\n.popsection\n"
	".pushsection .altinstructions,\"a\"\n alt_entry 5b, 6b, 7b, 8b, 0x30\n"
	" alt_entry 5b, 6b, 8b, 9b, 0x8031\n.popsection\n"
	"	.byte 0x2e\n	call __x86_indirect_thunk_r11\n" /* 0x25, 6 bytes */
	"	movl $7,value(%rip)\n" /* 0x2b, 10 bytes */
	"	je __SCT__op\n" /* 0x35, 6 bytes */
	"	jmp __x86_return_thunk\n" /* 0x3b */
	".size f, . - f\n"
	".type f_cold,@function\n"
	"f_cold: endbr64\n" /* 0x40 */
	"	jmp __x86_return_thunk\n"
	".size f_cold, . - f_cold\n"
	".section .static_call.text,\"ax\"\n"
	".globl __SCT__op\n.type __SCT__op,@function\n"
	"__SCT__op: .byte 0xe9\n .long f - (. + 4)\n .byte 0x0f, 0xb9, 0xcc\n"
	".size __SCT__op, . - __SCT__op\n"
	".data\n.globl value\n.type value,@object\n.size value,4\nvalue: .long 1\n"
	"counter: .long 0\nkey: .quad 0\n"
	".section .rodata.str1.1,\"aMS\",@progbits,1\n.Ltext: .string \"hello\"\n"
	".section .rodata.cst16,\"aM\",@progbits,16\n .octa 1\n"
	".section .rodata,\"a\"\n.type message,@object\n.size message,8\nmessage: .quad .Ltext\n"
	".section .data..percpu,\"aw\"\n.type mine,@object\n.size mine,4\nmine: .long 0\n"
	".section .init.text,\"ax\"\ncall __fentry__\n"
	".section .exit.text,\"ax\"\nret\n"
	".section __param,\"a\"\n.quad f\n"
	".section .BTF_ids,\"a\"\n.long 0\n"
	".ident \"compiler\"\n"
	".weak maybe\n.section .text.unlikely,\"ax\"\n.type maybe,@function\n"
	"maybe: jmp 2b\n.size maybe, . - maybe\n";

static struct image *build(const char *text, const char *target, struct error *err)
{
	_cleanup_elf_ struct elf_file *elf = NULL;
	struct image *image = NULL;
	char *path = scratch_object("unit.s", text, "");

	if (elf_open(path, &elf, err))
		fail_msg("%s", err->text);
	free(path);
	if (image_build(elf, "dir/unit.o", target, &image, err))
		return NULL;
	return image;
}

static struct image *build_well(const char *text, const char *target)
{
	struct error err = { 0 };
	struct image *image = build(text, target, &err);

	if (!image)
		fail_msg("%s", err.text);
	return image;
}

/* Refused, and the message holds this. */
static void refused(const char *text, const char *why)
{
	struct error err = { 0 };

	assert_null(build(text, "vmlinux", &err));
	assert_int_equal(err.code, -ERROR_REFUSED);
	if (!strstr(err.text, why))
		fail_msg("\"%s\" does not say \"%s\"", err.text, why);
}

static const struct ksplice_section *section(const struct image *image, const char *name)
{
	return image_section_at(image, image_find_section(image, name));
}

struct expected_site {
	uint32_t offset;
	enum ksplice_site_kind kind;
	uint16_t length;
	const char *symbol;
};

static void expect_sites(const struct image *image, const char *name,
			 const struct expected_site *expected, size_t nr)
{
	uint32_t index = image_find_section(image, name);
	const struct ksplice_site *site;
	size_t cursor = 0, i = 0;

	while ((site = image_sites_in(image, index, 0, UINT32_MAX, &cursor))) {
		assert_true(i < nr);
		assert_int_equal(site->offset, expected[i].offset);
		assert_int_equal(site->kind, expected[i].kind);
		assert_int_equal(site->length, expected[i].length);
		if (expected[i].symbol)
			assert_string_equal(image_symbol_name(image, site->symbol),
					    expected[i].symbol);
		i++;
	}
	assert_int_equal(i, nr);
}

static void test_every_site(void **state)
{
	static const struct expected_site text[] = {
		{ 0x00, KSPLICE_SITE_FENTRY, 5, NULL },
		{ 0x0c, KSPLICE_SITE_JUMP_LABEL, 2, "" },
		{ 0x0e, KSPLICE_SITE_STATIC_CALL, 5, "__SCK__op" },
		{ 0x13, KSPLICE_SITE_PARAVIRT, 6, NULL },
		{ 0x19, KSPLICE_SITE_LOCK, 1, NULL },
		{ 0x20, KSPLICE_SITE_ALTERNATIVE, 5, NULL },
		{ 0x25, KSPLICE_SITE_RETPOLINE, 6, NULL },
		{ 0x35, KSPLICE_SITE_STATIC_CALL, 6, "__SCK__op" },
		{ 0x3b, KSPLICE_SITE_RETURN, 5, NULL },
		{ 0x40, KSPLICE_SITE_ENDBR, 4, NULL },
		{ 0x44, KSPLICE_SITE_RETURN, 5, NULL },
	};
	static const struct expected_site tramp[] = {
		{ 0, KSPLICE_SITE_STATIC_CALL, 5, "__SCK__op" },
	};
	_cleanup_image_ struct image *image = build_well(every_site, "vmlinux");
	const struct ksplice_site *site;
	size_t cursor = 0;

	(void)state;
	expect_sites(image, ".text", text, sizeof(text) / sizeof(text[0]));
	expect_sites(image, ".static_call.text", tramp, 1);
	expect_sites(image, ".init.text", NULL, 0);

	/* Touching, at either end. */
	site = image_sites_in(image, image_find_section(image, ".text"), 0x17, 2, &cursor);
	assert_non_null(site);
	assert_int_equal(site->kind, KSPLICE_SITE_PARAVIRT);
	assert_int_equal(site->arg, 2);
	assert_null(image_sites_in(image, image_find_section(image, ".text"), 0x17, 2, &cursor));
}

static void test_sections(void **state)
{
	_cleanup_image_ struct image *image = build_well(every_site, "vmlinux");
	_cleanup_image_ struct image *module = build_well(every_site, "mod");

	(void)state;
	assert_int_equal(section(image, ".text")->kind, KSPLICE_TEXT);
	assert_int_equal(section(image, ".rodata")->kind, KSPLICE_RODATA);
	assert_int_equal(section(image, ".rodata.str1.1")->kind, KSPLICE_STRINGS);
	assert_int_equal(section(image, ".rodata.cst16")->kind, KSPLICE_CONSTS);
	assert_int_equal(section(image, ".rodata.cst16")->entsize, 16);
	assert_int_equal(section(image, ".data")->kind, KSPLICE_DATA);
	assert_int_equal(section(image, ".data")->bytes, KSPLICE_NONE);
	assert_int_equal(section(image, ".BTF_ids")->kind, KSPLICE_DATA);
	assert_int_equal(section(image, ".init.text")->kind, KSPLICE_FREED);
	assert_int_equal(section(image, ".init.text")->nr_refs, 0);
	assert_int_equal(section(image, ".exit.text")->kind, KSPLICE_FREED);
	assert_int_equal(section(module, ".exit.text")->kind, KSPLICE_TEXT);
	assert_int_equal(section(image, ".altinstr_replacement")->kind, KSPLICE_VARIANT);
	assert_null(section(image, ".altinstructions"));
	assert_null(section(image, "__jump_table"));
	assert_null(section(image, "__param"));
	assert_null(section(image, ".bss"));
}

static void test_symbols(void **state)
{
	_cleanup_image_ struct image *image = build_well(every_site, "vmlinux");
	uint32_t f = image_find_symbol(image, "f"), index, at;
	const struct ksplice_symbol *sym = image_symbol_at(image, f);
	uint64_t offset, size;

	(void)state;
	assert_int_equal(sym->type, KSPLICE_SYM_FUNC);
	assert_int_equal(sym->flags, KSPLICE_SYM_GLOBAL);
	assert_int_equal(image_symbol_range(image, f, &at, &offset, &size), 0);
	assert_string_equal(image_section_name(image, at), ".text");
	assert_int_equal(offset, 0);
	assert_int_equal(size, 0x40);
	assert_int_equal(image_find_symbol_at(image, ".text", 0, NULL), f);
	assert_int_equal(image_find_symbol_at(image, ".text", 0, "g"), KSPLICE_NONE);
	assert_int_equal(image_symbol_at(image, image_section_symbol(image, ".text"))->type,
			 KSPLICE_SYM_SECTION);

	sym = image_symbol_at(image, image_find_symbol(image, "maybe"));
	assert_int_equal(sym->flags, KSPLICE_SYM_GLOBAL | KSPLICE_SYM_WEAK);
	sym = image_symbol_at(image, image_find_symbol(image, "mine"));
	assert_int_equal(sym->flags, KSPLICE_SYM_PERCPU);
	assert_int_equal(image_symbol_range(image, image_find_symbol(image, "slow"), NULL, NULL,
					    NULL),
			 -ENOENT);
	assert_int_equal(image_symbol_range(image, 100000, NULL, NULL, NULL), -EINVAL);

	/* Externs: the same one again, a new one, and a definition instead of one. */
	index = image_add_extern(image, "slow", KSPLICE_SYM_GLOBAL | KSPLICE_SYM_NEEDED);
	assert_int_equal(index, image_find_symbol(image, "slow"));
	assert_true(image_symbol_at(image, index)->flags & KSPLICE_SYM_NEEDED);
	index = image_add_extern(image, "elsewhere", KSPLICE_SYM_GLOBAL);
	assert_int_equal(image_symbol_at(image, index)->section, KSPLICE_EXTERN);
	assert_int_equal(image_add_extern(image, "f", KSPLICE_SYM_NEEDED), f);
	assert_true(image_symbol_at(image, f)->flags & KSPLICE_SYM_NEEDED);
	/* A local of the same name is not what another unit defines. */
	index = image_add_extern(image, "counter", KSPLICE_SYM_GLOBAL);
	assert_int_equal(image_symbol_at(image, index)->section, KSPLICE_EXTERN);
	assert_int_equal(image_next_symbol(image, image_find_symbol(image, "counter")), index);
	assert_int_equal(image_need(image, 100000), -EINVAL);
}

static void test_adjust(void **state)
{
	_cleanup_image_ struct image *image = build_well(every_site, "vmlinux");
	struct image_view *views;
	struct error err = { 0 };
	unsigned char *bytes;
	size_t size, nr, found = 0;

	(void)state;
	assert_int_equal(image_serialise(image, &bytes, &size, &err), 0);
	assert_int_equal(image_views_read(bytes, size, "image", &views, &nr, &err), 0);
	assert_int_equal(nr, 1);
	for (uint32_t i = 0; i < views->sections[0].nr_refs; i++) {
		const struct ksplice_ref *ref = &views->refs[views->sections[0].first_ref + i];

		/* mov message(%rip); movl $7,value(%rip) has four more bytes to go. */
		if (ref->offset == 0x08)
			found += ref->type == KSPLICE_PC32 && ref->adjust == 4;
		if (ref->offset == 0x2d)
			found += ref->type == KSPLICE_PC32 && ref->adjust == 8;
	}
	assert_int_equal(found, 2);
	free(views);
	free(bytes);
}

/* Whoever reads an image must not trust it: damage is found or harmless. */
static void test_damage(void **state)
{
	_cleanup_image_ struct image *image = build_well(every_site, "vmlinux");
	unsigned char *bytes, *copy;
	struct error err = { 0 };
	size_t size;

	(void)state;
	assert_int_equal(image_serialise(image, &bytes, &size, &err), 0);
	assert_int_equal(size % KSPLICE_IMAGE_ALIGN, 0);
	assert_int_equal(image_check(bytes, size, "image", &err), 0);
	for (size_t cut = 0; cut < size; cut++) {
		memset(&err, 0, sizeof(err));
		copy = malloc(cut ? cut : 1);
		memcpy(copy, bytes, cut);
		assert_int_not_equal(image_check(copy, cut, "image", &err), 0);
		assert_true(err.text[0]);
		free(copy);
	}
	for (size_t at = 0; at < size; at++) {
		memset(&err, 0, sizeof(err));
		copy = malloc(size);
		memcpy(copy, bytes, size);
		copy[at] ^= 0xff;
		image_check(copy, size, "image", &err);
		free(copy);
	}
	free(bytes);
}

static void test_padding_means_call_sites(void **state)
{
	static const char text[] =
		".type f,@function\n.type g,@function\n"
		"f:	call __fentry__\n	call other\n	call g\n	ret\n.size f, . - f\n"
		".skip 16, 0x90\ng:	ret\n.size g, . - g\n"
		".ident \"compiler\"\n"
		".section __patchable_function_entries,\"awo\",@progbits,.text\n.quad f\n";
	static const struct expected_site expected[] = {
		{ 0, KSPLICE_SITE_FENTRY, 5, NULL },
		{ 5, KSPLICE_SITE_CALL, 5, "other" },
		{ 10, KSPLICE_SITE_CALL, 5, "" },
		{ 22, KSPLICE_SITE_PADDING, 10, NULL },
	};
	_cleanup_image_ struct image *image = build_well(text, "vmlinux");

	(void)state;
	expect_sites(image, ".text", expected, 4);
}

/*
 * An assembler's file has calls that are accounted, and callees that are padded,
 * without a list of them. Callees need not be functions; nops that an alternative
 * has made its own are no padding.
 */
static void test_padding_of_assembler(void **state)
{
	static const char text[] =
		"	call other\n	ret\n"
		".skip 10, 0x90\ncode:	nop\n	ret\n"
		".skip 9, 0x90\nshort:	ret\n"
		".skip 8, 0x90\n1:	.skip 4, 0x90\n2:\nbehind: ret\n"
		".section .altinstr_replacement,\"ax\"\n3:	lfence\n4:\n"
		".section .altinstructions,\"a\"\n"
		".long 1b - .\n.long 3b - .\n.word 0x60\n.byte 2b - 1b\n.byte 4b - 3b\n";
	static const struct expected_site expected[] = {
		{ 0, KSPLICE_SITE_CALL, 5, "other" },
		{ 6, KSPLICE_SITE_PADDING, 10, NULL },
		{ 36, KSPLICE_SITE_ALTERNATIVE, 4, NULL },
	};
	_cleanup_image_ struct image *image = build_well(text, "vmlinux");

	(void)state;
	expect_sites(image, ".text", expected, 3);
}

static void test_runtime_constants(void **state)
{
	static const char text[] =
		"	movabs $0x0123456789abcdef,%rax\n1:\n	shr $12,%eax\n2:\n	ret\n"
		".section runtime_ptr_table,\"a\"\n.long 1b - 8 - .\n"
		".section runtime_shift_bits,\"a\"\n.long 2b - 1 - .\n"
		".bss\ntable: .quad 0\n";
	static const struct expected_site expected[] = {
		{ 2, KSPLICE_SITE_RUNTIME_PTR, 8, "table" },
		{ 12, KSPLICE_SITE_RUNTIME_SHIFT, 1, "bits" },
	};
	_cleanup_image_ struct image *image = build_well(text, "vmlinux");

	(void)state;
	expect_sites(image, ".text", expected, 2);
	refused("f: nop\n1:\n.section runtime_other_x,\"a\"\n.long 1b - 1 - .\n",
		"runtime_other_x");
}

/* Since 6.9: 14 bytes an entry; a call of a pv operation is one of them. */
static void test_alternatives_of_6_12(void **state)
{
	static const char text[] =
		"1:	call *pv_ops+24(%rip)\n2:	nop\n3:\n	ret\n"
		".section .altinstr_replacement,\"ax\"\n4:	call BUG_func\n5:\n"
		".section .altinstructions,\"a\"\n"
		".long 1b - .\n.long 4b - .\n.word 0x60\n.word 2\n.byte 2b - 1b\n.byte 5b - 4b\n"
		".long 1b - .\n.long 4b - .\n.word 0x61\n.word 0\n.byte 3b - 1b\n.byte 0\n";
	static const struct expected_site expected[] = {
		{ 0, KSPLICE_SITE_ALTERNATIVE, 7, NULL }, /* the longest of both */
		{ 0, KSPLICE_SITE_PARAVIRT, 6, NULL },
	};
	_cleanup_image_ struct image *image = build_well(text, "vmlinux");

	(void)state;
	expect_sites(image, ".text", expected, 2);
}

/* As copy_page(): the replacement is nothing, and its section empty. */
static void test_empty_replacement(void **state)
{
	static const char text[] =
		"f:\n1:	jmp 3f\n2:	nop\n3:	ret\n"
		".section .altinstr_replacement,\"ax\"\n4:\n"
		".section .altinstructions,\"a\"\n"
		".long 1b - .\n.long 4b - .\n.word 0x70\n.byte 2b - 1b\n.byte 0\n";
	static const struct expected_site expected[] = {
		{ 0, KSPLICE_SITE_ALTERNATIVE, 2, NULL },
	};
	_cleanup_image_ struct image *image = build_well(text, "vmlinux");

	(void)state;
	expect_sites(image, ".text", expected, 1);
}

static void test_refusals(void **state)
{
	(void)state;
	refused("f: nop\n1:\n.section .altinstructions,\"a\"\n.long 1b - .\n.long 1b - .\n.long 0,0\n",
		".altinstructions");
	refused("push %rax\n1: push %rax\n2:\n.section __jump_table,\"aw\"\n"
		".long 1b - .\n.long 2b - .\n.quad x - .\n",
		"jump label");
	refused("f: nop\n.section .smp_locks,\"a\"\n.byte 1,2,3\n", ".smp_locks");
	refused("f: nop\n.section .smp_locks,\"a\"\n.long 0\n", ".smp_locks");
	refused("f: nop\n.section .smp_locks,\"a\"\n.long elsewhere - .\n", "elsewhere");
	refused("lea table(%rip),%rax\n.section __ex_table,\"a\"\ntable: .long 0\n", "__ex_table");
	refused("mov x@GOTPCREL(%rip),%rax\n", "relocation type");
	refused("call __x86_indirect_thunk_xmm0\n", "thunk");
	refused("1: lock\n lock_end = .\n nop\n.section .parainstructions,\"a\"\n.quad 1b\n.byte 0\n"
		".byte 200\n.short 0\n.balign 8\n",
		"runs past");
}

static void test_unit_id(void **state)
{
	(void)state;
	assert_int_equal(image_unit_id(""), 0x811c9dc5);
	assert_int_equal(image_unit_id("a"), 0xe40c292c);
	assert_int_equal(image_unit_id("foobar"), 0xbf9cf968);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_site),
		cmocka_unit_test(test_sections),
		cmocka_unit_test(test_symbols),
		cmocka_unit_test(test_adjust),
		cmocka_unit_test(test_damage),
		cmocka_unit_test(test_padding_means_call_sites),
		cmocka_unit_test(test_padding_of_assembler),
		cmocka_unit_test(test_runtime_constants),
		cmocka_unit_test(test_alternatives_of_6_12),
		cmocka_unit_test(test_empty_replacement),
		cmocka_unit_test(test_refusals),
		cmocka_unit_test(test_unit_id),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
