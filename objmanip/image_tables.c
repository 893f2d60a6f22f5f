// SPDX-License-Identifier: GPL-2.0-only
/* Sites that the unit's own tables list: jump labels, alternatives, ... */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "image_priv.h"

/* What the relocation of a table's field at `offset' means. */
static int field(struct build *b, const struct elf_section *table, uint64_t offset,
		 const struct elf_reloc **ret)
{
	size_t i = elf_reloc_at(table, offset);

	if (i >= table->nr_relocs || table->relocs[i].offset != offset)
		return error_refuse(b->err,
				    "%s: %s+0x%llx: no relocation where its layout wants one",
				    b->unit, table->name, (unsigned long long)offset);
	*ret = &table->relocs[i];
	return 0;
}

/* The place that a table's field points at; at->bs is NULL when it is not kept code. */
static int field_place(struct build *b, const struct elf_section *table, uint64_t offset,
		       struct place *at)
{
	const struct elf_reloc *rel;
	int ret = field(b, table, offset, &rel);

	if (ret)
		return ret;
	if (!rel->symbol->section)
		return error_refuse(b->err,
				    "%s: %s+0x%llx points at \"%s\", which is not in this unit",
				    b->unit, table->name, (unsigned long long)offset,
				    rel->symbol->name);
	at->sec = rel->symbol->section;
	at->bs = &b->sections[at->sec->index];
	at->offset = rel->symbol->value + rel->addend;
	if (at->offset > at->sec->size)
		return error_refuse(b->err, "%s: %s+0x%llx points outside %s", b->unit, table->name,
				    (unsigned long long)offset, at->sec->name);
	if (!is_code(at->bs))
		at->bs = NULL;
	return 0;
}

/* A table of `stride' bytes an entry, or a refusal that names it. */
static int check_stride(struct build *b, const struct elf_section *table, uint64_t stride)
{
	if (table->size % stride == 0)
		return 0;
	return error_refuse(b->err, "%s: %s: %llu bytes are not a multiple of an entry's %llu",
			    b->unit, table->name, (unsigned long long)table->size,
			    (unsigned long long)stride);
}

static int table_jump_label(struct build *b, const struct elf_section *table)
{
	int ret = check_stride(b, table, 16);

	for (uint64_t entry = 0; entry < table->size && !ret; entry += 16) {
		struct ksplice_site site = { .kind = KSPLICE_SITE_JUMP_LABEL };
		const struct elf_reloc *target;
		const struct insn *insn;
		struct place at;

		ret = field_place(b, table, entry, &at);
		if (!ret)
			ret = field(b, table, entry + 4, &target);
		if (ret || !at.bs)
			continue;
		insn = build_insn_at(at.bs, at.offset);
		if (!insn || insn->offset != at.offset ||
		    (insn->length != 2 && insn->length != 5) ||
		    (insn->kind != INSN_JUMP && insn->kind != INSN_NOP))
			return error_refuse(b->err,
					    "%s: %s+0x%llx: a jump label is neither jump nor nop",
					    b->unit, at.sec->name, (unsigned long long)at.offset);
		site.length = insn->length;
		site.symbol = image_symbol(b->image, target->symbol);
		site.addend = target->addend;
		if (site.symbol == KSPLICE_NONE)
			return error_refuse(b->err,
					    "%s: %s+0x%llx: a jump label's target is not kept",
					    b->unit, at.sec->name, (unsigned long long)at.offset);
		ret = build_add_site(b, &at, site);
	}
	return ret;
}

/* Entries of struct alt_instr: how long, and how wide the feature word is. */
static unsigned int alternative_stride(const struct elf_section *table)
{
	static const unsigned int known[] = { 12, 14 };

	for (size_t k = 0; k < 2; k++) {
		size_t nr = table->size / known[k], i;

		if (table->size % known[k] || table->nr_relocs != 2 * nr)
			continue;
		for (i = 0; i < 2 * nr; i++)
			if (table->relocs[i].offset != i / 2 * known[k] + i % 2 * 4)
				break;
		if (i == 2 * nr)
			return known[k];
	}
	return 0;
}

