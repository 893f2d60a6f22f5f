// SPDX-License-Identifier: GPL-2.0-only
/* The changes of the copy, what is made of them, and whether that is right; see mutate.h. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "bin/cleanup.h"
#include "mutate.h"

#define SHOWN 16 /* bytes of a change */

const char *const change_words[CHANGE_NR] = {
	[CHANGE_BYTE] = "byte", [CHANGE_SITE] = "site", [CHANGE_SWAP] = "swap",
	[CHANGE_CALL] = "call", [CHANGE_DATA] = "data", [CHANGE_ADDEND] = "addend",
};

/* Of 100 single bytes, so many of each kind. */
static const unsigned int share[CHANGE_NR] = {
	[CHANGE_BYTE] = 100, [CHANGE_SITE] = 20, [CHANGE_SWAP] = 5,
	[CHANGE_CALL] = 10,  [CHANGE_DATA] = 10, [CHANGE_ADDEND] = 10,
};

/* The generator "splitmix64": the same seed makes the same changes everywhere. */
static uint64_t random_number(struct mutate *m)
{
	uint64_t z = m->random += 0x9e3779b97f4a7c15;

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
	z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
	return z ^ (z >> 31);
}

static uint64_t random_below(struct mutate *m, uint64_t below)
{
	return random_number(m) % below;
}

static struct choice random_function(struct mutate *m)
{
	return m->functions[random_below(m, m->nr_functions)];
}

static int by_size(const void *left, const void *right)
{
	const struct function *l = ((const struct choice *)left)->function;
	const struct function *r = ((const struct choice *)right)->function;

	if (l->size != r->size)
		return l->size < r->size ? -1 : 1;
	return l->address < r->address ? -1 : l->address > r->address;
}

int mutate_sort(struct mutate *m)
{
	m->by_size = malloc((m->nr_functions + 1) * sizeof(*m->by_size));
	if (!m->by_size)
		return -1;
	memcpy(m->by_size, m->functions, m->nr_functions * sizeof(*m->by_size));
	qsort(m->by_size, m->nr_functions, sizeof(*m->by_size), by_size);
	return 0;
}

/* ---- judging --------------------------------------------------------------------- */

/* May a string or constant of the unit be there: in memory that nothing writes to? */
static bool is_constant(const struct mutate *m, const struct unit *unit, uint64_t address)
{
	for (size_t i = 0; i < LOADED_CONSTANTS && unit->file; i++)
		if (address - unit->file->constants[i][0] < unit->file->constants[i][1])
			return true;
	return !unit->file && address >= memory_symbol(m->memory, "__start_rodata") &&
	       address < memory_symbol(m->memory, "__end_rodata");
}

static int64_t field(const uint8_t *bytes, uint8_t width)
{
	int64_t value = 0;
	int32_t low;

	if (width == 8) {
		memcpy(&value, bytes, 8);
		return value;
	}
	memcpy(&low, bytes, 4);
	return low;
}

/*
 * Is a changed reference to a string or constant one to equal content now? Which of several equal
 * ones it was given is the linker's choice, and no object says.
 */
static bool same_content(const struct mutate *m, const struct unit *unit, uint64_t address,
			 const uint8_t *old, size_t length)
{
	for (size_t i = 0; i < unit->nr_references; i++) {
		const struct reference *r = &unit->references[i];
		uint8_t was[8];
		const uint8_t *now = memory_at(m->memory, r->place, r->width);
		const uint8_t *here, *there;
		uint64_t object;

		if (r->width < 4 || address < r->place ||
		    address + length > r->place + r->width ||
		    (r->kind != OBJECT_STRING && r->kind != OBJECT_CONSTANT))
			continue;
		memcpy(was, now, r->width);
		memcpy(was + (address - r->place), old, length);
		object = r->object + field(now, r->width) - field(was, r->width);
		here = memory_at(m->memory, r->object, r->object_size);
		there = memory_at(m->memory, object, r->object_size);
		return here && there && !memcmp(here, there, r->object_size) &&
		       is_constant(m, unit, object);
	}
	return false;
}

