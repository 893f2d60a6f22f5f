// SPDX-License-Identifier: GPL-2.0-only
/*
 * /sys/kernel/ksplice/symbols: tables of candidates, put together from the
 * pieces in which writes to sysfs arrive.
 */
#include <linux/minmax.h>
#include <linux/string.h>
#include <linux/vmalloc.h>

#include "ksplice.h"

/* Far more than a whole kernel's symbols. */
#define MAX_SIZE (64U << 20)

static DEFINE_MUTEX(intake_mutex);
static struct ksplice_candidates header; /* as far as it has come */
static void *blob; /* once the header is complete; vmalloc */
static size_t have;

static void start_anew(void)
{
	vfree(blob);
	blob = NULL;
	have = 0;
}

static int accept_header(void)
{
	if (header.magic != KSPLICE_CANDIDATES_MAGIC || header.version != KSPLICE_FORMAT_VERSION ||
	    header.size < sizeof(header) || header.size > MAX_SIZE)
		return -EINVAL;
	blob = vmalloc(header.size);
	if (!blob)
		return -ENOMEM;
	memcpy(blob, &header, sizeof(header));
	return 0;
}

/* All of it is here: give it to whom it is for. */
static int deliver(void)
{
	struct ksplice_candidates *candidates = blob;
	int err;

	err = ksplice_candidates_check(blob, header.size);
	if (err)
		return err;
	if (!candidates->id[0]) {
		mutex_lock(&ksplice_mutex);
		ksplice_core_addresses_set(candidates);
		mutex_unlock(&ksplice_mutex);
		return 0;
	}
	err = ksplice_update_take_candidates(candidates);
	if (!err)
		blob = NULL;
	return err;
}

static int take(const char *buf, size_t count)
{
	size_t part;
	int err;

	if (have < sizeof(header)) {
		part = min(count, sizeof(header) - have);
		memcpy((void *)&header + have, buf, part);
		have += part;
		buf += part;
		count -= part;
		if (have < sizeof(header))
			return 0;
		err = accept_header();
		if (err)
			return err;
	}
	if (count > header.size - have)
		return -EINVAL;
	memcpy(blob + have, buf, count);
	have += count;
	if (have < header.size)
		return 0;
	err = deliver();
	start_anew();
	return err;
}

ssize_t ksplice_intake_write(const char *buf, loff_t offset, size_t count)
{
	int err = -EINVAL;

	mutex_lock(&intake_mutex);
	if (!offset)
		start_anew();
	if (offset == have)
		err = take(buf, count);
	if (err)
		start_anew();
	mutex_unlock(&intake_mutex);
	return err ? err : count;
}

void ksplice_intake_exit(void)
{
	start_anew();
}
