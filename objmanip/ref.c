// SPDX-License-Identifier: GPL-2.0-only
#include "ref.h"

#include <elf.h>

#include "../kmodsrc/ksplice_format.h"

unsigned int ref_type(uint32_t elf_type)
{
	switch (elf_type) {
	case R_X86_64_PC32:
	case R_X86_64_PLT32:
		return KSPLICE_PC32;
	case R_X86_64_PC64:
		return KSPLICE_PC64;
	case R_X86_64_64:
		return KSPLICE_ABS64;
	case R_X86_64_32S:
		return KSPLICE_ABS32S;
	case R_X86_64_32:
		return KSPLICE_ABS32;
	case R_X86_64_PC8:
		return KSPLICE_PC8;
	}
	return 0;
}
