/* SPDX-License-Identifier: GPL-2.0-only */
#include "../kernel.h"

#define JUMP_TYPE_LINKED 2UL
#define JUMP_TYPE_MASK 3UL

struct static_key {
	atomic_t enabled;
	unsigned long type;
};

/* Fields count from their own place; the key's last bit is what the branch is made for. */
struct jump_entry {
	s32 code;
	s32 target;
	long key;
};

static inline unsigned long jump_entry_code(const struct jump_entry *entry)
{
	return (unsigned long)&entry->code + entry->code;
}

static inline unsigned long jump_entry_target(const struct jump_entry *entry)
{
	return (unsigned long)&entry->target + entry->target;
}

static inline struct static_key *jump_entry_key(const struct jump_entry *entry)
{
	return (struct static_key *)((unsigned long)&entry->key + (entry->key & ~3L));
}

static inline bool jump_entry_is_branch(const struct jump_entry *entry)
{
	return entry->key & 1;
}

static inline bool static_key_enabled(const struct static_key *key)
{
	return key->enabled.counter > 0;
}
