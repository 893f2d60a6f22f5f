// SPDX-License-Identifier: GPL-2.0-only
/* What the matcher of ksplice.ko decides where bytes alone do not: see test_match.c. */
#include "kshim/matcher.h"

#include <setjmp.h>

#include <cmocka.h>

#include "kshim/memory.h"
#include "kshim/sample.h"

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
	/* Two global ones cannot be told apart by name. */
	add_candidate(s, s->unit.image->unit_id, Y_ALONE, SIM_FUNCTIONS + 0x9000, 'T');
	assert_refused(s, KSPLICE_CAUSE_UNKNOWN_SYMBOL, "alone: the kernel has several");
	candidate(s, Y_ALONE)->type = 't';
	assert_matches(s);
	s->candidates->nr_entries--;
	c = candidate(s, Y_ALONE);
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

/* Symbols of the module, as its own table has them; kallsyms shows them all as static. */
static Elf_Sym own_symbol_of(unsigned long address, u8 binding)
{
	return (Elf_Sym){ .st_name = 1, .st_value = address,
			  .st_info = ELF64_ST_INFO(binding, STT_FUNC) };
}

static void assert_alone(struct sim *s, unsigned long address, bool legal)
{
	s->values[Y_ALONE] = address;
	run_kernel(s);
	if (legal)
		assert_matches(s);
	else
		assert_refused(s, KSPLICE_CAUSE_NO_MATCH, "a reference to alone");
}

/* In a module a global symbol and a static one look the same in kallsyms. */
static void test_namesake_in_module(void **state)
{
	enum { GLOBAL = 1, STATIC, NR_OWN };
	uint64_t range[1][2] = { { SIM_TEXT, SIM_DATA + 0x100000 - SIM_TEXT } };
	char names[] = "\0alone";
	Elf_Sym own[NR_OWN] = { 0 };
	struct module mod = { .ranges = range, .nr_ranges = 1, .constants = range,
			      .nr_constants = 1,
			      .core_kallsyms = { own, NR_OWN, names } };
	unsigned long global, other = SIM_FUNCTIONS + 0x9000, outside = SIM_ETEXT + 0x9000;
	struct sim *s = new_sample();

	refer_to_alone(s);
	candidate(s, Y_ALONE)->type = 't';
	global = s->values[Y_ALONE];
	own[GLOBAL] = own_symbol_of(global, STB_GLOBAL);
	own[STATIC] = own_symbol_of(other, STB_LOCAL);
	add_candidate(s, s->unit.image->unit_id, Y_ALONE, other, 't');
	add_candidate(s, s->unit.image->unit_id, Y_ALONE, outside, 'T');
	s->mod = &mod;

	/* Its own global one is meant, and none of another module. */
	assert_alone(s, global, true);
	assert_alone(s, other, false);
	assert_alone(s, outside, false);
	own[GLOBAL].st_info = ELF64_ST_INFO(STB_WEAK, STT_FUNC);
	assert_alone(s, global, true);
	assert_alone(s, other, false);

	/* Without one, what another exports, and still no static one of its own. */
	own[GLOBAL].st_info = ELF64_ST_INFO(STB_LOCAL, STT_FUNC);
	assert_alone(s, global, false);
	assert_alone(s, other, false);
	assert_alone(s, outside, true);

	/* Another name at that address says nothing. */
	own[GLOBAL] = own_symbol_of(global, STB_GLOBAL);
	own[GLOBAL].st_name = 2;
	assert_alone(s, outside, true);
	assert_alone(s, other, false);
	sim_free(s);
}

