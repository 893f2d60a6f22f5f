// SPDX-License-Identifier: GPL-2.0-only
/* Why something was refused: one cause, one line of text, one errno. */
#include <linux/kernel.h>

#include "ksplice.h"

/*
 * What the module loader's caller sees. EEXIST is not among them: for kmod it
 * means that the module is loaded.
 */
static int cause_errno(enum ksplice_cause cause)
{
	switch (cause) {
	case KSPLICE_CAUSE_OK:
		return 0;
	case KSPLICE_CAUSE_NO_MATCH:
	case KSPLICE_CAUSE_CHANGED:
		return -ESTALE;
	case KSPLICE_CAUSE_AMBIGUOUS:
		return -ENOTUNIQ;
	case KSPLICE_CAUSE_UNKNOWN_SYMBOL:
		return -ENOENT;
	case KSPLICE_CAUSE_BAD_UPDATE:
		return -EINVAL;
	case KSPLICE_CAUSE_TARGET_NOT_LOADED:
	case KSPLICE_CAUSE_TARGET_MISSING:
		return -ENODEV;
	case KSPLICE_CAUSE_BUSY:
	case KSPLICE_CAUSE_IN_USE:
		return -EBUSY;
	case KSPLICE_CAUSE_NO_MEMORY:
		return -ENOMEM;
	case KSPLICE_CAUSE_FTRACE:
	case KSPLICE_CAUSE_UNSUPPORTED:
		return -EOPNOTSUPP;
	case KSPLICE_CAUSE_UNEXPECTED:
		break;
	}
	return -EIO;
}

int ksplice_refuse(struct ksplice_abort *abort, enum ksplice_cause cause, const char *fmt, ...)
{
	va_list args;

	if (abort->cause == KSPLICE_CAUSE_OK) {
		abort->cause = cause;
		va_start(args, fmt);
		vscnprintf(abort->detail, sizeof(abort->detail), fmt, args);
		va_end(args);
	}
	return cause_errno(abort->cause);
}
