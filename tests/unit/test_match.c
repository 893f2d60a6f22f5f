// SPDX-License-Identifier: GPL-2.0-only
/*
 * The matcher of ksplice.ko, run in user space against simulated memory: it must
 * accept each legal state of each site, and refuse each byte that is not one.
 *
 * KSPLICE_TEST_IMAGES names image files (objmanip image) to be tried as well. Then
 * KSPLICE_TEST_CHANGES says how many changes of memory to try with each of them.
 */
#pragma GCC diagnostic ignored "-Wpointer-arith" /* as the kernel is compiled */

#include "kmodsrc/image.c"
#include "kmodsrc/symbols.c"
#include "kmodsrc/match.c"
#include "kmodsrc/match_solve.c"
#include "kmodsrc/match_compare.c"
#include "kmodsrc/arch/x86/nops.c"
#include "kmodsrc/arch/x86/sites.c"
#include "kmodsrc/arch/x86/sites_alternative.c"

#include <setjmp.h>

#include <cmocka.h>

#include "kshim/memory.h"
#include "kshim/sample.h"

/* ---- mutations ----------------------------------------------------------- */

/* The outermost site that contains an offset, or KSPLICE_NONE. */
static u32 site_at(const struct sim *s, const struct ksplice_section *sec, u32 offset)
{
	u32 i;

	for (i = sec->first_site; i < sec->first_site + sec->nr_sites; i++)
		if (s->unit.sites[i].offset <= offset &&
		    offset < s->unit.sites[i].offset + s->unit.sites[i].length)
			return i;
	return KSPLICE_NONE;
}

/* Is the content at a (changed) offset one that the kernel may have put there? */
static bool is_legal(const struct sim *s, u32 section, u32 offset, struct sim_states *st)
{
	const struct ksplice_section *sec = &s->unit.sections[section];
	u32 site = site_at(s, sec, offset), i;
	const u8 *run;

	if (site == KSPLICE_NONE)
		return false;
	run = s->memory[section] + s->unit.sites[site].offset;
	sim_states(s, section, site, s->bases[section] + s->unit.sites[site].offset, st);
	for (i = 0; i < st->count; i++)
		if (!memcmp(run, st->bytes[i], st->length))
			return true;
	return false;
}

/* Nothing but the reference itself tells where an unnamed variable is. */
static bool is_anonymous(const struct sim *s, const struct ksplice_section *sec, u32 offset)
{
	u32 i, k;

	for (i = sec->first_ref; i < sec->first_ref + sec->nr_refs; i++) {
		const struct ksplice_ref *ref = &s->unit.refs[i];
		const struct ksplice_symbol *sym = &s->unit.symbols[ref->symbol];
		const struct ksplice_section *to;

		if (offset < ref->offset || offset >= ref->offset + ksplice_ref_width(ref->type))
			continue;
		if (!ksplice_symbol_defined(sym))
			return false;
		to = &s->unit.sections[sym->section];
		if (to->kind == KSPLICE_FREED)
			return true;
		for (k = to->first_symbol; k < to->first_symbol + to->nr_symbols; k++)
			if (s->unit.symbols[k].type != KSPLICE_SYM_SECTION)
				return false;
		return to->kind == KSPLICE_DATA;
	}
	return false;
}

/* Changes one byte and demands that it is noticed, unless the result is legal. */
static void mutate(struct sim *s, u32 section, u32 offset, u8 change, struct sim_states *st)
{
	const struct ksplice_section *sec = &s->unit.sections[section];
	u8 *byte = s->memory[section] + offset;
	struct ksplice_abort abort;
	struct ksplice_match *m;
	bool legal;

	*byte ^= change;
	legal = is_legal(s, section, offset, st);
	if (!match(s, &m, &abort)) {
		ksplice_match_free(m);
		if (!legal && !is_anonymous(s, sec, offset))
			fail_msg("%s %s+0x%x: change of 0x%02x accepted",
				 ksplice_unit_name(&s->unit), ksplice_section_name(&s->unit, sec),
				 offset, change);
	} else if (legal) {
		fail_msg("%s %s+0x%x: legal change of 0x%02x refused: %s",
			 ksplice_unit_name(&s->unit), ksplice_section_name(&s->unit, sec), offset,
			 change, abort.detail);
	}
	*byte ^= change;
}

