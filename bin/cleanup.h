/* SPDX-License-Identifier: GPL-2.0-only */
/* Resources that end with their scope: `_cleanup_free_ char *text = NULL;'. */
#ifndef KSPLICE_CLEANUP_H
#define KSPLICE_CLEANUP_H

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static inline void cleanup_freep(void *p)
{
	free(*(void **)p);
}
#define _cleanup_free_ __attribute__((cleanup(cleanup_freep)))

static inline void cleanup_closep(int *fd)
{
	if (*fd >= 0)
		close(*fd);
}
#define _cleanup_close_ __attribute__((cleanup(cleanup_closep)))

static inline void cleanup_fclosep(FILE **file)
{
	if (*file)
		fclose(*file);
}
#define _cleanup_fclose_ __attribute__((cleanup(cleanup_fclosep)))

static inline void cleanup_closedirp(DIR **dir)
{
	if (*dir)
		closedir(*dir);
}
#define _cleanup_closedir_ __attribute__((cleanup(cleanup_closedirp)))

#endif