/* One entry of .altinstructions. */
struct alternative {
	struct place at;
	struct ksplice_variant variant;
	unsigned int length;
	uint64_t order;
};

static int read_alternative(struct build *b, const struct elf_section *table, uint64_t entry,
			    unsigned int stride, struct alternative *alt)
{
	const unsigned char *bytes = table->data + entry;
	struct place repl;
	int ret = field_place(b, table, entry, &alt->at);

	if (!ret)
		ret = field_place(b, table, entry + 4, &repl);
	if (ret)
		return ret;
	if (!repl.bs || repl.bs->kind != KSPLICE_VARIANT)
		return error_refuse(b->err, "%s: %s+0x%llx: replacement in %s", b->unit,
				    table->name, (unsigned long long)entry, repl.sec->name);
	alt->order = entry;
	alt->length = bytes[stride - 2];
	alt->variant.section = repl.bs->index;
	alt->variant.offset = repl.offset;
	alt->variant.length = bytes[stride - 1];
	memcpy(&alt->variant.feature, bytes + 8, stride - 10);
	if (repl.offset + alt->variant.length > repl.sec->size)
		return error_refuse(b->err, "%s: %s+0x%llx: replacement outside %s", b->unit,
				    table->name, (unsigned long long)entry, repl.sec->name);
	return 0;
}

static int compare_alternatives(const void *left, const void *right)
{
	const struct alternative *l = left, *r = right;

	if (l->at.sec != r->at.sec)
		return l->at.sec->index < r->at.sec->index ? -1 : 1;
	if (l->at.offset != r->at.offset)
		return l->at.offset < r->at.offset ? -1 : 1;
	return l->order < r->order ? -1 : l->order > r->order;
}

/*
 * Since 6.8 a call of a pv operation is an alternative: `call *pv_ops+X', whose
 * replacement with this flag is a direct call to what the field holds.
 */
#define ALT_FLAG_DIRECT_CALL (2u << 16)

static int direct_call(struct build *b, const struct place *at)
{
	size_t r = elf_reloc_at(at->sec, at->offset);
	const struct elf_reloc *rel = &at->sec->relocs[r];

	if (r >= at->sec->nr_relocs || rel->offset != at->offset + 2 || !at->sec->data ||
	    at->sec->data[at->offset] != 0xff || at->sec->data[at->offset + 1] != 0x15 ||
	    strcmp(rel->symbol->name, "pv_ops"))
		return 0;
	return build_add_site(b, at, site_of(KSPLICE_SITE_PARAVIRT, 6, (rel->addend + 4) / 8));
}

/* All entries for one place make one site. */
static int group_alternatives(struct build *b, const struct alternative *alt, size_t nr)
{
	struct ksplice_site site = {
		.kind = KSPLICE_SITE_ALTERNATIVE,
		.symbol = KSPLICE_NONE,
		.first_variant = b->image->variants.nr,
		.nr_variants = nr,
	};
	bool direct = false;
	int ret;

	/* Nested alternatives pad the outer one more: the kernel takes the longest, too. */
	for (size_t i = 0; i < nr; i++) {
		if (alt[i].length > site.length)
			site.length = alt[i].length;
		direct |= alt[i].variant.feature & ALT_FLAG_DIRECT_CALL;
	}
	if (!site.length)
		return 0;
	for (size_t i = 0; i < nr; i++) {
		if (alt[i].variant.length > site.length)
			return error_refuse(
				b->err, "%s: %s+0x%llx: a replacement is longer than the original",
				b->unit, alt[i].at.sec->name, (unsigned long long)alt[i].at.offset);
		if (!vec_push(&b->image->variants, &alt[i].variant, 1))
			return error_set(b->err, -ENOMEM, "out of memory");
	}
	ret = build_add_site(b, &alt[0].at, site);
	return ret || !direct ? ret : direct_call(b, &alt[0].at);
}

