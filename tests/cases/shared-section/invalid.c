// SPDX-License-Identifier: GPL-2.0
/* usage: invalid NUMBER: runs an invalid instruction with that in rax; exits 1 if it is survived */
#include <stdlib.h>

int main(int argc, char **argv)
{
	unsigned long number = argc > 1 ? strtoul(argv[1], NULL, 10) : 0;

	asm volatile("ud2" : "+a"(number) : : "memory");
	return 1;
}
