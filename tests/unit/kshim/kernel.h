/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Just enough of the kernel for the matcher to compile as a part of a unit
 * test. Only headers of the test may rely on it.
 */
#ifndef TESTS_UNIT_KSHIM_KERNEL_H
#define TESTS_UNIT_KSHIM_KERNEL_H

#include <elf.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include_next <linux/types.h>

typedef __u8 u8;
typedef __u16 u16;
typedef __u32 u32;
typedef __u64 u64;
typedef __s8 s8;
typedef __s32 s32;
typedef __s64 s64;

#define CONFIG_X86_64 1

#define __printf(at, first) __attribute__((format(printf, at, first)))
#ifndef __always_inline
#define __always_inline inline __attribute__((always_inline))
#endif
#define notrace
#define ARRAY_SIZE(array) (sizeof(array) / sizeof((array)[0]))
#define min(a, b) ((a) < (b) ? (a) : (b))
#define max(a, b) ((a) > (b) ? (a) : (b))
#define IS_ALIGNED(value, to) (!((value) & ((to) - 1)))
#define min_t(type, a, b) ((type)(a) < (type)(b) ? (type)(a) : (type)(b))
#define max_t(type, a, b) ((type)(a) > (type)(b) ? (type)(a) : (type)(b))

#define TASK_COMM_LEN 16

#define GFP_KERNEL 0
#define kzalloc(size, flags) calloc(1, size)
#define kvmalloc(size, flags) malloc(size)
#define kvcalloc(count, size, flags) calloc((count) ? (count) : 1, size)
#define kfree(pointer) free(pointer)
#define kvfree(pointer) free(pointer)
#define cond_resched() do { } while (0)
#define msleep(ms) do { } while (0)
static inline void sync_core(void) { }

#define MODULES_VADDR 0xffffffffc0000000UL
#define MODULES_END 0xffffffffff000000UL

#define KSYM_SYMBOL_LEN 512
int sprint_symbol(char *buffer, unsigned long address);

typedef Elf64_Sym Elf_Sym;
#define ELF_ST_BIND(info) ELF64_ST_BIND(info)

struct mod_kallsyms {
	Elf_Sym *symtab;
	unsigned int num_symtab;
	char *strtab;
};

/*
 * The memory that belongs to a module, the start and the size of each range, which of it nothing
 * writes, and its symbols.
 */
struct module {
	uint64_t (*ranges)[2];
	size_t nr_ranges;
	uint64_t (*constants)[2];
	size_t nr_constants;
	struct mod_kallsyms core_kallsyms;
	struct jump_entry *jump_entries;
	unsigned int num_jump_entries;
};

static inline bool within_module(unsigned long address, const struct module *mod)
{
	for (size_t i = 0; i < mod->nr_ranges; i++)
		if (address - mod->ranges[i][0] < mod->ranges[i][1])
			return true;
	return false;
}

typedef struct { int counter; } atomic_t;
struct list_head { struct list_head *next, *prev; };
#define list_entry(pointer, type, member) ((type *)((char *)(pointer) - offsetof(type, member)))
#define list_for_each_entry(item, head, member)                                \
	for (item = list_entry((head)->next, __typeof__(*item), member);        \
	     &item->member != (head);                                           \
	     item = list_entry(item->member.next, __typeof__(*item), member))
#define lockdep_assert_held(lock) do { } while (0)
struct mutex { int unused; };
struct kobject { int unused; };
struct attribute { int unused; };
struct kobj_attribute { int unused; };
struct attribute_group { int unused; };
struct work_struct { int unused; };

#endif
