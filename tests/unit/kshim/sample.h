/* SPDX-License-Identifier: GPL-2.0-only */
/* An image with each kind of section, reference and site, made by hand. */
#ifndef TESTS_UNIT_KSHIM_SAMPLE_H
#define TESTS_UNIT_KSHIM_SAMPLE_H

#include "sim.h"

enum sample_section { S_TEXT, S_RODATA, S_STRINGS, S_CONSTS, S_DATA, S_VARIANT, S_NR };

enum sample_symbol {
	Y_TEXT, Y_F1, Y_F2, Y_RODATA, Y_TABLE, Y_STRINGS, Y_STRING, Y_CONSTS, Y_DATA, Y_COUNTER,
	Y_VARIANT,
	Y_FENTRY, Y_SCT, Y_SCK, Y_THUNK_RAX, Y_THUNK_RBX, Y_THUNK_R9, Y_THUNK_R11, Y_PV_OPS,
	Y_FUNC, Y_RUNTIME, Y_SHIFT, Y_RETURN, Y_ALONE, Y_NR
};

struct sample {
	struct ksplice_section sections[S_NR];
	struct ksplice_symbol symbols[Y_NR];
	struct ksplice_ref refs[64];
	struct ksplice_site sites[64];
	struct ksplice_variant variants[16];
	u8 bytes[S_NR][512];
	char strings[1024];
	u32 nr_refs, nr_sites, nr_variants, strings_size;
};

static inline u32 sample_string(struct sample *b, const char *text)
{
	u32 at = b->strings_size;

	strcpy(b->strings + at, text);
	b->strings_size += strlen(text) + 1;
	return at;
}

static inline void sample_bytes(struct sample *b, u32 section, const char *bytes, u32 length)
{
	memcpy(b->bytes[section] + b->sections[section].size, bytes, length);
	b->sections[section].size += length;
}

/* A field at `back' bytes before the end; PC32 fields count from the instruction's end. */
static inline void sample_ref(struct sample *b, u32 section, u32 back, u32 symbol, s64 addend,
			      u16 type)
{
	struct ksplice_section *sec = &b->sections[section];

	b->refs[b->nr_refs++] = (struct ksplice_ref){
		.offset = sec->size - back, .symbol = symbol, .type = type,
		.addend = type == KSPLICE_PC32 ? addend - back : addend,
		.adjust = type == KSPLICE_PC32 ? back : 0,
	};
	sec->nr_refs++;
}

static inline struct ksplice_site *sample_site(struct sample *b, u32 section, u32 length, u16 kind,
					       u32 symbol, u32 arg)
{
	struct ksplice_section *sec = &b->sections[section];
	struct ksplice_site *site = &b->sites[b->nr_sites++];

	*site = (struct ksplice_site){ .offset = sec->size, .length = length, .kind = kind,
				       .symbol = symbol, .arg = arg };
	sec->nr_sites++;
	return site;
}

static inline void sample_branch(struct sample *b, u32 section, const char *op, u32 length,
				 u32 symbol, s64 addend)
{
	sample_bytes(b, section, op, length);
	sample_bytes(b, section, "\0\0\0\0", 4);
	sample_ref(b, section, 4, symbol, addend, KSPLICE_PC32);
}

static inline void sample_variant(struct sample *b, struct ksplice_site *site, u32 offset,
				  u32 length, u32 feature)
{
	if (!site->nr_variants)
		site->first_variant = b->nr_variants;
	site->nr_variants++;
	b->variants[b->nr_variants++] =
		(struct ksplice_variant){ S_VARIANT, offset, length, feature };
}

