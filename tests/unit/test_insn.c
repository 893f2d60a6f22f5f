// SPDX-License-Identifier: GPL-2.0-only
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../../objmanip/insn.h"

struct expected {
	const char *what;
	unsigned char code[15];
	unsigned int length;
	enum insn_kind kind;
	uint64_t target; /* the instruction is at offset 0x100 */
	unsigned int disp_size;
};

static const struct expected instructions[] = {
	{ "push", { 0x55 }, 1, INSN_OTHER, 0, 0 },
	{ "call", { 0xe8, 0xfb, 0xff, 0xff, 0xff }, 5, INSN_CALL, 0x100, 4 },
	{ "cs call", { 0x2e, 0xe8, 0, 0, 0, 0 }, 6, INSN_CALL, 0x106, 4 },
	{ "jmp", { 0xe9, 0x10, 0, 0, 0 }, 5, INSN_JUMP, 0x115, 4 },
	{ "cs jmp", { 0x2e, 0xe9, 0, 0, 0, 0 }, 6, INSN_JUMP, 0x106, 4 },
	{ "short jmp", { 0xeb, 0xfe }, 2, INSN_JUMP, 0x100, 1 },
	{ "jne", { 0x75, 0x7f }, 2, INSN_JCC, 0x181, 1 },
	{ "long jne", { 0x0f, 0x85, 0, 1, 0, 0 }, 6, INSN_JCC, 0x206, 4 },
	{ "jrcxz", { 0xe3, 0x02 }, 2, INSN_JCC, 0x104, 1 },
	{ "xbegin", { 0xc7, 0xf8, 1, 0, 0, 0 }, 6, INSN_JCC, 0x107, 4 },
	{ "movl to memory", { 0xc7, 0x00, 1, 0, 0, 0 }, 6, INSN_OTHER, 0, 0 },
	{ "call *rax", { 0xff, 0xd0 }, 2, INSN_INDIRECT, 0, 0 },
	{ "jmp *r11", { 0x41, 0xff, 0xe3 }, 3, INSN_INDIRECT, 0, 0 },
	{ "call *mem(rip)", { 0xff, 0x15, 0, 0, 0, 0 }, 6, INSN_INDIRECT, 0, 0 },
	{ "inc mem(rip)", { 0xff, 0x05, 0, 0, 0, 0 }, 6, INSN_OTHER, 0, 0 },
	{ "ret", { 0xc3 }, 1, INSN_RETURN, 0, 0 },
	{ "rep ret", { 0xf3, 0xc3 }, 2, INSN_RETURN, 0, 0 },
	{ "iretq", { 0x48, 0xcf }, 2, INSN_RETURN, 0, 0 },
	{ "endbr64", { 0xf3, 0x0f, 0x1e, 0xfa }, 4, INSN_ENDBR, 0, 0 },
	{ "nop", { 0x90 }, 1, INSN_NOP, 0, 0 },
	{ "2-byte nop", { 0x66, 0x90 }, 2, INSN_NOP, 0, 0 },
	{ "pause", { 0xf3, 0x90 }, 2, INSN_OTHER, 0, 0 },
	{ "5-byte nop", { 0x0f, 0x1f, 0x44, 0, 0 }, 5, INSN_NOP, 0, 0 },
	{ "sealed endbr", { 0x66, 0x0f, 0x1f, 0x00 }, 4, INSN_NOP, 0, 0 },
	{ "int3", { 0xcc }, 1, INSN_TRAP, 0, 0 },
	{ "ud2", { 0x0f, 0x0b }, 2, INSN_TRAP, 0, 0 },
	{ "movabs", { 0x48, 0xb8, 1, 2, 3, 4, 5, 6, 7, 8 }, 10, INSN_OTHER, 0, 0 },
	{ "mov gs", { 0x65, 0x48, 0x8b, 0x04, 0x25, 0, 0, 0, 0 }, 9, INSN_OTHER, 0, 0 },
};

static void test_kinds(void **state)
{
	_cleanup_decoder_ struct insn_decoder *decoder = insn_decoder_new();

	(void)state;
	assert_non_null(decoder);
	for (size_t i = 0; i < sizeof(instructions) / sizeof(instructions[0]); i++) {
		const struct expected *e = &instructions[i];
		unsigned char code[0x110];
		struct insn insn;

		memset(code, 0x90, sizeof(code));
		memcpy(code + 0x100, e->code, e->length);
		if (insn_decode(decoder, code, sizeof(code), 0x100, &insn) ||
		    insn.length != e->length || insn.kind != e->kind ||
		    insn.disp_size != e->disp_size || (e->disp_size && insn.target != e->target))
			fail_msg("%s: length %u kind %d target %lx", e->what, insn.length,
				 insn.kind, (unsigned long)insn.target);
	}
}

static void test_end_of_code(void **state)
{
	static const unsigned char code[] = { 0x90, 0xe8, 0, 0, 0 };
	_cleanup_decoder_ struct insn_decoder *decoder = insn_decoder_new();
	struct insn insn, *list = NULL;
	struct error err = { 0 };
	size_t count;

	(void)state;
	assert_int_not_equal(insn_decode(decoder, code, sizeof(code), 1, &insn), 0);
	assert_true(insn.bad);
	assert_int_equal(insn.length, 1);
	assert_int_not_equal(insn_decode(decoder, code, sizeof(code), sizeof(code), &insn), 0);
	assert_int_not_equal(insn_decode_range(decoder, code, 0, sizeof(code), &list, &count, &err),
			     0);
	assert_non_null(strstr(err.text, "0x1"));
	assert_null(list);
}

static void test_not_an_instruction(void **state)
{
	static const unsigned char code[] = { 0x06, 0x90 };
	_cleanup_decoder_ struct insn_decoder *decoder = insn_decoder_new();
	struct insn insn;

	(void)state;
	assert_int_not_equal(insn_decode(decoder, code, sizeof(code), 0, &insn), 0);
	assert_true(insn.bad);
	assert_int_equal(insn_decode(decoder, code, sizeof(code), 1, &insn), 0);
	assert_false(insn.bad);
}

static void test_range(void **state)
{
	unsigned char code[300];
	_cleanup_decoder_ struct insn_decoder *decoder = insn_decoder_new();
	struct error err = { 0 };
	struct insn *list;
	size_t count;

	(void)state;
	memset(code, 0x90, sizeof(code));
	assert_int_equal(insn_decode_range(decoder, code, 100, 300, &list, &count, &err), 0);
	assert_int_equal(count, 200);
	assert_int_equal(list[0].offset, 100);
	assert_int_equal(list[199].offset, 299);
	free(list);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_kinds),
		cmocka_unit_test(test_end_of_code),
		cmocka_unit_test(test_not_an_instruction),
		cmocka_unit_test(test_range),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
