/* SPDX-License-Identifier: GPL-2.0-only */
/* Relocations as the kernel's part knows them: enum ksplice_ref_type. */
#ifndef OBJMANIP_REF_H
#define OBJMANIP_REF_H

#include <stdint.h>

/* What a relocation of an object (R_X86_64_*) is; 0: nothing that the format has. */
unsigned int ref_type(uint32_t elf_type);

#endif
