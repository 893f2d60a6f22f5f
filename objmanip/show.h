/* SPDX-License-Identifier: GPL-2.0-only */
/* Readable contents of what objmanip writes. */
#ifndef OBJMANIP_SHOW_H
#define OBJMANIP_SHOW_H

#include <stdbool.h>
#include <stdio.h>

#include "error.h"
#include "image_view.h"

/*
 * Prints a file: an update's module (finished or not), a unit's new code, or a
 * raw image. Verbose: every symbol, reference and site.
 */
int show_file(const char *path, bool verbose, FILE *out, struct error *err);

/* One image. */
void show_image(const struct image_view *view, bool verbose, FILE *out);

#endif