static u32 compared_size(const struct ksplice_section *sec)
{
	return sec->kind == KSPLICE_TEXT || sec->kind == KSPLICE_RODATA ? sec->size : 0;
}

static void test_legal_states(void **state)
{
	int i;

	for (i = 0; i < 3000; i++) {
		size_t size;
		u8 *image = sample_image(&size);
		struct sim *s = sim_new(image, size);

		run_kernel(s);
		assert_matches(s);
		sim_free(s);
		free(image);
	}
}

static void test_each_byte(void **state)
{
	struct sim_states *st = malloc(sizeof(*st));
	size_t size;
	u8 *image = sample_image(&size);
	u32 i, at, round, change;

	for (round = 0; round < 12; round++) {
		struct sim *s = sim_new(image, size);

		run_kernel(s);
		assert_matches(s);
		for (i = 0; i < s->unit.image->nr_sections; i++)
			for (at = 0; at < compared_size(&s->unit.sections[i]); at++)
				for (change = 1 + sim_random(9); change < 256;
				     change += 1 + sim_random(30))
					mutate(s, i, at, change, st);
		sim_free(s);
	}
	free(image);
	free(st);
}

/* A damaged image is refused or does not match; it never leads out of its bytes. */
static void test_damaged_image(void **state)
{
	size_t size;
	u8 *image = sample_image(&size);
	struct sim *s = sim_new(image, size);
	u32 i, at;

	run_kernel(s);
	for (i = 0; i < 60000; i++) {
		struct ksplice_abort abort = { 0 };
		struct ksplice_match *m;
		u8 change = 1 + sim_random(255);

		at = sim_random(size);
		image[at] ^= change;
		if (!ksplice_match_images(image, size, s->candidates, "vmlinux", NULL, &m, &abort))
			ksplice_match_free(m);
		image[at] ^= change;
	}
	sim_free(s);
	free(image);
}

/* ---- decisions ----------------------------------------------------------- */

static struct sim *new_sample(void)
{
	size_t size;
	u8 *image = sample_image(&size);
	struct sim *s = sim_new(image, size);

	free(image);
	run_kernel(s);
	return s;
}

static void assert_refused(struct sim *s, enum ksplice_cause cause, const char *text)
{
	struct ksplice_abort abort;
	struct ksplice_match *m;

	assert_int_not_equal(match(s, &m, &abort), 0);
	if (abort.cause != cause || !strstr(abort.detail, text))
		fail_msg("cause %d: %s", abort.cause, abort.detail);
}

static struct ksplice_candidate *candidate(struct sim *s, u32 symbol)
{
	u32 count;
	const struct ksplice_candidate *c =
		ksplice_candidates_find(s->candidates, 0x1234, symbol, &count);

	assert_true(count);
	return (struct ksplice_candidate *)&c[count - 1];
}

/* A second place whose names and bytes are those of the section. */
static void copy_text(struct sim *s)
{
	u32 i, n = s->candidates->nr_entries;
	struct ksplice_candidate *all;

	s->copy_base = SIM_TEXT + 0x100000;
	s->copy = malloc(s->unit.sections[S_TEXT].size);
	sim_link(s, S_TEXT, 0, s->unit.sections[S_TEXT].size, s->copy_base, s->copy);
	for (i = 0; i < n; i++)
		add_candidate(s, 0xffffffff, 0, 0, 't');
	all = (struct ksplice_candidate *)(s->candidates + 1);
	for (i = n; i-- > 0;) {
		all[2 * i] = all[2 * i + 1] = all[i];
		if (all[2 * i].symbol == Y_F1 || all[2 * i].symbol == Y_F2)
			all[2 * i + 1].address += s->copy_base - s->bases[S_TEXT];
	}
}

