/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The binary formats that cross a boundary of the project: what objmanip
 * writes into an update's modules, what ksplice.ko reads out of them, and what
 * ksplice-apply hands to ksplice.ko before it loads them.
 *
 * Included by kernel code and by user space; hence only fixed-width types, no
 * pointers (addresses are 64-bit fields that the module loader relocates) and
 * little-endian layout without implicit padding.
 *
 * A reader must not trust any offset, index or count in here: both sides
 * validate against the containing size before use.
 */
#ifndef _KSPLICE_FORMAT_H
#define _KSPLICE_FORMAT_H

#include <linux/types.h>

/* Bumped whenever any structure below changes; all sides demand equality. */
#define KSPLICE_FORMAT_VERSION	3

#define KSPLICE_ID_LEN		32	/* update id with its NUL: [a-z0-9_]+ */
#define KSPLICE_TARGET_LEN	64	/* "vmlinux" or a module's name, with NUL */
#define KSPLICE_NAMED_TARGETS	4	/* of more, messages only give the number */

/* Sections of an update's module. */
#define KSPLICE_SEC_DESCRIPTOR	".ksplice.descriptor"	/* struct ksplice_descriptor */
#define KSPLICE_SEC_FUNCS	".ksplice.funcs"	/* struct ksplice_func[] */
#define KSPLICE_SEC_REWRITES	".ksplice.rewrites"	/* struct ksplice_rewrite[] */
#define KSPLICE_SEC_FUNC_NAMES	".ksplice.names"	/* NUL-terminated strings */
/*
 * The name begins with ".init" so that the module loader frees these once the
 * module is initialised: they are needed only while it is being loaded.
 */
#define KSPLICE_SEC_IMAGE	".init.ksplice.image"	/* struct ksplice_image + parts, one per unit */
#define KSPLICE_SEC_RELOCS	".init.ksplice.relocs"	/* struct ksplice_reloc[] */

/*
 * An undefined symbol of this form in a unit's new code means "symbol INDEX of
 * the image of unit UNIT_ID": NAME KSPLICE_UNDEF_MARK UNIT_ID(8 hex) "." INDEX
 * (decimal). `objmanip finish' turns references to it into ksplice_relocs.
 */
#define KSPLICE_UNDEF_MARK	".ksplice."

/* ------------------------------------------------------------------------- */
/* The image: pre code of one unit, and the program that matches it           */

#define KSPLICE_IMAGE_MAGIC	0x494d534bU	/* "KSMI" */
#define KSPLICE_IMAGE_ALIGN	16		/* of each image in its section, and of its size */
#define KSPLICE_NONE		0xffffffffU	/* "no such index/offset" */
#define KSPLICE_EXTERN		0xfffffffeU	/* symbol.section: defined in another unit */
#define KSPLICE_ABS		0xfffffffdU	/* symbol.section: offset is the value itself */

/*
 * Header of one unit's image. All *_off are byte offsets from the header;
 * tables are 8-byte aligned. unit_id is the 32-bit FNV-1a hash of the unit's
 * name ("fs/proc/cmdline.o") and is unique within an update.
 */
struct ksplice_image {
	__u32 magic;
	__u32 version;		/* KSPLICE_FORMAT_VERSION */
	__u32 size;		/* of the whole image, header included */
	__u32 unit_id;
	__u32 unit_name;	/* offset into strings */
	__u32 nr_sections;
	__u32 sections_off;	/* struct ksplice_section[] */
	__u32 nr_symbols;
	__u32 symbols_off;	/* struct ksplice_symbol[] */
	__u32 nr_refs;
	__u32 refs_off;		/* struct ksplice_ref[] */
	__u32 nr_sites;
	__u32 sites_off;	/* struct ksplice_site[] */
	__u32 nr_variants;
	__u32 variants_off;	/* struct ksplice_variant[] */
	__u32 bytes_off;	/* contents of the sections */
	__u32 bytes_size;
	__u32 strings_off;	/* NUL-terminated names */
	__u32 strings_size;
	__u32 reserved;
};

