/* SPDX-License-Identifier: GPL-2.0-only */
/* What an update's module needs of ksplice.ko. */
#ifndef _KSPLICE_UPDATE_H
#define _KSPLICE_UPDATE_H

#include <linux/moduleparam.h>

#include "ksplice_format.h"

/*
 * ksplice.ko knows an update's module, before its init runs, by a module
 * parameter with these operations; the parameter's argument is the descriptor.
 * (mod->kp is set up before the notifiers run: kernel/module/main.c.)
 */
extern const struct kernel_param_ops ksplice_descriptor_ops;

#endif /* _KSPLICE_UPDATE_H */
