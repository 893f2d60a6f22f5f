/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The memory that a test's matcher sees, and what the matcher calls. For the one
 * file that includes the matcher.
 */
#ifndef TESTS_UNIT_KSHIM_MEMORY_H
#define TESTS_UNIT_KSHIM_MEMORY_H

#include "sim.h"

#include "calls.h"

static struct sim *memory;	/* what ksplice_read_original() reads */

/* ---- what the matcher calls ---------------------------------------------- */

int sprint_symbol(char *buffer, unsigned long address)
{
	u32 i;

	if (address == SIM_BPF)
		return sprintf(buffer, "bpf_trampoline_6442487913+0x0/0x1000");
	if (address == SIM_FRAME)
		return sprintf(buffer, "bpf_trampoline_1+0x0/0x10 [module]");
	if (address == SIM_FRAME + 1)
		return sprintf(buffer, "bpf_trampoline_1+0x1/0x10");
	if (address == SIM_FRAME + 2)
		return sprintf(buffer, "bpf_trampoline_link+0x0/0x10");
	for (i = 0; i < memory->unit.image->nr_symbols; i++)
		if (memory->values[i] == address &&
		    memory->unit.symbols[i].section == KSPLICE_EXTERN)
			return sprintf(buffer, "%s+0x0/0x10",
				       memory->alias ? memory->alias :
						       ksplice_unit_symbol_name(&memory->unit, i));
	return sprintf(buffer, "0x%lx", address);
}

static bool read_part(void *dst, unsigned long address, size_t len, unsigned long start,
		      const void *bytes, size_t size)
{
	if (address < start || address - start > size || len > size - (address - start))
		return false;
	memcpy(dst, (const u8 *)bytes + (address - start), len);
	return true;
}

/* The entry code of ftrace, and the copies that it has made of that. */
static bool sim_read_entry(const struct sim *s, void *dst, unsigned long address, size_t len)
{
	static const unsigned long at[] = { SIM_FUNCTIONS + 64, SIM_TRAMPOLINE, SIM_STALE };
	const u64 ops = SIM_OPS, trampoline = SIM_TRAMPOLINE;
	u32 i;

	for (i = 0; i < ARRAY_SIZE(at); i++) {
		if (!read_part(dst, address, len, at[i], SIM_ENTRY_CODE, 16) &&
		    !read_part(dst, address, len, at[i] + SIM_LOAD, SIM_LOAD_CODE, 7) &&
		    !read_part(dst, address, len, at[i] + SIM_OPS_POINTER, &ops, sizeof(ops)))
			continue;
		if (SIM_TRAMPOLINE + s->damaged - address < len)
			((u8 *)dst)[SIM_TRAMPOLINE + s->damaged - address] ^= 0x10;
		return true;
	}
	return read_part(dst, address, len, SIM_OPS + offsetof(struct ftrace_ops, trampoline),
			 &trampoline, sizeof(trampoline));
}

static int sim_read(const struct sim *s, void *dst, unsigned long address, size_t len)
{
	u32 i;

	if (s->copy &&
	    read_part(dst, address, len, s->copy_base, s->copy, s->unit.sections[0].size))
		return 0;
	for (i = 0; i < s->unit.image->nr_sections; i++)
		if (s->memory[i] && read_part(dst, address, len, s->bases[i], s->memory[i],
					      s->unit.sections[i].size))
			return 0;
	if (read_part(dst, address, len, SIM_SPECIAL, s->special, sizeof(s->special)) ||
	    read_part(dst, address, len, SIM_THUNKS + 0x10000, s->its, sizeof(s->its)) ||
	    sim_read_entry(s, dst, address, len) ||
	    read_part(dst, address, len, SIM_BPF, SIM_BPF_CODE, 16) ||
	    read_part(dst, address, len, SIM_FRAME, SIM_BPF_CODE, 16) ||
	    read_part(dst, address, len, SIM_VARIABLES, s->variables,
		      (size_t)SIM_STRIDE * s->unit.image->nr_symbols))
		return 0;
	if (len == 10 && (address == SIM_TEMPLATE || sim_has_accounting(address + 10))) {
		memcpy(dst, SIM_ACCOUNTING, 10);
		return 0;
	}
	return -EFAULT;
}

int ksplice_read_original(void *dst, unsigned long address, size_t len)
{
	return sim_read(memory, dst, address, len);
}

static inline u64 sim_read64(const struct sim *s, unsigned long address)
{
	u64 value = 0;

	sim_read(s, &value, address, sizeof(value));
	return value;
}

/* ---- simulated memory ---------------------------------------------------- */

static const char *const registers[16] = {
	"rax", "rcx", "rdx", "rbx", "rsp", "rbp", "rsi", "rdi",
	"r8", "r9", "r10", "r11", "r12", "r13", "r14", "r15",
};

