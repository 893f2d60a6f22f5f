/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The matcher of ksplice.ko, for the one file of a program that includes it: static functions of it
 * can be called, and what it calls that file has to define.
 */
#ifndef TESTS_UNIT_KSHIM_MATCHER_H
#define TESTS_UNIT_KSHIM_MATCHER_H

#pragma GCC diagnostic ignored "-Wpointer-arith" /* as the kernel is compiled */

#include "kmodsrc/image.c"
#include "kmodsrc/symbols.c"
#include "kmodsrc/match.c"
#include "kmodsrc/match_learn.c"
#include "kmodsrc/match_freed.c"
#include "kmodsrc/match_solve.c"
#include "kmodsrc/match_reference.c"
#include "kmodsrc/match_compare.c"
#include "kmodsrc/arch/x86/nops.c"
#include "kmodsrc/arch/x86/sites.c"
#include "kmodsrc/arch/x86/sites_alternative.c"
#include "kmodsrc/arch/x86/sites_trace.c"

#endif
