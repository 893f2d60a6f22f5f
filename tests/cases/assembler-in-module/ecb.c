// SPDX-License-Identifier: GPL-2.0
/*
 * usage: ecb LENGTH
 * Encrypts so many zeros with AES in ECB mode and a key of zeros, and prints the first bytes.
 */
#include <linux/if_alg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	struct sockaddr_alg sa = {
		.salg_family = AF_ALG, .salg_type = "skcipher", .salg_name = "ecb(aes)",
	};
	char key[16] = "", control[CMSG_SPACE(4)] = "";
	static unsigned char data[4096];
	struct iovec iov = { .iov_base = data };
	struct msghdr msg = {
		.msg_control = control, .msg_controllen = sizeof(control),
		.msg_iov = &iov, .msg_iovlen = 1,
	};
	struct cmsghdr *c = CMSG_FIRSTHDR(&msg);
	ssize_t length;
	int tfm, op;

	if (argc != 2)
		return 2;
	length = strtol(argv[1], NULL, 10);
	tfm = socket(AF_ALG, SOCK_SEQPACKET, 0);
	if (length < 16 || length > (ssize_t)sizeof(data) || tfm < 0 ||
	    bind(tfm, (void *)&sa, sizeof(sa)) ||
	    setsockopt(tfm, SOL_ALG, ALG_SET_KEY, key, sizeof(key))) {
		perror("ecb(aes)");
		return 2;
	}
	iov.iov_len = (size_t)length;
	op = accept(tfm, NULL, 0);
	c->cmsg_level = SOL_ALG;
	c->cmsg_type = ALG_SET_OP;
	c->cmsg_len = CMSG_LEN(4);
	*(unsigned int *)CMSG_DATA(c) = ALG_OP_ENCRYPT;
	if (op < 0 || sendmsg(op, &msg, 0) != length || read(op, data, iov.iov_len) != length) {
		perror("ecb(aes)");
		return 2;
	}
	printf("%02x%02x%02x%02x\n", data[0], data[1], data[2], data[3]);
	return 0;
}
