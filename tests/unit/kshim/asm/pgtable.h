/* SPDX-License-Identifier: GPL-2.0-only */
#include "../kernel.h"

typedef struct { bool write; } pte_t;

pte_t *lookup_address(unsigned long address, unsigned int *level);

static inline bool pte_write(pte_t pte)
{
	return pte.write;
}
