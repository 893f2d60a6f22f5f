/* SPDX-License-Identifier: GPL-2.0-only */
/* ksplice_refuse(), for the one file of a test that includes kernel code. */
#ifndef TESTS_UNIT_KSHIM_REFUSE_H
#define TESTS_UNIT_KSHIM_REFUSE_H

#include <errno.h>

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

#endif
