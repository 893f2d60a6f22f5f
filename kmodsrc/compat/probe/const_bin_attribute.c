// SPDX-License-Identifier: GPL-2.0-only
/* 6.16 passes a const struct bin_attribute to its write function. */
#include <linux/sysfs.h>

static ssize_t probe_write(struct file *file, struct kobject *kobj,
			   const struct bin_attribute *attr, char *buf, loff_t offset, size_t count)
{
	return count;
}

struct bin_attribute probe;
struct bin_attribute probe = { .write = probe_write };
