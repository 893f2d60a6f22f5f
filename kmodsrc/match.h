/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Inside of the matcher: what match.c, the match_*.c and the
 * architecture's sites share.
 *
 * The unknowns of a unit are one base address per section and one address per
 * symbol that another unit defines. A guess (a base for one section) is tried
 * by comparing the section with memory; the comparison finds the values of
 * other unknowns, which must agree with all that is known. What a trial finds
 * goes into a journal and is taken back when the trial fails.
 */
#ifndef _KSPLICE_MATCH_H
#define _KSPLICE_MATCH_H

#include <linux/types.h>

#include "image.h"
#include "ksplice.h"

struct ksplice_match {
	struct ksplice_unit *units;
	u32 nr_units;
	struct ksplice_match_stats stats;
};

#define KSPLICE_SHOWN_BYTES	12

/* Where and why memory differs from the image. */
struct ksplice_mismatch {
	const struct ksplice_unit *unit;	/* NULL: none recorded */
	const struct ksplice_section *sec;
	u32 offset;
	unsigned long address;
	u8 expected[KSPLICE_SHOWN_BYTES];
	u8 found[KSPLICE_SHOWN_BYTES];
	u32 length;				/* bytes shown */
	u64 score;				/* bytes that were equal before this one */
	char what[160];				/* the kind of thing that differs */
};

struct ksplice_matcher {
	struct ksplice_match *match;
	const struct ksplice_candidates *candidates;
	struct module *mod;			/* NULL: vmlinux */
	struct ksplice_abort *abort;
	bool **journal;				/* the flags set, in order */
	u32 journal_used;
	u8 *buffer;				/* run bytes of the section being compared */
	size_t buffer_size;
	u64 score;				/* bytes found equal in this trial */
	u32 waited_ms;				/* for sites that were being changed */
	struct ksplice_mismatch why;		/* of the trial that runs or ran last */
	struct ksplice_mismatch best;		/* of the failed trial that got furthest */
};

/* ---- match_learn.c: what is known, and what is possible -------------------- */

/* Sets a flag that a rollback clears again. */
void ksplice_journal_set(struct ksplice_matcher *m, bool *flag);
void ksplice_journal_rollback(struct ksplice_matcher *m, u32 mark);

/* The addresses that kallsyms has for a symbol's name. */
const struct ksplice_candidate *ksplice_symbol_candidates(const struct ksplice_matcher *m,
							  const struct ksplice_unit *unit,
							  u32 symbol, u32 *count);
bool ksplice_is_candidate(const struct ksplice_candidate *c, u32 count, unsigned long address);

/*
 * May the final link have taken the candidate at that address for a symbol that another unit
 * defines? It never takes a static one, and a global one of the target before any other.
 */
bool ksplice_linkable(const struct ksplice_matcher *m, const struct ksplice_unit *unit, u32 symbol,
		      unsigned long address);

/* Must the symbol's address in kallsyms be its section's base plus its offset? */
bool ksplice_fixes_base(const struct ksplice_symbol *sym);
/* How many such symbols of a section agree with a base; *total: how many have candidates. */
u32 ksplice_agreement(const struct ksplice_matcher *m, const struct ksplice_unit *unit,
		      const struct ksplice_section *sec, unsigned long base, u32 *total);
/* Is the section's range one where the linker or the module loader puts such sections? */
bool ksplice_in_target(const struct ksplice_matcher *m, const struct ksplice_unit *unit,
		       const struct ksplice_section *sec, unsigned long base);
/* Is there no objection to a base, before any byte is compared? */
bool ksplice_placeable(const struct ksplice_matcher *m, const struct ksplice_unit *unit,
		       const struct ksplice_section *sec, unsigned long base);
/* Gives a section its base, or checks the one that it has. */
bool ksplice_place(struct ksplice_matcher *m, struct ksplice_unit *unit, u32 section,
		   unsigned long base);

/*
 * Says that a symbol's address is `address': true if that is known already, or
 * possible, in which case it becomes known.
 */
bool ksplice_learn(struct ksplice_matcher *m, struct ksplice_unit *unit, u32 symbol,
		   unsigned long address);

/* The address of a symbol as far as it is known. */
bool ksplice_known(const struct ksplice_unit *unit, u32 symbol, unsigned long *address);

/* ---- match_freed.c: where what a module has freed was ---------------------- */

/*
 * Has the module's file a global symbol of that name among what was freed? Then no other module's is
 * meant: the linker prefers the module's own.
 */
bool ksplice_freed_named(const struct ksplice_matcher *m, const struct ksplice_unit *unit,
			 u32 symbol);

/* Can what the symbol means have been at an address, and be gone? */
bool ksplice_freed_possible(const struct ksplice_matcher *m, const struct ksplice_unit *unit,
			    u32 symbol, unsigned long address);

/* Can a KSPLICE_FREED section of a module have been there? */
bool ksplice_freed_placeable(const struct ksplice_matcher *m, const struct ksplice_unit *unit,
			     const struct ksplice_section *sec, unsigned long base);

/* ---- match_solve.c: the search ---------------------------------------------- */

/* Finds the bases of all code. 0, or the errno of a refusal. */
int ksplice_solve(struct ksplice_matcher *m);

/* Finds one section's base, of any kind, from the names in it. 0, or the errno of a refusal. */
int ksplice_solve_section(struct ksplice_matcher *m, struct ksplice_unit *unit, u32 section);

/* ---- match_reference.c ----------------------------------------------------- */

/*
 * Compares what a reference in section `in' means with `field', a copy of the memory at `place'. May
 * learn symbols. False: recorded as a difference.
 */
bool ksplice_compare_ref(struct ksplice_matcher *m, struct ksplice_unit *unit,
			 const struct ksplice_section *in, const struct ksplice_ref *ref,
			 const u8 *field, unsigned long place);

/* ---- match_compare.c ----------------------------------------------------- */

/*
 * Compares a section that has a base with memory, and then each section of code
 * or constants that this placed.
 */
bool ksplice_compare_placed(struct ksplice_matcher *m, struct ksplice_unit *unit, u32 section);

/*
 * Records a difference as the reason of the trial's failure; always false. `run'
 * are `length' bytes of memory that differ from the section's at `offset'; NULL:
 * the bytes say nothing (their meaning differs).
 */
__printf(8, 9) bool ksplice_differs(struct ksplice_matcher *m, const struct ksplice_unit *unit,
				    const struct ksplice_section *sec, u32 offset,
				    unsigned long address, const u8 *run, u32 length,
				    const char *fmt, ...);

#endif /* _KSPLICE_MATCH_H */
