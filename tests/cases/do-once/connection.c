// SPDX-License-Identifier: GPL-2.0
/*
 * usage: connection ASK ANSWER
 * Keeps a TCP connection with itself, to port 7777, and sends a byte along it and back for each
 * that comes from the pipe ASK; then answers in the pipe ANSWER. Ends when one is lost.
 */
#include <arpa/inet.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

static int pass(int from, int to)
{
	char byte = 'x';

	return write(from, &byte, 1) == 1 && read(to, &byte, 1) == 1;
}

int main(int argc, char **argv)
{
	struct sockaddr_in address = { .sin_family = AF_INET, .sin_port = htons(7777) };
	struct timeval patience = { .tv_sec = 30 };
	int listener = socket(AF_INET, SOCK_STREAM, 0), client = socket(AF_INET, SOCK_STREAM, 0);
	int server, ask, answer;
	char byte;

	if (argc != 3)
		return 1;
	/* Both ways: so the pipes stay open. */
	ask = open(argv[1], O_RDWR);
	answer = open(argv[2], O_RDWR);
	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (ask < 0 || answer < 0 || bind(listener, (void *)&address, sizeof(address)) ||
	    listen(listener, 1) || connect(client, (void *)&address, sizeof(address))) {
		perror("port 7777");
		return 1;
	}
	server = accept(listener, NULL, NULL);
	setsockopt(client, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	setsockopt(server, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	while (read(ask, &byte, 1) == 1) {
		if (!pass(client, server) || !pass(server, client)) {
			perror("echo");
			return 1;
		}
		if (write(answer, &byte, 1) != 1)
			return 1;
	}
	return 0;
}