static unsigned long place_extern(struct sim *s, u32 symbol)
{
	static const char thunk[] = "__x86_indirect_thunk_";
	const char *name = ksplice_unit_symbol_name(&s->unit, symbol);
	u32 i;

	if (!strcmp(name, "pv_ops"))
		return SIM_SPECIAL + 8 * SIM_PV_OPS;
	if (!strcmp(name, "__x86_return_thunk"))
		return SIM_THUNKS + 0x20000;
	for (i = 0; i < 16 && !strncmp(name, thunk, strlen(thunk)); i++)
		if (!strcmp(name + strlen(thunk), registers[i]))
			return SIM_THUNKS + 32 * i;
	for (i = 0; i < s->unit.image->nr_sites; i++)
		if (s->unit.sites[i].symbol == symbol &&
		    s->unit.sites[i].kind != KSPLICE_SITE_JUMP_LABEL &&
		    s->unit.sites[i].kind != KSPLICE_SITE_CALL)
			return SIM_VARIABLES + (unsigned long)SIM_STRIDE * symbol;
	return SIM_FUNCTIONS + 4096 + 64UL * symbol;
}

static void add_candidate(struct sim *s, u32 unit, u32 symbol, unsigned long address, char type)
{
	struct ksplice_candidates *c = s->candidates;
	size_t size = sizeof(*c) + (c->nr_entries + 1) * sizeof(struct ksplice_candidate);

	if (!(c->nr_entries & (c->nr_entries + 1)))
		s->candidates = c = realloc(c, 2 * size);
	((struct ksplice_candidate *)(c + 1))[c->nr_entries++] = (struct ksplice_candidate){
		.unit_id = unit, .symbol = symbol, .address = address, .type = type,
	};
	c->size = size;
}

static void new_candidates(struct sim *s)
{
	s->candidates = calloc(1, sizeof(*s->candidates) + sizeof(struct ksplice_candidate));
	s->candidates->magic = KSPLICE_CANDIDATES_MAGIC;
	s->candidates->version = KSPLICE_FORMAT_VERSION;
	s->candidates->size = sizeof(*s->candidates);
}

static void set_core(struct sim *s)
{
	static const struct { u32 symbol; unsigned long address; } core[] = {
		{ KSPLICE_CORE_x86_return_thunk, SIM_SPECIAL + 8 * SIM_RETURN_THUNK },
		{ KSPLICE_CORE_pv_ops, SIM_SPECIAL + 8 * SIM_PV_OPS },
		{ KSPLICE_CORE__paravirt_nop, SIM_FUNCTIONS },
		{ KSPLICE_CORE_ftrace_caller, SIM_FUNCTIONS + 64 },
		{ KSPLICE_CORE___static_call_return0, SIM_FUNCTIONS + 128 },
		{ KSPLICE_CORE___x86_return_thunk, SIM_THUNKS + 0x20000 },
		{ KSPLICE_CORE___x86_indirect_thunk_array, SIM_THUNKS },
		{ KSPLICE_CORE___x86_indirect_its_thunk_array, SIM_THUNKS + 0x10000 },
		{ KSPLICE_CORE__stext, SIM_TEXT },
		{ KSPLICE_CORE__etext, SIM_ETEXT },
		{ KSPLICE_CORE___start_rodata, SIM_DATA },
		{ KSPLICE_CORE___end_rodata, SIM_VARIABLES },
		{ KSPLICE_CORE_skl_call_thunk_template, SIM_TEMPLATE },
		{ KSPLICE_CORE_ftrace_caller_op_ptr, SIM_FUNCTIONS + 64 + SIM_LOAD },
	};
	struct ksplice_candidates *own = s->candidates;
	u32 i;

	new_candidates(s);
	for (i = 0; i < ARRAY_SIZE(core); i++)
		add_candidate(s, 0, core[i].symbol, core[i].address, 'T');
	if (s->tracing_call)
		add_candidate(s, 0, KSPLICE_CORE_ftrace_call, s->tracing_call, 'T');
	add_candidate(s, 0, KSPLICE_CORE_ftrace_trace_function, SIM_SPECIAL + 8 * SIM_TRACER, 'D');
	ksplice_core_addresses_set(s->candidates);
	free(s->candidates);
	s->candidates = own;
}

/* Where sections and symbols are; some names exist elsewhere, too. */
static void lay_out(struct sim *s)
{
	unsigned long text = SIM_TEXT + 64 * sim_random(1000), data = SIM_DATA;
	u32 i;

	for (i = 0; i < s->unit.image->nr_sections; i++) {
		const struct ksplice_section *sec = &s->unit.sections[i];
		unsigned long *next = sec->kind == KSPLICE_TEXT ? &text : &data;

		*next = (*next + sec->align - 1) & -(unsigned long)sec->align;
		s->bases[i] = *next;
		*next += sec->size + sim_random(64);
		s->memory[i] = sec->kind == KSPLICE_VARIANT ? NULL : calloc(1, sec->size + 1);
	}
	for (i = 0; i < s->unit.image->nr_symbols; i++) {
		const struct ksplice_symbol *sym = &s->unit.symbols[i];
		bool defined = ksplice_symbol_defined(sym);

		s->values[i] = sym->section == KSPLICE_ABS ? sym->offset :
			       defined ? s->bases[sym->section] + sym->offset : place_extern(s, i);
		if (sym->type == KSPLICE_SYM_SECTION ||
		    !*ksplice_unit_symbol_name(&s->unit, i))
			continue;
		if (!(i % 5))
			add_candidate(s, s->unit.image->unit_id, i,
				      SIM_TEXT + 16 * sim_random(9999), 't');
		add_candidate(s, s->unit.image->unit_id, i, s->values[i], defined ? 't' : 'T');
	}
}

