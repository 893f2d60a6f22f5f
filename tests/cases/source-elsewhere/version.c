// SPDX-License-Identifier: GPL-2.0
/* Exits with 0 if KVM says that it has a version after the only one there is. */
#include <fcntl.h>
#include <linux/kvm.h>
#include <stdio.h>
#include <sys/ioctl.h>

int main(void)
{
	int fd = open("/dev/kvm", O_RDWR), version;

	if (fd < 0) {
		perror("/dev/kvm");
		return 2;
	}
	version = ioctl(fd, KVM_GET_API_VERSION, 0);
	printf("%d\n", version);
	return version == KVM_API_VERSION + 1 ? 0 : version == KVM_API_VERSION ? 1 : 2;
}
