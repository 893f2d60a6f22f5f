// SPDX-License-Identifier: GPL-2.0-only
/*
 * usage: sleepers N
 *
 * Makes N threads that sleep in the kernel, says "ready" and stays until it is killed.
 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static void *sleep_for_ever(void *unused)
{
	for (;;)
		pause();
	return unused;
}

int main(int argc, char **argv)
{
	long wanted = argc == 2 ? strtol(argv[1], NULL, 10) : 0;
	pthread_attr_t attr;
	pthread_t thread;

	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, 1 << 16);
	for (long i = 0; i < wanted; i++) {
		if (pthread_create(&thread, &attr, sleep_for_ever, NULL)) {
			fprintf(stderr, "sleepers: only %ld threads can be made\n", i);
			return 1;
		}
	}
	puts("ready");
	fflush(stdout);
	sleep_for_ever(NULL);
}
