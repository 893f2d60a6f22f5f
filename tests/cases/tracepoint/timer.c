// SPDX-License-Identifier: GPL-2.0
/* Set a timer of as many seconds as the argument says: exit 0 if the kernel takes it, 1 if not. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/time.h>

int main(int argc, char **argv)
{
	struct itimerval value = { .it_value.tv_sec = argc > 1 ? atoi(argv[1]) : 0 };

	if (!setitimer(ITIMER_REAL, &value, NULL))
		return 0;
	if (errno == ERANGE)
		return 1;
	perror("setitimer");
	return 2;
}
