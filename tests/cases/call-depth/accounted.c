// SPDX-License-Identifier: GPL-2.0
/*
 * usage: accounted CALLER CALLEE    both are addresses of kernel functions
 *
 * Does the caller's code, as it is in memory now, call the callee through the
 * accounting code before it? Exits with 0 if so, 1 if not, 2 if it cannot tell.
 */
#include <elf.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define CALLER_SIZE 128 /* enough of it */
#define ACCOUNTING_MAX 10

/* Reads kernel memory through /proc/kcore, an ELF core file. */
static int read_memory(int fd, unsigned long address, void *to, size_t size)
{
	Elf64_Ehdr head;
	Elf64_Phdr part;

	if (pread(fd, &head, sizeof(head), 0) != sizeof(head))
		return -1;
	for (int i = 0; i < head.e_phnum; i++) {
		if (pread(fd, &part, sizeof(part), head.e_phoff + i * sizeof(part)) !=
		    sizeof(part))
			return -1;
		if (part.p_type == PT_LOAD && address >= part.p_vaddr &&
		    address + size <= part.p_vaddr + part.p_memsz)
			return pread(fd, to, size, part.p_offset + (address - part.p_vaddr)) ==
					       (ssize_t)size
				       ? 0
				       : -1;
	}
	return -1;
}

int main(int argc, char **argv)
{
	/* sarq $5, %gs:... */
	static const unsigned char accounting[] = { 0x65, 0x48, 0xc1 };
	unsigned char code[CALLER_SIZE], before[ACCOUNTING_MAX];
	unsigned long caller, callee;
	int fd = open("/proc/kcore", O_RDONLY);

	if (argc != 3 || fd < 0)
		return 2;
	caller = strtoul(argv[1], NULL, 0);
	callee = strtoul(argv[2], NULL, 0);
	if (read_memory(fd, caller, code, sizeof(code)) ||
	    read_memory(fd, callee - sizeof(before), before, sizeof(before))) {
		perror("/proc/kcore");
		return 2;
	}
	for (size_t at = 0; at + 5 <= sizeof(code); at++) {
		int distance;
		unsigned long into;

		memcpy(&distance, code + at + 1, sizeof(distance));
		into = caller + at + 5 + distance - (callee - sizeof(before));
		if (code[at] == 0xe8 && into < sizeof(before) - sizeof(accounting) &&
		    !memcmp(before + into, accounting, sizeof(accounting)))
			return 0;
	}
	fprintf(stderr, "no accounted call to %s in %s\n", argv[2], argv[1]);
	return 1;
}
