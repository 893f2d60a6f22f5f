// SPDX-License-Identifier: GPL-2.0-only
/* init_module(2) and delete_module(2), and what their errors mean for an update. */
#include "module.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "interrupt.h"
#include "paths.h"
#include "sysfs.h"

#define UNLOAD_PATIENCE_MS 2000

int module_load(const void *data, size_t size)
{
	return syscall(SYS_init_module, data, size, "") ? -errno : 0;
}

/* Has the administrator closed the door to all modules (sysctl kernel.modules_disabled)? */
static int modules_are_disabled(void)
{
	char path[512], value = '0';
	FILE *file;

	snprintf(path, sizeof(path), "%s/sys/kernel/modules_disabled", path_proc());
	file = fopen(path, "re");
	if (!file)
		return 0;
	if (fread(&value, 1, 1, file) != 1)
		value = '0';
	fclose(file);
	return value == '1';
}

static int fail_denied(const char *name, int err, struct failure *f)
{
	if (err == -EPERM && modules_are_disabled()) {
		fail(f, STATUS_DENIED, "not_permitted",
		     "module %s: loading of modules is switched off (kernel.modules_disabled)",
		     name);
		fail_hint(f, "only a reboot switches it on again");
		return -1;
	}
	fail(f, STATUS_DENIED, "not_permitted", "module %s: %s", name,
	     err == -EPERM ? "the kernel does not permit it (lockdown, or a missing capability)"
			   : "the kernel does not accept its signature");
	fail_hint(f, "sign the modules with a key that the kernel trusts: enrol it once with "
		     "`mokutil --import KEY.der' and a reboot");
	return -1;
}

int module_load_failure(const char *name, int err, struct failure *f)
{
	switch (err) {
	case -EPERM:
	case -EKEYREJECTED:
	case -ENOKEY:
	case -EKEYEXPIRED:
	case -EKEYREVOKED:
	case -EBADMSG:
		return fail_denied(name, err, f);
	case -EEXIST:
		return fail(f, STATUS_FAILED, "in_use", "module %s is loaded already", name);
	case -ENOEXEC:
		fail(f, STATUS_MISMATCH, "bad_update",
		     "module %s: the kernel says that it is not a module made for it", name);
		break;
	case -ENOENT:
		fail(f, STATUS_MISMATCH, "unknown_symbol",
		     "module %s: it uses a symbol that this kernel does not export", name);
		break;
	case -ENOMEM:
		return fail(f, STATUS_FAILED, "no_memory", "module %s: out of memory", name);
	default:
		fail(f, STATUS_FAILED, "unexpected", "module %s: %s", name, strerror(-err));
	}
	fail_hint(f, "the last lines of the kernel's log (dmesg) say more");
	return -1;
}

int module_unload(const char *name)
{
	int64_t end = now_ms() + UNLOAD_PATIENCE_MS;
	unsigned int turn = 0;

	for (;;) {
		if (!syscall(SYS_delete_module, name, O_NONBLOCK) || errno == ENOENT)
			return 0;
		/* Where nothing may be removed, the kernel does not even look for it. */
		if (errno == EPERM)
			return sysfs_module_exists(name) ? -EPERM : 0;
		if ((errno != EWOULDBLOCK && errno != EBUSY) || now_ms() >= end)
			return -errno;
		interrupt_sleep_ms(20, turn++);
	}
}
