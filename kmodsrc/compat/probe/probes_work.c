// SPDX-License-Identifier: GPL-2.0-only
/* Compiles on every kernel: without this one the answers of the others mean nothing. */
#include <linux/module.h>

int probe(struct module *mod);
int probe(struct module *mod)
{
	return mod->state;
}