/* A copy of the code is told apart by what refers to the real one. */
static void test_copy(void **state)
{
	struct sim *s = new_sample();
	struct ksplice_ref *refs = (void *)s->unit.refs;
	u32 i;

	copy_text(s);
	assert_matches(s);

	for (i = 0; i < s->unit.image->nr_refs; i++)
		if (refs[i].symbol == Y_F2)
			refs[i].symbol = Y_FUNC;
	run_kernel(s);
	assert_matches(s);

	/* An undecided copy stands in the way only of an update that needs its address. */
	((struct ksplice_symbol *)s->unit.symbols)[Y_F1].flags |= KSPLICE_SYM_NEEDED;
	assert_refused(s, KSPLICE_CAUSE_AMBIGUOUS, "as well as");
	sim_free(s);
}

static void test_needed_symbol(void **state)
{
	struct sim *s = new_sample();
	struct ksplice_candidate *c = candidate(s, Y_ALONE);

	c->type = 't';
	assert_refused(s, KSPLICE_CAUSE_UNKNOWN_SYMBOL, "alone: the kernel has no such global");
	c->type = 'D';
	assert_matches(s);
	c->address += 8;
	assert_refused(s, KSPLICE_CAUSE_UNKNOWN_SYMBOL, "alone: the kernel says that no symbol");
	c->address -= 8;
	/* Another symbol at the same place, which the kernel names first. */
	s->alias = "__alone";
	assert_matches(s);
	s->alias = NULL;
	c->symbol = 99;
	assert_refused(s, KSPLICE_CAUSE_UNKNOWN_SYMBOL, "alone: the kernel has no such global");
	sim_free(s);
}

/* What may be rewritten: constants that were compared, and nothing else. */
static void test_proved(void **state)
{
	struct sim *s = new_sample();
	struct ksplice_match *m;
	struct ksplice_abort abort;

	assert_int_equal(match(s, &m, &abort), 0);
	assert_true(ksplice_match_proved(m, 0x1234, Y_TABLE));
	assert_false(ksplice_match_proved(m, 0x1234, Y_F1));
	assert_false(ksplice_match_proved(m, 0x1234, Y_COUNTER));
	assert_false(ksplice_match_proved(m, 0x1234, Y_STRING));
	assert_false(ksplice_match_proved(m, 0x1234, Y_FUNC));
	assert_false(ksplice_match_proved(m, 0x1234, Y_NR));
	assert_false(ksplice_match_proved(m, 0x1235, Y_TABLE));
	m->units[0].places[S_RODATA].verified = false;
	assert_false(ksplice_match_proved(m, 0x1234, Y_TABLE));
	ksplice_match_free(m);
	/* The running kernel has other contents: then nothing of the update is applied. */
	s->memory[S_RODATA][0] ^= 1;
	assert_refused(s, KSPLICE_CAUSE_NO_MATCH, "table+0x0");
	sim_free(s);
}

static void test_wrong_hints(void **state)
{
	struct sim *s = new_sample();
	struct ksplice_candidate *c = candidate(s, Y_F1);

	c->address += 16;
	assert_refused(s, KSPLICE_CAUSE_NO_MATCH, "sample.o");
	c->address -= 16;
	candidate(s, Y_FUNC)->address += 16;
	assert_refused(s, KSPLICE_CAUSE_NO_MATCH, "f1+0x");
	sim_free(s);
}

/* Equal bytes that something may write to are no string. */
static void test_string_elsewhere(void **state)
{
	struct sim *s = new_sample();
	const struct ksplice_section *text = &s->unit.sections[S_TEXT];
	u32 i, found = 0;

	for (i = text->first_ref; i < text->first_ref + text->nr_refs; i++) {
		const struct ksplice_ref *ref = &s->unit.refs[i];
		const struct ksplice_symbol *sym = &s->unit.symbols[ref->symbol];
		bool by_section = sym->type == KSPLICE_SYM_SECTION;
		u32 offset = by_section ? (u64)ref->addend + ref->adjust : sym->offset;
		u64 value = by_section ? SIM_VARIABLES - ref->adjust : SIM_VARIABLES + ref->addend;
		unsigned long place = s->bases[S_TEXT] + ref->offset;
		u8 *field = s->memory[S_TEXT] + ref->offset;

		if (sym->section != S_STRINGS)
			continue;
		strcpy((char *)s->variables, (const char *)s->memory[S_STRINGS] + offset);
		sim_encode(field, ref->type, value, place);
		assert_refused(s, KSPLICE_CAUSE_NO_MATCH, "string of other contents");
		sim_link(s, S_TEXT, ref->offset, ref->offset + ksplice_ref_width(ref->type), place,
			 field);
		found++;
	}
	assert_true(found);
	assert_matches(s);
	sim_free(s);
}

