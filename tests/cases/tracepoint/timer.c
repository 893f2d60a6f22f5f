// SPDX-License-Identifier: GPL-2.0
/* Set a timer of as many seconds as the argument says: exits 0 if the kernel takes it, 1 if it is out of range. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/time.h>

int main(int argc, char **argv)
{
	struct itimerval value = { .it_value.tv_sec = argc > 1 ? atoi(argv[1]) : 0 };

	if (!setitimer(ITIMER_REAL, &value, NULL))
		return 0;
	perror("setitimer");
	return errno == ERANGE ? 1 : 2;
}