static void print_bytes(FILE *result, const uint8_t *bytes, size_t length)
{
	fputc('\t', result);
	for (size_t i = 0; i < length && i < SHOWN; i++)
		fprintf(result, "%02x", bytes[i]);
	if (length > SHOWN)
		fputs("...", result);
}

/* A change of `length' bytes at `address', `old' before, has been made: is it noticed? */
static void judge_change(struct mutate *m, enum change kind, const struct choice *c,
			 uint64_t address, const uint8_t *old, size_t length, FILE *result)
{
	struct tally *t = &m->tally[kind];
	char why[600];

	t->tried++;
	if (!matching_try(c->unit, why, sizeof(why))) {
		t->rejected++;
	} else if (judge_legal(&m->judge, address, old, length)) {
		t->legal++;
	} else if (same_content(m, c->unit, address, old, length)) {
		t->same++;
	} else {
		t->wrong++;
		fprintf(result, "wrong\t%s\t%s\t%s%+" PRId64, change_words[kind], c->unit->name,
			c->function->name, (int64_t)(address - c->function->address));
		print_bytes(result, old, length);
		print_bytes(result, memory_at(m->memory, address, length), length);
		fputc('\n', result);
	}
}

/* Makes a change of at most 8 bytes, judges it, and takes it back. False: it changes nothing. */
static bool try_bytes(struct mutate *m, enum change kind, const struct choice *c, uint64_t address,
		      const void *new, size_t length, FILE *result)
{
	uint8_t *bytes = memory_at(m->memory, address, length), old[8];

	if (!bytes || length > sizeof(old) || !memcmp(bytes, new, length))
		return false;
	memcpy(old, bytes, length);
	memcpy(bytes, new, length);
	judge_change(m, kind, c, address, old, length, result);
	memcpy(bytes, old, length);
	return true;
}

/* Gives a byte another value. */
static bool try_byte(struct mutate *m, enum change kind, const struct choice *c, uint64_t address,
		     FILE *result)
{
	const uint8_t *byte = memory_at(m->memory, address, 1);
	uint8_t new = byte ? *byte ^ (1 + random_below(m, 255)) : 0;

	return byte && try_bytes(m, kind, c, address, &new, 1, result);
}

/* ---- the kinds of changes: false when the choice offers none ------------------------ */

static bool change_site(struct mutate *m, const struct choice *c, FILE *result)
{
	uint64_t start = c->function->address, end = start + c->function->size;
	const struct judge_site *first = judge_from(&m->judge, start);
	const struct judge_site *last = judge_from(&m->judge, end);

	if (first == last)
		return false;
	first += random_below(m, last - first);
	return try_byte(m, CHANGE_SITE, c, first->address + random_below(m, first->length), result);
}

/* Another function of the same size, or NULL. */
static const struct choice *same_size(struct mutate *m, const struct choice *c)
{
	size_t low = 0, high = m->nr_functions, last;
	const struct choice *other;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (m->by_size[middle].function->size < c->function->size)
			low = middle + 1;
		else
			high = middle;
	}
	for (last = low; last < m->nr_functions; last++)
		if (m->by_size[last].function->size != c->function->size)
			break;
	other = &m->by_size[low + random_below(m, last - low)];
	return other->function->address == c->function->address ? NULL : other;
}

static bool change_swap(struct mutate *m, const struct choice *c, FILE *result)
{
	const struct choice *other = same_size(m, c);
	size_t size = c->function->size;
	uint8_t *one = memory_at(m->memory, c->function->address, size);
	uint8_t *two = other ? memory_at(m->memory, other->function->address, size) : NULL;
	_cleanup_free_ uint8_t *old_one = malloc(size), *old_two = malloc(size);

	if (!one || !two || !old_one || !old_two || !memcmp(one, two, size) ||
	    (one < two ? two - one : one - two) < (ptrdiff_t)size)
		return false;
	memcpy(old_one, one, size);
	memcpy(old_two, two, size);
	memcpy(one, old_two, size);
	memcpy(two, old_one, size);
	judge_change(m, CHANGE_SWAP, c, c->function->address, old_one, size, result);
	judge_change(m, CHANGE_SWAP, other, other->function->address, old_two, size, result);
	memcpy(one, old_one, size);
	memcpy(two, old_two, size);
	return true;
}

