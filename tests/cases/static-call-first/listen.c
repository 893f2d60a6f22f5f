// SPDX-License-Identifier: GPL-2.0
/* Open a packet socket, and close it. */
#include <arpa/inet.h>
#include <linux/if_ether.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

int main(void)
{
	int fd = socket(AF_PACKET, SOCK_RAW, htons(ETH_P_ALL));

	if (fd < 0 || close(fd)) {
		perror("listen");
		return 1;
	}
	return 0;
}