/*
 * A section is what the linker places in one piece: one input section of the
 * unit as the distribution compiled it. So one base address places every
 * function of it, and a function's neighbours are proved along with it.
 */
enum ksplice_section_kind {
	KSPLICE_TEXT = 1,	/* code: bytes, refs and sites must match */
	KSPLICE_RODATA,		/* constant data: bytes and refs must match, if it is placed */
	KSPLICE_STRINGS,	/* mergeable strings: each is compared where it is referenced */
	KSPLICE_CONSTS,		/* mergeable constants of .entsize bytes: as strings */
	KSPLICE_DATA,		/* writable: placed (has a base), contents not compared */
	KSPLICE_FREED,		/* init or discarded: may not exist, never compared */
	KSPLICE_VARIANT,	/* replacement code of alternatives: has no address */
};

struct ksplice_section {
	__u32 name;		/* offset into strings */
	__u32 kind;		/* enum ksplice_section_kind */
	__u32 size;
	__u32 bytes;		/* offset of the contents from bytes_off; KSPLICE_NONE: none */
	__u32 first_ref;	/* refs of this section, ascending offset */
	__u32 nr_refs;
	__u32 first_site;	/* sites, ascending offset; at equal offset outermost first */
	__u32 nr_sites;
	__u32 first_symbol;	/* symbols defined here, ascending offset */
	__u32 nr_symbols;
	__u32 align;		/* bytes, power of two */
	__u32 entsize;		/* KSPLICE_CONSTS only */
};

enum ksplice_symbol_type {
	KSPLICE_SYM_NOTYPE = 0,
	KSPLICE_SYM_FUNC,
	KSPLICE_SYM_OBJECT,
	KSPLICE_SYM_SECTION,	/* start of a section; has no name in kallsyms */
};

#define KSPLICE_SYM_GLOBAL	0x01	/* one definition per target: upper case type in kallsyms */
#define KSPLICE_SYM_WEAK	0x02	/* the final link may have used another definition */
#define KSPLICE_SYM_PERCPU	0x04	/* value is an offset into the per-CPU area */
/*
 * The update's new code needs this symbol's address. If it is not learnt by
 * matching, a single candidate decides (for an extern: of global kind).
 */
#define KSPLICE_SYM_NEEDED	0x08

/* Symbols of section i come first in table order, section by section; externs last. */
struct ksplice_symbol {
	__u32 name;		/* offset into strings */
	__u32 section;		/* index, KSPLICE_EXTERN or KSPLICE_ABS */
	__u64 offset;		/* into the section; value for KSPLICE_ABS */
	__u32 size;
	__u16 type;		/* enum ksplice_symbol_type */
	__u16 flags;		/* KSPLICE_SYM_* */
};

/* How a field of code or data encodes the value S (symbol) + A (addend), at place P. */
enum ksplice_ref_type {
	KSPLICE_PC32 = 1,	/* s32: S + A - P */
	KSPLICE_PC64,		/* s64: S + A - P */
	KSPLICE_ABS64,		/* u64: S + A */
	KSPLICE_ABS32S,		/* s32, sign-extends to S + A */
	KSPLICE_ABS32,		/* u32, zero-extends to S + A */
	KSPLICE_PC8,		/* s8: S + A - P */
	/* Only in a ksplice_reloc: what the variable S holds, as boot fills it in. */
	KSPLICE_RUNTIME_PTR,	/* u64, in place of KSPLICE_RUNTIME_PTR_BLANK */
	KSPLICE_RUNTIME_SHIFT,	/* u8, in place of KSPLICE_RUNTIME_SHIFT_BLANK; S holds 32 bits */
};

/*
 * Bytes of the field of a reference; 0 for what is no type that an image's
 * references have (run-time constants are relocations of new code only).
 */
static inline __u32 ksplice_ref_width(__u32 type)
{
	switch (type) {
	case KSPLICE_PC8:
		return 1;
	case KSPLICE_PC32:
	case KSPLICE_ABS32S:
	case KSPLICE_ABS32:
		return 4;
	case KSPLICE_PC64:
	case KSPLICE_ABS64:
		return 8;
	default:
		return 0;
	}
}