/*
 * A branch to the entry of a function, at random among those of this one: the field of its
 * distance; 0: there is none. *to is the entry.
 */
static uint64_t random_call(struct mutate *m, const struct function *f, const struct entry **to)
{
	const uint8_t *code = memory_at(m->memory, f->address, f->size);
	uint64_t found = 0, seen = 0;

	for (uint32_t i = 0; code && i + 5 <= f->size; i++) {
		uint64_t at = f->address + i + 1, target = memory_target(m->memory, at);
		const struct entry *e;

		if ((code[i] & 0xfe) != 0xe8 && !(i && code[i - 1] == 0x0f && code[i] >> 4 == 8))
			continue;
		e = memory_entry_from(m->memory, target);
		if (!e || e->address != target || random_below(m, ++seen))
			continue;
		found = at;
		*to = e;
	}
	return found;
}

static bool change_call(struct mutate *m, const struct choice *c, FILE *result)
{
	const struct entry *to = NULL, *all;
	uint64_t place = random_call(m, c->function, &to), target;
	size_t count, namesakes;
	int32_t distance;

	if (!place)
		return false;
	all = memory_entries(m->memory, &count);
	switch (random_below(m, 3)) {
	case 0:
		target = all[random_below(m, count)].address;
		break;
	case 1:
		memory_namesake(m->memory, to->name, to->address, 0, &namesakes);
		if (!namesakes)
			return false;
		target = memory_namesake(m->memory, to->name, to->address,
					 random_below(m, namesakes), &namesakes);
		break;
	default:
		target = to->address + 1 + random_below(m, 15);
	}
	distance = target - place - 4;
	/* What is too far away no call can lead to. */
	return place + 4 + distance == target &&
	       try_bytes(m, CHANGE_CALL, c, place, &distance, sizeof(distance), result);
}

static bool change_data(struct mutate *m, const struct choice *c, FILE *result)
{
	const struct reference *r, *found = NULL;
	uint64_t seen = 0;

	for (uint32_t i = 0; i < c->function->nr_references; i++) {
		r = &c->unit->references[c->function->first_reference + i];
		if (r->kind != OBJECT_OTHER && !random_below(m, ++seen))
			found = r;
	}
	return found && try_byte(m, CHANGE_DATA, c,
				 found->object + random_below(m, found->object_size), result);
}

static bool change_addend(struct mutate *m, const struct choice *c, FILE *result)
{
	uint32_t count = c->function->nr_references;
	const struct reference *r;
	uint8_t *bytes, new[8];
	int64_t value;

	if (!count)
		return false;
	r = &c->unit->references[c->function->first_reference + random_below(m, count)];
	bytes = memory_at(m->memory, r->place, r->width);
	if (!bytes || r->width < 4)
		return false;
	value = field(bytes, r->width) + (random_below(m, 2) ? 1 : -1);
	memcpy(new, &value, r->width);
	return try_bytes(m, CHANGE_ADDEND, c, r->place, new, r->width, result);
}

static bool try_one(struct mutate *m, enum change kind, FILE *result)
{
	struct choice c = random_function(m);

	switch (kind) {
	case CHANGE_BYTE:
		return try_byte(m, kind, &c,
				c.function->address + random_below(m, c.function->size), result);
	case CHANGE_SITE:
		return change_site(m, &c, result);
	case CHANGE_SWAP:
		return change_swap(m, &c, result);
	case CHANGE_CALL:
		return change_call(m, &c, result);
	case CHANGE_DATA:
		return change_data(m, &c, result);
	default:
		return change_addend(m, &c, result);
	}
}

void mutate_try(struct mutate *m, enum change kind, unsigned long changes, FILE *result)
{
	unsigned long wanted = changes * share[kind] / 100;

	/* Not every function offers every change: some more attempts than changes. */
	for (unsigned long i = 0; i < 50 * wanted && m->tally[kind].tried < wanted; i++)
		try_one(m, kind, result);
}