/* Makes "alone" an extern that one table refers to, and nothing else. */
static struct ksplice_symbol *refer_to_alone(struct sim *s)
{
	const struct ksplice_section *table = &s->unit.sections[S_RODATA];
	struct ksplice_ref *ref = (void *)&s->unit.refs[table->first_ref];
	struct ksplice_symbol *alone = (void *)&s->unit.symbols[Y_ALONE];

	while (ref->symbol != Y_FUNC)
		ref++;
	ref->symbol = Y_ALONE;
	alone->flags = 0;
	run_kernel(s);
	assert_matches(s);
	return alone;
}

/* A static function of another unit is not what an extern means. */
static void test_namesake(void **state)
{
	struct sim *s = new_sample();

	refer_to_alone(s);
	add_candidate(s, s->unit.image->unit_id, Y_ALONE, SIM_FUNCTIONS + 0x9000, 't');
	assert_matches(s);
	s->values[Y_ALONE] = SIM_FUNCTIONS + 0x9000;
	run_kernel(s);
	assert_refused(s, KSPLICE_CAUSE_NO_MATCH, "a reference to alone");
	/* Without a global one, the final link has made it local. */
	(candidate(s, Y_ALONE) - 1)->type = 't';
	assert_matches(s);
	sim_free(s);
}

/* What kallsyms does not know has no address that can be believed. */
static void test_unknown_extern(void **state)
{
	struct sim *s = new_sample();
	struct ksplice_symbol *alone = refer_to_alone(s);

	candidate(s, Y_ALONE)->symbol = Y_NR;
	assert_refused(s, KSPLICE_CAUSE_NO_MATCH, "a reference to alone");

	/* But kallsyms' own tables may be meant, */
	s->values[Y_ALONE] = SIM_DATA + 0x8000;
	run_kernel(s);
	assert_matches(s);
	s->values[Y_ALONE]++;
	run_kernel(s);
	assert_refused(s, KSPLICE_CAUSE_NO_MATCH, "a reference to alone");

	/* and a weak one may be missing. */
	alone->flags = KSPLICE_SYM_WEAK;
	s->values[Y_ALONE] = 0;
	run_kernel(s);
	assert_matches(s);
	sim_free(s);
}

static void test_breakpoint(void **state)
{
	struct sim *s = new_sample();

	s->memory[S_TEXT][170] = 0xcc;
	assert_refused(s, KSPLICE_CAUSE_NO_MATCH, "f2+0x0");
	assert_refused(s, KSPLICE_CAUSE_NO_MATCH, "kprobe");
	sim_free(s);
}

/* The final link took another unit's definition of a weak function. */
static void test_weak(void **state)
{
	struct sim *s = new_sample();
	struct ksplice_match *m;
	struct ksplice_abort abort;
	unsigned long address;

	((struct ksplice_symbol *)s->unit.symbols)[Y_F2].flags |= KSPLICE_SYM_WEAK;
	s->values[Y_F2] = candidate(s, Y_F2)->address = SIM_FUNCTIONS + 0x8000;
	run_kernel(s);
	assert_int_equal(match(s, &m, &abort), 0);
	assert_int_equal(ksplice_match_symbol(m, 0x1234, Y_F2, &address, NULL), 0);
	assert_int_equal(address, SIM_FUNCTIONS + 0x8000);
	assert_true(ksplice_match_overridden(m, 0x1234, Y_F2));
	assert_false(ksplice_match_overridden(m, 0x1234, Y_F2 - 1));
	ksplice_match_free(m);
	sim_free(s);
}