/* What the compiler leaves where boot fills in a run-time constant. */
#define KSPLICE_RUNTIME_PTR_BLANK	0x0123456789abcdefULL
#define KSPLICE_RUNTIME_SHIFT_BLANK	12

/*
 * A reference (relocation) of the pre code. For KSPLICE_PC32 in code, `adjust'
 * is the distance from the field to the end of its instruction, so that the
 * address meant is S + addend + adjust; for absolute fields it is 0.
 */
struct ksplice_ref {
	__u32 offset;		/* of the field in its section */
	__u32 symbol;		/* index */
	__s64 addend;		/* A, as ELF has it */
	__u16 type;		/* enum ksplice_ref_type */
	__u16 adjust;		/* bytes */
	__u32 reserved;
};

/*
 * A site: bytes that the kernel rewrites by itself. Only the values that the
 * kernel would put there are accepted. A ref inside a site counts only where
 * the site still has its original form.
 */
enum ksplice_site_kind {
	KSPLICE_SITE_FENTRY = 1,	/* call __fentry__, 5 bytes */
	KSPLICE_SITE_RETURN,		/* jmp __x86_return_thunk, 5 bytes */
	KSPLICE_SITE_RETPOLINE,	/* [cs] call/jmp/jcc __x86_indirect_thunk_REG; arg = REG, 0..15 */
	KSPLICE_SITE_STATIC_CALL,	/* call/jmp __SCT__x; symbol = __SCK__x */
	KSPLICE_SITE_JUMP_LABEL,	/* jmp/nop, 2 or 5 bytes; target = symbol + addend */
	KSPLICE_SITE_ALTERNATIVE,	/* original or a variant, padded with nops */
	KSPLICE_SITE_PARAVIRT,		/* indirect call through pv_ops; arg = operation's index */
	KSPLICE_SITE_LOCK,		/* lock prefix, 1 byte: f0, or 3e on one CPU */
	KSPLICE_SITE_ENDBR,		/* endbr64, 4 bytes, or the seal */
	KSPLICE_SITE_CALL,		/* direct call that depth tracking may redirect, 5 bytes */
	KSPLICE_SITE_RUNTIME_PTR,	/* imm64 of a run-time constant; symbol = its variable */
	KSPLICE_SITE_RUNTIME_SHIFT,	/* imm8 shift count of a run-time constant */
	KSPLICE_SITE_PADDING,		/* 10 bytes before a function, for call depth tracking */
};

struct ksplice_site {
	__u32 offset;		/* in its section */
	__u16 kind;		/* enum ksplice_site_kind */
	__u16 length;		/* bytes */
	__u32 symbol;		/* index or KSPLICE_NONE; see the kind */
	__u32 arg;		/* see the kind */
	__s64 addend;
	__u32 first_variant;	/* KSPLICE_SITE_ALTERNATIVE only */
	__u32 nr_variants;
};

/* One replacement of an alternative: a range of a KSPLICE_VARIANT section. */
struct ksplice_variant {
	__u32 section;		/* index */
	__u32 offset;
	__u32 length;		/* <= the site's length; the rest is nops */
	__u32 feature;		/* the cpuid/flags word of the alternative, for reports */
};

/* ------------------------------------------------------------------------- */
/* The update's own tables in its modules                                     */

#define KSPLICE_DESCRIPTOR_MAGIC 0x534b5055U	/* "UPKS" */

/*
 * One per module. The compiler fills magic .. nr_targets; `objmanip finish'
 * fills the rest and adds the ELF relocations for the addresses.
 */
struct ksplice_descriptor {
	__u32 magic;
	__u32 version;			/* KSPLICE_FORMAT_VERSION */
	char id[KSPLICE_ID_LEN];
	char target[KSPLICE_TARGET_LEN];
	__u32 nr_targets;		/* modules that this update consists of */
	__u32 flags;			/* KSPLICE_UPDATE_* */
	__u64 funcs;			/* address of struct ksplice_func[] */
	__u64 images;			/* address of the first image (init memory) */
	__u64 relocs;			/* address of struct ksplice_reloc[] (init memory) */
	__u64 rewrites;			/* address of struct ksplice_rewrite[] */
	__u32 nr_funcs;
	__u32 images_size;		/* bytes */
	__u32 nr_relocs;
	__u32 nr_rewrites;
};

