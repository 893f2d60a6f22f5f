/* SPDX-License-Identifier: GPL-2.0-only */
/* x86-64 instructions: lengths and branches. The only part that knows libopcodes. */
#ifndef OBJMANIP_INSN_H
#define OBJMANIP_INSN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "error.h"

enum insn_kind {
	INSN_OTHER = 0,
	INSN_JUMP, /* unconditional, direct */
	INSN_JCC, /* conditional, direct (also loop, jrcxz, xbegin) */
	INSN_CALL, /* direct */
	INSN_INDIRECT, /* call or jmp through a register or memory */
	INSN_RETURN,
	INSN_ENDBR, /* endbr64 */
	INSN_NOP, /* of any length */
	INSN_TRAP, /* int3, ud2, ... : control does not go on */
};

/* One decoded instruction. */
struct insn {
	uint64_t offset; /* of its first byte in the range's numbering */
	unsigned int length; /* bytes, 1..15 */
	enum insn_kind kind;
	uint64_t target; /* of INSN_JUMP, INSN_JCC, INSN_CALL, relocations not applied */
	unsigned int disp_size; /* of these: bytes of the displacement (its last ones), 1 or 4 */
	bool bad; /* not an instruction */
};

/* A disassembler; not for use by two threads at once. */
struct insn_decoder;

/* NULL: out of memory, or a libopcodes without x86-64. */
struct insn_decoder *insn_decoder_new(void);
void insn_decoder_free(struct insn_decoder *decoder);
static inline void insn_decoder_freep(struct insn_decoder **decoder)
{
	insn_decoder_free(*decoder);
}
#define _cleanup_decoder_ __attribute__((cleanup(insn_decoder_freep)))

/*
 * Decodes the instruction at code[offset], with `size' bytes of code in all.
 * Targets and offsets count from code[0]. 0; or -EINVAL when the bytes are no
 * instruction or run past the end (insn->bad is set and insn->length is 1).
 */
int insn_decode(struct insn_decoder *decoder, const unsigned char *code, uint64_t size,
		uint64_t offset, struct insn *insn);

/*
 * The text of the instruction decoded last, as AT&T writes it, without the targets
 * of branches. Valid until the next one is decoded.
 */
const char *insn_text(const struct insn_decoder *decoder);

/*
 * Decodes code[start..end) one by one. On success *ret holds *count of them;
 * free() it. Fails with the offset of what is no instruction.
 */
int insn_decode_range(struct insn_decoder *decoder, const unsigned char *code, uint64_t start,
		      uint64_t end, struct insn **ret, size_t *count, struct error *err);

#endif
