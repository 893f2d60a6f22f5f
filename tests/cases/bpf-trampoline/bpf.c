// SPDX-License-Identifier: GPL-2.0
/*
 * Attaches a BPF program that counts to the entry or the exit of a kernel function, as tracers do:
 *
 *	bpf attach fentry|fexit FUNCTION NAME [MODULE]
 *	bpf count NAME
 *	bpf detach NAME
 *
 * What is attached stays after us: its link and its counter are pinned as NAME in a BPF file system
 * at /sys/fs/bpf. The program is written in instructions, since no compiler for BPF is at hand; the
 * function is found in the kernel's own type information.
 */
#include <fcntl.h>
#include <linux/bpf.h>
#include <linux/btf.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#define TYPES_DIR "/sys/kernel/btf/"
#define PINS_DIR "/sys/fs/bpf/"

/* Type information of vmlinux or of a module; a module's goes on from that of vmlinux. */
struct types {
	char *data;
	const struct btf_header *header;
	uint32_t first;		/* id of its first type */
	uint32_t first_name;	/* offset of its first name */
};

static void die(const char *format, ...)
{
	va_list list;

	va_start(list, format);
	vfprintf(stderr, format, list);
	va_end(list);
	fprintf(stderr, ": %m\n");
	exit(2);
}

static int bpf(int command, union bpf_attr *attr)
{
	return (int)syscall(SYS_bpf, command, attr, sizeof(*attr));
}

static char *read_all(const char *path)
{
	size_t size = 0, room = 1 << 20;
	char *data = malloc(room);
	int fd = open(path, O_RDONLY);
	ssize_t got;

	if (fd < 0)
		die("%s", path);
	while (data && (got = read(fd, data + size, room - size)) > 0) {
		size += (size_t)got;
		if (size == room)
			data = realloc(data, room *= 2);
	}
	if (!data || got < 0 || size < sizeof(struct btf_header))
		die("%s", path);
	close(fd);
	return data;
}

/* How much follows a type. */
static size_t extra_size(const struct btf_type *type)
{
	uint32_t nr = BTF_INFO_VLEN(type->info);

	switch (BTF_INFO_KIND(type->info)) {
	case BTF_KIND_INT:
	case BTF_KIND_VAR:
	case BTF_KIND_DECL_TAG:
		return sizeof(uint32_t);
	case BTF_KIND_ARRAY:
		return sizeof(struct btf_array);
	case BTF_KIND_STRUCT:
	case BTF_KIND_UNION:
		return nr * sizeof(struct btf_member);
	case BTF_KIND_ENUM:
		return nr * sizeof(struct btf_enum);
	case BTF_KIND_ENUM64:
		return nr * sizeof(struct btf_enum64);
	case BTF_KIND_FUNC_PROTO:
		return nr * sizeof(struct btf_param);
	case BTF_KIND_DATASEC:
		return nr * sizeof(struct btf_var_secinfo);
	default:
		return 0;
	}
}

/* The id of the function `name', 0 if there is none; without a name the id behind the last type. */
static uint32_t find_function(const struct types *types, const char *name)
{
	const char *at = types->data + types->header->hdr_len + types->header->type_off;
	const char *end = at + types->header->type_len;
	const char *names = types->data + types->header->hdr_len + types->header->str_off;
	uint32_t id = types->first;

	for (; at < end; id++) {
		const struct btf_type *type = (const struct btf_type *)at;

		if (name && BTF_INFO_KIND(type->info) == BTF_KIND_FUNC &&
		    type->name_off >= types->first_name &&
		    !strcmp(names + type->name_off - types->first_name, name))
			return id;
		at += sizeof(*type) + extra_size(type);
	}
	return name ? 0 : id;
}

static struct types read_types(const char *module, const struct types *base)
{
	struct types types = { .first = 1 };
	char path[128];

	snprintf(path, sizeof(path), TYPES_DIR "%s", module);
	types.data = read_all(path);
	types.header = (const struct btf_header *)types.data;
	if (base) {
		types.first = find_function(base, NULL);
		types.first_name = base->header->str_len;
	}
	return types;
}

/* A descriptor of the type information that the kernel keeps of a module. */
static int open_module_types(const char *module)
{
	union bpf_attr next = { 0 };

	while (!bpf(BPF_BTF_GET_NEXT_ID, &next)) {
		union bpf_attr by_id = { .btf_id = next.next_id }, about = { 0 };
		struct bpf_btf_info info = { 0 };
		char name[64] = "";
		int fd = bpf(BPF_BTF_GET_FD_BY_ID, &by_id);

		info.name = (uint64_t)(uintptr_t)name;
		info.name_len = sizeof(name);
		about.info.bpf_fd = (uint32_t)fd;
		about.info.info_len = sizeof(info);
		about.info.info = (uint64_t)(uintptr_t)&info;
		if (fd >= 0 && !bpf(BPF_OBJ_GET_INFO_BY_FD, &about) && info.kernel_btf &&
		    !strcmp(name, module))
			return fd;
		if (fd >= 0)
			close(fd);
		next.start_id = next.next_id;
	}
	die("no types of %s", module);
	return -1;
}

