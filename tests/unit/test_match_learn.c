// SPDX-License-Identifier: GPL-2.0-only
/* Which addresses the matcher of ksplice.ko holds possible before it compares a byte. */
#include "kshim/matcher.h"

#include <setjmp.h>

#include <cmocka.h>

#include "kshim/memory.h"
#include "kshim/sample.h"

#define MODULE 0xffffffffc0400000UL
#define GONE   0xffffffffc0500000UL /* what the module has freed */
#define NR_FREED 8

/* A matcher for the sample, in vmlinux or in a module of one page. */
struct fixture {
	struct sim *s;
	struct ksplice_matcher m;
	struct module mod;
	uint64_t range[1][2];
	uint64_t constant[1][2];
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
	f->constant[0][0] = MODULE;
	f->constant[0][1] = 2048;
	f->mod = (struct module){ .ranges = f->range, .nr_ranges = 1, .constants = f->constant,
				  .nr_constants = 1 };
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
	struct ksplice_symbol symbols[2] = { { .section = KSPLICE_EXTERN },
					     { .section = KSPLICE_EXTERN,
					       .flags = KSPLICE_SYM_WEAK } };
	struct fixture *f = *state;
	struct ksplice_unit unit = f->s->unit;

	unit.symbols = symbols;
	assert_true(is_nameless(&f->m, &unit, 1, 0));
	assert_false(is_nameless(&f->m, &unit, 0, 0));
	assert_true(is_nameless(&f->m, &unit, 0, SIM_DATA));
	assert_false(is_nameless(&f->m, &unit, 0, SIM_DATA - 8));
	assert_false(is_nameless(&f->m, &unit, 0, SIM_DATA + 4));
	assert_true(is_nameless(&f->m, &unit, 0, SIM_VARIABLES - 8));
	assert_false(is_nameless(&f->m, &unit, 0, SIM_VARIABLES));
	f->m.mod = &f->mod;
	assert_false(is_nameless(&f->m, &unit, 0, SIM_DATA));
	assert_true(is_nameless(&f->m, &unit, 0, GONE));
}

/* ---- what a module has freed --------------------------------------------------- */

/*
 * A unit of a module: a section with START (global) at 16, HELP (static) at 32, MAYBE (weak) at 64,
 * all of it freed; and OUT, which another unit defines.
 */
enum { ALL, START, HELP, MAYBE, OUT, NR_GONE };

struct gone {
	struct ksplice_image image;
	struct ksplice_section section;
	struct ksplice_symbol symbols[NR_GONE];
	struct ksplice_place place;
	struct ksplice_value values[NR_GONE];
	bool *journal[2 * NR_GONE];
	struct ksplice_unit unit;
	struct {
		struct ksplice_candidates head;
		struct ksplice_candidate entries[1];
		struct ksplice_freed freed[NR_FREED];
	} told;
};

static const char gone_names[] = "\0start\0help\0maybe\0out";

/* The module's unit, of which user space has told nothing. */
static void gone_init(struct gone *g, struct fixture *f)
{
	*g = (struct gone){
		.image = { .unit_id = 7, .nr_sections = 1, .nr_symbols = NR_GONE },
		.section = { .kind = KSPLICE_FREED, .size = 128, .align = 16,
			     .nr_symbols = OUT },
		.symbols = {
			[ALL] = { .type = KSPLICE_SYM_SECTION },
			[START] = { .name = 1, .offset = 16, .flags = KSPLICE_SYM_GLOBAL },
			[HELP] = { .name = 7, .offset = 32 },
			[MAYBE] = { .name = 12, .offset = 64, .flags = KSPLICE_SYM_WEAK },
			[OUT] = { .name = 18, .section = KSPLICE_EXTERN },
		},
	};
	g->unit = (struct ksplice_unit){ .image = &g->image, .sections = &g->section,
					 .symbols = g->symbols, .strings = gone_names,
					 .places = &g->place, .values = g->values };
	g->told.head.nr_entries = 1;
	f->m.mod = &f->mod;
	f->m.candidates = &g->told.head;
	f->m.journal = g->journal;
	f->m.journal_used = 0;
}

