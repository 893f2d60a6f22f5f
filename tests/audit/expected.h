/* SPDX-License-Identifier: GPL-2.0-only */
/* What an image says that there is to match, counted by the audit itself. */
#ifndef KSPLICE_AUDIT_EXPECTED_H
#define KSPLICE_AUDIT_EXPECTED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "kmodsrc/ksplice_format.h"

#define NR_SITE_KINDS (KSPLICE_SITE_PADDING + 1)

struct expected {
	unsigned long functions;
	unsigned long freed; /* functions of code that the kernel frees or never loads */
	unsigned long sites[NR_SITE_KINDS];
};

/* One word for each kind of site, as reports have it. */
extern const char *const site_names[NR_SITE_KINDS];

void expected_count(const struct ksplice_image *image, struct expected *e);

const struct ksplice_section *image_section(const struct ksplice_image *image, uint32_t i);
struct ksplice_symbol *image_symbol(const struct ksplice_image *image, uint32_t i);
const char *image_string(const struct ksplice_image *image, uint32_t offset);

/* Is the symbol a function that lies in a section of that kind? */
bool is_function_of(const struct ksplice_image *image, const struct ksplice_symbol *sym,
		    enum ksplice_section_kind kind);

/*
 * A byte of one of the image's functions, taken at random, that has only one legal value: a part
 * neither of a site nor of a reference. NULL: there is none.
 */
unsigned char *plain_byte(const struct ksplice_image *image);

#endif
