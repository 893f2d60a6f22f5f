// SPDX-License-Identifier: GPL-2.0-only
#include <inttypes.h>

#include "show.h"

static const char *const section_kinds[] = {
	[KSPLICE_TEXT] = "text",       [KSPLICE_RODATA] = "rodata", [KSPLICE_STRINGS] = "strings",
	[KSPLICE_CONSTS] = "consts",   [KSPLICE_DATA] = "data",	    [KSPLICE_FREED] = "freed",
	[KSPLICE_VARIANT] = "variant",
};

static const char *const symbol_types[] = {
	[KSPLICE_SYM_NOTYPE] = "label",
	[KSPLICE_SYM_FUNC] = "function",
	[KSPLICE_SYM_OBJECT] = "object",
	[KSPLICE_SYM_SECTION] = "section",
};

static const char *const ref_types[] = {
	[KSPLICE_PC32] = "pc32",     [KSPLICE_PC64] = "pc64",	[KSPLICE_ABS64] = "abs64",
	[KSPLICE_ABS32S] = "abs32s", [KSPLICE_ABS32] = "abs32", [KSPLICE_PC8] = "pc8",
};

static const char *const site_kinds[] = {
	[KSPLICE_SITE_FENTRY] = "fentry",
	[KSPLICE_SITE_RETURN] = "return",
	[KSPLICE_SITE_RETPOLINE] = "retpoline",
	[KSPLICE_SITE_STATIC_CALL] = "static-call",
	[KSPLICE_SITE_JUMP_LABEL] = "jump-label",
	[KSPLICE_SITE_ALTERNATIVE] = "alternative",
	[KSPLICE_SITE_PARAVIRT] = "paravirt",
	[KSPLICE_SITE_LOCK] = "lock",
	[KSPLICE_SITE_ENDBR] = "endbr",
	[KSPLICE_SITE_CALL] = "call",
	[KSPLICE_SITE_RUNTIME_PTR] = "runtime-ptr",
	[KSPLICE_SITE_RUNTIME_SHIFT] = "runtime-shift",
	[KSPLICE_SITE_PADDING] = "padding",
};

#define NR(table) (sizeof(table) / sizeof((table)[0]))

static const char *word(const char *const *table, size_t nr, unsigned int index)
{
	return index < nr && table[index] ? table[index] : "?";
}

/* A symbol's name; for the start of a section the section's. */
static const char *symbol_name(const struct image_view *view, uint32_t index)
{
	const struct ksplice_symbol *sym;

	if (index >= view->head->nr_symbols)
		return "-";
	sym = &view->symbols[index];
	if (sym->type == KSPLICE_SYM_SECTION && sym->section < view->head->nr_sections)
		return view->strings + view->sections[sym->section].name;
	return image_view_symbol(view, index);
}

static void show_flags(unsigned int flags, FILE *out)
{
	fprintf(out, "%s%s%s%s", flags & KSPLICE_SYM_GLOBAL ? " global" : "",
		flags & KSPLICE_SYM_WEAK ? " weak" : "",
		flags & KSPLICE_SYM_PERCPU ? " percpu" : "",
		flags & KSPLICE_SYM_NEEDED ? " needed" : "");
}

static void show_symbol(const struct image_view *view, uint32_t i, FILE *out)
{
	const struct ksplice_symbol *sym = &view->symbols[i];

	fprintf(out, "    symbol %u +0x%" PRIx64 " size %u %s %s", i, (uint64_t)sym->offset,
		sym->size, word(symbol_types, NR(symbol_types), sym->type), symbol_name(view, i));
	show_flags(sym->flags, out);
	fputc('\n', out);
}

static void show_ref(const struct image_view *view, const struct ksplice_ref *ref, FILE *out)
{
	fprintf(out, "    ref +0x%x %s %s%+" PRId64, ref->offset,
		word(ref_types, NR(ref_types), ref->type), symbol_name(view, ref->symbol),
		(int64_t)ref->addend);
	if (ref->adjust)
		fprintf(out, " end %u", ref->adjust);
	fputc('\n', out);
}