/* All that user space tells, for one symbol after the other. */
static void tell(struct gone *g, u32 symbol, u64 address, u64 size)
{
	g->told.head.flags = KSPLICE_CANDIDATES_FREED;
	g->told.freed[g->told.head.nr_freed++] = (struct ksplice_freed){
		.unit_id = 7, .symbol = symbol, .address = address, .size = size
	};
}

/* Whatever is told, it is neither where the module is nor where no module can be. */
static void test_freed_module(void **state)
{
	struct fixture *f = *state;
	struct gone g;

	gone_init(&g, f);
	assert_true(ksplice_freed_possible(&f->m, &g.unit, OUT, GONE));
	assert_false(ksplice_freed_possible(&f->m, &g.unit, OUT, MODULE));
	assert_false(ksplice_freed_possible(&f->m, &g.unit, OUT, MODULE + 4095));
	assert_true(ksplice_freed_possible(&f->m, &g.unit, OUT, MODULE + 4096));
	assert_true(ksplice_freed_possible(&f->m, &g.unit, OUT, MODULES_VADDR));
	assert_false(ksplice_freed_possible(&f->m, &g.unit, OUT, MODULES_VADDR - 1));
	assert_true(ksplice_freed_possible(&f->m, &g.unit, OUT, MODULES_END - 1));
	assert_false(ksplice_freed_possible(&f->m, &g.unit, OUT, MODULES_END));
	assert_true(ksplice_placeable(&f->m, &g.unit, &g.section, GONE));
	assert_false(ksplice_placeable(&f->m, &g.unit, &g.section, GONE + 8));
	assert_false(ksplice_placeable(&f->m, &g.unit, &g.section, MODULE - 128 + 16));
	assert_true(ksplice_placeable(&f->m, &g.unit, &g.section, MODULE - 128));
	assert_false(ksplice_placeable(&f->m, &g.unit, &g.section, MODULE + 4096 - 16));
	assert_false(ksplice_placeable(&f->m, &g.unit, &g.section, MODULES_VADDR - 16));
	assert_false(ksplice_placeable(&f->m, &g.unit, &g.section, MODULES_END - 112));
	tell(&g, OUT, 0, ~0ULL);
	assert_true(ksplice_freed_possible(&f->m, &g.unit, OUT, GONE));
	assert_false(ksplice_freed_possible(&f->m, &g.unit, OUT, MODULE));
	assert_false(ksplice_freed_possible(&f->m, &g.unit, OUT, SIM_DATA));
	/* Without candidates altogether. */
	f->m.candidates = NULL;
	assert_true(ksplice_freed_possible(&f->m, &g.unit, OUT, GONE));
	assert_false(ksplice_freed_possible(&f->m, &g.unit, OUT, MODULE));
}

/* Once user space has told, there is nothing else. */
static void test_freed_told(void **state)
{
	struct fixture *f = *state;
	struct gone g;

	gone_init(&g, f);
	tell(&g, HELP, GONE + 32, 1);
	tell(&g, OUT, GONE + 256, 64);
	tell(&g, OUT, GONE + 1024, 1);
	assert_false(ksplice_freed_possible(&f->m, &g.unit, OUT, GONE + 255));
	assert_true(ksplice_freed_possible(&f->m, &g.unit, OUT, GONE + 256));
	assert_true(ksplice_freed_possible(&f->m, &g.unit, OUT, GONE + 319));
	assert_false(ksplice_freed_possible(&f->m, &g.unit, OUT, GONE + 320));
	assert_true(ksplice_freed_possible(&f->m, &g.unit, OUT, GONE + 1024));
	assert_false(ksplice_freed_possible(&f->m, &g.unit, OUT, GONE + 1025));
	assert_false(ksplice_freed_possible(&f->m, &g.unit, START, GONE + 16));
	assert_false(ksplice_freed_named(&f->m, &g.unit, START));
	assert_true(ksplice_freed_named(&f->m, &g.unit, OUT));
	/* Of another unit. */
	g.image.unit_id = 8;
	assert_false(ksplice_freed_possible(&f->m, &g.unit, OUT, GONE + 256));
}

