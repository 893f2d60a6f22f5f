// SPDX-License-Identifier: GPL-2.0-only
/* One attempt after the other, and what the kernel's causes mean. */
#include "attempt.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "interrupt.h"
#include "sysfs.h"

/* How long one attempt may take before we no longer believe in its end. */
#define ATTEMPT_PATIENCE_MS 60000
#define MIN_PAUSE_MS	    50
#define MAX_PAUSE_MS	    1000

struct cause {
	const char *code;
	int status;
	const char *hint;
};

static const struct cause causes[] = {
	{ "no_match", STATUS_MISMATCH,
	  "the update was made from other source, with another compiler or configuration than "
	  "this kernel, or something else has changed that code" },
	{ "ambiguous", STATUS_MISMATCH,
	  "several places of this kernel look the same; please report this with the update" },
	{ "unknown_symbol", STATUS_MISMATCH,
	  "the update needs something that this kernel does not have" },
	{ "bad_update", STATUS_FAILED, "make the update again with the ksplice that is loaded" },
	{ "target_not_loaded", STATUS_FAILED, "load that module first, with modprobe" },
	{ "target_missing", STATUS_FAILED, "apply the update again" },
	{ "busy", STATUS_BUSY,
	  "try again later, or with a larger --wait; a task that sleeps inside must leave first" },
	{ "changed", STATUS_MISMATCH,
	  "something else has changed that code; take its change out first" },
	{ "ftrace", STATUS_FAILED,
	  "look for live patches or tracers on the function and take them out first" },
	{ "in_use", STATUS_FAILED, "undo the other update first (see ksplice-view)" },
	{ "no_memory", STATUS_FAILED, "" },
	{ "unsupported", STATUS_FAILED, "" },
};

static const struct cause *find_cause(const char *code)
{
	for (size_t i = 0; i < sizeof(causes) / sizeof(causes[0]); i++) {
		if (!strcmp(causes[i].code, code))
			return &causes[i];
	}
	return NULL;
}

int attempt_failure(const char *id, struct failure *f)
{
	char code[SYSFS_VALUE_MAX], detail[SYSFS_VALUE_MAX];
	const struct cause *cause;

	if (!sysfs_read(id, "abort_cause", code) || !*code || !strcmp(code, "ok"))
		return 0;
	sysfs_read(id, "abort_detail", detail);
	cause = find_cause(code);
	fail(f, cause ? cause->status : STATUS_FAILED, code, "update %s: %s", id,
	     *detail ? detail : "the kernel gives no details");
	fail_hint(f, "%s",
		  cause && *cause->hint
			  ? cause->hint
			  : "the last lines of the kernel's log (dmesg) may say more");
	if (!strcmp(code, "busy"))
		sysfs_read(id, "conflicts", f->conflicts);
	return -1;
}

/* Waits until no attempt is queued or running, asleep in the way of that turn. */
static int wait_idle(const char *id, unsigned int turn, struct failure *f)
{
	int64_t end = now_ms() + ATTEMPT_PATIENCE_MS;
	char state[SYSFS_VALUE_MAX];
	unsigned int pause = 1;

	for (;;) {
		if (!sysfs_read(id, "state", state))
			return fail(f, STATUS_FAILED, "unexpected",
				    "update %s: its state cannot be read any more", id);
		if (strcmp(state, "working"))
			return 0;
		if (now_ms() >= end)
			return fail(f, STATUS_FAILED, "unexpected",
				    "update %s: the kernel's attempt does not end", id);
		interrupt_sleep_ms(pause, turn);
		if (pause < 32)
			pause *= 2;
	}
}

static bool has_succeeded(const char *id, const char *word)
{
	char value[SYSFS_VALUE_MAX];

	if (!strcmp(word, "dry-run"))
		return sysfs_read(id, "abort_cause", value) && !strcmp(value, "ok");
	return sysfs_read(id, "stage", value) && !strcmp(value, word);
}

/* One attempt. 0: done; -1: not, for the reason in *f. */
static int attempt_once(const char *id, const char *word, unsigned int turn, struct failure *f)
{
	int err;

	if (wait_idle(id, turn, f))
		return -1;
	err = sysfs_write_stage(id, word);
	if (wait_idle(id, turn, f))
		return -1;
	if (err == -EPERM || err == -EACCES)
		return fail(f, STATUS_DENIED, "not_permitted",
			    "update %s: the kernel does not permit it", id);
	/* The kernel never began: what it says of a last attempt is older. */
	if (err)
		return fail(f, STATUS_FAILED, "unexpected",
			    "update %s: the kernel refuses `%s': %s", id, word, strerror(-err));
	if (has_succeeded(id, word))
		return 0;
	if (attempt_failure(id, f))
		return -1;
	return fail(f, STATUS_FAILED, "unexpected",
		    "update %s: it did not become `%s', and the kernel gives no cause", id, word);
}

int attempt(const struct speaker *who, const char *id, const char *word, unsigned int seconds,
	    struct failure *f)
{
	int64_t end = now_ms() + (int64_t)seconds * 1000;
	unsigned int pause = MIN_PAUSE_MS, turn = 0;
	bool told = false;

	for (;; turn++) {
		struct failure now = { 0 };

		if (!attempt_once(id, word, turn, &now))
			return 0;
		/* Twice at least: the first time we may have been in the way ourselves. */
		if (now.status != STATUS_BUSY || (turn && now_ms() >= end)) {
			*f = now;
			return -1;
		}
		if (interrupt_check(f))
			return -1;
		if (!told)
			say_step(who, "%s; trying again for up to %u seconds", now.text, seconds);
		told = true;
		interrupt_sleep_ms(pause, turn);
		if (interrupt_check(f))
			return -1;
		pause = 2 * pause < MAX_PAUSE_MS ? 2 * pause : MAX_PAUSE_MS;
	}
}

int64_t attempt_stop_ns(const char *id)
{
	char value[SYSFS_VALUE_MAX];

	return sysfs_read(id, "stop_ns", value) ? strtoll(value, NULL, 10) : 0;
}
