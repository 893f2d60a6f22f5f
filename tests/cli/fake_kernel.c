// SPDX-License-Identifier: GPL-2.0-only
/*
 * A kernel for the tests of the command lines: preloaded, it answers the
 * system calls that load and remove modules and the writes to sysfs, with
 * plain files below $KSPLICE_SYSFS. What it plays is told by the environment:
 *	FAKE_LOAD=CAUSE		loading a target's module is refused with this cause
 *	FAKE_ERRNO=N		loading a target's module gives this errno, without a cause
 *	FAKE_BUSY=N		so many attempts end with "busy"
 *	FAKE_USER=1		the caller is not root
 *	FAKE_SIGNAL=N		the process gets this signal when it loads a target's module
 *	FAKE_RELOAD=TARGET	it has been loaded anew when its part comes, which is refused
 *	FAKE_HELD=MODULE	this module cannot be removed, for something holds it: while
 *				$KSPLICE_SYSFS/held is there
 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "kmodsrc/ksplice_format.h"

#define WORD(number) WORD_OF(number)
#define WORD_OF(number) #number

static struct ksplice_candidates last; /* the table written last */
static int attempts;

static const char *setting(const char *name)
{
	const char *value = getenv(name);

	return value && *value ? value : NULL;
}

static ssize_t real_write(int fd, const void *data, size_t size)
{
	ssize_t (*next)(int, const void *, size_t) = dlsym(RTLD_NEXT, "write");

	return next(fd, data, size);
}

__attribute__((format(printf, 2, 3))) static void put(const char *value, const char *format, ...)
{
	char path[PATH_MAX];
	va_list args;
	int at, fd;

	at = snprintf(path, sizeof(path), "%s/kernel/ksplice", getenv("KSPLICE_SYSFS"));
	va_start(args, format);
	vsnprintf(path + at, sizeof(path) - at, format, args);
	va_end(args);
	if (!value) {
		mkdir(path, 0755);
		return;
	}
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0644);
	real_write(fd, value, strlen(value));
	real_write(fd, "\n", 1);
	close(fd);
}

static void run(const char *format, const char *argument)
{
	char command[PATH_MAX + 100];

	unsetenv("LD_PRELOAD");
	snprintf(command, sizeof(command), format, getenv("KSPLICE_SYSFS"), argument);
	if (system(command))
		abort();
}

static void take_symbols(const void *data, size_t size)
{
	if (size < sizeof(last))
		return;
	memcpy(&last, data, sizeof(last));
	if (!*last.id)
		return;
	put(NULL, "/%s", last.id);
	put("preparing", "/%s/stage", last.id);
	put("idle", "/%s/state", last.id);
	put("ok", "/%s/abort_cause", last.id);
	put("", "/%s/abort_detail", last.id);
	put("", "/%s/conflicts", last.id);
	put("0", "/%s/stop_ns", last.id);
	put(NULL, "/%s/targets", last.id);
	put(NULL, "/%s/targets/%s", last.id, last.target);
}

static void refuse(const char *id, const char *cause, const char *detail)
{
	put(cause, "/%s/abort_cause", id);
	put(detail, "/%s/abort_detail", id);
}

static long load(const char *data, size_t size)
{
	static const char key[] = "\0name=";
	const char *found = memmem(data, size, key, sizeof(key) - 1), *name;
	const char *cause = setting("FAKE_LOAD"), *number = setting("FAKE_ERRNO");

	if (!found) {
		errno = ENOEXEC;
		return -1;
	}
	name = found + sizeof(key) - 1;
	if (!strcmp(name, "ksplice")) {
		run("mkdir -p %s/kernel/ksplice # %s", "");
		put(WORD(KSPLICE_FORMAT_VERSION), "/version");
		put("", "/symbols");
		return 0;
	}
	if (setting("FAKE_RELOAD") && !strcmp(setting("FAKE_RELOAD"), last.target)) {
		run("cd %1$s/module && mv %2$s ../old && cp -r ../old %2$s", last.target);
		cause = "no_match";
	}
	if (setting("FAKE_SIGNAL"))
		raise(atoi(setting("FAKE_SIGNAL")));
	if (number || cause) {
		if (cause)
			refuse(last.id, cause, "do_it+0x5: expected 90, found cc");
		errno = number ? atoi(number) : EINVAL;
		return -1;
	}
	put(name, "/%s/targets/%s/module", last.id, last.target);
	put(NULL, "/%s/targets/%s/do_it,0", last.id, last.target);
	put("replaced", "/%s/targets/%s/do_it,0/kind", last.id, last.target);
	put("0xffffffff81000000", "/%s/targets/%s/do_it,0/old_address", last.id, last.target);
	put("0xffffffffc0001000", "/%s/targets/%s/do_it,0/new_address", last.id, last.target);
	put(NULL, "/%s/targets/%s/do_table,0", last.id, last.target);
	put("rewritten", "/%s/targets/%s/do_table,0/kind", last.id, last.target);
	put("0xffffffff82000000", "/%s/targets/%s/do_table,0/address", last.id, last.target);
	return 0;
}

