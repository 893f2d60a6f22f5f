// SPDX-License-Identifier: GPL-2.0
/*
 *	xdp attach	attaches an XDP program that lets all pass to the loopback device
 *	xdp detach
 *	xdp filter	attaches a socket filter of three instructions: exits with 0 if it may not
 *
 * The first program that is attached changes where the kernel's XDP dispatcher goes.
 */
#include <errno.h>
#include <linux/bpf.h>
#include <linux/filter.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#define PIN "/sys/fs/bpf/xdp"

static int bpf(int command, union bpf_attr *attr)
{
	int fd = (int)syscall(SYS_bpf, command, attr, sizeof(*attr));

	if (fd < 0)
		perror("bpf");
	return fd;
}

static int attach(void)
{
	static const struct bpf_insn pass[] = {
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .imm = XDP_PASS },
		{ .code = BPF_JMP | BPF_EXIT },
	};
	union bpf_attr load = {
		.prog_type = BPF_PROG_TYPE_XDP,
		.insns = (uintptr_t)pass,
		.insn_cnt = 2,
		.license = (uintptr_t) "GPL",
		.expected_attach_type = BPF_XDP,
	};
	union bpf_attr link = { 0 }, pin = { .pathname = (uintptr_t)PIN };
	int program = bpf(BPF_PROG_LOAD, &load), fd;

	if (program < 0)
		return 2;
	link.link_create.prog_fd = (uint32_t)program;
	link.link_create.target_ifindex = 1;
	link.link_create.attach_type = BPF_XDP;
	link.link_create.flags = 1 << 1; /* XDP_FLAGS_SKB_MODE */
	fd = bpf(BPF_LINK_CREATE, &link);
	if (fd < 0)
		return 2;
	pin.bpf_fd = (uint32_t)fd;
	return bpf(BPF_OBJ_PIN, &pin) < 0 ? 2 : 0;
}

static int filter(void)
{
	static struct sock_filter all[] = {
		BPF_STMT(BPF_LD | BPF_IMM, 1),
		BPF_STMT(BPF_MISC | BPF_TAX, 0),
		BPF_STMT(BPF_RET | BPF_K, 0xffff),
	};
	const struct sock_fprog program = { .len = 3, .filter = all };
	int fd = socket(AF_INET, SOCK_DGRAM, 0);

	if (fd < 0) {
		perror("socket");
		return 2;
	}
	if (!setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof(program)))
		return 1;
	return errno == EINVAL ? 0 : 2;
}

int main(int argc, char **argv)
{
	const char *what = argc == 2 ? argv[1] : "";

	if (!strcmp(what, "attach"))
		return attach();
	if (!strcmp(what, "detach"))
		return unlink(PIN) ? 2 : 0;
	return !strcmp(what, "filter") ? filter() : 2;
}
