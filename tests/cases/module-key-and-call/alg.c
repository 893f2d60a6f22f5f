// SPDX-License-Identifier: GPL-2.0
/*
 * usage: alg NAME KEY-BYTES LENGTH
 * Encrypts so many zeros with a key of zeros, and prints the first bytes or the error.
 */
#include <linux/if_alg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <errno.h>

int main(int argc, char **argv)
{
	struct sockaddr_alg sa = { .salg_family = AF_ALG, .salg_type = "skcipher" };
	char key[32] = "", control[CMSG_SPACE(4) + CMSG_SPACE(20)] = "";
	static unsigned char data[4096];
	size_t length;
	struct iovec iov = { .iov_base = data };
	struct msghdr msg = {
		.msg_control = control, .msg_controllen = sizeof(control),
		.msg_iov = &iov, .msg_iovlen = 1,
	};
	struct cmsghdr *c = CMSG_FIRSTHDR(&msg);
	struct af_alg_iv *iv;
	int tfm, op;

	if (argc != 4 || strlen(argv[1]) >= sizeof(sa.salg_name))
		return 2;
	strcpy((char *)sa.salg_name, argv[1]);
	length = iov.iov_len = strtoul(argv[3], NULL, 10);
	tfm = socket(AF_ALG, SOCK_SEQPACKET, 0);
	if (length > sizeof(data) || tfm < 0 || bind(tfm, (void *)&sa, sizeof(sa)) ||
	    setsockopt(tfm, SOL_ALG, ALG_SET_KEY, key, strtoul(argv[2], NULL, 10))) {
		perror(argv[1]);
		return 2;
	}
	op = accept(tfm, NULL, 0);
	c->cmsg_level = SOL_ALG;
	c->cmsg_type = ALG_SET_OP;
	c->cmsg_len = CMSG_LEN(4);
	*(unsigned int *)CMSG_DATA(c) = ALG_OP_ENCRYPT;
	c = CMSG_NXTHDR(&msg, c);
	c->cmsg_level = SOL_ALG;
	c->cmsg_type = ALG_SET_IV;
	c->cmsg_len = CMSG_LEN(20);
	iv = (void *)CMSG_DATA(c);
	iv->ivlen = 16;
	if (op < 0 || sendmsg(op, &msg, 0) != (ssize_t)length) {
		perror("sendmsg");
		return 2;
	}
	if (read(op, data, length) != (ssize_t)length) {
		printf("error %d\n", errno);
		return 0;
	}
	printf("%02x%02x%02x%02x\n", data[0], data[1], data[2], data[3]);
	return 0;
}
