// SPDX-License-Identifier: GPL-2.0
/*
 * A set of semaphores with a lock that is held for long.
 *
 *	semaphores make		make the set, the first semaphore is 7
 *	semaphores value	print the first semaphore
 *	semaphores crowd N	read all of them all the time, in N processes, until killed
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ipc.h>
#include <sys/prctl.h>
#include <sys/sem.h>
#include <unistd.h>

#define KEY 0x6b73706c
#define COUNT 32000 /* what Linux allows in one set */

union semun {
	int val;
	unsigned short *array;
};

static void read_forever(int set)
{
	static unsigned short values[COUNT];

	/* What looks at them must get its turn. */
	if (prctl(PR_SET_PDEATHSIG, SIGKILL) || nice(19) < 0)
		exit(2);
	for (;;)
		if (semctl(set, 0, GETALL, (union semun){ .array = values })) {
			perror("semaphores: GETALL");
			exit(1);
		}
}

int main(int argc, char **argv)
{
	const char *what = argc > 1 ? argv[1] : "";
	int set = semget(KEY, COUNT, strcmp(what, "make") ? 0 : IPC_CREAT | 0600);
	int i, value;

	if (set < 0) {
		perror("semaphores: semget");
		return 2;
	}
	if (!strcmp(what, "make"))
		return semctl(set, 0, SETVAL, (union semun){ .val = 7 }) ? 2 : 0;
	if (!strcmp(what, "value")) {
		value = semctl(set, 0, GETVAL);
		if (value < 0) {
			perror("semaphores: GETVAL");
			return 2;
		}
		printf("%d\n", value);
		return 0;
	}
	for (i = argc > 2 ? atoi(argv[2]) : 1; i > 0; i--)
		if (!fork())
			read_forever(set);
	pause();
	return 0;
}