static inline void sample_text(struct sample *b)
{
	struct ksplice_site *site;

	sample_site(b, S_TEXT, 4, KSPLICE_SITE_ENDBR, KSPLICE_NONE, 0);
	sample_bytes(b, S_TEXT, "\xf3\x0f\x1e\xfa", 4);
	sample_site(b, S_TEXT, 5, KSPLICE_SITE_FENTRY, KSPLICE_NONE, 0);
	sample_branch(b, S_TEXT, "\xe8", 1, Y_FENTRY, 0);
	sample_site(b, S_TEXT, 5, KSPLICE_SITE_JUMP_LABEL, Y_TEXT, 0)->addend = 180;
	sample_bytes(b, S_TEXT, "\x0f\x1f\x44\x00\x00", 5);
	sample_site(b, S_TEXT, 2, KSPLICE_SITE_JUMP_LABEL, Y_TEXT, 0)->addend = 60;
	sample_bytes(b, S_TEXT, "\xeb\x2c", 2);
	sample_site(b, S_TEXT, 5, KSPLICE_SITE_STATIC_CALL, Y_SCK, 0);
	sample_branch(b, S_TEXT, "\xe8", 1, Y_SCT, 0);
	sample_site(b, S_TEXT, 5, KSPLICE_SITE_RETPOLINE, KSPLICE_NONE, 0);
	sample_branch(b, S_TEXT, "\xe8", 1, Y_THUNK_RAX, 0);
	sample_site(b, S_TEXT, 6, KSPLICE_SITE_RETPOLINE, KSPLICE_NONE, 9);
	sample_branch(b, S_TEXT, "\x2e\xe8", 2, Y_THUNK_R9, 0);
	sample_site(b, S_TEXT, 5, KSPLICE_SITE_RETPOLINE, KSPLICE_NONE, 3);
	sample_branch(b, S_TEXT, "\xe9", 1, Y_THUNK_RBX, 0);
	sample_site(b, S_TEXT, 6, KSPLICE_SITE_RETPOLINE, KSPLICE_NONE, 11);
	sample_branch(b, S_TEXT, "\x0f\x84", 2, Y_THUNK_R11, 0);
	sample_site(b, S_TEXT, 1, KSPLICE_SITE_LOCK, KSPLICE_NONE, 0);
	sample_bytes(b, S_TEXT, "\xf0\x0f\xc1\x07", 4);

	/* Nops, or three bytes, or a jump that may be short, or nothing. */
	site = sample_site(b, S_TEXT, 8, KSPLICE_SITE_ALTERNATIVE, KSPLICE_NONE, 0);
	sample_variant(b, site, 0, 3, 1);
	sample_variant(b, site, 3, 5, 2);
	sample_variant(b, site, 8, 0, 3);
	sample_bytes(b, S_TEXT, "\x90\x90\x90\x90\x90\x90\x90\x90", 8);

	/* As kernels before 6.8 write `cli': a paravirt call within an alternative. */
	site = sample_site(b, S_TEXT, 7, KSPLICE_SITE_ALTERNATIVE, KSPLICE_NONE, 0);
	sample_variant(b, site, 8, 1, 1);
	sample_variant(b, site, 9, 5, 1);
	sample_site(b, S_TEXT, 7, KSPLICE_SITE_PARAVIRT, KSPLICE_NONE, 4);
	sample_bytes(b, S_TEXT, "\xff\x14\x25\0\0\0\0", 7);
	sample_ref(b, S_TEXT, 4, Y_PV_OPS, 4 * 8, KSPLICE_ABS32S);

	/* As newer ones do. */
	site = sample_site(b, S_TEXT, 6, KSPLICE_SITE_ALTERNATIVE, KSPLICE_NONE, 0);
	sample_variant(b, site, 14, 5, 2u << 16 | 4);
	sample_branch(b, S_TEXT, "\xff\x15", 2, Y_PV_OPS, 5 * 8);

	sample_site(b, S_TEXT, 7, KSPLICE_SITE_PARAVIRT, KSPLICE_NONE, 6);
	sample_bytes(b, S_TEXT, "\xff\x14\x25\0\0\0\0", 7);
	sample_ref(b, S_TEXT, 4, Y_PV_OPS, 6 * 8, KSPLICE_ABS32S);
	sample_bytes(b, S_TEXT, "\x48\xc7\xc7\0\0\0\0", 7);
	sample_ref(b, S_TEXT, 4, Y_STRINGS, 6, KSPLICE_ABS32S);
	/* The end of a loop over a string: beyond it. */
	sample_bytes(b, S_TEXT, "\x48\x3d\0\0\0\0", 6);
	sample_ref(b, S_TEXT, 4, Y_STRING, 9, KSPLICE_ABS32S);
	sample_branch(b, S_TEXT, "\x66\x0f\x6f\x05", 4, Y_CONSTS, 16);
	sample_branch(b, S_TEXT, "\x8b\x05", 2, Y_COUNTER, 0);
	sample_branch(b, S_TEXT, "\x8b\x05", 2, Y_TABLE, 8);
	sample_bytes(b, S_TEXT, "\x48\xb8", 2);
	sample_site(b, S_TEXT, 8, KSPLICE_SITE_RUNTIME_PTR, Y_RUNTIME, 0);
	sample_bytes(b, S_TEXT, "\xef\xcd\xab\x89\x67\x45\x23\x01\xc1\xe8", 10);
	sample_site(b, S_TEXT, 1, KSPLICE_SITE_RUNTIME_SHIFT, Y_SHIFT, 0);
	sample_bytes(b, S_TEXT, "\x0c", 1);
	sample_site(b, S_TEXT, 5, KSPLICE_SITE_CALL, Y_FUNC, 0);
	sample_branch(b, S_TEXT, "\xe8", 1, Y_FUNC, 0);
	b->symbols[Y_F1].size = b->sections[S_TEXT].size;
	while (b->sections[S_TEXT].size < 170)
		sample_bytes(b, S_TEXT, "\xcc", 1);

	b->symbols[Y_F2].offset = b->sections[S_TEXT].size;
	sample_bytes(b, S_TEXT, "\x55\x48\x89\xe5\xb8\x2a\x00\x00\x00\x5d\x74\xfe", 12);
	sample_site(b, S_TEXT, 6, KSPLICE_SITE_STATIC_CALL, Y_SCK, 0);
	sample_branch(b, S_TEXT, "\x0f\x85", 2, Y_SCT, 0);
	sample_site(b, S_TEXT, 5, KSPLICE_SITE_STATIC_CALL, Y_SCK, 0);
	sample_branch(b, S_TEXT, "\xe9", 1, Y_SCT, 0);
	sample_site(b, S_TEXT, 5, KSPLICE_SITE_RETURN, KSPLICE_NONE, 0);
	sample_branch(b, S_TEXT, "\xe9", 1, Y_RETURN, 0);
	b->symbols[Y_F2].size = b->sections[S_TEXT].size - b->symbols[Y_F2].offset;
}

