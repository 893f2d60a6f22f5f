/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The part of the matcher that knows what the kernel makes of its own code on
 * an architecture, and what match_compare.c offers it.
 */
#ifndef _KSPLICE_ARCH_SITES_H
#define _KSPLICE_ARCH_SITES_H

#include <linux/types.h>

#include "../match.h"

/* A site in memory. */
struct ksplice_site_run {
	struct ksplice_matcher *m;
	struct ksplice_unit *unit;
	const struct ksplice_section *sec;
	const struct ksplice_site *site;
	u8 *run;			/* a copy of its site->length bytes */
	unsigned long address;		/* where they are */
};

/* ---- by the architecture ------------------------------------------------- */

/* Is `s->run' a state that the kernel may have given this site? May learn symbols. */
bool ksplice_arch_site_legal(const struct ksplice_site_run *s);

/*
 * May the site be in the middle of a change, so that it is worth while to look
 * again a moment later?
 */
bool ksplice_arch_site_unsettled(const struct ksplice_site_run *s);

/*
 * Can `run' be what the kernel makes of `expected' when it replaces single-byte
 * nops by longer ones?
 */
bool ksplice_arch_same_but_nops(const u8 *expected, const u8 *run, u32 length);

/* Writes what the kernel puts behind a replacement before it optimises nops. */
void ksplice_arch_pad(u8 *to, u32 length);

/* A sentence about bytes that are foreign to the kernel ("; a breakpoint ..."), or "". */
const char *ksplice_arch_hint(const u8 *found, u32 length);

/* ---- by match_compare.c -------------------------------------------------- */

/* Is the site's content as compiled, with its references and the sites inside? */
bool ksplice_site_original(const struct ksplice_site_run *s, bool nops);

/* Does the site as compiled refer to a section that is freed after boot? */
bool ksplice_site_uses_freed(const struct ksplice_site_run *s);

/*
 * Is the site's content this replacement with nops behind it? `run' stands for
 * s->run: the architecture may have undone a change in a copy.
 */
bool ksplice_site_variant(const struct ksplice_site_run *s, const struct ksplice_variant *variant,
			  u8 *run);

/* The site's bytes as compiled. */
const u8 *ksplice_site_bytes(const struct ksplice_site_run *s);

/* The first reference that lies in the site, or NULL. */
const struct ksplice_ref *ksplice_site_ref(const struct ksplice_site_run *s);

/*
 * Does the site's symbol (a variable) have an address at which `accept' says
 * yes? Tries the one that is known, else each candidate, and learns it.
 */
bool ksplice_site_symbol(const struct ksplice_site_run *s, u32 symbol,
			 bool (*accept)(const struct ksplice_site_run *s, unsigned long address));

#endif /* _KSPLICE_ARCH_SITES_H */