/* All names of a section agree on its place. */
static void test_freed_by_name(void **state)
{
	struct fixture *f = *state;
	struct gone g;

	gone_init(&g, f);
	tell(&g, ALL, GONE, 4096);
	tell(&g, START, GONE + 512 + 16, 1);
	tell(&g, HELP, GONE + 32, 1);
	tell(&g, HELP, GONE + 512 + 32, 1);
	assert_true(ksplice_placeable(&f->m, &g.unit, &g.section, GONE + 512));
	assert_false(ksplice_placeable(&f->m, &g.unit, &g.section, GONE));
	assert_false(ksplice_placeable(&f->m, &g.unit, &g.section, GONE + 512 + 16));
	g.told.freed[1].address += 16;
	assert_false(ksplice_placeable(&f->m, &g.unit, &g.section, GONE + 512));
	/* Of a section that nothing tells of, nothing is believed. */
	gone_init(&g, f);
	tell(&g, OUT, GONE, 4096);
	assert_false(ksplice_placeable(&f->m, &g.unit, &g.section, GONE));
}

/* Without the file: where the section of that name was. */
static void test_freed_section(void **state)
{
	struct fixture *f = *state;
	struct gone g;

	gone_init(&g, f);
	tell(&g, ALL, GONE, 256);
	tell(&g, START, GONE, 256);
	tell(&g, HELP, GONE, 256);
	tell(&g, MAYBE, GONE, 256);
	assert_true(ksplice_placeable(&f->m, &g.unit, &g.section, GONE));
	assert_true(ksplice_placeable(&f->m, &g.unit, &g.section, GONE + 176));
	assert_false(ksplice_placeable(&f->m, &g.unit, &g.section, GONE + 192));
	assert_false(ksplice_placeable(&f->m, &g.unit, &g.section, GONE - 16));
}

/* A weak definition has its section's place only if no other was linked. */
static void test_freed_weak(void **state)
{
	struct fixture *f = *state;
	struct gone g;

	gone_init(&g, f);
	tell(&g, START, GONE + 16, 1);
	tell(&g, MAYBE, GONE + 2048, 1);
	assert_true(ksplice_placeable(&f->m, &g.unit, &g.section, GONE));
	assert_false(ksplice_learn(&f->m, &g.unit, MAYBE, GONE + 64));
	assert_true(ksplice_learn(&f->m, &g.unit, MAYBE, GONE + 2048));
	assert_false(g.place.known);
}

/* A reference to a symbol of another unit: the module's own, then what others export. */
static void test_freed_learnt(void **state)
{
	struct fixture *f = *state;
	Elf_Sym own = { .st_name = 18, .st_value = MODULE + 64,
			.st_info = STB_LOCAL << 4 | STT_FUNC };
	struct gone g;

	gone_init(&g, f);
	g.told.entries[0] = (struct ksplice_candidate){ .unit_id = 7, .symbol = OUT,
							.address = SIM_FUNCTIONS, .type = 'T' };
	assert_false(ksplice_learn(&f->m, &g.unit, OUT, GONE));
	assert_true(ksplice_learn(&f->m, &g.unit, OUT, SIM_FUNCTIONS));
	assert_false(g.values[OUT].freed);
	ksplice_journal_rollback(&f->m, 0);
	/* Where only the sections are known, an export is what is meant. */
	tell(&g, OUT, GONE, 4096);
	assert_false(ksplice_learn(&f->m, &g.unit, OUT, GONE));
	g.told.freed[0].size = 1;
	assert_false(ksplice_learn(&f->m, &g.unit, OUT, SIM_FUNCTIONS));
	assert_false(ksplice_learn(&f->m, &g.unit, OUT, GONE + 16));
	assert_true(ksplice_learn(&f->m, &g.unit, OUT, GONE));
	assert_true(g.values[OUT].freed);
	ksplice_journal_rollback(&f->m, 0);
	/* What the kernel itself knows cannot be told away. */
	g.told.entries[0].address = own.st_value;
	f->mod.core_kallsyms = (struct mod_kallsyms){ &own, 1, (char *)gone_names };
	own.st_info = STB_GLOBAL << 4 | STT_FUNC;
	assert_false(ksplice_learn(&f->m, &g.unit, OUT, GONE));
	assert_true(ksplice_learn(&f->m, &g.unit, OUT, MODULE + 64));
	ksplice_journal_rollback(&f->m, 0);
	/* A static namesake that is alive does not stand for it. */
	own.st_info = STB_LOCAL << 4 | STT_FUNC;
	assert_false(ksplice_learn(&f->m, &g.unit, OUT, MODULE + 64));
	assert_true(ksplice_learn(&f->m, &g.unit, OUT, GONE));
}