/* New code's address may be stored where undo cannot see it: keep the module after undo. */
#define KSPLICE_UPDATE_KEEP	0x01
/* Has neither functions nor rewrites: it is matched, for the audit, and never applied. */
#define KSPLICE_UPDATE_MATCH_ONLY 0x02

enum ksplice_func_kind {
	KSPLICE_FUNC_REPLACED = 1,	/* jump from the old function to new_addr */
	/* old code that belongs to a replaced function (foo.cold): no jump, stacks only */
	KSPLICE_FUNC_OLD_PART,
	KSPLICE_FUNC_ADDED,		/* new function; for reports */
};

/* Redirect through ftrace: the five bytes for a jump hold a site that the kernel rewrites. */
#define KSPLICE_FUNC_FTRACE	0x01

struct ksplice_func {
	__u64 new_addr;		/* 0 for KSPLICE_FUNC_OLD_PART */
	__u64 name;		/* address of its name, NUL-terminated (.ksplice.names) */
	__u32 new_size;
	__u32 kind;		/* enum ksplice_func_kind */
	__u32 unit_id;		/* image and symbol of the old function; ignored for ADDED */
	__u32 symbol;
	__u32 jump_offset;	/* from the old function's start, after ENDBR and the fentry call */
	__u32 flags;		/* KSPLICE_FUNC_* */
};

/*
 * A constant whose contents change where it is: read-only data of the target,
 * used by code that stays as it is, or pointed to by live objects. Its size stays.
 */
struct ksplice_rewrite {
	__u64 name;		/* address of its name, NUL-terminated (.ksplice.names) */
	/*
	 * Address of `size' bytes of new contents, relocated like new code, and behind
	 * them as many that say which count: 1 new, 0 as it is in memory.
	 */
	__u64 contents;
	__u32 unit_id;		/* image and symbol of the constant */
	__u32 symbol;
	__u32 size;		/* bytes; as the symbol's */
	__u32 reserved;
};

/* A reference of new code that the module loader cannot resolve. */
struct ksplice_reloc {
	__u64 place;		/* address of the field */
	__s64 addend;
	__u32 unit_id;		/* the symbol */
	__u32 symbol;
	__u32 type;		/* enum ksplice_ref_type */
	__u32 reserved;
};

/* ------------------------------------------------------------------------- */
/* Candidates: what user space knows of the names that an image uses          */

/*
 * ksplice-apply reads /proc/kallsyms and writes one table per update module to
 * /sys/kernel/ksplice/symbols (one write sequence from offset 0) before it
 * loads that module. The kernel treats it as hints: an address is used only
 * if matching confirms it or, for KSPLICE_SYM_NEEDED symbols, if it is the
 * only one and sprint_symbol() has the beginning of a symbol there.
 */
#define KSPLICE_CANDIDATES_MAGIC 0x4143534bU	/* "KSCA" */

struct ksplice_candidates {
	__u32 magic;
	__u32 version;			/* KSPLICE_FORMAT_VERSION */
	__u32 size;			/* header, entries and freed ones */
	__u32 nr_entries;
	char id[KSPLICE_ID_LEN];	/* empty: entries are for the core (unit_id 0) */
	char target[KSPLICE_TARGET_LEN];
	__u32 nr_freed;			/* struct ksplice_freed[], after the entries */
	__u32 flags;			/* KSPLICE_CANDIDATES_* */
};

/* Of what the target has freed, nothing is anywhere but where a ksplice_freed says. */
#define KSPLICE_CANDIDATES_FREED 0x01

struct ksplice_candidate {		/* ascending (unit_id, symbol) */
	__u32 unit_id;
	__u32 symbol;			/* index; for the core: enum ksplice_core_symbol */
	__u64 address;
	__u32 type;			/* kallsyms' letter */
	__u32 reserved;
};

