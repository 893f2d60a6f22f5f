// SPDX-License-Identifier: GPL-2.0-only
/*
 * The relocations of new code, run in user space on a processor that traps where
 * an indirect branch does not lead to an ENDBR (IBT). Kernel and new code lie in
 * one array, so that each reaches the other.
 */
#pragma GCC diagnostic ignored "-Wpointer-arith" /* as the kernel is compiled */

#include "kshim/kernel.h"

#include <errno.h>
#include <setjmp.h>

#include <cmocka.h>

/* ---- what the two files want of the kernel ------------------------------------ */

static bool ibt;

#define X86_FEATURE_IBT		   0
#define cpu_feature_enabled(which) ibt
#define __START_KERNEL_map	   0xffffffff80000000UL
#define PAGE_SIZE		   4096UL
#define PAGE_SHIFT		   12
#define PAGE_MASK		   (~(PAGE_SIZE - 1))
#define PAGE_ALIGN(value)	   (((value) + PAGE_SIZE - 1) & PAGE_MASK)
#define __pa_symbol(address)	   (address)
#define pfn_valid(pfn)		   ((pfn) == 0)
#define pfn_to_page(pfn)	   NULL
#define vmalloc_to_page(address)   NULL
#define cpu_to_le64(value)	   (value)
typedef u64 __le64;

static void put_unaligned_le32(u32 value, void *to)
{
	memcpy(to, &value, sizeof(value));
}

static const void *memchr_inv(const void *bytes, int byte, size_t size)
{
	for (size_t i = 0; i < size; i++)
		if (((const u8 *)bytes)[i] != byte)
			return bytes + i;
	return NULL;
}

#define _KSPLICE_COMPAT_H
static void ksplice_compat_module_text(const struct module *mod, unsigned long *start,
				       unsigned long *size)
{
	*start = mod->ranges[0][0];
	*size = mod->ranges[0][1];
}

#include "kmodsrc/arch/x86/text.c"
#include "kmodsrc/relocate.c"
#include "kshim/refuse.h"

/* ---- memory ------------------------------------------------------------------- */

#define TEXT	 0 /* the kernel's code */
#define OTHER	 0x1000 /* a module that is the target */
#define NEW_CODE 0x2000 /* the update's module */
#define SIZE	 0x3000

static u8 memory[SIZE] __attribute__((aligned(4096)));
static uint64_t other_range[1][2], update_range[1][2];
static struct module other = { .ranges = other_range, .nr_ranges = 1 };
static struct module update = { .ranges = update_range, .nr_ranges = 1 };
static struct ksplice_reloc relocs[2];
static struct ksplice_descriptor descriptor;
static unsigned long function; /* the address of the symbol */

static unsigned long address_of(size_t offset)
{
	return (unsigned long)memory + offset;
}

int ksplice_read_original(void *dst, unsigned long address, size_t len)
{
	if (address < address_of(0) || address + len > address_of(SIZE))
		return -EFAULT;
	memcpy(dst, (void *)address, len);
	return 0;
}

unsigned long ksplice_core_address(enum ksplice_core_symbol symbol)
{
	return symbol == KSPLICE_CORE__stext   ? address_of(TEXT)
	       : symbol == KSPLICE_CORE__etext ? address_of(OTHER)
					       : 0;
}

struct ksplice_alias *ksplice_alias_map(unsigned long address, size_t len)
{
	return (void *)address;
}

void *ksplice_alias_pointer(struct ksplice_alias *alias)
{
	return alias;
}

void ksplice_alias_unmap(struct ksplice_alias *alias)
{
}

int ksplice_match_symbol(const struct ksplice_match *match, u32 unit_id, u32 symbol,
			 unsigned long *address, u32 *size)
{
	*address = function;
	return symbol == 3 ? 0 : -ENOENT;
}

const char *ksplice_match_symbol_name(const struct ksplice_match *match, u32 unit_id, u32 symbol)
{
	return "sealed";
}

/* ---- tests -------------------------------------------------------------------- */

#define POINTER 0x100 /* where the new code has the address */
#define STUB	0x200 /* an ENDBR and a jump to the function */
#define BRANCH	0x300

