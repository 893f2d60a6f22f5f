// SPDX-License-Identifier: GPL-2.0
/* Let the kernel write directory entries to a page that is not there: EFAULT, no crash. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

int main(void)
{
	void *page = mmap(NULL, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	int fd = open("/", O_RDONLY | O_DIRECTORY);

	if (page == MAP_FAILED || fd < 0) {
		perror("fault");
		return 2;
	}
	if (syscall(SYS_getdents64, fd, page, 4096) != -1 || errno != EFAULT) {
		perror("getdents64 into a page without access");
		return 1;
	}
	return 0;
}