/* New code of a module needs it: its own global one, whatever static ones there are. */
static void test_needed_in_module(void **state)
{
	uint64_t range[1][2] = { { SIM_TEXT, SIM_DATA + 0x100000 - SIM_TEXT } };
	char names[] = "\0alone";
	struct sim *s = new_sample();
	unsigned long global = s->values[Y_ALONE], other = SIM_FUNCTIONS + 0x9000;
	Elf_Sym own[] = { own_symbol_of(global, STB_GLOBAL), own_symbol_of(other, STB_LOCAL) };
	struct module mod = { .ranges = range, .nr_ranges = 1, .constants = range,
			      .nr_constants = 1,
			      .core_kallsyms = { own, ARRAY_SIZE(own), names } };

	candidate(s, Y_ALONE)->type = 't';
	add_candidate(s, s->unit.image->unit_id, Y_ALONE, other, 't');
	s->mod = &mod;
	assert_matches(s);
	own[1].st_info = own[0].st_info;
	assert_refused(s, KSPLICE_CAUSE_UNKNOWN_SYMBOL, "alone: the kernel has several");
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

/* Calls of a tracing site lead to what the kernel knows as a trampoline, nowhere near it. */
static void test_trampolines(void **state)
{
	static const struct { unsigned long target; bool legal; } calls[] = {
		{ SIM_FUNCTIONS + 64, true },	/* ftrace_caller */
		{ SIM_FUNCTIONS + 65, false },
		{ SIM_TRAMPOLINE, true },
		{ SIM_TRAMPOLINE + 1, false },
		{ SIM_STALE, false },		/* its ops has another trampoline */
		{ SIM_BPF, true },
		{ SIM_BPF + 1, false },
		{ SIM_FRAME, false },		/* code of a module, whatever its name */
		{ SIM_FRAME + 1, false },	/* behind the beginning of one of BPF */
		{ SIM_FRAME + 2, false },	/* a function of the kernel with such a name */
	};
	static const u32 damaged[] = { 0, 15, SIM_LOAD, SIM_LOAD + 2, SIM_LOAD + 3,
				       SIM_OPS_POINTER };
	struct sim *s = new_sample();
	const struct ksplice_site *site = s->unit.sites + s->unit.sections[S_TEXT].first_site;
	u32 i;

	while (site->kind != KSPLICE_SITE_FENTRY)
		site++;
	for (i = 0; i < ARRAY_SIZE(calls); i++) {
		sim_branch(s->memory[S_TEXT] + site->offset, 0xe8, s->bases[S_TEXT] + site->offset,
			   calls[i].target);
		if (calls[i].legal)
			assert_matches(s);
		else
			assert_refused(s, KSPLICE_CAUSE_NO_MATCH, "a tracing call in a state");
	}
	/* A copy that ftrace did not make: another beginning, load, or no place for its user. */
	sim_branch(s->memory[S_TEXT] + site->offset, 0xe8, s->bases[S_TEXT] + site->offset,
		   SIM_TRAMPOLINE);
	for (i = 0; i < ARRAY_SIZE(damaged); i++) {
		s->damaged = damaged[i];
		assert_refused(s, KSPLICE_CAUSE_NO_MATCH, "a tracing call in a state");
	}
	s->damaged = SIM_LOAD + 7;
	assert_matches(s);
	sim_free(s);
}

/* What ftrace's entry code calls is what the kernel says that it calls; no other call does. */
static void test_tracer(void **state)
{
	struct sim *s = new_sample();
	const struct ksplice_site *site = s->unit.sites + s->unit.sections[S_TEXT].first_site;
	unsigned long address;
	u8 *call;

	while (site->kind != KSPLICE_SITE_CALL)
		site++;
	address = s->bases[S_TEXT] + site->offset;
	call = s->memory[S_TEXT] + site->offset;
	s->special[SIM_TRACER] = SIM_TEXT + 0x123450;
	sim_branch(call, 0xe8, address, s->special[SIM_TRACER]);
	assert_refused(s, KSPLICE_CAUSE_NO_MATCH, "a call in a state");
	s->tracing_call = address;
	set_core(s);
	assert_matches(s);
	s->special[SIM_TRACER]++;
	assert_refused(s, KSPLICE_CAUSE_NO_MATCH, "a call in a state");
	sim_branch(call, 0xe9, address, s->special[SIM_TRACER]);
	assert_refused(s, KSPLICE_CAUSE_NO_MATCH, "a call in a state");
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

/* All functions of a section are weak: kallsyms must say that the weak ones were linked. */
static void test_weak_alone(void **state)
{
	static const u32 functions[] = { Y_F1, Y_F2 };
	struct sim *s = new_sample();
	u32 i;

	for (i = 0; i < ARRAY_SIZE(functions); i++) {
		((struct ksplice_symbol *)s->unit.symbols)[functions[i]].flags |= KSPLICE_SYM_WEAK;
		candidate(s, functions[i])->type = 'T';
	}
	assert_refused(s, KSPLICE_CAUSE_NO_MATCH, "none of the functions");
	for (i = 0; i < ARRAY_SIZE(functions); i++)
		candidate(s, functions[i])->type = 'W';
	assert_matches(s);
	sim_free(s);
}

static void test_module(void **state)
{
	uint64_t range[1][2] = { { SIM_TEXT, SIM_DATA + 0x100000 - SIM_TEXT } };
	struct module mod = { .ranges = range, .nr_ranges = 1, .constants = range,
			      .nr_constants = 1 };
	struct sim *s = new_sample();

	s->mod = &mod;
	assert_matches(s);
	range[0][0] = SIM_DATA;
	assert_refused(s, KSPLICE_CAUSE_NO_MATCH, "no place in memory");
	sim_free(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_copy),
		cmocka_unit_test(test_needed_symbol),
		cmocka_unit_test(test_proved),
		cmocka_unit_test(test_wrong_hints),
		cmocka_unit_test(test_string_elsewhere),
		cmocka_unit_test(test_namesake),
		cmocka_unit_test(test_namesake_in_module),
		cmocka_unit_test(test_needed_in_module),
		cmocka_unit_test(test_unknown_extern),
		cmocka_unit_test(test_breakpoint),
		cmocka_unit_test(test_trampolines),
		cmocka_unit_test(test_tracer),
		cmocka_unit_test(test_weak),
		cmocka_unit_test(test_weak_alone),
		cmocka_unit_test(test_module),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
