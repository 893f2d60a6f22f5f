// SPDX-License-Identifier: GPL-2.0
/* Make a file immutable, then try to set its write hint. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#ifndef F_SET_RW_HINT
#define F_SET_RW_HINT 1036
#endif

int main(void)
{
	const char *name = "/dev/shm/immutable";
	int fd = open(name, O_RDWR | O_CREAT, 0644), flags = FS_IMMUTABLE_FL, status, error;
	uint64_t hint = 2;

	if (fd < 0 || ioctl(fd, FS_IOC_SETFLAGS, &flags)) {
		perror(name);
		return 2;
	}
	status = fcntl(fd, F_SET_RW_HINT, &hint);
	error = errno;
	flags = 0;
	ioctl(fd, FS_IOC_SETFLAGS, &flags);
	unlink(name);
	if (!status) {
		printf("write hint of an immutable file: set, WRONG\n");
		return 1;
	}
	printf("write hint of an immutable file: %s, right\n", strerror(error));
	return error == EPERM ? 0 : 2;
}