static void fill_variables(struct sim *s)
{
	u32 i, k;
	u8 *b;

	s->special[SIM_RETURN_THUNK] = SIM_THUNKS + 0x20040;
	for (i = SIM_PV_OPS; i < SIM_NR_SPECIAL; i++)
		s->special[i] = i % 3 ? SIM_FUNCTIONS + 4096 + 16 * i : SIM_FUNCTIONS;
	for (i = 0; i < s->unit.image->nr_symbols; i++) {
		u64 value = sim_random(2) ? SIM_FUNCTIONS + 128 * sim_random(9) : 0;

		memcpy(s->variables + (size_t)SIM_STRIDE * i, &value, sizeof(value));
	}
	for (i = 0; i < s->unit.image->nr_sites; i++) {
		const struct ksplice_site *site = &s->unit.sites[i];
		u64 value = sim_random(64);

		if (site->kind == KSPLICE_SITE_RUNTIME_SHIFT)
			memcpy(s->variables + (size_t)SIM_STRIDE * site->symbol, &value, 8);
	}
	for (i = 0; i < 16; i++) {
		b = s->its + 64 * i;
		k = 0;
		if (i >= 8)
			b[k++] = 0x41;
		b[k++] = 0xff;
		b[k++] = 0xe0 + i % 8;
		b[k] = 0xcc;
	}
}

/* Brings all sites into a legal state each, chosen at random. */
static void run_kernel(struct sim *s)
{
	struct sim_states *st = malloc(sizeof(*st));
	u32 i, k, at;

	for (i = 0; i < s->unit.image->nr_sections; i++) {
		const struct ksplice_section *sec = &s->unit.sections[i];

		if (!ksplice_section_bytes(&s->unit, sec) || sec->kind == KSPLICE_VARIANT)
			continue;
		sim_link(s, i, 0, sec->size, s->bases[i], s->memory[i]);
		for (k = 0, at = 0; k < sec->nr_sites; k++) {
			const struct ksplice_site *site = &s->unit.sites[sec->first_site + k];

			if (site->offset < at)
				continue;
			at = site->offset + site->length;
			sim_states(s, i, sec->first_site + k, s->bases[i] + site->offset, st);
			memcpy(s->memory[i] + site->offset, st->bytes[sim_random(st->count)],
			       site->length);
		}
	}
	free(st);
}

static struct sim *sim_new(const void *image, size_t size)
{
	struct sim *s = calloc(1, sizeof(*s));

	s->image = memcpy(malloc(size), image, size);
	s->image_size = size;
	assert_null(ksplice_image_open(&s->unit, s->image, size));
	s->memory = calloc(s->unit.image->nr_sections, sizeof(*s->memory));
	s->bases = calloc(s->unit.image->nr_sections, sizeof(*s->bases));
	s->values = calloc(s->unit.image->nr_symbols, sizeof(*s->values));
	s->variables = calloc(s->unit.image->nr_symbols, SIM_STRIDE);
	set_core(s);
	s->damaged = SIM_SOUND;
	new_candidates(s);
	memory = s;
	lay_out(s);
	fill_variables(s);
	assert_int_equal(ksplice_candidates_check(s->candidates, s->candidates->size), 0);
	return s;
}

static void sim_free(struct sim *s)
{
	u32 i;

	for (i = 0; i < s->unit.image->nr_sections; i++)
		free(s->memory[i]);
	free(s->memory);
	free(s->copy);
	free(s->bases);
	free(s->values);
	free(s->variables);
	free(s->candidates);
	free(s->image);
	free(s);
}

static int match(struct sim *s, struct ksplice_match **m, struct ksplice_abort *abort)
{
	memset(abort, 0, sizeof(*abort));
	return ksplice_match_images(s->image, s->image_size, s->candidates, "target", s->mod, m,
				    abort);
}

static void assert_matches(struct sim *s)
{
	struct ksplice_abort abort;
	struct ksplice_match *m;
	unsigned long address;
	u32 i;

	if (match(s, &m, &abort))
		fail_msg("no match: %s", abort.detail);
	for (i = 0; i < s->unit.image->nr_symbols; i++)
		if (!ksplice_match_symbol(m, s->unit.image->unit_id, i, &address, NULL))
			assert_int_equal(address, s->values[i]);
	ksplice_match_free(m);
}

#endif
