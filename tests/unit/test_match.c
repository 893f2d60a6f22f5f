// SPDX-License-Identifier: GPL-2.0-only
/*
 * The matcher of ksplice.ko, run in user space against simulated memory: it must
 * accept each legal state of each site, and refuse each byte that is not one.
 *
 * KSPLICE_TEST_IMAGES names image files (objmanip image) to be tried as well. Then
 * KSPLICE_TEST_CHANGES says how many changes of memory to try with each of them.
 */
#include "kshim/matcher.h"

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
		cmocka_unit_test(test_given_images),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