/* New code cannot call what is gone. */
static void test_freed_needed(void **state)
{
	struct ksplice_abort abort = { 0 };
	struct fixture *f = *state;
	struct gone g;

	gone_init(&g, f);
	f->m.abort = &abort;
	tell(&g, OUT, GONE, 1);
	assert_true(ksplice_learn(&f->m, &g.unit, OUT, GONE));
	assert_int_equal(need_symbol(&f->m, &g.unit, OUT), 0);
	g.symbols[OUT].flags |= KSPLICE_SYM_NEEDED;
	assert_int_not_equal(need_symbol(&f->m, &g.unit, OUT), 0);
	assert_int_equal(abort.cause, KSPLICE_CAUSE_UNKNOWN_SYMBOL);
}

/* A table that user space hands in is checked before it is used. */
static void test_freed_table(void **state)
{
	struct fixture *f = *state;
	struct gone g;
	size_t size = sizeof(g.told.head) + sizeof(g.told.entries) + 2 * sizeof(g.told.freed[0]);
	u32 count;

	gone_init(&g, f);
	g.told.head.magic = KSPLICE_CANDIDATES_MAGIC;
	g.told.head.version = KSPLICE_FORMAT_VERSION;
	g.told.head.size = size;

	tell(&g, START, GONE, 1);
	tell(&g, HELP, GONE, 1);
	assert_int_equal(ksplice_candidates_check(&g.told, size), 0);
	assert_int_not_equal(ksplice_candidates_check(&g.told, size - 1), 0);
	assert_ptr_equal(ksplice_candidates_freed(&g.told.head, 7, HELP, &count), &g.told.freed[1]);
	assert_int_equal(count, 1);
	ksplice_candidates_freed(&g.told.head, 7, OUT, &count);
	assert_int_equal(count, 0);
	g.told.head.nr_freed = 3;
	assert_int_not_equal(ksplice_candidates_check(&g.told, size), 0);
	g.told.head.nr_freed = 2;
	g.told.freed[0].symbol = OUT;
	assert_int_not_equal(ksplice_candidates_check(&g.told, size), 0);
	g.told.freed[0].symbol = START;
	g.told.freed[1].unit_id = 6;
	assert_int_not_equal(ksplice_candidates_check(&g.told, size), 0);
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
	assert_true(is_constant(&f->m, MODULE, 8));
	assert_true(is_constant(&f->m, MODULE + 2040, 8));
	assert_false(is_constant(&f->m, MODULE + 2041, 8));
	assert_false(is_constant(&f->m, MODULE, 2049));
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
		cmocka_unit_test_setup_teardown(test_freed_module, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_freed_told, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_freed_by_name, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_freed_section, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_freed_weak, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_freed_learnt, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_freed_needed, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_freed_table, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_constant, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_in_target, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_placeable, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
