// SPDX-License-Identifier: GPL-2.0
/* Writes to a sysctl where it does not begin, which the kernel mentions once. */
#include <fcntl.h>
#include <unistd.h>

int main(void)
{
	int fd = open("/proc/sys/kernel/panic", O_WRONLY);

	return fd < 0 || pwrite(fd, "0", 1, 1) != 1;
}