/* As the kernel has it: what another module needs, or a user of its own, cannot go. */
static bool is_held(const char *name)
{
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s/held", getenv("KSPLICE_SYSFS"));
	if (setting("FAKE_HELD") && !strcmp(setting("FAKE_HELD"), name) && !access(path, F_OK))
		return true;
	snprintf(path, sizeof(path), "%s/module/%s/holders", getenv("KSPLICE_SYSFS"), name);
	/* That of an empty folder succeeds. */
	return rmdir(path) && errno == ENOTEMPTY;
}

static long unload(const char *name)
{
	if (is_held(name)) {
		errno = EWOULDBLOCK;
		return -1;
	}
	run("rm -f %s/module/*/holders/%s", name);
	if (!strcmp(name, "ksplice"))
		run("rm -rf %s/kernel/ksplice # %s", name);
	else
		run("grep -lx --include=module -r '%2$s' %1$s/kernel/ksplice | xargs -r rm", name);
	return 0;
}

static void take_stage(const char *id, const char *word)
{
	const char *busy = setting("FAKE_BUSY");
	char path[PATH_MAX];

	if (!strcmp(word, "cleanup")) {
		run("rm -rf %s/kernel/ksplice/%s", id);
		return;
	}
	if (busy && attempts++ < atoi(busy)) {
		put("busy", "/%s/abort_cause", id);
		put("a task is inside of do_it", "/%s/abort_detail", id);
		put("17 a b c do_it\n4711 sleeper do_it", "/%s/conflicts", id);
		snprintf(path, sizeof(path), "%s",
			 strcmp(word, "reversed") ? "preparing" : "applied");
		put(path, "/%s/stage", id);
		return;
	}
	put("ok", "/%s/abort_cause", id);
	put("410000", "/%s/stop_ns", id);
	put(strcmp(word, "dry-run") ? word : "preparing", "/%s/stage", id);
}

ssize_t write(int fd, const void *data, size_t size)
{
	char link[64], path[PATH_MAX] = "", root[PATH_MAX], word[64] = "";
	char *id, *end;
	ssize_t length;

	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	length = readlink(link, path, sizeof(path) - 1);
	length = snprintf(root, sizeof(root), "%s/kernel/ksplice/", getenv("KSPLICE_SYSFS"));
	if (strncmp(path, root, length))
		return real_write(fd, data, size);
	id = path + length;
	if (!strcmp(id, "symbols")) {
		take_symbols(data, size);
		return size;
	}
	end = strchr(id, '/');
	if (!end || strcmp(end, "/stage"))
		return real_write(fd, data, size);
	*end = '\0';
	memcpy(word, data, size < sizeof(word) ? size : sizeof(word) - 1);
	take_stage(id, word);
	return size;
}

uid_t geteuid(void)
{
	return setting("FAKE_USER") ? 1000 : 0;
}

long syscall(long number, ...)
{
	long (*next)(long, long, long, long, long, long, long) = dlsym(RTLD_NEXT, "syscall");
	long a[6];
	va_list args;

	va_start(args, number);
	for (int i = 0; i < 6; i++)
		a[i] = va_arg(args, long);
	va_end(args);
	if (number == SYS_init_module)
		return load((const char *)a[0], a[1]);
	if (number == SYS_delete_module)
		return unload((const char *)a[0]);
	return next(number, a[0], a[1], a[2], a[3], a[4], a[5]);
}
