/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The module that carries an image into the kernel. All of an audit's modules are the same but for
 * the image and the target's name, so that one is linked, and the others are made of it here.
 */
#ifndef KSPLICE_AUDIT_FRAME_H
#define KSPLICE_AUDIT_FRAME_H

#include <stddef.h>

#include "bin/message.h"

struct frame {
	unsigned char *data;	/* the linked module, with any image */
	size_t size;
	size_t image_header;	/* where the section header of the image is */
	size_t descriptor;	/* where the struct ksplice_descriptor is */
};

#define _cleanup_frame_ __attribute__((cleanup(frame_free)))

/* All of a file, for free(); NULL: not, for the reason in *f. */
void *read_whole_file(const char *path, size_t *size, struct failure *f);

/* Reads the linked module. 0, or -1 with the reason in *f. */
int frame_read(struct frame *frame, const char *path, struct failure *f);

void frame_free(struct frame *frame);

/* The module for another image and target, for free(); NULL: not, for the reason in *f. */
void *frame_fill(const struct frame *frame, const char *target, const void *image,
		 size_t image_size, size_t *size, struct failure *f);

#endif
