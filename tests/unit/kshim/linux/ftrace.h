/* SPDX-License-Identifier: GPL-2.0-only */
#include "../kernel.h"

/* As Debian's kernels for amd64 have it, 6.1 as well as 6.12. */
struct ftrace_ops {
	u8 before[144];
	unsigned long trampoline;
};
