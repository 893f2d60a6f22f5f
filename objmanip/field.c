// SPDX-License-Identifier: GPL-2.0-only
#include "field.h"

#include <dwarf.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "declare_internal.h"

/* A text that grows as far as there is room. */
struct text {
	char *at;
	size_t room;
};

static void add(struct text *text, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

static void add(struct text *text, const char *fmt, ...)
{
	va_list ap;
	int length;

	va_start(ap, fmt);
	length = vsnprintf(text->at, text->room, fmt, ap);
	va_end(ap);
	if (length < 0 || (size_t)length >= text->room)
		length = text->room ? (int)text->room - 1 : 0;
	text->at += length;
	text->room -= (size_t)length;
}

/* What a variable or member is, without typedefs and qualifiers. */
static bool type_of(Dwarf_Die *die, Dwarf_Die *type)
{
	Dwarf_Attribute attr;

	/* A declaration elsewhere (extern) may have it. */
	return dwarf_attr_integrate(die, DW_AT_type, &attr) && dwarf_formref_die(&attr, type) &&
	       !dwarf_peel_type(type, type);
}

/* The first member that has the byte (of a union there are several); *start: where it begins. */
static bool member_at(Dwarf_Die *type, uint64_t offset, Dwarf_Die *member, uint64_t *start)
{
	if (dwarf_child(type, member))
		return false;
	do {
		Dwarf_Attribute attr;
		Dwarf_Word size;
		Dwarf_Die what;

		*start = 0;
		/* Of bits it is not known which differ. */
		if (dwarf_tag(member) != DW_TAG_member || dwarf_hasattr(member, DW_AT_bit_size) ||
		    (dwarf_attr(member, DW_AT_data_member_location, &attr) &&
		     dwarf_formudata(&attr, start)))
			continue;
		if (type_of(member, &what) && !dwarf_aggregate_size(&what, &size) &&
		    offset >= *start && offset < *start + size)
			return true;
	} while (!dwarf_siblingof(member, member));
	return false;
}

/* Follows the types down to what has no parts. */
static void describe(Dwarf_Die *die, uint64_t offset, struct text *text)
{
	Dwarf_Die type, part, element;
	const char *name;
	Dwarf_Word size;
	uint64_t start;

	if (!type_of(die, &type))
		return;
	for (;;) {
		switch (dwarf_tag(&type)) {
		case DW_TAG_structure_type:
		case DW_TAG_union_type:
			if (!member_at(&type, offset, &part, &start))
				return;
			name = dwarf_diename(&part);
			if (name)
				add(text, ".%s", name);
			offset -= start;
			break;
		case DW_TAG_array_type:
			part = type;
			/* Of several dimensions, one index that counts through them all. */
			if (!type_of(&part, &element) || dwarf_aggregate_size(&element, &size) ||
			    !size)
				return;
			add(text, "[%llu]", (unsigned long long)(offset / size));
			offset %= size;
			break;
		default:
			return;
		}
		if (!type_of(&part, &type))
			return;
	}
}

/* Descriptions nest as deep as the source's blocks and inlining. */
static bool find(Dwarf_Die *scope, Dwfl_Module *module, const struct atom *atom, Dwarf_Die *found)
{
	Dwarf_Die die;

	if (dwarf_child(scope, &die))
		return false;
	do {
		switch (dwarf_tag(&die)) {
		case DW_TAG_variable:
			if (declare_find(atom->unit, module, &die) != atom)
				break;
			*found = die;
			return true;
		case DW_TAG_subprogram:
		case DW_TAG_inlined_subroutine:
		case DW_TAG_lexical_block:
			if (find(&die, module, atom, found))
				return true;
			break;
		default:
			break;
		}
	} while (!dwarf_siblingof(&die, &die));
	return false;
}

void field_name(const struct atom *atom, uint64_t offset, char *text, size_t size)
{
	struct text out = { text, size };
	Dwarf_Die *unit = NULL;
	Dwfl_Module *module;
	Dwarf_Addr bias;
	Dwfl *dwfl;

	text[0] = '\0';
	if (!atom->unit->debug)
		return;
	dwfl = declare_open(atom->unit->debug, &module);
	while (dwfl && (unit = dwfl_module_nextcu(module, unit, &bias))) {
		Dwarf_Die die;

		if (!find(unit, module, atom, &die))
			continue;
		describe(&die, offset, &out);
		break;
	}
	dwfl_end(dwfl);
}
