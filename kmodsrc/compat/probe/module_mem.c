// SPDX-License-Identifier: GPL-2.0-only
/* 6.4 replaced struct module's core_layout by an array of areas. */
#include <linux/module.h>

void *probe(struct module *mod);
void *probe(struct module *mod)
{
	return mod->mem[MOD_TEXT].base;
}
