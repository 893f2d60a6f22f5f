// SPDX-License-Identifier: GPL-2.0-only
/*
 * Constants that change where they are. The match has proved what they hold; so
 * what is there when the update arrives is what undo has to put back.
 *
 * They are written in the stop, together with the jumps. Only what interrupts
 * even that (an NMI) can see a constant half written, and it sees each scalar
 * and pointer in it either old or new.
 */
#include <linux/kernel.h>
#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "ksplice.h"

static bool overlaps(const struct ksplice_constant *a, const struct ksplice_constant *b)
{
	return a->address < b->address + b->size && b->address < a->address + a->size;
}

const char *ksplice_rewritten_by(const struct ksplice_constant *constant,
				 const struct ksplice_update *except)
{
	const struct ksplice_update *update;
	const struct ksplice_part *part;
	unsigned int i;

	lockdep_assert_held(&ksplice_mutex);
	list_for_each_entry(update, &ksplice_updates, list) {
		if (update == except || update->stage != KSPLICE_APPLIED)
			continue;
		list_for_each_entry(part, &update->parts, list)
			for (i = 0; i < part->nr_constants; i++)
				if (overlaps(constant, &part->constants[i]))
					return update->id;
	}
	return NULL;
}

/* Two entries of one update for the same bytes would undo each other. */
static bool is_there_twice(const struct ksplice_part *part, const struct ksplice_constant *constant)
{
	const struct ksplice_constant *other;

	for (other = part->constants; other < constant; other++)
		if (overlaps(constant, other))
			return true;
	return false;
}

/* vmlinux' own read-only data; what the match places in a module lies in the module. */
static bool is_read_only(const struct ksplice_part *part, const struct ksplice_constant *constant)
{
	unsigned long start = ksplice_core_address(KSPLICE_CORE___start_rodata);
	unsigned long end = ksplice_core_address(KSPLICE_CORE___end_rodata);

	if (part->target)
		return true;
	return start && constant->address >= start && constant->address < end &&
	       constant->size <= end - constant->address;
}

static void make_wanted(const struct ksplice_constant *constant, u8 *wanted)
{
	const u8 *contents = (const u8 *)(unsigned long)constant->rewrite->contents;
	const u8 *mask = contents + constant->size;
	u32 i;

	for (i = 0; i < constant->size; i++)
		wanted[i] = mask[i] ? contents[i] : constant->original[i];
}

static int resolve(const struct ksplice_part *part, struct ksplice_constant *constant,
		   const struct ksplice_match *match, struct ksplice_abort *abort)
{
	const struct ksplice_rewrite *rewrite = constant->rewrite;
	const char *user;
	u32 size;

	if (!ksplice_match_proved(match, rewrite->unit_id, rewrite->symbol) ||
	    ksplice_match_symbol(match, rewrite->unit_id, rewrite->symbol, &constant->address,
				 &size))
		return ksplice_refuse(abort, KSPLICE_CAUSE_UNKNOWN_SYMBOL,
				      "%s: what it holds could not be compared", constant->name);
	if (size != rewrite->size)
		return ksplice_refuse(abort, KSPLICE_CAUSE_BAD_UPDATE,
				      "%s: it has %u bytes, its new contents %u", constant->name,
				      size, rewrite->size);
	constant->size = size;
	if (!is_read_only(part, constant) || is_there_twice(part, constant))
		return ksplice_refuse(abort, KSPLICE_CAUSE_BAD_UPDATE,
				      "%s: it is no constant of its own", constant->name);
	user = ksplice_rewritten_by(constant, NULL);
	if (user)
		return ksplice_refuse(abort, KSPLICE_CAUSE_IN_USE,
				      "%s is rewritten by update %s already", constant->name, user);

	constant->original = kvmalloc(size, GFP_KERNEL);
	constant->wanted = kvmalloc(size, GFP_KERNEL);
	if (!constant->original || !constant->wanted)
		return ksplice_refuse(abort, KSPLICE_CAUSE_NO_MEMORY, "%s: no memory for %u bytes",
				      constant->name, size);
	if (ksplice_read_original(constant->original, constant->address, size))
		return ksplice_refuse(abort, KSPLICE_CAUSE_UNEXPECTED, "%s: cannot be read",
				      constant->name);
	make_wanted(constant, constant->wanted);
	return 0;
}

int ksplice_constants_resolve(struct ksplice_part *part, const struct ksplice_match *match,
			      struct ksplice_abort *abort)
{
	const struct ksplice_rewrite *rewrites = (void *)(unsigned long)part->desc->rewrites;
	unsigned int i;
	int err;