/*
 * What a module had for its start only (KSPLICE_FREED) has no name in kallsyms once it is
 * freed; pointers to it may have stayed. ksplice-apply knows where the module's sections were,
 * and, if the module's file is proved to be the loaded one's, where its symbols were. An entry
 * is about a symbol of a freed section, or about what may have been replaced by, or be, another
 * unit's: an extern or a weak symbol, for which only global symbols of the file count.
 */
struct ksplice_freed {			/* ascending (unit_id, symbol) */
	__u32 unit_id;
	__u32 symbol;			/* index */
	__u64 address;			/* it was at one of the `size' addresses from here */
	__u64 size;			/* 1: the file says so; else only its section is known */
};

/*
 * Addresses that the core wants of the kernel itself. No function among them
 * is ever called through its address; variables are only read.
 */
#define KSPLICE_CORE_SYMBOLS(X)		\
	X(idle_threads)			\
	X(x86_return_thunk)		\
	X(pv_ops)			\
	X(_paravirt_nop)		\
	X(ftrace_caller)		\
	X(ftrace_regs_caller)		\
	X(__static_call_return0)	\
	X(__static_call_return)		\
	X(__x86_return_thunk)		\
	X(__x86_indirect_thunk_array)	\
	X(__x86_indirect_its_thunk_array) \
	X(__x86_indirect_call_thunk_array) \
	X(__x86_indirect_jump_thunk_array) \
	X(_stext)			\
	X(_etext)			\
	X(_sinittext)			\
	X(_einittext)			\
	X(__start_rodata)		\
	X(__end_rodata)			\
	X(nop_func)			\
	X(skl_call_thunk_template)	\
	X(ftrace_caller_op_ptr)		\
	X(ftrace_regs_caller_op_ptr)	\
	X(ftrace_call)			\
	X(ftrace_regs_call)		\
	X(ftrace_trace_function)

#define KSPLICE_CORE_ENUM(name)	KSPLICE_CORE_##name,
enum ksplice_core_symbol {
	KSPLICE_CORE_SYMBOLS(KSPLICE_CORE_ENUM)
	KSPLICE_NR_CORE_SYMBOLS
};

/* ------------------------------------------------------------------------- */
/* Words that both sides and the manual use                                   */

/* Stages of an update, as /sys/kernel/ksplice/ID/stage reads. */
#define KSPLICE_STAGES(X)		\
	X(PREPARING, "preparing")	\
	X(APPLIED,   "applied")		\
	X(REVERSED,  "reversed")

/*
 * Causes of a refusal, as /sys/kernel/ksplice/ID/abort_cause reads and as the
 * commands print in brackets. abort_detail beside it is one line of text.
 */
#define KSPLICE_CAUSES(X)					\
	X(OK,			"ok")				\
	X(NO_MATCH,		"no_match")	/* run code is not the pre code */	\
	X(AMBIGUOUS,		"ambiguous")	/* more than one place matches */	\
	X(UNKNOWN_SYMBOL,	"unknown_symbol") /* an address could not be found */	\
	X(BAD_UPDATE,		"bad_update")	/* malformed, or another format version */ \
	X(TARGET_NOT_LOADED,	"target_not_loaded")		\
	X(TARGET_MISSING,	"target_missing") /* a module of the update is not loaded */ \
	X(BUSY,			"busy")		/* a thread is inside: see conflicts */	\
	X(CHANGED,		"changed")	/* the bytes are not those that matched */ \
	X(FTRACE,		"ftrace")	/* redirect through ftrace refused */	\
	X(IN_USE,		"in_use")	/* another update builds on this one */	\
	X(NO_MEMORY,		"no_memory")			\
	X(UNSUPPORTED,		"unsupported")	/* this kernel lacks what is needed */	\
	X(UNEXPECTED,		"unexpected")

#define KSPLICE_ENUM_WORD(name, text)	KSPLICE_##name,
enum ksplice_stage { KSPLICE_STAGES(KSPLICE_ENUM_WORD) };

#define KSPLICE_CAUSE_ENUM(name, text)	KSPLICE_CAUSE_##name,
enum ksplice_cause { KSPLICE_CAUSES(KSPLICE_CAUSE_ENUM) };

#endif /* _KSPLICE_FORMAT_H */