static void test_module(void **state)
{
	uint64_t range[1][2] = { { SIM_TEXT, SIM_DATA + 0x100000 - SIM_TEXT } };
	struct module mod = { .ranges = range, .nr_ranges = 1 };
	struct sim *s = new_sample();

	s->mod = &mod;
	assert_matches(s);
	range[0][0] = SIM_DATA;
	assert_refused(s, KSPLICE_CAUSE_NO_MATCH, "no place in memory");
	sim_free(s);
}

static bool is_text(const struct sim *s, u32 section)
{
	return s->unit.sections[section].size && s->unit.sections[section].kind == KSPLICE_TEXT;
}

static bool has_text(const struct sim *s)
{
	u32 i;

	for (i = 0; i < s->unit.image->nr_sections; i++)
		if (is_text(s, i))
			return true;
	return false;
}

static void test_given_images(void **state)
{
	char *list = getenv("KSPLICE_TEST_IMAGES"), *save = NULL, *name;
	const char *changes = getenv("KSPLICE_TEST_CHANGES");
	struct sim_states *st = malloc(sizeof(*st));

	for (name = list ? strtok_r(list, " ", &save) : NULL; name;
	     name = strtok_r(NULL, " ", &save)) {
		FILE *file = fopen(name, "r");
		u8 *image = malloc(64 << 20);
		size_t size = file ? fread(image, 1, 64 << 20, file) : 0;
		struct sim *s;
		u32 i, k, wanted = changes ? strtoul(changes, NULL, 10) : 600;

		assert_non_null(file);
		fclose(file);
		s = sim_new(image, size);
		for (i = 0; i < 20; i++) {
			run_kernel(s);
			assert_matches(s);
		}
		for (k = 0; k < wanted && has_text(s); k++) {
			do
				i = sim_random(s->unit.image->nr_sections);
			while (!is_text(s, i));
			mutate(s, i, sim_random(s->unit.sections[i].size), 1 + sim_random(255), st);
		}
		sim_free(s);
		free(image);
	}
	free(st);
}

/* The kernel's nops, as its asm/nops.h has them: those beyond 8 bytes since 6.5. */
static void test_nops(void **state)
{
	static const u8 longest[] = { 0x66, 0x66, 0x2e, 0x0f, 0x1f, 0x84, 0, 0, 0, 0, 0 };
	static const u8 assembler[] = { 0x66, 0x0f, 0x1f, 0x84, 0, 0, 0, 0, 0 };
	u8 nops[16], joined[16];
	u32 n;

	(void)state;
	memset(nops, 0x90, sizeof(nops));
	for (n = 8; n <= sizeof(longest); n++) {
		memcpy(joined, longest + sizeof(longest) - n, n);
		assert_true(ksplice_x86_is_nops(joined, n));
		assert_true(ksplice_arch_same_but_nops(nops, joined, n));
		joined[n - 1] = 1;
		assert_false(ksplice_x86_is_nops(joined, n));
	}
	/* The assembler's stays, or is joined with what follows; the kernel never writes it. */
	assert_false(ksplice_x86_is_nops(assembler, sizeof(assembler)));
	assert_true(ksplice_arch_same_but_nops(assembler, assembler, sizeof(assembler)));
	memcpy(nops, assembler, sizeof(assembler));
	memcpy(joined, longest + 1, 10);
	assert_true(ksplice_arch_same_but_nops(nops, joined, 10));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_nops),
		cmocka_unit_test(test_legal_states),
		cmocka_unit_test(test_each_byte),
		cmocka_unit_test(test_damaged_image),
		cmocka_unit_test(test_copy),
		cmocka_unit_test(test_needed_symbol),
		cmocka_unit_test(test_proved),
		cmocka_unit_test(test_wrong_hints),
		cmocka_unit_test(test_string_elsewhere),
		cmocka_unit_test(test_namesake),
		cmocka_unit_test(test_unknown_extern),
		cmocka_unit_test(test_breakpoint),
		cmocka_unit_test(test_weak),
		cmocka_unit_test(test_module),
		cmocka_unit_test(test_given_images),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
