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

unsigned int ref_size(unsigned int type)
{
	switch (type) {
	case KSPLICE_PC8:
		return 1;
	case KSPLICE_PC32:
	case KSPLICE_ABS32S:
	case KSPLICE_ABS32:
		return 4;
	case KSPLICE_PC64:
	case KSPLICE_ABS64:
		return 8;
	}
	return 0;
}
