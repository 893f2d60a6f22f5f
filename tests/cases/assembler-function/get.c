// SPDX-License-Identifier: GPL-2.0
/* Lets the kernel read an int of ours, and one that is not there: that must be EFAULT. */
#include <errno.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

int main(void)
{
	void *nothing = mmap(NULL, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	int ends[2], on = 1;

	if (pipe(ends) || nothing == MAP_FAILED || ioctl(ends[0], FIONBIO, &on)) {
		perror("get");
		return 1;
	}
	if (ioctl(ends[0], FIONBIO, nothing) != -1 || errno != EFAULT ||
	    ioctl(ends[0], FIONBIO, -4L) != -1 || errno != EFAULT) {
		perror("an int that is not there");
		return 1;
	}
	return 0;
}
