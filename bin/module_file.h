/* SPDX-License-Identifier: GPL-2.0-only */
/* A kernel module's file in memory: what the commands need to know of it before loading it. */
#ifndef KSPLICE_MODULE_FILE_H
#define KSPLICE_MODULE_FILE_H

#include <stddef.h>

#include "message.h"

struct update_member;

/* All pointers are into the member's data, which must outlive this. */
struct module_file {
	const char *name; /* as the kernel will call it */
	const char *vermagic;
	const void *images; /* the .init.ksplice.image section; NULL if it has none */
	size_t images_size;
};

/* Checks that it is a module for this machine, complete, and finds the above. */
int module_file_read(const struct update_member *member, struct module_file *ret,
		     struct failure *f);

#endif
