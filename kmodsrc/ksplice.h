/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Inside of ksplice.ko: what its files share. Each file implements one block
 * of this header.
 *
 * Life of an update: user space writes the candidates of each target's symbols
 * (sysfs.c); loads the target's module, whose arrival (main.c) is the moment
 * for match (match.c) and relocate (relocate.c); asks for the splice, which
 * takes all targets in one stop of the machine (splice.c).
 */
#ifndef _KSPLICE_H
#define _KSPLICE_H

#include <linux/kobject.h>
#include <linux/list.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/types.h>

#include "ksplice_format.h"

/* ---- abort: why something was refused ----------------------------------- */

#define KSPLICE_DETAIL_LEN 512

/* Zero is "ok". The first cause wins. */
struct ksplice_abort {
	enum ksplice_cause cause;
	char detail[KSPLICE_DETAIL_LEN];	/* one line: what, where, why */
};

/*
 * Records a cause and returns the errno that goes with it (negative), for
 * `return ksplice_refuse(...)'. Does not sleep; not for use in the stop.
 */
__printf(3, 4) int ksplice_refuse(struct ksplice_abort *abort, enum ksplice_cause cause,
				  const char *fmt, ...);

/* ---- symbols.c: candidates from kallsyms -------------------------------- */

/* 0, or -EINVAL if the blob is not what its header says. */
int ksplice_candidates_check(const void *blob, size_t size);

/* The candidates of one symbol: a pointer into the blob and a count (may be 0). */
const struct ksplice_candidate *
ksplice_candidates_find(const struct ksplice_candidates *c, u32 unit_id, u32 symbol, u32 *count);

/* The address of one of the kernel's own symbols, or 0 when user space gave none. */
unsigned long ksplice_core_address(enum ksplice_core_symbol symbol);

/* Takes over the core's candidates (copies what it needs). */
void ksplice_core_addresses_set(const struct ksplice_candidates *c);

/* ---- match.c: prove that the running code is the pre code --------------- */

struct ksplice_match;	/* the solution: an address for each section and symbol */

/*
 * Matches all images against memory. `target' is "vmlinux" or a module's name,
 * `mod' that module (NULL for vmlinux). Process context, may sleep. On success
 * *ret is the caller's, for ksplice_match_free(). Fails with abort->cause
 * NO_MATCH, AMBIGUOUS, UNKNOWN_SYMBOL, BAD_UPDATE or NO_MEMORY; nothing is changed.
 * The match points into `images', which must outlive it.
 */
int ksplice_match_images(const void *images, size_t size,
			 const struct ksplice_candidates *candidates, const char *target,
			 struct module *mod, struct ksplice_match **ret,
			 struct ksplice_abort *abort);

void ksplice_match_free(struct ksplice_match *match);

/*
 * The address (or per-CPU offset) of a symbol, and its size if `size' is not
 * NULL. -ENOENT when the match does not determine it.
 */
int ksplice_match_symbol(const struct ksplice_match *match, u32 unit_id, u32 symbol,
			 unsigned long *address, u32 *size);

/* The symbol's name, or "?". */
const char *ksplice_match_symbol_name(const struct ksplice_match *match, u32 unit_id, u32 symbol);

/* ---- arch/ARCH/sites.c: what the kernel may have made of a site --------- */

/*
 * Is `run' (site->length bytes, copied from `address') a legal state of the
 * site? match.c defines the context that resolves symbols and compares
 * variants; see arch.h.
 */

/* ---- text.c: reading and writing kernel text ----------------------------- */

/*
 * Copies kernel memory, with the bytes below our own jumps as they were before
 * we spliced. 0 or -EFAULT. Does not sleep.
 */
int ksplice_read_original(void *dst, unsigned long address, size_t len);

/*
 * A writable alias of `len' bytes of text or module memory at `address' (may
 * straddle a page). Sleeps; not for use in the stop. NULL: not mappable.
 */
struct ksplice_alias;
struct ksplice_alias *ksplice_alias_map(unsigned long address, size_t len);
void *ksplice_alias_pointer(struct ksplice_alias *alias);
void ksplice_alias_unmap(struct ksplice_alias *alias);

/* ---- update.c: the objects ----------------------------------------------- */

/* A jump in place of the first instructions of a replaced function. */
struct ksplice_splice;

/* One module of an update: the new code for one target. */
struct ksplice_part {
	struct list_head list;			/* in update->parts */
	struct ksplice_update *update;
	char target_name[KSPLICE_TARGET_LEN];
	struct module *mod;			/* the update's module; NULL until it is loaded */
	struct module *target;			/* referenced while `mod' is loaded; NULL: vmlinux */
	struct ksplice_descriptor *desc;	/* in `mod' */
	struct ksplice_candidates *candidates;	/* vmalloc; freed after the match */
	struct ksplice_splice *splices;		/* one per replaced function or old part */
	unsigned int nr_splices;
	struct kobject *kobj;			/* ID/targets/TARGET */
};

/* An update: all its parts are spliced in one stop, or none. */
struct ksplice_update {
	struct list_head list;
	struct kobject kobj;			/* /sys/kernel/ksplice/ID */
	char id[KSPLICE_ID_LEN];
	enum ksplice_stage stage;
	struct ksplice_abort abort;		/* of the last attempt */
	struct list_head parts;
	u64 stop_ns;				/* how long the last stop took */
};

/* Serialises everything but the stop itself: updates, parts, stages. */
extern struct mutex ksplice_mutex;

#endif /* _KSPLICE_H */