static const u8 endbr[] = { 0xf3, 0x0f, 0x1e, 0xfa };
static const u8 sealed[] = { 0x66, 0x0f, 0x1f, 0x00 };

static struct ksplice_reloc reloc(size_t offset, u32 type, s64 addend)
{
	return (struct ksplice_reloc){
		.place = address_of(NEW_CODE + offset),
		.addend = addend,
		.type = type,
		.symbol = 3,
	};
}

static int setup(void **state)
{
	memset(memory, 0, sizeof(memory));
	memset(&descriptor, 0, sizeof(descriptor));
	other_range[0][0] = address_of(OTHER);
	other_range[0][1] = 0x1000;
	update_range[0][0] = address_of(NEW_CODE);
	update_range[0][1] = 0x1000;
	descriptor.relocs = (unsigned long)relocs;
	function = address_of(TEXT + 0x40);
	memcpy(memory + TEXT + 0x40, sealed, sizeof(sealed));
	memcpy(memory + NEW_CODE + STUB, endbr, sizeof(endbr));
	memory[NEW_CODE + STUB + 4] = 0xe9;
	ibt = true;
	return 0;
}

/* Makes the first `nr' relocations. */
static int relocate(unsigned int nr, struct module *target, struct ksplice_abort *abort)
{
	struct ksplice_part part = { .mod = &update, .target = target, .desc = &descriptor };

	memset(abort, 0, sizeof(*abort));
	descriptor.nr_relocs = nr;
	return ksplice_relocate(&part, NULL, abort);
}

static u64 pointer(void)
{
	u64 value;

	memcpy(&value, memory + NEW_CODE + POINTER, sizeof(value));
	return value;
}

/* A function without ENDBR, and no stub: refused by name, and nothing is written. */
static void test_sealed(void **state)
{
	struct ksplice_abort abort;

	relocs[0] = reloc(POINTER, KSPLICE_ABS64, 0);
	assert_int_not_equal(relocate(1, NULL, &abort), 0);
	assert_int_equal(abort.cause, KSPLICE_CAUSE_UNSUPPORTED);
	assert_non_null(strstr(abort.detail, "calls sealed through a pointer"));
	assert_int_equal(pointer(), 0);

	/* The same in the code of a module that is the target. */
	function = address_of(OTHER + 0x40);
	assert_int_not_equal(relocate(1, &other, &abort), 0);
	assert_int_equal(abort.cause, KSPLICE_CAUSE_UNSUPPORTED);

	/* A processor without IBT does not mind; nor is data called. */
	ibt = false;
	assert_int_equal(relocate(1, &other, &abort), 0);
	assert_int_equal(pointer(), function);
	ibt = true;
	memset(memory + NEW_CODE + POINTER, 0, 8);
	function = address_of(OTHER + 0x40);
	assert_int_equal(relocate(1, NULL, &abort), 0);
	assert_int_equal(pointer(), function);
}

static void test_callable(void **state)
{
	struct ksplice_abort abort;

	memcpy(memory + TEXT + 0x40, endbr, sizeof(endbr));
	relocs[0] = reloc(POINTER, KSPLICE_ABS64, 0);
	relocs[1] = reloc(STUB + 5, KSPLICE_PC32, -4);
	assert_int_equal(relocate(2, NULL, &abort), 0);
	/* The real address, which others may compare with, though there is a stub. */
	assert_int_equal(pointer(), function);
}

/* The stub stands for the function; its own jump leads there all the same. */
static void test_stub(void **state)
{
	struct ksplice_abort abort;
	s32 distance;

	relocs[0] = reloc(POINTER, KSPLICE_ABS64, 0);
	relocs[1] = reloc(STUB + 5, KSPLICE_PC32, -4);
	assert_int_equal(relocate(2, NULL, &abort), 0);
	assert_int_equal(pointer(), address_of(NEW_CODE + STUB));
	memcpy(&distance, memory + NEW_CODE + STUB + 5, sizeof(distance));
	assert_int_equal(address_of(NEW_CODE + STUB + 9) + distance, function);

	/* lea function(%rip): the distance to the stub */
	setup(state);
	memcpy(memory + NEW_CODE + POINTER - 3, "\x48\x8d\x05", 3);
	relocs[0] = reloc(POINTER, KSPLICE_PC32, -4);
	assert_int_equal(relocate(2, NULL, &abort), 0);
	memcpy(&distance, memory + NEW_CODE + POINTER, sizeof(distance));
	assert_int_equal(address_of(NEW_CODE + POINTER + 4) + distance,
			 address_of(NEW_CODE + STUB));
}

