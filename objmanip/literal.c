// SPDX-License-Identifier: GPL-2.0-only
/* Comparison by content: literals, anonymous code and constants. */
#include <errno.h>
#include <string.h>

#include "pair.h"

/* Anonymous parts refer to few others, and never in circles in sane objects. */
#define MAX_DEPTH 16

int pair_literal(const struct ref *ref, const unsigned char **bytes, size_t *size)
{
	const struct elf_section *sec = ref->literal;
	uint64_t unit = sec->entsize ? sec->entsize : 1, start = (uint64_t)ref->literal_start, end;

	if (ref->literal_start < 0 || start >= sec->size || !sec->data)
		return -ENOENT;
	*bytes = sec->data + start;
	if (!(sec->flags & SHF_STRINGS)) {
		if (start + unit > sec->size)
			return -ENOENT;
		*size = unit;
		return 0;
	}
	for (end = start; end + unit <= sec->size; end += unit) {
		size_t k = 0;

		while (k < unit && !sec->data[end + k])
			k++;
		if (k == unit) {
			*size = end + unit - start;
			return 0;
		}
	}
	return -ENOENT;
}

bool pair_same_literal(const struct ref *a, const struct ref *b)
{
	const unsigned char *x, *y;
	size_t nx, ny;

	if ((a->literal->flags ^ b->literal->flags) & SHF_STRINGS || a->place != b->place)
		return false;
	if (pair_literal(a, &x, &nx) || pair_literal(b, &y, &ny))
		return false;
	return nx == ny && !memcmp(x, y, nx);
}

static bool same_bytes(const struct atom *a, const struct atom *b)
{
	const unsigned char *x = atom_bytes(a), *y = atom_bytes(b);
	uint64_t size = atom_size(a), pos = 0;

	/* Without contents (.bss) means zeros. */
	if (!x && !y)
		return true;
	for (size_t i = 0; i <= a->nr_refs; i++) {
		uint64_t field = i < a->nr_refs ? a->refs[i].offset : size;

		for (; pos < field; pos++)
			if ((x ? x[pos] : 0) != (y ? y[pos] : 0))
				return false;
		if (i < a->nr_refs)
			pos = field + reloc_size(a->refs[i].type);
	}
	return true;
}

static bool same_type(uint32_t a, uint32_t b)
{
	/* Both mean the same to everybody but a dynamic linker. */
	if (a == R_X86_64_PLT32)
		a = R_X86_64_PC32;
	if (b == R_X86_64_PLT32)
		b = R_X86_64_PC32;
	return a == b;
}

bool pair_same_shape(const struct atom *a, const struct atom *b)
{
	if (atom_size(a) != atom_size(b) || a->nr_refs != b->nr_refs)
		return false;
	for (size_t i = 0; i < a->nr_refs; i++)
		if (a->refs[i].offset != b->refs[i].offset ||
		    !same_type(a->refs[i].type, b->refs[i].type))
			return false;
	return same_bytes(a, b);
}

static bool same_content(const struct atom *a, const struct atom *b, unsigned int depth)
{
	if (depth > MAX_DEPTH || !pair_same_shape(a, b))
		return false;
	for (size_t i = 0; i < a->nr_refs; i++) {
		const struct ref *x = &a->refs[i], *y = &b->refs[i];

		if (x->name || y->name) {
			if (!x->name || !y->name || strcmp(x->name, y->name) ||
			    x->place != y->place)
				return false;
		} else if (x->literal || y->literal) {
			if (!x->literal || !y->literal || !pair_same_literal(x, y))
				return false;
		} else if (x->place != y->place) {
			return false;
		} else if (x->atom->twin != y->atom) {
			bool by_content = (!x->atom->sym && !y->atom->sym) ||
					  (pair_by_content(x->atom) && pair_by_content(y->atom));

			if (!by_content || !same_content(x->atom, y->atom, depth + 1))
				return false;
		}
	}
	return true;
}

bool pair_same_content(const struct atom *a, const struct atom *b)
{
	return same_content(a, b, 0);
}