static inline void sample_variants(struct sample *b)
{
	sample_bytes(b, S_VARIANT, "\x0f\x01\xcb", 3);
	sample_branch(b, S_VARIANT, "\xe9", 1, Y_TEXT, 100);
	sample_bytes(b, S_VARIANT, "\xfa", 1);
	sample_branch(b, S_VARIANT, "\xe8", 1, Y_FUNC, 0);
	sample_branch(b, S_VARIANT, "\xe8", 1, Y_FUNC, 0);
}

static inline void sample_symbols(struct sample *b)
{
	static const struct { const char *name; u32 section, offset; u16 type; } list[Y_NR] = {
		[Y_TEXT] = { "", S_TEXT, 0, KSPLICE_SYM_SECTION },
		[Y_F1] = { "f1", S_TEXT, 0, KSPLICE_SYM_FUNC },
		[Y_F2] = { "f2", S_TEXT, 0, KSPLICE_SYM_FUNC },
		[Y_RODATA] = { "", S_RODATA, 0, KSPLICE_SYM_SECTION },
		[Y_TABLE] = { "table", S_RODATA, 0, KSPLICE_SYM_OBJECT },
		[Y_STRINGS] = { "", S_STRINGS, 0, KSPLICE_SYM_SECTION },
		[Y_STRING] = { "", S_STRINGS, 6, KSPLICE_SYM_NOTYPE },
		[Y_CONSTS] = { "", S_CONSTS, 0, KSPLICE_SYM_SECTION },
		[Y_DATA] = { "", S_DATA, 0, KSPLICE_SYM_SECTION },
		[Y_COUNTER] = { "counter", S_DATA, 8, KSPLICE_SYM_OBJECT },
		[Y_VARIANT] = { "", S_VARIANT, 0, KSPLICE_SYM_SECTION },
		[Y_FENTRY] = { "__fentry__", KSPLICE_EXTERN },
		[Y_SCT] = { "__SCT__call", KSPLICE_EXTERN },
		[Y_SCK] = { "__SCK__call", KSPLICE_EXTERN },
		[Y_THUNK_RAX] = { "__x86_indirect_thunk_rax", KSPLICE_EXTERN },
		[Y_THUNK_RBX] = { "__x86_indirect_thunk_rbx", KSPLICE_EXTERN },
		[Y_THUNK_R9] = { "__x86_indirect_thunk_r9", KSPLICE_EXTERN },
		[Y_THUNK_R11] = { "__x86_indirect_thunk_r11", KSPLICE_EXTERN },
		[Y_PV_OPS] = { "pv_ops", KSPLICE_EXTERN },
		[Y_FUNC] = { "func", KSPLICE_EXTERN },
		[Y_RUNTIME] = { "dentry_hashtable", KSPLICE_EXTERN },
		[Y_SHIFT] = { "d_hash_shift", KSPLICE_EXTERN },
		[Y_RETURN] = { "__x86_return_thunk", KSPLICE_EXTERN },
		[Y_ALONE] = { "alone", KSPLICE_EXTERN },
	};
	u32 i;

	for (i = 0; i < Y_NR; i++) {
		b->symbols[i].name = sample_string(b, list[i].name);
		b->symbols[i].section = list[i].section;
		b->symbols[i].offset = list[i].offset;
		b->symbols[i].type = list[i].type;
		if (list[i].section >= S_NR)
			continue;
		if (!b->sections[list[i].section].nr_symbols++)
			b->sections[list[i].section].first_symbol = i;
	}
	b->symbols[Y_ALONE].flags = KSPLICE_SYM_NEEDED;
}

