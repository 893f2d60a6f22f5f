/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Says which changes of a kernel's code are legal: which the kernel itself could have made. It
 * shares nothing with objmanip and with the matcher, which it judges: where the sites are it reads
 * in the tables of the kernel's own files (vmlinux and the modules that were booted), what stood
 * there in the code of these files, and what may stand there follows from rules of its own.
 */
#ifndef TESTS_AUDIT_JUDGE_H
#define TESTS_AUDIT_JUDGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "loaded.h"
#include "memory.h"

enum judge_kind {
	JUDGE_LOCK, /* .smp_locks */
	JUDGE_JUMP, /* __jump_table */
	JUDGE_STATIC_CALL, /* .static_call_sites, and the trampolines */
	JUDGE_TRACE, /* __mcount_loc */
	JUDGE_RETURN, /* .return_sites */
	JUDGE_INDIRECT, /* .retpoline_sites */
	JUDGE_CALL, /* .call_sites */
	JUDGE_ENDBR, /* .ibt_endbr_seal, and any endbr at an entry */
	JUDGE_PARAVIRT, /* .parainstructions */
	JUDGE_RUNTIME, /* runtime_ptr_NAME, runtime_shift_NAME */
	JUDGE_ALTERNATIVE, /* .altinstructions */
	JUDGE_NR
};

extern const char *const judge_words[JUDGE_NR];

struct judge_site {
	uint64_t address;
	enum judge_kind kind;
	uint8_t length;
	const uint8_t *original; /* its bytes in the file */
	const struct loaded *file;
	/*
	 * JUDGE_JUMP: where it goes. JUDGE_STATIC_CALL: the key. JUDGE_PARAVIRT: the operation.
	 * JUDGE_RUNTIME: the variable. JUDGE_ALTERNATIVE: where the replacement is in the file.
	 */
	uint64_t value;
	uint8_t value_length; /* JUDGE_ALTERNATIVE: of the replacement */
	bool direct_call; /* JUDGE_ALTERNATIVE: it means a direct call of what is called */
};

struct judge {
	const struct memory *memory;
	struct judge_site *sites; /* in the order of their addresses */
	size_t nr_sites;
	uint8_t longest; /* of the sites */
};

/* Adds the sites of a file, which must stay. 0, or -1 for no memory or a table out of order. */
int judge_add(struct judge *j, const struct loaded *file);

/* To be called when all are added. */
void judge_ready(struct judge *j);
void judge_free(struct judge *j);

/* The first site at or behind an address; its end, if there is none. */
const struct judge_site *judge_from(const struct judge *j, uint64_t address);

/*
 * Are all bytes in which the memory at `address' differs from `old' in sites, whose content is now
 * one that the kernel gives them?
 */
bool judge_legal(const struct judge *j, uint64_t address, const uint8_t *old, size_t length);

/*
 * Is what stands at a site legal by its own entry of a table, or by another that has it inside? One
 * place may have several alternatives, and a paravirt call may have been replaced by one.
 */
bool judge_understands(const struct judge *j, const struct judge_site *site);

/* Is what stands at a site legal? (judge_states.c) */
bool judge_site_legal(const struct judge *j, const struct judge_site *site);

#endif
