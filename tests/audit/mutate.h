/* SPDX-License-Identifier: GPL-2.0-only */
/* What mutate.c (what there is, and the result) and change.c (the changes) share. */
#ifndef TESTS_AUDIT_MUTATE_H
#define TESTS_AUDIT_MUTATE_H

#include <stdio.h>

#include "bin/kallsyms.h"
#include "judge.h"
#include "matching.h"

enum change {
	CHANGE_BYTE, /* a byte of a function */
	CHANGE_SITE, /* a byte of a site in a function */
	CHANGE_SWAP, /* two functions of equal length change places */
	CHANGE_CALL, /* a call or jump leads to another function, its namesake, or into one */
	CHANGE_DATA, /* a byte of a string, constant or read-only table that a function refers to */
	CHANGE_ADDEND, /* a reference means one more or one less */
	CHANGE_NR
};

extern const char *const change_words[CHANGE_NR];

struct tally {
	unsigned long tried, rejected, legal, same, wrong;
};

/* A matched function. */
struct choice {
	struct unit *unit;
	const struct function *function;
};

struct options {
	const char *copy, *vmlinux, *modules, *list, *result, *release;
	unsigned long changes, seed;
};

struct mutate {
	struct memory *memory;
	struct judge judge;
	struct loaded **files; /* the judge's */
	size_t nr_files;
	struct kallsyms *symbols;
	void *core; /* struct ksplice_candidates */
	struct unit *units;
	size_t nr_units;
	size_t nr_unmatched;
	struct choice *functions;
	size_t nr_functions;
	struct choice *by_size; /* the same, in the order of their sizes */
	uint64_t bytes;
	double seconds;
	uint64_t random; /* the generator's state */
	struct tally tally[CHANGE_NR];
};

/* Fills by_size. 0, or -1 for no memory. */
int mutate_sort(struct mutate *m);

/*
 * Tries changes of one kind: `changes' single bytes, a share of that of the others. Counts, and
 * prints those that are wrongly accepted.
 */
void mutate_try(struct mutate *m, enum change kind, unsigned long changes, FILE *result);

#endif
