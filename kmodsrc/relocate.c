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
	case KSPLICE_RUNTIME_SHIFT:
		return 1;
	case KSPLICE_RUNTIME_PTR:
		return 8;
	default:
		return ksplice_ref_width(type);
	}
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

static bool is_runtime(u32 type)
{
	return type == KSPLICE_RUNTIME_PTR || type == KSPLICE_RUNTIME_SHIFT;
}

/* The run-time constant that boot has made of a variable. */
static int runtime_value(const char *name, u32 type, unsigned long variable, s64 *value,
			 struct ksplice_abort *abort)
{
	u32 shift = 0;
	int err;

	if (type == KSPLICE_RUNTIME_PTR) {
		err = ksplice_read_original(value, variable, sizeof(*value));
	} else {
		err = ksplice_read_original(&shift, variable, sizeof(shift));
		*value = shift;
	}
	if (err || shift > 63)
		return ksplice_refuse(abort, KSPLICE_CAUSE_UNSUPPORTED,
				      "the new code needs the run-time constant %s: %s", name,
				      err ? "it cannot be read" : "it is no shift count");
	return 0;
}

/* An entry stub of the new code's own for the function, or 0. */
static unsigned long find_entry(const struct ksplice_part *part, const struct ksplice_reloc *reloc)
{
	const struct ksplice_reloc *relocs = (void *)(unsigned long)part->desc->relocs;
	unsigned long entry;
	unsigned int i;

	for (i = 0; i < part->desc->nr_relocs; i++) {
		if (relocs[i].unit_id != reloc->unit_id || relocs[i].symbol != reloc->symbol ||
		    relocs[i].type != KSPLICE_PC32)
			continue;
		entry = ksplice_arch_entry(relocs[i].place);
		if (entry && within_module(entry, part->mod))
			return entry;
	}
	return 0;
}

/*
 * Stored or loaded instead of called, a function's address is for indirect
 * calls, which not every function of the kernel is made for. Such a one has
 * no pointer to it anywhere, so that an entry stub may stand for it.
 */
static int make_callable(const struct ksplice_part *part, const struct ksplice_reloc *reloc,
			 const char *name, unsigned long *address, struct ksplice_abort *abort)
{
	unsigned long start = ksplice_core_address(KSPLICE_CORE__stext);
	unsigned long size = ksplice_core_address(KSPLICE_CORE__etext) - start, entry;

	if (part->target)
		ksplice_compat_module_text(part->target, &start, &size);
	if (*address < start || *address - start >= size ||
	    ksplice_arch_is_branch(reloc->place, reloc->type) || ksplice_arch_callable(*address))
		return 0;
	entry = find_entry(part, reloc);
	if (!entry)
		return ksplice_refuse(
			abort, KSPLICE_CAUSE_UNSUPPORTED,
			"the new code calls %s through a pointer, which the kernel never does: this processor would trap",
			name);
	*address = entry;
	return 0;
}

/* What a field is before its relocation. */
static bool is_blank(const void *field, u32 type)
{
	u64 ptr;

	if (type == KSPLICE_RUNTIME_PTR) {
		memcpy(&ptr, field, sizeof(ptr));
		return ptr == KSPLICE_RUNTIME_PTR_BLANK;
	}
	if (type == KSPLICE_RUNTIME_SHIFT)
		return *(const u8 *)field == KSPLICE_RUNTIME_SHIFT_BLANK;
	return !memchr_inv(field, 0, field_size(type));
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
	int err;

	if (!size || !within_module(reloc->place, part->mod) ||
	    !within_module(reloc->place + size - 1, part->mod))
		return ksplice_refuse(abort, KSPLICE_CAUSE_BAD_UPDATE,
				      "reference to %s: place or type %u is not valid", name,
				      reloc->type);
	if (ksplice_match_symbol(match, reloc->unit_id, reloc->symbol, &symbol, NULL))
		return ksplice_refuse(abort, KSPLICE_CAUSE_UNKNOWN_SYMBOL,
				      "the new code needs %s, whose address is not known", name);

	if (is_runtime(reloc->type)) {
		err = runtime_value(name, reloc->type, symbol, &value, abort);
	} else {
		err = make_callable(part, reloc, name, &symbol, abort);
		value = symbol + reloc->addend;
	}
	if (err)
		return err;
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
	if (!is_blank(field, reloc->type))
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
