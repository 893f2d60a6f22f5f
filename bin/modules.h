/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Which modules the kernel has, so that it can be told whether one came or went while something
 * else was read.
 */
#ifndef KSPLICE_MODULES_H
#define KSPLICE_MODULES_H

#include "message.h"

/*
 * The modules of this moment, as a text: equal texts are the same modules. One that was removed and
 * loaded again is another, also at the same address; only where it is on its way in or out both
 * times, they may look alike. To be freed; NULL: a failure.
 */
char *modules_present(struct failure *f);

#endif