static inline u8 *sample_pack(struct sample *b, size_t *size)
{
	struct ksplice_image header = {
		.magic = KSPLICE_IMAGE_MAGIC, .version = KSPLICE_FORMAT_VERSION,
		.unit_id = 0x1234, .nr_sections = S_NR, .nr_symbols = Y_NR, .nr_refs = b->nr_refs,
		.nr_sites = b->nr_sites, .nr_variants = b->nr_variants,
		.bytes_size = sizeof(b->bytes), .strings_size = b->strings_size,
	};
	const struct { u32 *offset; const void *data; size_t size; } parts[] = {
		{ &header.sections_off, b->sections, sizeof(b->sections) },
		{ &header.symbols_off, b->symbols, sizeof(b->symbols) },
		{ &header.refs_off, b->refs, b->nr_refs * sizeof(b->refs[0]) },
		{ &header.sites_off, b->sites, b->nr_sites * sizeof(b->sites[0]) },
		{ &header.variants_off, b->variants, b->nr_variants * sizeof(b->variants[0]) },
		{ &header.bytes_off, b->bytes, sizeof(b->bytes) },
		{ &header.strings_off, b->strings, b->strings_size },
	};
	u8 *image = calloc(1, 65536);
	u32 i, at = sizeof(header);

	for (i = 0; i < ARRAY_SIZE(parts); i++) {
		at = (at + 7) & -8U;
		*parts[i].offset = at;
		memcpy(image + at, parts[i].data, parts[i].size);
		at += parts[i].size;
	}
	header.size = *size = (at + KSPLICE_IMAGE_ALIGN - 1) & -(size_t)KSPLICE_IMAGE_ALIGN;
	memcpy(image, &header, sizeof(header));
	return image;
}

/* The caller frees it. */
static inline u8 *sample_image(size_t *size)
{
	static const u32 kinds[S_NR] = { KSPLICE_TEXT, KSPLICE_RODATA, KSPLICE_STRINGS,
					 KSPLICE_CONSTS, KSPLICE_DATA, KSPLICE_VARIANT };
	struct sample *b = calloc(1, sizeof(*b));
	u8 *image;
	u32 i;

	for (i = 0; i < S_NR; i++) {
		b->sections[i].kind = kinds[i];
		b->sections[i].align = 16;
		b->sections[i].bytes = i == S_DATA ? KSPLICE_NONE : i * sizeof(b->bytes[0]);
	}
	sample_string(b, "sample.o");
	sample_symbols(b);
	sample_text(b);
	b->sections[S_VARIANT].first_ref = b->nr_refs;
	sample_variants(b);
	b->sections[S_RODATA].first_ref = b->nr_refs;
	sample_bytes(b, S_RODATA, "\1\2\3\4\5\6\7\x08\0\0\0\0\0\0\0\0", 16);
	sample_ref(b, S_RODATA, 8, Y_F2, 0, KSPLICE_ABS64);
	sample_bytes(b, S_RODATA, "\0\0\0\0\0\0\0\0", 8);
	sample_ref(b, S_RODATA, 8, Y_FUNC, 0, KSPLICE_ABS64);
	sample_bytes(b, S_STRINGS, "first\0second\0third", 19);
	b->sections[S_CONSTS].entsize = 16;
	sample_bytes(b, S_CONSTS, "0123456789abcdefghijklmnopqrstuv", 32);
	b->sections[S_DATA].size = 64;
	image = sample_pack(b, size);
	free(b);
	return image;
}

#endif
