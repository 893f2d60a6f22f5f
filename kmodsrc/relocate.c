// SPDX-License-Identifier: GPL-2.0-only
/*
 * Writes the addresses that the match found into an update's new code. The
 * module's text is read-only by now, hence through aliases.
 */
#include <linux/mm.h>
#include <linux/string.h>

#include "compat/compat.h"
#include "ksplice.h"

/* The alias of the page(s) of the last field: fields come in ascending order. */
struct window {
	struct ksplice_alias *alias;
	unsigned long start;
	size_t size;
};

static unsigned int field_size(u32 type)
{
	switch (type) {
	case KSPLICE_PC8:
		return 1;
	case KSPLICE_PC32:
	case KSPLICE_ABS32:
	case KSPLICE_ABS32S:
		return 4;
	case KSPLICE_PC64:
	case KSPLICE_ABS64:
		return 8;
	}
	return 0;
}

static bool value_fits(u32 type, s64 value)
{
	switch (type) {
	case KSPLICE_PC8:
		return value == (s8)value;
	case KSPLICE_PC32:
	case KSPLICE_ABS32S:
		return value == (s32)value;
	case KSPLICE_ABS32:
		return value == (u32)value;
	}
	return true;
}

static void *field_pointer(struct window *window, unsigned long place, unsigned int size)
{
	if (!window->alias || place < window->start ||
	    place + size > window->start + window->size) {
		ksplice_alias_unmap(window->alias);
		window->start = place & PAGE_MASK;
		window->size = PAGE_ALIGN(place + size) - window->start;
		window->alias = ksplice_alias_map(window->start, window->size);
		if (!window->alias)
			return NULL;
	}
	return ksplice_alias_pointer(window->alias) + (place - window->start);
}

static int relocate_one(const struct ksplice_part *part, const struct ksplice_match *match,
			const struct ksplice_reloc *reloc, struct window *window,
			struct ksplice_abort *abort)
{
	const char *name = ksplice_match_symbol_name(match, reloc->unit_id, reloc->symbol);
	unsigned int size = field_size(reloc->type);
	unsigned long symbol;
	__le64 bytes;
	s64 value;
	void *field;

	if (!size || !within_module(reloc->place, part->mod) ||
	    !within_module(reloc->place + size - 1, part->mod))
		return ksplice_refuse(abort, KSPLICE_CAUSE_BAD_UPDATE,
				      "reference to %s: place or type %u is not valid", name,
				      reloc->type);
	if (ksplice_match_symbol(match, reloc->unit_id, reloc->symbol, &symbol, NULL))
		return ksplice_refuse(abort, KSPLICE_CAUSE_UNKNOWN_SYMBOL,
				      "the new code needs %s, whose address is not known", name);

	value = symbol + reloc->addend;
	if (reloc->type == KSPLICE_PC8 || reloc->type == KSPLICE_PC32 ||
	    reloc->type == KSPLICE_PC64)
		value -= reloc->place;
	if (!value_fits(reloc->type, value))
		return ksplice_refuse(abort, KSPLICE_CAUSE_BAD_UPDATE,
				      "reference to %s: out of reach", name);

	field = field_pointer(window, reloc->place, size);
	if (!field)
		return ksplice_refuse(abort, KSPLICE_CAUSE_NO_MEMORY,
				      "reference to %s: cannot map the new code", name);
	if (memchr_inv(field, 0, size))
		return ksplice_refuse(abort, KSPLICE_CAUSE_BAD_UPDATE,
				      "reference to %s: the field at %pS is in use", name,
				      (void *)(unsigned long)reloc->place);
	bytes = cpu_to_le64(value);
	memcpy(field, &bytes, size);
	return 0;
}

int ksplice_relocate(const struct ksplice_part *part, const struct ksplice_match *match,
		     struct ksplice_abort *abort)
{
	const struct ksplice_reloc *relocs = (void *)(unsigned long)part->desc->relocs;
	struct window window = {};
	unsigned int i;
	int err = 0;

	for (i = 0; i < part->desc->nr_relocs && !err; i++)
		err = relocate_one(part, match, &relocs[i], &window, abort);
	ksplice_alias_unmap(window.alias);
	return err;
}
