// SPDX-License-Identifier: GPL-2.0-only
/* Jump labels of new code whose static keys are read-only, in simulated memory. */
#pragma GCC diagnostic ignored "-Wpointer-arith" /* as the kernel is compiled */

#include "kshim/kernel.h"

#include <errno.h>
#include <setjmp.h>

#include <cmocka.h>

#include "kmodsrc/arch/x86/branch.c"
#include "kmodsrc/keys.c"
#include "kshim/refuse.h"

#define SITES 4
#define FAR   0x400 /* from a site to its target */

/* The module: its code, and the list of its jump labels. */
static struct {
	u8 code[0x1000];
	struct jump_entry entries[SITES];
	struct static_key own;
} memory __attribute__((aligned(16)));

static struct static_key fixed, lasting, unmapped;
static uint64_t ranges[1][2];
static struct module mod;
static struct ksplice_abort problem;
static bool unmappable; /* no alias can be made */
static int nr_aliases;

pte_t *lookup_address(unsigned long address, unsigned int *level)
{
	static pte_t none, all = { true };

	if (address == (unsigned long)&unmapped)
		return NULL;
	return address == (unsigned long)&fixed || address == (unsigned long)&memory.own ? &none :
											   &all;
}

struct ksplice_alias *ksplice_alias_map(unsigned long address, size_t len)
{
	if (unmappable)
		return NULL;
	nr_aliases++;
	return (void *)address;
}

void *ksplice_alias_pointer(struct ksplice_alias *alias)
{
	return alias;
}

void ksplice_alias_unmap(struct ksplice_alias *alias)
{
	nr_aliases--;
}

static u8 *site(unsigned int index)
{
	return memory.code + 0x100 * index;
}

static void set_entry(unsigned int index, struct static_key *key, bool branch, const void *code,
		      size_t size)
{
	struct jump_entry *entry = &memory.entries[index];
	u8 *target = site(index) + (size == 2 ? 0x40 : FAR);

	memcpy(site(index), code, size);
	entry->code = (s32)((char *)site(index) - (char *)&entry->code);
	entry->target = (s32)((char *)target - (char *)&entry->target);
	entry->key = ((char *)key - (char *)&entry->key) | branch;
}

static int set_up(void **state)
{
	memset(&memory, 0, sizeof(memory));
	ranges[0][0] = (unsigned long)&memory;
	ranges[0][1] = sizeof(memory);
	mod = (struct module){
		.ranges = ranges,
		.nr_ranges = 1,
		.jump_entries = memory.entries,
	};
	unmappable = false;
	nr_aliases = 0;
	memset(&problem, 0, sizeof(problem));
	fixed = (struct static_key){ .enabled = { 1 } };
	lasting = (struct static_key){ .enabled = { 1 } };
	return 0;
}

static int tear_down(void **state)
{
	assert_int_equal(nr_aliases, 0);
	return 0;
}

/* Each of the forms, for a key that is on; the entries of other keys stay, and mean the same. */
static void test_fixed(void **state)
{
	set_entry(0, &fixed, false, "\x0f\x1f\x44\0\0", 5);
	set_entry(1, &lasting, true, "\xe9\0\0\0\0", 5);
	set_entry(2, &fixed, true, "\xeb\x3e", 2);
	set_entry(3, &memory.own, false, "\x66\x90", 2);
	mod.num_jump_entries = SITES;
	assert_int_equal(ksplice_fix_branches(&mod, &problem), 0);
	assert_memory_equal(site(0), "\xe9\xfb\3\0\0", 5);
	assert_memory_equal(site(2), "\x66\x90", 2);
	/* The kernel's own: as they were. */
	assert_memory_equal(site(1), "\xe9\0\0\0\0", 5);
	assert_memory_equal(site(3), "\x66\x90", 2);
	assert_int_equal(mod.num_jump_entries, 2);
	assert_ptr_equal(jump_entry_key(&memory.entries[0]), &lasting);
	assert_int_equal(jump_entry_code(&memory.entries[0]), (unsigned long)site(1));
	assert_int_equal(jump_entry_target(&memory.entries[0]), (unsigned long)site(1) + FAR);
	assert_true(jump_entry_is_branch(&memory.entries[0]));
	assert_ptr_equal(jump_entry_key(&memory.entries[1]), &memory.own);
	assert_int_equal(jump_entry_code(&memory.entries[1]), (unsigned long)site(3));
	assert_false(jump_entry_is_branch(&memory.entries[1]));
}

static void test_off(void **state)
{
	fixed.enabled.counter = 0;
	set_entry(0, &fixed, false, "\x0f\x1f\x44\0\0", 5);
	set_entry(1, &fixed, true, "\x66\x90", 2);
	mod.num_jump_entries = 2;
	assert_int_equal(ksplice_fix_branches(&mod, &problem), 0);
	assert_memory_equal(site(0), "\x0f\x1f\x44\0\0", 5);
	assert_memory_equal(site(1), "\xeb\x3e", 2);
	assert_int_equal(mod.num_jump_entries, 0);
}

