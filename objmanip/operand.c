// SPDX-License-Identifier: GPL-2.0-only
#include "operand.h"

#include <string.h>

#include "insn.h"

#define OPCODE_LEA 0x8d

static bool is_prefix(unsigned char byte)
{
	return memchr("\x26\x2e\x36\x3e\x64\x65\x66\x67\xf0\xf2\xf3", byte, 11) != NULL;
}

/* The opcode's position behind prefixes, REX and escape bytes. */
static unsigned int skip_to_opcode(const unsigned char *code, unsigned int length)
{
	unsigned int i = 0;

	while (i < length && is_prefix(code[i]))
		i++;
	if (i < length && (code[i] & 0xf0) == 0x40)
		i++;
	if (i + 1 < length && code[i] == 0x0f)
		i += code[i + 1] == 0x38 || code[i + 1] == 0x3a ? 2 : 1;
	return i;
}

/* Is the field the displacement of a memory operand, behind ModRM (and SIB)? */
static bool is_load(const unsigned char *code, unsigned int length, unsigned int field)
{
	unsigned int opcode = skip_to_opcode(code, length), modrm = opcode + 1;
	unsigned char mod, base;
	bool sib;

	if (modrm + 1 >= length || code[opcode] == OPCODE_LEA)
		return false;
	mod = code[modrm] >> 6;
	base = code[modrm] & 7;
	sib = mod != 3 && base == 4;
	if (sib)
		base = code[modrm + 1] & 7;
	/* Four bytes of it there are with mod 2, and with mod 0 without a base register. */
	return (mod == 2 || (mod == 0 && base == 5)) && field == modrm + 1 + sib;
}

bool operand_is_address(const struct atom *atom, const struct ref *ref)
{
	_cleanup_decoder_ struct insn_decoder *decoder = insn_decoder_new();
	const unsigned char *code = atom_bytes(atom);
	struct insn insn;

	if (!decoder || !code)
		return true;
	for (uint64_t off = 0; off <= ref->offset; off += insn.length) {
		insn_decode(decoder, code, atom_size(atom), off, &insn);
		if (ref->offset < off + insn.length)
			return insn.bad ||
			       !is_load(code + off, insn.length, (unsigned int)(ref->offset - off));
	}
	return true;
}
