/* SPDX-License-Identifier: GPL-2.0-only */
/* What the matcher calls that is the same for every memory: for the one file that includes it. */
#ifndef TESTS_UNIT_KSHIM_CALLS_H
#define TESTS_UNIT_KSHIM_CALLS_H

#include "refuse.h"

bool ksplice_module_is_constant(const struct module *mod, unsigned long address, size_t len)
{
	for (size_t i = 0; i < mod->nr_constants; i++)
		if (len <= mod->constants[i][1] &&
		    address - mod->constants[i][0] <= mod->constants[i][1] - len)
			return true;
	return false;
}

#endif