/* The kernel knows that it must not write to this one, and makes its sites itself. */
static void test_sealed(void **state)
{
	fixed.type = JUMP_TYPE_LINKED;
	set_entry(0, &fixed, false, "\x0f\x1f\x44\0\0", 5);
	mod.num_jump_entries = 1;
	assert_int_equal(ksplice_fix_branches(&mod, &problem), 0);
	assert_int_equal(mod.num_jump_entries, 1);
	/* In use by modules, on the other hand. */
	fixed.type = JUMP_TYPE_LINKED | (unsigned long)&lasting;
	assert_int_equal(ksplice_fix_branches(&mod, &problem), 0);
	assert_int_equal(mod.num_jump_entries, 0);
}

static void test_no_branch(void **state)
{
	set_entry(0, &fixed, false, "\xe8\0\0\0\0", 5);
	mod.num_jump_entries = 1;
	assert_int_not_equal(ksplice_fix_branches(&mod, &problem), 0);
	assert_non_null(strstr(problem.detail, "no known form"));
	assert_memory_equal(site(0), "\xe8\0\0\0\0", 5);
}

static void expect_refused(const char *why)
{
	mod.num_jump_entries = 1;
	assert_int_not_equal(ksplice_fix_branches(&mod, &problem), 0);
	if (!strstr(problem.detail, why))
		fail_msg("%s", problem.detail);
}

/* Nothing but the module's own code is written to. */
static void test_outside(void **state)
{
	static u8 elsewhere[] = { 0x0f, 0x1f, 0x44, 0, 0 };
	u8 *last = (u8 *)(&memory + 1) - KSPLICE_JUMP_SIZE;
	struct jump_entry *entry = memory.entries;

	set_entry(0, &fixed, false, "\x0f\x1f\x44\0\0", 5);
	entry->code = (s32)((char *)elsewhere - (char *)&entry->code);
	expect_refused("outside of the module");
	assert_memory_equal(elsewhere, "\x0f\x1f\x44\0\0", 5);
	entry->code = (s32)((char *)&memory - 1 - (char *)&entry->code);
	expect_refused("outside of the module");
	ranges[0][1]--;
	memcpy(last, elsewhere, sizeof(elsewhere));
	entry->code = (s32)((char *)last - (char *)&entry->code);
	expect_refused("outside of the module");
	ranges[0][1]++;
	assert_int_equal(ksplice_fix_branches(&mod, &problem), 0);
	assert_int_equal(*last, 0xe9);
}

static void test_unmappable(void **state)
{
	set_entry(0, &fixed, false, "\x0f\x1f\x44\0\0", 5);
	unmappable = true;
	expect_refused("cannot map");
	assert_int_equal(problem.cause, KSPLICE_CAUSE_NO_MEMORY);
}

/* A key that is mapped nowhere is nothing to be written to either. */
static void test_writable(void **state)
{
	assert_true(ksplice_arch_writable((unsigned long)&lasting));
	assert_false(ksplice_arch_writable((unsigned long)&fixed));
	assert_false(ksplice_arch_writable((unsigned long)&unmapped));
}

/* As far as the form reaches, and no further; what is there already is replaced, too. */
static void test_reach(void **state)
{
	const unsigned long at = 0xffffffffc0000000;
	u8 code[5] = "\xe9\1\2\3\4";

	assert_int_equal(ksplice_arch_set_branch(code, at, at + 5 + 0x80000000L, true), -EINVAL);
	assert_memory_equal(code, "\xe9\1\2\3\4", 5);
	assert_int_equal(ksplice_arch_set_branch(code, at, at + 5 + 0x7fffffff, true), 0);
	assert_memory_equal(code, "\xe9\xff\xff\xff\x7f", 5);
	assert_int_equal(ksplice_arch_set_branch(code, at, at + 5 - 0x80000000L, true), 0);
	assert_int_equal(ksplice_arch_set_branch(code, at, at, false), 0);
	assert_memory_equal(code, "\x0f\x1f\x44\0\0", 5);
	memcpy(code, "\x66\x90", 2);
	assert_int_equal(ksplice_arch_set_branch(code, at, at + 2 + 128, true), -EINVAL);
	assert_int_equal(ksplice_arch_set_branch(code, at, at + 2 + 127, true), 0);
	assert_memory_equal(code, "\xeb\x7f\x44", 3);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_fixed, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_off, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_sealed, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_no_branch, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_outside, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_unmappable, set_up, tear_down),
		cmocka_unit_test(test_writable),
		cmocka_unit_test(test_reach),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