	part->constants = kvcalloc(part->desc->nr_rewrites, sizeof(*part->constants), GFP_KERNEL);
	if (!part->constants)
		return ksplice_refuse(abort, KSPLICE_CAUSE_NO_MEMORY, "no memory for %u constants",
				      part->desc->nr_rewrites);
	for (i = 0; i < part->desc->nr_rewrites; i++) {
		struct ksplice_constant *constant = &part->constants[i];

		constant->rewrite = &rewrites[i];
		constant->name = (const char *)(unsigned long)rewrites[i].name;
		part->nr_constants++;
		err = resolve(part, constant, match, abort);
		if (err)
			return err;
	}
	return 0;
}

void ksplice_constants_free(struct ksplice_part *part)
{
	unsigned int i;

	for (i = 0; i < part->nr_constants; i++) {
		kvfree(part->constants[i].original);
		kvfree(part->constants[i].wanted);
	}
	kvfree(part->constants);
	part->constants = NULL;
	part->nr_constants = 0;
}

/* ---- before and after the stop ------------------------------------------------- */

static int add_write(struct ksplice_stop *stop, const struct ksplice_constant *constant,
		     bool to_new, struct ksplice_abort *abort)
{
	struct ksplice_data_write *write = &stop->data[stop->nr_data];

	write->map = ksplice_alias_map(constant->address, constant->size);
	if (!write->map)
		return ksplice_refuse(abort, KSPLICE_CAUSE_NO_MEMORY, "%s: cannot be mapped",
				      constant->name);
	write->alias = ksplice_alias_pointer(write->map);
	write->name = constant->name;
	write->expected = to_new ? constant->original : constant->wanted;
	write->wanted = to_new ? constant->wanted : constant->original;
	write->size = constant->size;
	stop->nr_data++;
	return 0;
}

int ksplice_constants_prepare(const struct ksplice_update *update, bool to_new,
			      struct ksplice_stop *stop, struct ksplice_abort *abort)
{
	const struct ksplice_part *part;
	const char *user;
	unsigned int i;
	int err;

	list_for_each_entry(part, &update->parts, list) {
		for (i = 0; i < part->nr_constants; i++) {
			user = ksplice_rewritten_by(&part->constants[i], update);
			if (user)
				return ksplice_refuse(abort, KSPLICE_CAUSE_IN_USE,
						      "%s is rewritten by update %s already",
						      part->constants[i].name, user);
			err = add_write(stop, &part->constants[i], to_new, abort);
			if (err)
				return err;
		}
	}
	return 0;
}

void ksplice_data_report(const struct ksplice_data_write *write, struct ksplice_abort *abort)
{
	u32 at = 0, length;
	u8 found[8];

	/* It may have changed since the stop: the last byte ends the search. */
	while (at < write->size - 1 && write->alias[at] == write->expected[at])
		at++;
	length = min_t(u32, sizeof(found), write->size - at);
	memcpy(found, write->alias + at, length);
	ksplice_refuse(abort, KSPLICE_CAUSE_CHANGED, "%s+%u: expected %*ph, found %*ph",
		       write->name, at, (int)length, write->expected + at, (int)length, found);
}

/* ---- in the stop -------------------------------------------------------------- */

bool __in_stop ksplice_data_expected(const struct ksplice_data_write *write)
{
	return !memcmp(write->alias, write->expected, write->size);
}

#define STORE(type, to, from)						\
	({								\
		type value;						\
									\
		memcpy(&value, from, sizeof(value));			\
		WRITE_ONCE(*(type *)(to), value);			\
		(u32)sizeof(value);					\
	})

/*
 * Aligned blocks, each as large as fits: so every aligned scalar of up to eight
 * bytes is within one store. The alias is aligned as the constant is.
 */
void __in_stop ksplice_data_store(const struct ksplice_data_write *write)
{
	u32 at = 0;

	while (at < write->size) {
		u8 *to = write->alias + at;
		const u8 *from = write->wanted + at;
		u32 left = write->size - at;

		if (IS_ALIGNED((unsigned long)to, 8) && left >= 8)
			at += STORE(u64, to, from);
		else if (IS_ALIGNED((unsigned long)to, 4) && left >= 4)
			at += STORE(u32, to, from);
		else if (IS_ALIGNED((unsigned long)to, 2) && left >= 2)
			at += STORE(u16, to, from);
		else
			at += STORE(u8, to, from);
	}
}
