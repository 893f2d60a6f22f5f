// SPDX-License-Identifier: GPL-2.0-only
#include "escape.h"

#include <string.h>

#include "insn.h"
#include "operand.h"

enum reg { RAX = 0, RCX = 1, RDX = 2, RSP = 4, RSI = 6, RDI = 7, R8 = 8, R9 = 9, NO_REG = -1 };

/* ---- functions that do not keep what they get ------------------------------------ */

/* They read, write or lock what a pointer leads to, and are done with it when they return. */
static const char *const passed_only[] = {
	/* messages and texts */
	"_printk",
	"_printk_deferred",
	"__warn_printk",
	"_dev_emerg",
	"_dev_alert",
	"_dev_crit",
	"_dev_err",
	"_dev_warn",
	"_dev_notice",
	"_dev_info",
	"snprintf",
	"scnprintf",
	"sprintf",
	"vsnprintf",
	"vscnprintf",
	"sysfs_emit",
	"sysfs_emit_at",
	"seq_printf",
	"seq_puts",
	"seq_write",
	"sscanf",
	"strcmp",
	"strncmp",
	"strcasecmp",
	"strncasecmp",
	"strlen",
	"strnlen",
	"strscpy",
	"sized_strscpy",
	"strlcpy",
	"memcmp",
	"sysfs_streq",
	"kstrtobool",
	"kstrtoint",
	"kstrtouint",
	"kstrtoll",
	"kstrtoull",
	"___ratelimit",
	/* user space */
	"_copy_to_user",
	"_copy_from_user",
	"simple_read_from_buffer",
	"simple_write_to_buffer",
	/* locks */
	"mutex_lock",
	"mutex_lock_interruptible",
	"mutex_lock_killable",
	"mutex_trylock",
	"mutex_unlock",
	"mutex_is_locked",
	"down_read",
	"up_read",
	"down_write",
	"up_write",
	"_raw_spin_lock",
	"_raw_spin_lock_bh",
	"_raw_spin_lock_irq",
	"_raw_spin_lock_irqsave",
	"_raw_spin_trylock",
	"_raw_spin_unlock",
	"_raw_spin_unlock_bh",
	"_raw_spin_unlock_irq",
	"_raw_spin_unlock_irqrestore",
	"_raw_read_lock",
	"_raw_read_unlock",
	"_raw_write_lock",
	"_raw_write_unlock",
};

/* The same, but what they return may be the pointer. */
static const char *const passed_back[] = {
	"__get_task_comm", "memcpy", "memmove", "memset", "__memcpy", "__memmove",
	"__memset",	   "strcpy", "strncpy", "strcat", "strncat",
};

static bool is_listed(const char *name, const char *const list[], size_t nr)
{
	for (size_t i = 0; i < nr; i++)
		if (!strcmp(name, list[i]))
			return true;
	return false;
}

#define LISTED(name, list) is_listed(name, list, sizeof(list) / sizeof((list)[0]))

/* ---- registers --------------------------------------------------------------------- */

/* As libopcodes prints them: 64 bits, 32 bits, then those of which a part begins so. */
static const char *const *names_of(enum reg reg)
{
	static const char *const names[][6] = {
		[RAX] = { "%rax", "%eax", "%ax", "%al", "%ah", NULL },
		[RCX] = { "%rcx", "%ecx", "%cx", "%cl", "%ch", NULL },
		[RDX] = { "%rdx", "%edx", "%dx", "%dl", "%dh", NULL },
		[RSI] = { "%rsi", "%esi", "%si", NULL },
		[RDI] = { "%rdi", "%edi", "%di", NULL },
		[R8] = { "%r8", "%r8d", NULL },
		[R9] = { "%r9", "%r9d", NULL },
	};

	return names[reg];
}

static bool mentions(const char *text, enum reg reg)
{
	for (const char *const *name = names_of(reg); *name; name++)
		if (strstr(text, *name))
			return true;
	return false;
}

/* Does the instruction give the register another value, without looking at the old one? */
static bool overwrites(const char *text, enum reg reg)
{
	const char *const *names = names_of(reg);
	const char *comma = strrchr(text, ','), *first;
	size_t length;

	if (!comma || (strncmp(text, "mov", 3) && strncmp(text, "lea", 3)))
		return false;
	/* libopcodes ends some lines with blanks. */
	length = strcspn(comma + 1, " \t");
	for (int i = 0; i < 2; i++) {
		if (strlen(names[i]) != length || strncmp(comma + 1, names[i], length))
			continue;
		for (const char *const *name = names; *name; name++) {
			first = strstr(text, *name);
			if (first && first < comma)
				return false;
		}
		return true;
	}
	return false;
}

/* The register of an argument that the instruction loads with the address in `field'. */
static enum reg loaded_argument(const unsigned char *code, unsigned int length, unsigned int field)
{
	unsigned int i = 0, rex = 0;
	int reg = NO_REG;

