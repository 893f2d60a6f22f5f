// SPDX-License-Identifier: GPL-2.0-only
#include "accept.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "compare.h"
#include "field.h"

/* An entry of the list, without the comma; moves *list behind it. */
static const char *next_entry(const char **list, size_t *len)
{
	const char *entry = *list;

	if (!entry || !*entry)
		return NULL;
	*len = strcspn(entry, ",");
	*list = entry + *len + (entry[*len] == ',');
	return entry;
}

static bool entry_is(const char *entry, size_t len, const char *kind, const char *name)
{
	size_t n = strlen(kind);

	if (len < n || memcmp(entry, kind, n))
		return false;
	if (len == n)
		return true;
	return entry[n] == '=' && len - n - 1 > 0 &&
	       (!name ||
		(strlen(name) == len - n - 1 && !memcmp(entry + n + 1, name, len - n - 1)));
}

bool accept_valid(const char *list)
{
	const char *entry;
	size_t len;

	while ((entry = next_entry(&list, &len)))
		if (!entry_is(entry, len, ACCEPT_INIT_CODE, NULL) &&
		    !entry_is(entry, len, ACCEPT_INITIAL_VALUE, NULL))
			return false;
	return true;
}

bool accept_covers(const struct atom *atom, const char *kind)
{
	const char *list = atom->unit->accept, *entry;
	size_t len;

	while ((entry = next_entry(&list, &len)))
		if (entry_is(entry, len, kind, atom_name(atom)))
			return true;
	return false;
}

/*
 * Entries of these call code, or give a variable a value, while the kernel boots or the
 * module is loaded, and do nothing else.
 */
static bool starts_something(const char *section)
{
	static const char *const prefixes[] = { ".init.setup", ".initcall", ".con_initcall",
						"__param" };

	for (size_t i = 0; i < sizeof(prefixes) / sizeof(*prefixes); i++)
		if (!strncmp(section, prefixes[i], strlen(prefixes[i])))
			return true;
	return false;
}

const char *accept_kind(const struct atom *post)
{
	const struct atom *pre = post->twin;

	/* Whether it is new is for the caller to know: these are paired by content. */
	if (post->class == SECTION_REGISTRY)
		return post->sym && starts_something(post->sec->name) ? ACCEPT_INIT_CODE : NULL;
	if (!pre || !post->changed || !post->sym)
		return NULL;
	if (post->class == SECTION_INIT_CODE && pre->class == SECTION_INIT_CODE)
		return ACCEPT_INIT_CODE;
	if (post->class == SECTION_INIT_DATA && pre->class == SECTION_INIT_DATA)
		return ACCEPT_INITIAL_VALUE;
	if (post->class == SECTION_DATA && pre->class == SECTION_DATA &&
	    atom_size(pre) == atom_size(post))
		return ACCEPT_INITIAL_VALUE;
	return NULL;
}

static unsigned char byte_at(const struct atom *atom, uint64_t pos)
{
	const unsigned char *bytes = atom_bytes(atom);

	return bytes ? bytes[pos] : 0;
}

static bool in_reference(const struct atom *atom, uint64_t pos)
{
	for (size_t i = 0; i < atom->nr_refs; i++)
		if (pos >= atom->refs[i].offset &&
		    pos < atom->refs[i].offset + reloc_size(atom->refs[i].type))
			return true;
	return false;
}

static unsigned long long number(const struct atom *atom, uint64_t pos, unsigned int width)
{
	unsigned long long value = 0;

	while (width--)
		value = value << 8 | byte_at(atom, pos + width);
	return value;
}

/* The first byte that differs in what is no reference; the size if there is none. */
static uint64_t first_difference(const struct atom *pre, const struct atom *post)
{
	uint64_t pos = 0;

	while (pos < atom_size(post) && (byte_at(pre, pos) == byte_at(post, pos) ||
					 in_reference(pre, pos) || in_reference(post, pos)))
		pos++;
	return pos;
}

void accept_field(const struct atom *pre, const struct atom *post, char *text, size_t size)
{
	uint64_t pos;

	text[0] = '\0';
	if (atom_size(pre) != atom_size(post))
		return;
	pos = first_difference(pre, post);
	if (pos < atom_size(post)) {
		field_name(post, pos, text, size);
		return;
	}
	for (size_t i = 0; i < post->nr_refs; i++)
		if (i >= pre->nr_refs || pre->refs[i].offset != post->refs[i].offset ||
		    !compare_same_target(&pre->refs[i], &post->refs[i])) {
			field_name(post, post->refs[i].offset, text, size);
			return;
		}
}

bool accept_values(const struct atom *pre, const struct atom *post, char *text, size_t size)
{
	uint64_t total = atom_size(post), pos;
	unsigned int width = 4;

	if (atom_size(pre) != total)
		return false;
	pos = first_difference(pre, post);
	if (pos == total)
		return false;
	/* What it is made of is not known here: all of a number, or a word of what is larger. */
	if (total == 1 || total == 2 || total == 4 || total == 8) {
		width = total;
		pos = 0;
	} else {
		pos &= ~3ULL;
		if (pos + width > total)
			width = total - pos;
	}
	if (total == width)
		snprintf(text, size, "0x%llx becomes 0x%llx", number(pre, pos, width),
			 number(post, pos, width));
	else
		snprintf(text, size, "at offset %llu 0x%llx becomes 0x%llx",
			 (unsigned long long)pos, number(pre, pos, width),
			 number(post, pos, width));
	return true;
}
