// SPDX-License-Identifier: GPL-2.0-only
#include "insn.h"

/* bfd.h wants to be included by something that autoconf configured. */
#define PACKAGE "objmanip"
#include <bfd.h>
#include <dis-asm.h>

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAX_LENGTH 15

struct insn_decoder {
	disassembler_ftype print_insn;
	struct disassemble_info info;
	bool bad; /* libopcodes printed "(bad)" */
	char line[160]; /* what it printed, but for addresses */
	size_t line_length;
	unsigned char *window; /* MAX_LENGTH bytes: libopcodes' buffer pointer is not const */
};

static void note_text(struct insn_decoder *decoder, const char *fmt, va_list ap)
{
	char text[64];

	vsnprintf(text, sizeof(text), fmt, ap);
	/* The latter is how it shows an instruction that is cut off. */
	if (strstr(text, "(bad)") || strstr(text, ".byte"))
		decoder->bad = true;
	decoder->line_length += (size_t)snprintf(decoder->line + decoder->line_length,
						 sizeof(decoder->line) - decoder->line_length, "%s",
						 text);
	/* Too long a line is cut. */
	if (decoder->line_length >= sizeof(decoder->line))
		decoder->line_length = sizeof(decoder->line) - 1;
}

static int print_plain(void *stream, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	note_text(stream, fmt, ap);
	va_end(ap);
	return 0;
}

static int print_styled(void *stream, enum disassembler_style style, const char *fmt, ...)
{
	va_list ap;

	(void)style;
	va_start(ap, fmt);
	note_text(stream, fmt, ap);
	va_end(ap);
	return 0;
}

static void no_memory_error(int status, bfd_vma at, struct disassemble_info *info)
{
	(void)status;
	(void)at;
	(void)info;
}

static void no_address(bfd_vma address, struct disassemble_info *info)
{
	(void)address;
	(void)info;
}

struct insn_decoder *insn_decoder_new(void)
{
	struct insn_decoder *decoder = calloc(1, sizeof(*decoder));

	if (!decoder)
		return NULL;
	decoder->window = malloc(MAX_LENGTH);
	init_disassemble_info(&decoder->info, decoder, print_plain, print_styled);
	decoder->info.arch = bfd_arch_i386;
	decoder->info.mach = bfd_mach_x86_64;
	decoder->info.endian = BFD_ENDIAN_LITTLE;
	decoder->info.memory_error_func = no_memory_error;
	decoder->info.print_address_func = no_address;
	decoder->info.buffer = decoder->window;
	disassemble_init_for_target(&decoder->info);
	decoder->print_insn = disassembler(bfd_arch_i386, false, bfd_mach_x86_64, NULL);
	if (!decoder->window || !decoder->print_insn) {
		insn_decoder_free(decoder);
		return NULL;
	}
	return decoder;
}

void insn_decoder_free(struct insn_decoder *decoder)
{
	if (!decoder)
		return;
	disassemble_free_target(&decoder->info);
	free(decoder->window);
	free(decoder);
}

static bool is_prefix(unsigned char byte)
{
	switch (byte) {
	case 0x26:
	case 0x2e:
	case 0x36:
	case 0x3e: /* segments */
	case 0x64:
	case 0x65:
	case 0x66:
	case 0x67: /* sizes */
	case 0xf0:
	case 0xf2:
	case 0xf3:
		return true;
	}
	return (byte & 0xf0) == 0x40; /* REX */
}

static void direct(struct insn *insn, const unsigned char *code, enum insn_kind kind,
		   unsigned int disp_size)
{
	const unsigned char *disp = code + insn->length - disp_size;
	int64_t distance = disp_size == 1 ? (int8_t)disp[0]
					  : (int32_t)(disp[0] | disp[1] << 8 | disp[2] << 16 |
						      (uint32_t)disp[3] << 24);

	insn->kind = kind;
	insn->disp_size = disp_size;
	insn->target = insn->offset + insn->length + (uint64_t)distance;
}

