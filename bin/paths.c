// SPDX-License-Identifier: GPL-2.0-only
/* The roots of all paths that the commands use. */
#include "paths.h"

#include <stdlib.h>

/* secure_getenv: a set-user-id wrapper must not be led astray. */
static const char *path_or(const char *variable, const char *standard)
{
	const char *value = secure_getenv(variable);

	return value && *value ? value : standard;
}

const char *path_sys(void)
{
	return path_or("KSPLICE_SYSFS", "/sys");
}

const char *path_proc(void)
{
	return path_or("KSPLICE_PROC", "/proc");
}

const char *path_run(void)
{
	return path_or("KSPLICE_RUN", "/run");
}

const char *path_modules(void)
{
	return path_or("KSPLICE_MODULES", "/lib/modules");
}
