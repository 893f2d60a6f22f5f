// SPDX-License-Identifier: GPL-2.0-only
/*
 * Jump labels of new code whose static key is read-only. Such a key has its
 * value since boot, or since its module was loaded. The kernel would note in it
 * which modules use it, and fault: its own modules use no such key but their
 * own, which is not read-only before they have been loaded. (Newer kernels
 * leave alone those of the kernel itself, not those of modules.) The sites are
 * given their last form, and the kernel does not hear of them.
 */
#include <linux/jump_label.h>
#include <linux/module.h>

#include "ksplice.h"

/* A key that the kernel knows to be read-only, and does not write to. */
static bool is_sealed(const struct static_key *key)
{
	return (key->type & JUMP_TYPE_LINKED) && !(key->type & ~JUMP_TYPE_MASK);
}

static bool is_fixed(const struct module *mod, const struct jump_entry *entry)
{
	const struct static_key *key = jump_entry_key(entry);

	return !within_module((unsigned long)key, mod) &&
	       !ksplice_arch_writable((unsigned long)key) && !is_sealed(key);
}

static int fix_site(const struct module *mod, const struct jump_entry *entry,
		    struct ksplice_abort *abort)
{
	unsigned long code = jump_entry_code(entry);
	bool jump = static_key_enabled(jump_entry_key(entry)) != jump_entry_is_branch(entry);
	struct ksplice_alias *alias;
	int err = -EFAULT;

	if (!within_module(code, mod) || !within_module(code + KSPLICE_JUMP_SIZE - 1, mod))
		return ksplice_refuse(abort, KSPLICE_CAUSE_BAD_UPDATE,
				      "a jump label lies outside of the module");
	alias = ksplice_alias_map(code, KSPLICE_JUMP_SIZE);
	if (!alias)
		return ksplice_refuse(abort, KSPLICE_CAUSE_NO_MEMORY,
				      "cannot map the jump label at %pS", (void *)code);
	err = ksplice_arch_set_branch(ksplice_alias_pointer(alias), code, jump_entry_target(entry),
				      jump);
	ksplice_alias_unmap(alias);
	if (err)
		return ksplice_refuse(abort, KSPLICE_CAUSE_BAD_UPDATE,
				      "the jump label at %pS is of no known form", (void *)code);
	return 0;
}

/* All fields but the key's flags count from where they are. */
static void move_entry(struct jump_entry *to, const struct jump_entry *from)
{
	long delta = (long)from - (long)to;
	struct jump_entry entry = *from;

	to->code = entry.code + delta;
	to->target = entry.target + delta;
	to->key = entry.key + delta;
}

int ksplice_fix_branches(struct module *mod, struct ksplice_abort *abort)
{
	unsigned int i, kept = 0;
	int err;

	for (i = 0; i < mod->num_jump_entries; i++) {
		struct jump_entry *entry = &mod->jump_entries[i];

		if (!is_fixed(mod, entry)) {
			if (kept != i)
				move_entry(&mod->jump_entries[kept], entry);
			kept++;
			continue;
		}
		err = fix_site(mod, entry, abort);
		if (err)
			return err;
	}
	mod->num_jump_entries = kept;
	return 0;
}
