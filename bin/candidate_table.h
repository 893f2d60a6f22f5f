/* SPDX-License-Identifier: GPL-2.0-only */
/* A candidate table while it is made: struct ksplice_candidates and the entries behind it. */
#ifndef KSPLICE_CANDIDATE_TABLE_H
#define KSPLICE_CANDIDATE_TABLE_H

#include <stddef.h>
#include <stdint.h>

#include "../kmodsrc/ksplice_format.h"

/* Zero-initialise, then table_init(); at the end table_free(). */
struct candidate_table {
	struct ksplice_candidates head;
	struct ksplice_candidate *entries;
	struct ksplice_freed *freed;
};

/* -1: a name is too long. `flags' are KSPLICE_CANDIDATES_*. */
int table_init(struct candidate_table *table, const char *id, const char *target, uint32_t flags);

/* Says that kallsyms has a symbol's name at an address. 0 or -1 (out of memory). */
int table_add(struct candidate_table *table, uint32_t unit_id, uint32_t symbol, uint64_t address,
	      char type);

/* Says that a symbol was at one of `size' addresses, and is freed. 0 or -1 (out of memory). */
int table_add_freed(struct candidate_table *table, uint32_t unit_id, uint32_t symbol,
		    uint64_t address, uint64_t size);

/*
 * The table as the kernel wants it: sorted, nothing twice. *blob is the caller's, to be freed. 0 or
 * -1 (out of memory).
 */
int table_finish(struct candidate_table *table, void **blob, size_t *size);

void table_free(struct candidate_table *table);
#define _cleanup_table_ __attribute__((cleanup(table_free)))

#endif