	if ((code[i] & 0xf0) == 0x40)
		rex = code[i++];
	if (code[i] == 0xc7 && (code[i + 1] & 0xf8) == 0xc0 && field == i + 2)
		reg = (code[i + 1] & 7) | (rex & 1) << 3;
	else if (code[i] == 0x8d && (code[i + 1] & 0xc7) == 0x05 && field == i + 2)
		reg = (code[i + 1] >> 3 & 7) | (rex & 4) << 1;
	else if ((code[i] & 0xf8) == 0xb8 && field == i + 1)
		reg = (code[i] & 7) | (rex & 1) << 3;
	if (field + 4 != length)
		return NO_REG;
	return reg == RDI || reg == RSI || reg == RDX || reg == RCX || reg == R8 || reg == R9
		       ? (enum reg)reg
		       : NO_REG;
}

/* ---- code ---------------------------------------------------------------------------- */

/* The name of what the instruction calls, if it is another unit's; "" if not. */
static const char *callee(const struct atom *atom, uint64_t offset, unsigned int length)
{
	for (size_t i = 0; i < atom->nr_refs; i++)
		if (atom->refs[i].offset >= offset && atom->refs[i].offset < offset + length &&
		    atom->refs[i].name)
			return atom->refs[i].name;
	return "";
}

/* Is there a jump label, a nop or not? */
static bool may_jump(const struct atom *atom, uint64_t offset)
{
	for (size_t i = 0; i < atom->nr_entries; i++) {
		const struct atom *entry = atom->entries[i];

		if (!strcmp(entry->table->name, "__jump_table") && entry->nr_refs &&
		    entry->refs[0].atom == atom && entry->refs[0].place == (int64_t)offset)
			return true;
	}
	return false;
}

/* Does what follows only pass the register to functions that do not keep it? */
static bool only_passed(const struct atom *atom, struct insn_decoder *decoder, uint64_t offset,
			enum reg reg)
{
	struct insn insn;

	for (;; offset += insn.length) {
		const char *name, *text;

		if (insn_decode(decoder, atom_bytes(atom), atom_size(atom), offset, &insn) ||
		    may_jump(atom, offset))
			return false;
		text = insn_text(decoder);
		switch (insn.kind) {
		case INSN_NOP:
			break;
		case INSN_OTHER:
			if (mentions(text, reg))
				return overwrites(text, reg);
			break;
		case INSN_JUMP:
			/* To another function, not to what a return is on this processor. */
			name = callee(atom, offset, insn.length);
			if (!name[0] || !strncmp(name, "__x86_", 6))
				return false;
			return reg == RAX || LISTED(name, passed_only);
		case INSN_CALL:
			/* What was returned is gone with the next call. */
			if (reg == RAX)
				return true;
			name = callee(atom, offset, insn.length);
			if (LISTED(name, passed_only))
				return true;
			if (!LISTED(name, passed_back))
				return false;
			reg = RAX;
			break;
		default:
			return false;
		}
	}
}

/* Decodes the instruction that has the reference's field. False: it cannot be found. */
static bool find_insn(const struct atom *atom, const struct ref *ref, struct insn_decoder *decoder,
		      struct insn *insn)
{
	for (uint64_t offset = 0; offset <= ref->offset; offset += insn->length) {
		if (insn_decode(decoder, atom_bytes(atom), atom_size(atom), offset, insn))
			return false;
		if (ref->offset < offset + insn->length)
			return true;
	}
	return false;
}

bool escape_address(const struct atom *from, const struct ref *ref)
{
	_cleanup_decoder_ struct insn_decoder *decoder = NULL;
	struct insn insn;
	enum reg reg;

	/* Tables that belong to code go with it. */
	if (from->table)
		return false;
	if (!atom_is_code(from) || !atom_bytes(from))
		return true;
	if (ref_is_branch(from, ref) || !operand_is_address(from, ref))
		return false;
	decoder = insn_decoder_new();
	if (!decoder || !find_insn(from, ref, decoder, &insn))
		return true;
	/* Compared with something, it goes nowhere. */
	if (!strncmp(insn_text(decoder), "cmp", 3))
		return false;
	reg = loaded_argument(atom_bytes(from) + insn.offset, insn.length,
			      (unsigned int)(ref->offset - insn.offset));
	return reg == NO_REG || !only_passed(from, decoder, insn.offset + insn.length, reg);
}

/* mov $address, memory: behind the prefixes, by its ModRM (and SIB) byte. */
static bool stores(const unsigned char *code, unsigned int length, unsigned int field)
{
	unsigned int i = 0, rex = 0;
	unsigned char mod, rm;

	while (i < length && memchr("\x65\x66\x67\x2e\x3e", code[i], 5))
		i++;
	if (i < length && (code[i] & 0xf0) == 0x40)
		rex = code[i++];
	if (i + 2 >= length || code[i] != 0xc7 || field + 4 != length)
		return false;
	mod = code[i + 1] >> 6;
	rm = code[i + 1] & 7;
	if (mod == 3)
		return false;
	/* On the stack, unless a prefix makes it r12. */
	return !(rm == RSP && (code[i + 2] & 7) == RSP && !(rex & 1));
}

bool escape_stored(const struct atom *from, const struct ref *ref)
{
	_cleanup_decoder_ struct insn_decoder *decoder = NULL;
	struct insn insn;

	if (from->table || !atom_is_code(from) || !atom_bytes(from))
		return false;
	decoder = insn_decoder_new();
	if (!decoder || !find_insn(from, ref, decoder, &insn))
		return true;
	return stores(atom_bytes(from) + insn.offset, insn.length,
		      (unsigned int)(ref->offset - insn.offset));
}