/* No stub: a jump without ENDBR, an ENDBR without jump, another symbol's, one elsewhere. */
static void test_no_stub(void **state)
{
	struct ksplice_abort abort;

	relocs[0] = reloc(POINTER, KSPLICE_ABS64, 0);
	relocs[1] = reloc(STUB + 5, KSPLICE_PC32, -4);
	memory[NEW_CODE + STUB] = 0;
	assert_int_not_equal(relocate(2, NULL, &abort), 0);
	setup(state);
	memory[NEW_CODE + STUB + 4] = 0xe8;
	assert_int_not_equal(relocate(2, NULL, &abort), 0);
	setup(state);
	relocs[1].unit_id = 1;
	assert_int_not_equal(relocate(2, NULL, &abort), 0);
	setup(state);
	memcpy(memory + OTHER, memory + NEW_CODE + STUB, 5);
	relocs[1] = reloc(0, KSPLICE_PC32, -4);
	relocs[1].place = address_of(OTHER + 5);
	assert_int_not_equal(relocate(2, NULL, &abort), 0);
	assert_int_equal(pointer(), 0);
}

/* A call or jump needs no ENDBR where it leads. */
static void test_branch(void **state)
{
	static const u8 opcodes[][2] = { { 0, 0xe8 }, { 0, 0xe9 }, { 0x0f, 0x84 } };
	struct ksplice_abort abort;
	s32 distance;

	for (size_t i = 0; i < ARRAY_SIZE(opcodes); i++) {
		setup(state);
		memcpy(memory + NEW_CODE + BRANCH, opcodes[i], 2);
		relocs[0] = reloc(BRANCH + 2, KSPLICE_PC32, -4);
		assert_int_equal(relocate(1, NULL, &abort), 0);
		memcpy(&distance, memory + NEW_CODE + BRANCH + 2, sizeof(distance));
		assert_int_equal(address_of(NEW_CODE + BRANCH + 6) + distance, function);
	}
}

/* What is no reference of the new code's own is never written. */
static void test_bad_relocs(void **state)
{
	struct ksplice_abort abort;

	ibt = false;
	relocs[0] = reloc(0xffc, KSPLICE_ABS64, 0);
	assert_int_not_equal(relocate(1, NULL, &abort), 0);
	assert_int_equal(abort.cause, KSPLICE_CAUSE_BAD_UPDATE);
	relocs[0] = reloc(POINTER, 99, 0);
	assert_int_not_equal(relocate(1, NULL, &abort), 0);
	assert_int_equal(abort.cause, KSPLICE_CAUSE_BAD_UPDATE);
	relocs[0] = reloc(POINTER, KSPLICE_ABS64, 0);
	memory[NEW_CODE + POINTER + 7] = 1;
	assert_int_not_equal(relocate(1, NULL, &abort), 0);
	assert_non_null(strstr(abort.detail, "in use"));
	relocs[0] = reloc(STUB + 0x10, KSPLICE_PC32, 1L << 40);
	assert_int_not_equal(relocate(1, NULL, &abort), 0);
	assert_non_null(strstr(abort.detail, "out of reach"));
	relocs[0].symbol = 4;
	assert_int_not_equal(relocate(1, NULL, &abort), 0);
	assert_int_equal(abort.cause, KSPLICE_CAUSE_UNKNOWN_SYMBOL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_sealed, setup),
		cmocka_unit_test_setup(test_callable, setup),
		cmocka_unit_test_setup(test_stub, setup),
		cmocka_unit_test_setup(test_no_stub, setup),
		cmocka_unit_test_setup(test_branch, setup),
		cmocka_unit_test_setup(test_bad_relocs, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