static void show_site(const struct image_view *view, const struct ksplice_site *site, FILE *out)
{
	fprintf(out, "    site +0x%x %s %u bytes", site->offset,
		word(site_kinds, NR(site_kinds), site->kind), site->length);
	if (site->symbol != KSPLICE_NONE)
		fprintf(out, " %s%+" PRId64, symbol_name(view, site->symbol),
			(int64_t)site->addend);
	if (site->kind == KSPLICE_SITE_RETPOLINE)
		fprintf(out, " register %u", site->arg);
	if (site->kind == KSPLICE_SITE_PARAVIRT)
		fprintf(out, " operation %u", site->arg);
	for (uint32_t i = 0; site->kind == KSPLICE_SITE_ALTERNATIVE && i < site->nr_variants; i++) {
		const struct ksplice_variant *v = &view->variants[site->first_variant + i];

		fprintf(out, " [feature 0x%x: %u bytes at +0x%x]", v->feature, v->length,
			v->offset);
	}
	fputc('\n', out);
}

static void show_site_counts(const struct image_view *view, const struct ksplice_section *sec,
			     FILE *out)
{
	unsigned int counts[NR(site_kinds)] = { 0 };
	const char *separator = "    sites: ";

	for (uint32_t i = 0; i < sec->nr_sites; i++)
		counts[view->sites[sec->first_site + i].kind]++;
	for (size_t kind = 1; kind < NR(counts); kind++) {
		if (!counts[kind])
			continue;
		fprintf(out, "%s%s %u", separator, site_kinds[kind], counts[kind]);
		separator = ", ";
	}
	if (sec->nr_sites)
		fputc('\n', out);
}

static void show_section(const struct image_view *view, const struct ksplice_section *sec,
			 bool verbose, FILE *out)
{
	fprintf(out, "  section %s: %s, %u bytes, %u symbols, %u refs\n", view->strings + sec->name,
		word(section_kinds, NR(section_kinds), sec->kind), sec->size, sec->nr_symbols,
		sec->nr_refs);
	show_site_counts(view, sec, out);
	if (!verbose)
		return;
	for (uint32_t i = 0; i < sec->nr_symbols; i++)
		show_symbol(view, sec->first_symbol + i, out);
	for (uint32_t i = 0; i < sec->nr_refs; i++)
		show_ref(view, &view->refs[sec->first_ref + i], out);
	for (uint32_t i = 0; i < sec->nr_sites; i++)
		show_site(view, &view->sites[sec->first_site + i], out);
}

void show_image(const struct image_view *view, bool verbose, FILE *out)
{
	uint32_t externs = 0, needed = 0;

	for (uint32_t i = 0; i < view->head->nr_symbols; i++) {
		externs += view->symbols[i].section == KSPLICE_EXTERN;
		needed += !!(view->symbols[i].flags & KSPLICE_SYM_NEEDED);
	}
	fprintf(out, "image of %s (%08x): %u bytes, %u symbols (%u external), %u refs, %u sites\n",
		image_view_unit(view), view->head->unit_id, view->head->size,
		view->head->nr_symbols, externs, view->head->nr_refs, view->head->nr_sites);
	if (needed)
		fprintf(out, "  needed by the new code:\n");
	for (uint32_t i = 0; needed && i < view->head->nr_symbols; i++)
		if (view->symbols[i].flags & KSPLICE_SYM_NEEDED)
			fprintf(out, "    %s\n", symbol_name(view, i));
	for (uint32_t i = 0; i < view->head->nr_sections; i++)
		show_section(view, &view->sections[i], verbose, out);
	if (!verbose || !externs)
		return;
	fprintf(out, "  external:\n");
	for (uint32_t i = 0; i < view->head->nr_symbols; i++)
		if (view->symbols[i].section == KSPLICE_EXTERN)
			show_symbol(view, i, out);
}
