/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Where the kernel's file systems, its modules and our run-time state are. The tests point
 * them elsewhere.
 */
#ifndef KSPLICE_PATHS_H
#define KSPLICE_PATHS_H

const char *path_sys(void); /* /sys */
const char *path_proc(void); /* /proc */
const char *path_run(void); /* /run */
const char *path_modules(void); /* /lib/modules */

#endif
