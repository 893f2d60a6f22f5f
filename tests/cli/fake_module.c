// SPDX-License-Identifier: GPL-2.0-only
/* A module's file for the tests: names, and an image with one function. -DNAME -DRELEASE */
#include "kmodsrc/ksplice_format.h"

__attribute__((section(".modinfo"), used)) static const char info[] =
	"license=GPL\0name=" NAME "\0vermagic=" RELEASE " SMP preempt mod_unload modversions ";

#ifndef CORE
static const struct {
	struct ksplice_image head;
	struct ksplice_section section;
	struct ksplice_symbol symbols[2];
	char strings[32];
} __attribute__((aligned(16))) image __attribute__((section(KSPLICE_SEC_IMAGE), used)) = {
	.head = {
		.magic = KSPLICE_IMAGE_MAGIC,
		.version = KSPLICE_FORMAT_VERSION,
		.size = sizeof(image),
		.unit_id = 7,
		.nr_sections = 1,
		.sections_off = __builtin_offsetof(__typeof__(image), section),
		.nr_symbols = 2,
		.symbols_off = __builtin_offsetof(__typeof__(image), symbols),
		.strings_off = __builtin_offsetof(__typeof__(image), strings),
		.strings_size = 32,
	},
	.section = { .name = 14, .kind = KSPLICE_TEXT },
	.symbols = { { .name = 1, .type = KSPLICE_SYM_FUNC },
		     { .name = 7, .section = KSPLICE_EXTERN } },
	.strings = "\0do_it\0printk\0.text",
};
#endif
