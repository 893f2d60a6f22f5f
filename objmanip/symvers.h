/* SPDX-License-Identifier: GPL-2.0-only */
/* Module.symvers: what the kernel and its modules export. */
#ifndef OBJMANIP_SYMVERS_H
#define OBJMANIP_SYMVERS_H

#include "error.h"

struct symvers;

/* Reads the file. On success *ret is the caller's, for symvers_free(). */
int symvers_open(const char *path, struct symvers **ret, struct error *err);

/* NULL is legal. */
void symvers_free(struct symvers *symvers);
static inline void symvers_freep(struct symvers **symvers)
{
	symvers_free(*symvers);
}
#define _cleanup_symvers_ __attribute__((cleanup(symvers_freep)))

/*
 * Who exports this symbol ("vmlinux", "fs/ext4/ext4"), or NULL: nobody. What
 * is exported to a namespace only does not count: a module that does not
 * import the namespace cannot use it.
 */
const char *symvers_exporter(const struct symvers *symvers, const char *name);

#endif
