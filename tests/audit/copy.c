// SPDX-License-Identifier: GPL-2.0-only
/*
 * usage: audit-copy FILE
 *
 * Runs in the machine: copies the memory that the kernel's code and data are in to FILE, as an ELF
 * core: vmlinux from _text to _end, and each area of the modules' part of the address space. It
 * reads /proc/kcore; where things are it learns from /proc/kallsyms and /proc/vmallocinfo.
 */
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bin/cleanup.h"

#define MODULES_START 0xffffffffa0000000UL /* or later: not below with any configuration */
#define MODULES_END   0xffffffffff000000UL
#define CHUNK	      (1UL << 18)

struct range {
	uint64_t start, end;
};

struct copy {
	struct range *ranges;
	size_t nr_ranges;
	int core; /* /proc/kcore */
	Elf64_Phdr *headers; /* its program headers */
	size_t nr_headers;
};

static int complain(const char *what)
{
	fprintf(stderr, "audit-copy: error: %s: %s\n", what, strerror(errno));
	return -1;
}

static int add_range(struct copy *c, uint64_t start, uint64_t end)
{
	struct range *ranges = realloc(c->ranges, (c->nr_ranges + 1) * sizeof(*ranges));

	if (!ranges)
		return complain("memory");
	c->ranges = ranges;
	ranges[c->nr_ranges++] = (struct range){ start, end };
	return 0;
}

/* vmlinux, from its first byte to the end of its unnamed data. */
static int find_vmlinux(struct copy *c)
{
	_cleanup_fclose_ FILE *file = fopen("/proc/kallsyms", "re");
	uint64_t address, start = 0, end = 0;
	char line[1024], name[600];

	if (!file)
		return complain("/proc/kallsyms");
	while (fgets(line, sizeof(line), file)) {
		if (sscanf(line, "%" SCNx64 " %*c %599s", &address, name) != 2)
			continue;
		if (!strcmp(name, "_text"))
			start = address;
		else if (!strcmp(name, "_end"))
			end = address;
	}
	errno = ENOENT;
	return start && start < end ? add_range(c, start, end) :
				      complain("_text and _end in /proc/kallsyms");
}

/* Modules, and code that the kernel makes: the last page of an area guards it and is no memory. */
static int find_modules(struct copy *c)
{
	_cleanup_fclose_ FILE *file = fopen("/proc/vmallocinfo", "re");
	uint64_t start, end;
	char line[1024];

	if (!file)
		return complain("/proc/vmallocinfo");
	while (fgets(line, sizeof(line), file)) {
		if (sscanf(line, "0x%" SCNx64 "-0x%" SCNx64, &start, &end) != 2)
			continue;
		if (start >= MODULES_START && end <= MODULES_END && add_range(c, start, end))
			return -1;
	}
	return 0;
}

static int open_core(struct copy *c)
{
	Elf64_Ehdr header;

	c->core = open("/proc/kcore", O_RDONLY | O_CLOEXEC);
	if (c->core < 0 || pread(c->core, &header, sizeof(header), 0) != sizeof(header))
		return complain("/proc/kcore");
	c->nr_headers = header.e_phnum;
	c->headers = calloc(c->nr_headers, sizeof(*c->headers));
	if (!c->headers)
		return complain("memory");
	for (size_t i = 0; i < c->nr_headers; i++)
		if (pread(c->core, &c->headers[i], sizeof(c->headers[i]),
			  header.e_phoff + i * sizeof(c->headers[i])) != sizeof(c->headers[i]))
			return complain("/proc/kcore");
	return 0;
}

/* Where in /proc/kcore a range is; -1 when it is in none of its segments. */
static off_t core_offset(const struct copy *c, const struct range *r)
{
	for (size_t i = 0; i < c->nr_headers; i++) {
		const Elf64_Phdr *h = &c->headers[i];

		if (h->p_type == PT_LOAD && r->start >= h->p_vaddr &&
		    r->end - h->p_vaddr <= h->p_memsz)
			return h->p_offset + (r->start - h->p_vaddr);
	}
	return -1;
}

static int write_headers(const struct copy *c, FILE *out)
{
	Elf64_Ehdr header = {
		.e_ident = { ELFMAG0, ELFMAG1, ELFMAG2, ELFMAG3, ELFCLASS64, ELFDATA2LSB,
			     EV_CURRENT },
		.e_type = ET_CORE, .e_machine = EM_X86_64, .e_version = EV_CURRENT,
		.e_phoff = sizeof(header), .e_ehsize = sizeof(header),
		.e_phentsize = sizeof(Elf64_Phdr), .e_phnum = c->nr_ranges,
	};
	uint64_t at = sizeof(header) + c->nr_ranges * sizeof(Elf64_Phdr);

	if (fwrite(&header, sizeof(header), 1, out) != 1)
		return -1;
	for (size_t i = 0; i < c->nr_ranges; i++) {
		uint64_t size = c->ranges[i].end - c->ranges[i].start;
		Elf64_Phdr segment = {
			.p_type = PT_LOAD, .p_flags = PF_R, .p_offset = at,
			.p_vaddr = c->ranges[i].start, .p_filesz = size, .p_memsz = size,
			.p_align = 1,
		};

		if (fwrite(&segment, sizeof(segment), 1, out) != 1)
			return -1;
		at += size;
	}
	return 0;
}

static int write_range(const struct copy *c, const struct range *r, FILE *out)
{
	_cleanup_free_ char *buffer = malloc(CHUNK);
	uint64_t left = r->end - r->start;
	off_t at = core_offset(c, r);

	if (!buffer)
		return complain("memory");
	errno = ENOENT;
	if (at < 0)
		return complain("a range in /proc/kcore");
	while (left) {
		ssize_t n = pread(c->core, buffer, left < CHUNK ? left : CHUNK, at);

		if (n <= 0)
			return complain("/proc/kcore");
		if (fwrite(buffer, 1, n, out) != (size_t)n)
			return -1;
		at += n;
		left -= n;
	}
	return 0;
}

static int by_start(const void *left, const void *right)
{
	const struct range *l = left, *r = right;

	return l->start < r->start ? -1 : l->start > r->start;
}

static int copy(struct copy *c, const char *path)
{
	_cleanup_fclose_ FILE *out = NULL;

	if (find_vmlinux(c) || find_modules(c) || open_core(c))
		return -1;
	/* Newer kernels list areas in any order. */
	qsort(c->ranges, c->nr_ranges, sizeof(*c->ranges), by_start);
	out = fopen(path, "we");
	if (!out || write_headers(c, out))
		return complain(path);
	for (size_t i = 0; i < c->nr_ranges; i++)
		if (write_range(c, &c->ranges[i], out))
			return complain(path);
	return fflush(out) ? complain(path) : 0;
}

int main(int argc, char **argv)
{
	struct copy c = { .core = -1 };
	int ret;

	if (argc != 2) {
		fprintf(stderr, "usage: audit-copy FILE\n");
		return 2;
	}
	ret = copy(&c, argv[1]);
	if (c.core >= 0)
		close(c.core);
	free(c.headers);
	free(c.ranges);
	return ret ? 1 : 0;
}