static int make_counter(void)
{
	union bpf_attr attr = {
		.map_type = BPF_MAP_TYPE_ARRAY,
		.key_size = sizeof(uint32_t),
		.value_size = sizeof(uint64_t),
		.max_entries = 1,
	};
	int fd = bpf(BPF_MAP_CREATE, &attr);

	if (fd < 0)
		die("no counter");
	return fd;
}

/* A program that adds one to the counter, for the function `id' of vmlinux or a module's types. */
static int load_program(int counter, enum bpf_attach_type type, uint32_t id, int module_types)
{
	static char log[1 << 16];
	const struct bpf_insn program[] = {
		{ BPF_LD | BPF_DW | BPF_IMM, BPF_REG_1, BPF_PSEUDO_MAP_VALUE, 0, counter },
		{ 0 },
		{ BPF_ALU64 | BPF_MOV | BPF_K, BPF_REG_2, 0, 0, 1 },
		{ BPF_STX | BPF_DW | BPF_ATOMIC, BPF_REG_1, BPF_REG_2, 0, BPF_ADD },
		{ BPF_ALU64 | BPF_MOV | BPF_K, BPF_REG_0, 0, 0, 0 },
		{ BPF_JMP | BPF_EXIT, 0, 0, 0, 0 },
	};
	union bpf_attr attr = {
		.prog_type = BPF_PROG_TYPE_TRACING,
		.expected_attach_type = type,
		.attach_btf_id = id,
		.insns = (uint64_t)(uintptr_t)program,
		.insn_cnt = sizeof(program) / sizeof(*program),
		.license = (uint64_t)(uintptr_t) "GPL",
		.log_buf = (uint64_t)(uintptr_t)log,
		.log_size = sizeof(log),
		.log_level = 1,
	};
	int fd;

	if (module_types >= 0)
		attr.attach_btf_obj_fd = (uint32_t)module_types;
	fd = bpf(BPF_PROG_LOAD, &attr);
	if (fd < 0)
		die("the program is refused: %s", log);
	return fd;
}

static const char *pin_path(const char *name, const char *what)
{
	static char path[256];

	snprintf(path, sizeof(path), PINS_DIR "%s-%s", name, what);
	return path;
}

static void pin(int fd, const char *name, const char *what)
{
	union bpf_attr attr = {
		.pathname = (uint64_t)(uintptr_t)pin_path(name, what),
		.bpf_fd = (uint32_t)fd,
	};

	if (bpf(BPF_OBJ_PIN, &attr))
		die("%s", pin_path(name, what));
}

static void attach(enum bpf_attach_type type, const char *function, const char *name,
		   const char *module)
{
	struct types types = read_types("vmlinux", NULL);
	union bpf_attr attr = { 0 };
	int counter, link, module_types = -1;
	uint32_t id;

	if (module) {
		types = read_types(module, &types);
		module_types = open_module_types(module);
	}
	id = find_function(&types, function);
	if (!id)
		die("no function %s", function);
	counter = make_counter();
	attr.raw_tracepoint.prog_fd = (uint32_t)load_program(counter, type, id, module_types);
	link = bpf(BPF_RAW_TRACEPOINT_OPEN, &attr);
	if (link < 0)
		die("%s cannot be attached to", function);
	pin(counter, name, "counter");
	pin(link, name, "link");
}

static void count(const char *name)
{
	union bpf_attr get = { .pathname = (uint64_t)(uintptr_t)pin_path(name, "counter") };
	union bpf_attr look = { 0 };
	uint32_t key = 0;
	uint64_t value = 0;
	int fd = bpf(BPF_OBJ_GET, &get);

	if (fd < 0)
		die("%s", pin_path(name, "counter"));
	look.map_fd = (uint32_t)fd;
	look.key = (uint64_t)(uintptr_t)&key;
	look.value = (uint64_t)(uintptr_t)&value;
	if (bpf(BPF_MAP_LOOKUP_ELEM, &look))
		die("the counter cannot be read");
	printf("%llu\n", (unsigned long long)value);
}

static void detach(const char *name)
{
	if (unlink(pin_path(name, "link")) || unlink(pin_path(name, "counter")))
		die("%s", pin_path(name, "link"));
}

int main(int argc, char **argv)
{
	bool fentry = argc > 2 && !strcmp(argv[2], "fentry");

	if (argc >= 5 && !strcmp(argv[1], "attach"))
		attach(fentry ? BPF_TRACE_FENTRY : BPF_TRACE_FEXIT, argv[3], argv[4], argv[5]);
	else if (argc == 3 && !strcmp(argv[1], "count"))
		count(argv[2]);
	else if (argc == 3 && !strcmp(argv[1], "detach"))
		detach(argv[2]);
	else
		return 2;
	return 0;
}
