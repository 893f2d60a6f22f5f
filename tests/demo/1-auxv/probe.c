// SPDX-License-Identifier: GPL-2.0
/* Give ourselves an auxiliary vector of one entry, and count what /proc/self/auxv shows then. */
#include <linux/auxvec.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <unistd.h>

int main(void)
{
	unsigned long set[2] = { AT_PAGESZ, 4096 }, pair[2];
	int entries = 0;
	FILE *file;

	if (prctl(PR_SET_MM, PR_SET_MM_AUXV, set, sizeof(set), 0)) {
		perror("prctl(PR_SET_MM_AUXV)");
		return 2;
	}
	file = fopen("/proc/self/auxv", "r");
	if (!file) {
		perror("/proc/self/auxv");
		return 2;
	}
	while (fread(pair, sizeof(pair), 1, file) == 1 && pair[0] != AT_NULL)
		entries++;
	fclose(file);
	printf("set 1 entry, /proc/self/auxv shows %d: %s\n", entries,
	       entries == 1 ? "right" : "WRONG");
	return entries == 1 ? 0 : 1;
}
