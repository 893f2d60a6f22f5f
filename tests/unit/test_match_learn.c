// SPDX-License-Identifier: GPL-2.0-only
/* Which addresses the matcher of ksplice.ko holds possible before it compares a byte. */
#include "kshim/matcher.h"

#include <setjmp.h>

#include <cmocka.h>

#include "kshim/memory.h"
#include "kshim/sample.h"

#define MODULE 0xffffffffc0400000UL

/* A matcher for the sample, in vmlinux or in a module of one page. */
struct fixture {
	struct sim *s;
	struct ksplice_matcher m;
	struct module mod;
	uint64_t range[1][2];
};

static int set_up(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	size_t size;
	u8 *image = sample_image(&size);

	f->s = sim_new(image, size);
	run_kernel(f->s);
	assert_matches(f->s);
	f->m.candidates = f->s->candidates;
	f->range[0][0] = MODULE;
	f->range[0][1] = 4096;
	f->mod = (struct module){ .ranges = f->range, .nr_ranges = 1 };
	free(image);
	*state = f;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *f = *state;

	sim_free(f->s);
	free(f);
	return 0;
}

/* User space has told nothing of kallsyms but where one thing is. */
static void forget_all_but(enum ksplice_core_symbol symbol, unsigned long address)
{
	struct {
		struct ksplice_candidates head;
		struct ksplice_candidate entry;
	} told = { { .nr_entries = 1 }, { .symbol = symbol, .address = address } };

	ksplice_core_addresses_set(&told.head);
}

/* Of what kallsyms does not name. */
static void test_nameless(void **state)
{
	static const struct ksplice_symbol strong = { .section = KSPLICE_EXTERN };
	static const struct ksplice_symbol weak = { .section = KSPLICE_EXTERN,
						    .flags = KSPLICE_SYM_WEAK };
	struct fixture *f = *state;

	assert_true(is_nameless(&f->m, &weak, 0));
	assert_false(is_nameless(&f->m, &strong, 0));
	assert_true(is_nameless(&f->m, &strong, SIM_DATA));
	assert_false(is_nameless(&f->m, &strong, SIM_DATA - 8));
	assert_false(is_nameless(&f->m, &strong, SIM_DATA + 4));
	assert_true(is_nameless(&f->m, &strong, SIM_VARIABLES - 8));
	assert_false(is_nameless(&f->m, &strong, SIM_VARIABLES));

	f->m.mod = &f->mod;
	assert_false(is_nameless(&f->m, &strong, SIM_DATA));
	assert_false(is_nameless(&f->m, &strong, MODULE));
	assert_false(is_nameless(&f->m, &strong, MODULE + 4095));
	assert_true(is_nameless(&f->m, &strong, MODULE + 4096));
	assert_true(is_nameless(&f->m, &strong, MODULES_VADDR));
	assert_false(is_nameless(&f->m, &strong, MODULES_VADDR - 1));
	assert_true(is_nameless(&f->m, &strong, MODULES_END - 1));
	assert_false(is_nameless(&f->m, &strong, MODULES_END));
}

/* Of strings and constants. */
static void test_constant(void **state)
{
	struct fixture *f = *state;

	assert_true(is_constant(&f->m, SIM_DATA, 8));
	assert_false(is_constant(&f->m, SIM_DATA - 1, 8));
	assert_true(is_constant(&f->m, SIM_VARIABLES - 8, 8));
	assert_false(is_constant(&f->m, SIM_VARIABLES - 7, 8));
	f->m.mod = &f->mod;
	assert_false(is_constant(&f->m, SIM_DATA, 8));
	assert_true(is_constant(&f->m, MODULE + 4088, 8));
	assert_false(is_constant(&f->m, MODULE + 4089, 8));
	assert_false(is_constant(&f->m, MODULE - 1, 8));
	f->m.mod = NULL;
	forget_all_but(KSPLICE_CORE___end_rodata, SIM_VARIABLES);
	assert_false(is_constant(&f->m, SIM_DATA, 8));
}

/* Of code. */
static void test_in_target(void **state)
{
	struct fixture *f = *state;
	struct ksplice_section text = f->s->unit.sections[S_TEXT];
	const struct ksplice_unit *unit = &f->s->unit;
	u32 size = text.size;

	assert_true(ksplice_in_target(&f->m, unit, &text, SIM_TEXT));
	assert_false(ksplice_in_target(&f->m, unit, &text, SIM_TEXT - 1));
	assert_true(ksplice_in_target(&f->m, unit, &text, SIM_ETEXT - size));
	assert_false(ksplice_in_target(&f->m, unit, &text, SIM_ETEXT - size + 1));
	text.kind = KSPLICE_DATA;
	assert_true(ksplice_in_target(&f->m, unit, &text, -(unsigned long)size));
	assert_false(ksplice_in_target(&f->m, unit, &text, -(unsigned long)size + 1));
	f->m.mod = &f->mod;
	assert_true(ksplice_in_target(&f->m, unit, &text, MODULE + 4096 - size));
	assert_false(ksplice_in_target(&f->m, unit, &text, MODULE + 4096 - size + 1));
	assert_false(ksplice_in_target(&f->m, unit, &text, MODULE - 1));
	f->m.mod = NULL;
	text.kind = KSPLICE_TEXT;
	forget_all_but(KSPLICE_CORE__etext, SIM_ETEXT);
	assert_false(ksplice_in_target(&f->m, unit, &text, SIM_TEXT));
}

/* The names of a section agree, and it is aligned as it was compiled. */
static void test_placeable(void **state)
{
	struct fixture *f = *state;
	struct ksplice_section text = f->s->unit.sections[S_TEXT];
	const struct ksplice_unit *unit = &f->s->unit;
	unsigned long base = f->s->bases[S_TEXT];

	assert_true(ksplice_placeable(&f->m, unit, &text, base));
	assert_false(ksplice_placeable(&f->m, unit, &text, base + text.align));
	while (!(base & text.align))
		text.align *= 2;
	text.align *= 2;
	assert_false(ksplice_placeable(&f->m, unit, &text, base));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_nameless, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_constant, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_in_target, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_placeable, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