static int table_alternative(struct build *b, const struct elf_section *table)
{
	unsigned int stride = alternative_stride(table);
	struct alternative *list;
	size_t nr, n = 0, last;
	int ret = 0;

	if (!stride)
		return error_refuse(
			b->err,
			"%s: .altinstructions has an unknown layout (%llu bytes, %zu relocations)",
			b->unit, (unsigned long long)table->size, table->nr_relocs);
	nr = table->size / stride;
	list = calloc(nr ? nr : 1, sizeof(*list));
	if (!list)
		return error_set(b->err, -ENOMEM, "out of memory");
	for (size_t i = 0; i < nr && !ret; i++) {
		ret = read_alternative(b, table, i * stride, stride, &list[n]);
		n += !ret && list[n].at.bs;
	}
	qsort(list, n, sizeof(*list), compare_alternatives);
	for (size_t i = 0; i < n && !ret; i = last) {
		for (last = i + 1; last < n && list[last].at.sec == list[i].at.sec &&
				   list[last].at.offset == list[i].at.offset;
		     last++)
			;
		ret = group_alternatives(b, &list[i], last - i);
	}
	free(list);
	return ret;
}

static int table_paravirt(struct build *b, const struct elf_section *table)
{
	int ret = check_stride(b, table, 16);

	for (uint64_t entry = 0; entry < table->size && !ret; entry += 16) {
		struct place at;

		ret = field_place(b, table, entry, &at);
		if (!ret && at.bs)
			ret = build_add_site(
				b, &at,
				(struct ksplice_site){ .kind = KSPLICE_SITE_PARAVIRT,
						       .symbol = KSPLICE_NONE,
						       .arg = table->data[entry + 8],
						       .length = table->data[entry + 9] });
	}
	return ret;
}

static int table_lock(struct build *b, const struct elf_section *table)
{
	int ret = check_stride(b, table, 4);

	for (uint64_t entry = 0; entry < table->size && !ret; entry += 4) {
		struct place at;

		ret = field_place(b, table, entry, &at);
		if (!ret && at.bs)
			ret = build_add_site(b, &at, site_of(KSPLICE_SITE_LOCK, 1, 0));
	}
	return ret;
}

/* runtime_ptr_NAME, runtime_shift_NAME: constants that are filled in at boot. */
static int table_runtime(struct build *b, const struct elf_section *table)
{
	static const char ptr[] = "runtime_ptr_", shift[] = "runtime_shift_";
	struct ksplice_site site = { .kind = KSPLICE_SITE_RUNTIME_PTR, .length = 8 };
	const char *name = table->name + strlen(ptr);
	int ret;

	if (starts_with(table->name, shift)) {
		site.kind = KSPLICE_SITE_RUNTIME_SHIFT;
		site.length = 1;
		name = table->name + strlen(shift);
	} else if (!starts_with(table->name, ptr)) {
		return error_refuse(b->err,
				    "%s: section %s: this kind of run-time constant is not known",
				    b->unit, table->name);
	}
	ret = check_stride(b, table, 4);
	if (!ret)
		ret = build_named_symbol(b, name, &site.symbol);
	for (uint64_t entry = 0; entry < table->size && !ret; entry += 4) {
		struct place at;

		ret = field_place(b, table, entry, &at);
		if (!ret && at.bs)
			ret = build_add_site(b, &at, site);
	}
	return ret;
}

static const struct {
	const char *prefix;
	int (*read)(struct build *b, const struct elf_section *table);
} tables[] = {
	{ "__jump_table", table_jump_label },	 { ".altinstructions", table_alternative },
	{ ".parainstructions", table_paravirt }, { ".smp_locks", table_lock },
	{ "runtime_", table_runtime },
};

int image_find_table_sites(struct build *b)
{
	for (size_t i = 1; i < b->elf->nr_sections; i++) {
		const struct elf_section *sec = b->elf->sections[i];

		for (size_t t = 0; t < sizeof(tables) / sizeof(tables[0]); t++) {
			int ret;

			if (!(sec->flags & SHF_ALLOC) || !starts_with(sec->name, tables[t].prefix))
				continue;
			ret = tables[t].read(b, sec);
			if (ret)
				return ret;
		}
	}
	return 0;
}
