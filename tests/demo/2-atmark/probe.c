// SPDX-License-Identifier: GPL-2.0
/* Ask a datagram socket for the mark of urgent data, which only streams have. */
#include <errno.h>
#include <linux/sockios.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

int main(void)
{
	int fd = socket(AF_UNIX, SOCK_DGRAM, 0), mark;

	if (fd < 0) {
		perror("socket");
		return 2;
	}
	if (!ioctl(fd, SIOCATMARK, &mark)) {
		printf("ioctl(SIOCATMARK) on a datagram socket: accepted, WRONG\n");
		return 1;
	}
	printf("ioctl(SIOCATMARK) on a datagram socket: %s, right\n", strerror(errno));
	return errno == EOPNOTSUPP ? 0 : 2;
}