/* Opcodes of two bytes: code[at] follows the 0f. */
static void classify_0f(struct insn *insn, const unsigned char *code, unsigned int at, bool rep)
{
	if (at >= insn->length)
		return;
	if ((code[at] & 0xf0) == 0x80 && insn->length >= at + 5)
		direct(insn, code, INSN_JCC, 4);
	else if (rep && code[at] == 0x1e && at + 2 == insn->length && code[at + 1] == 0xfa)
		insn->kind = INSN_ENDBR;
	else if (!rep && code[at] == 0x1f)
		insn->kind = INSN_NOP;
	else if (code[at] == 0x0b || code[at] == 0xb9 || code[at] == 0xff)
		insn->kind = INSN_TRAP;
}

/* What kind of instruction these insn->length bytes are. */
static void classify(struct insn *insn, const unsigned char *code)
{
	unsigned int at = 0;
	bool rep = false;
	unsigned char op;

	while (at < insn->length && is_prefix(code[at]))
		rep |= code[at++] == 0xf3;
	if (at == insn->length)
		return;
	op = code[at];

	if (op == 0x0f)
		classify_0f(insn, code, at + 1, rep);
	else if ((op == 0xe8 || op == 0xe9) && insn->length >= at + 5)
		direct(insn, code, op == 0xe8 ? INSN_CALL : INSN_JUMP, 4);
	else if (op == 0xeb)
		direct(insn, code, INSN_JUMP, 1);
	else if ((op & 0xf0) == 0x70 || (op & 0xfc) == 0xe0)
		direct(insn, code, INSN_JCC, 1);
	else if (op == 0xc7 && insn->length == at + 6 && code[at + 1] == 0xf8)
		direct(insn, code, INSN_JCC, 4); /* xbegin */
	else if (op == 0xff && insn->length >= at + 2 &&
		 ((code[at + 1] & 0x38) == 0x10 || (code[at + 1] & 0x38) == 0x20))
		insn->kind = INSN_INDIRECT;
	else if ((op & 0xfe) == 0xc2 || (op & 0xfe) == 0xca || op == 0xcf)
		insn->kind = INSN_RETURN;
	else if (op == 0x90 && !rep)
		insn->kind = INSN_NOP;
	else if (op == 0xcc)
		insn->kind = INSN_TRAP;
}

int insn_decode(struct insn_decoder *decoder, const unsigned char *code, uint64_t size,
		uint64_t offset, struct insn *insn)
{
	size_t available;
	int length;

	*insn = (struct insn){ .offset = offset, .length = 1, .bad = true };
	if (offset >= size)
		return -EINVAL;
	available = size - offset < MAX_LENGTH ? size - offset : MAX_LENGTH;
	memcpy(decoder->window, code + offset, available);
	decoder->info.buffer_length = available;
	decoder->info.buffer_vma = 0;
	decoder->bad = false;
	decoder->line_length = 0;
	decoder->line[0] = '\0';
	length = decoder->print_insn(0, &decoder->info);
	if (length <= 0 || (size_t)length > available || decoder->bad)
		return -EINVAL;
	insn->length = length;
	insn->bad = false;
	classify(insn, code + offset);
	return 0;
}

const char *insn_text(const struct insn_decoder *decoder)
{
	return decoder->line;
}

int insn_decode_range(struct insn_decoder *decoder, const unsigned char *code, uint64_t start,
		      uint64_t end, struct insn **ret, size_t *count, struct error *err)
{
	size_t nr = 0, max = (end - start) / 3 + 8;
	struct insn *list = malloc(max * sizeof(*list));

	if (!list)
		return error_set(err, -ENOMEM, "out of memory");
	for (uint64_t at = start; at < end; at += list[nr++].length) {
		if (nr == max) {
			struct insn *grown = realloc(list, 2 * max * sizeof(*list));

			if (!grown) {
				free(list);
				return error_set(err, -ENOMEM, "out of memory");
			}
			list = grown;
			max *= 2;
		}
		if (insn_decode(decoder, code, end, at, &list[nr])) {
			free(list);
			return error_set(err, -EINVAL, "no instruction at offset 0x%llx",
					 (unsigned long long)at);
		}
	}
	*ret = list;
	*count = nr;
	return 0;
}
