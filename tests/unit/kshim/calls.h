/* SPDX-License-Identifier: GPL-2.0-only */
/* What the matcher calls that is the same for every memory: for the one file that includes it. */
#ifndef TESTS_UNIT_KSHIM_CALLS_H
#define TESTS_UNIT_KSHIM_CALLS_H

#include "kmodsrc/ksplice.h"

int ksplice_refuse(struct ksplice_abort *abort, enum ksplice_cause cause, const char *fmt, ...)
{
	va_list args;

	if (!abort->cause) {
		abort->cause = cause;
		va_start(args, fmt);
		vsnprintf(abort->detail, sizeof(abort->detail), fmt, args);
		va_end(args);
	}
	return -EINVAL;
}

bool ksplice_module_is_constant(const struct module *mod, unsigned long address, size_t len)
{
	for (size_t i = 0; i < mod->nr_constants; i++)
		if (len <= mod->constants[i][1] &&
		    address - mod->constants[i][0] <= mod->constants[i][1] - len)
			return true;
	return false;
}

#endif
