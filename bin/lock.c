// SPDX-License-Identifier: GPL-2.0-only
/* The lock between commands. */
#include "lock.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "cleanup.h"
#include "interrupt.h"
#include "record.h"

int lock_take(const struct speaker *who, unsigned int seconds, int *ret, struct failure *f)
{
	int64_t end = now_ms() + (int64_t)seconds * 1000;
	_cleanup_free_ char *path = NULL;
	_cleanup_close_ int fd = -1;
	unsigned int turn = 0;
	bool told = false;

	if (record_make_dir(f))
		return -1;
	path = record_path("lock", NULL);
	if (!path)
		return fail_memory(f);
	fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		return fail(f, STATUS_FAILED, "unexpected", "%s: %s", path, strerror(errno));
	while (flock(fd, LOCK_EX | LOCK_NB)) {
		if (errno != EWOULDBLOCK && errno != EINTR)
			return fail(f, STATUS_FAILED, "unexpected", "%s: %s", path,
				    strerror(errno));
		if (interrupt_check(f))
			return -1;
		if (now_ms() >= end)
			return fail(f, STATUS_BUSY, "locked",
				    "another ksplice command is at work and did not end in time");
		if (!told)
			say_step(who, "waiting for another ksplice command");
		told = true;
		interrupt_sleep_ms(50, turn++);
	}
	*ret = fd;
	fd = -1;
	return 0;
}
