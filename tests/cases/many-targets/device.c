// SPDX-License-Identifier: GPL-2.0
/*
 * Makes a HID device of user space, and says whether a driver takes it: exits with 0 if one does,
 * with 1 if none does within a second, with 2 if there is no such device.
 */
#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <linux/uhid.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* A mouse with one button */
static const unsigned char description[] = {
	0x05, 0x01, 0x09, 0x02, 0xa1, 0x01, 0x09, 0x01, 0xa1, 0x00, 0x05, 0x09, 0x19, 0x01, 0x29,
	0x01, 0x15, 0x00, 0x25, 0x01, 0x95, 0x01, 0x75, 0x01, 0x81, 0x02, 0x95, 0x01, 0x75, 0x07,
	0x81, 0x01, 0x05, 0x01, 0x09, 0x30, 0x09, 0x31, 0x15, 0x81, 0x25, 0x7f, 0x75, 0x08, 0x95,
	0x02, 0x81, 0x06, 0xc0, 0xc0,
};

static int exists(const char *pattern)
{
	glob_t found;
	int err = glob(pattern, 0, NULL, &found);

	globfree(&found);
	return !err;
}

int main(void)
{
	struct uhid_event event = { .type = UHID_CREATE2 };
	int fd = open("/dev/uhid", O_RDWR);

	if (fd < 0) {
		perror("/dev/uhid");
		return 2;
	}
	strcpy((char *)event.u.create2.name, "ksplice");
	event.u.create2.rd_size = sizeof(description);
	event.u.create2.bus = 3;
	event.u.create2.vendor = 0xdead;
	event.u.create2.product = 1;
	memcpy(event.u.create2.rd_data, description, sizeof(description));
	if (write(fd, &event, sizeof(event)) < 0) {
		perror("UHID_CREATE2");
		return 2;
	}
	for (int i = 0; i < 20; i++) {
		usleep(50000);
		if (exists("/sys/bus/hid/devices/0003:DEAD:0001.*/driver"))
			return 0;
	}
	return exists("/sys/bus/hid/devices/0003:DEAD:0001.*") ? 1 : 2;
}
