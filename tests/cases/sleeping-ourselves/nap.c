// SPDX-License-Identifier: GPL-2.0
/* Sleeps 77777 ns: exits with 0 if that is out of the domain, 1 if not. */
#include <errno.h>
#include <stdio.h>
#include <time.h>

int main(void)
{
	struct timespec time = { .tv_nsec = 77777 };

	if (!nanosleep(&time, NULL))
		return 1;
	if (errno == EDOM)
		return 0;
	perror("nanosleep");
	return 2;
}
