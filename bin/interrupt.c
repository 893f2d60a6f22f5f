// SPDX-License-Identifier: GPL-2.0-only
/* Signals as a flag, and the clock for waiting. */
#include "interrupt.h"

#include <linux/futex.h>
#include <signal.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static volatile sig_atomic_t caught;

static void note(int signal)
{
	caught = signal;
}

void interrupt_catch(void)
{
	/* SA_RESTART: a read or write in progress is part of a step. */
	struct sigaction action = { .sa_handler = note, .sa_flags = SA_RESTART };
	struct sigaction old;
	static const int signals[] = { SIGTERM, SIGHUP };

	/*
	 * A script's `command &' ignores SIGINT, for programs that lose work by it.
	 * We do not: everything is taken back. So it works there too.
	 */
	sigaction(SIGINT, &action, NULL);
	/* But what nohup and the like ignore stays ignored. */
	for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++) {
		if (!sigaction(signals[i], NULL, &old) && old.sa_handler != SIG_IGN)
			sigaction(signals[i], &action, NULL);
	}
}

int interrupt_pending(void)
{
	return caught;
}

int interrupt_check(struct failure *f)
{
	int signal = caught;

	if (!signal)
		return 0;
	return fail(f, 128 + signal, "interrupted", "interrupted by %s", strsignal(signal));
}

void interrupt_sleep_ms(unsigned int ms, unsigned int turn)
{
	struct timespec time = { .tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000L };
	uint32_t word = 0;

	if (turn % 2)
		syscall(SYS_futex, &word, FUTEX_WAIT_PRIVATE, word, &time, NULL, 0);
	else
		nanosleep(&time, NULL);
}

int64_t now_ms(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (int64_t)time.tv_sec * 1000 + time.tv_nsec / 1000000;
}
