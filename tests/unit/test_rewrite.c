// SPDX-License-Identifier: GPL-2.0-only
/* Constants that ksplice.ko rewrites: what they will hold, who may, and each store. */
#pragma GCC diagnostic ignored "-Wpointer-arith" /* as the kernel is compiled */

#include "kshim/kernel.h"

/* The stores of the stop, as they are made. */
static struct store {
	const void *at;
	size_t size;
} stores[64];
static size_t nr_stores;

static void note_store(const void *at, size_t size)
{
	if (nr_stores < ARRAY_SIZE(stores))
		stores[nr_stores++] = (struct store){ at, size };
}

#define WRITE_ONCE(to, value)                  \
	do {                                   \
		note_store(&(to), sizeof(to)); \
		(to) = (value);                \
	} while (0)

#include "kmodsrc/rewrite.c"
#include "kshim/refuse.h"

#include <setjmp.h>

#include <cmocka.h>

/* ---- the kernel around it ---------------------------------------------------- */

#define SIZE 24
#define UNIT 7

struct mutex ksplice_mutex;
struct list_head ksplice_updates;

static struct {
	u8 memory[SIZE + 16] __attribute__((aligned(16)));
	unsigned long rodata, rodata_end;
	bool proved, readable;
	u32 size;
} kernel;

unsigned long ksplice_core_address(enum ksplice_core_symbol symbol)
{
	return symbol == KSPLICE_CORE___start_rodata ? kernel.rodata
	       : symbol == KSPLICE_CORE___end_rodata ? kernel.rodata_end
						     : 0;
}

bool ksplice_match_proved(const struct ksplice_match *match, u32 unit_id, u32 symbol)
{
	return unit_id == UNIT && kernel.proved;
}

/* Symbol N is N bytes behind the beginning. */
int ksplice_match_symbol(const struct ksplice_match *match, u32 unit_id, u32 symbol,
			 unsigned long *address, u32 *size)
{
	*address = (unsigned long)kernel.memory + symbol;
	*size = kernel.size;
	return 0;
}

int ksplice_read_original(void *dst, unsigned long address, size_t len)
{
	if (!kernel.readable)
		return -1;
	memcpy(dst, (void *)address, len);
	return 0;
}

struct ksplice_alias *ksplice_alias_map(unsigned long address, size_t len)
{
	return (void *)address;
}

void *ksplice_alias_pointer(struct ksplice_alias *alias)
{
	return alias;
}

/* ---- an update ------------------------------------------------------------------ */

struct sample {
	struct ksplice_update update;
	struct ksplice_part part;
	struct ksplice_descriptor desc;
	struct ksplice_rewrite rewrites[2];
	u8 contents[2][2 * SIZE];
	struct ksplice_data_write data[2];
	struct ksplice_stop stop;
	struct ksplice_abort abort;
};

static void add_update(struct ksplice_update *update, struct ksplice_part *part)
{
	update->parts.next = update->parts.prev = &part->list;
	part->list.next = part->list.prev = &update->parts;
	update->list.next = ksplice_updates.next;
	ksplice_updates.next = &update->list;
}

/*
 * An update of one constant at `offset', which changes the bytes from..to to 0, 0xa1, 0xa2, ...;
 * what it holds of the others means nothing.
 */
static struct sample *new_sample(u32 offset, u32 from, u32 to)
{
	struct sample *s = calloc(1, sizeof(*s));

	assert_non_null(s);
	strcpy(s->update.id, "sample");
	for (u32 i = 0; i < 2; i++) {
		s->rewrites[i] = (struct ksplice_rewrite){
			.name = (u64) "table",
			.contents = (u64)s->contents[i],
			.unit_id = UNIT,
			.symbol = offset,
			.size = SIZE,
		};
		memset(s->contents[i], 0x55, SIZE);
		for (u32 at = from; at < to; at++) {
			s->contents[i][at] = at == from ? 0 : 0xa0 + at - from;
			s->contents[i][SIZE + at] = 1;
		}
	}
	s->desc.rewrites = (u64)s->rewrites;
	s->desc.nr_rewrites = 1;
	s->part.desc = &s->desc;
	s->stop.data = s->data;
	add_update(&s->update, &s->part);
	return s;
}

static void free_samples(void)
{
	while (ksplice_updates.next != &ksplice_updates) {
		struct ksplice_update *update =
			list_entry(ksplice_updates.next, struct ksplice_update, list);
		struct sample *s = list_entry(update, struct sample, update);

		ksplice_updates.next = update->list.next;
		ksplice_constants_free(&s->part);
		assert_null(s->part.constants);
		free(s);
	}
}

static int setup(void **state)
{
	ksplice_updates.next = ksplice_updates.prev = &ksplice_updates;
	for (u32 i = 0; i < sizeof(kernel.memory); i++)
		kernel.memory[i] = i;
	kernel.rodata = (unsigned long)kernel.memory;
	kernel.rodata_end = kernel.rodata + sizeof(kernel.memory);
	kernel.proved = kernel.readable = true;
	kernel.size = SIZE;
	return 0;
}

static int teardown(void **state)
{
	free_samples();
	return 0;
}

static int resolve_sample(struct sample *s)
{
	memset(&s->abort, 0, sizeof(s->abort));
	return ksplice_constants_resolve(&s->part, NULL, &s->abort);
}

static void expect_refused(struct sample *s, enum ksplice_cause cause, const char *why)
{
	assert_int_not_equal(resolve_sample(s), 0);
	assert_int_equal(s->abort.cause, cause);
	if (!strstr(s->abort.detail, why))
		fail_msg("%s", s->abort.detail);
	ksplice_constants_free(&s->part);
}

/* One stop: to the new contents or back. */
static void write_all(struct sample *s, bool to_new)
{
	s->stop.nr_data = 0;
	assert_int_equal(ksplice_constants_prepare(&s->update, to_new, &s->stop, &s->abort), 0);
	for (u32 i = 0; i < s->stop.nr_data; i++) {
		assert_true(ksplice_data_expected(&s->stop.data[i]));
		ksplice_data_store(&s->stop.data[i]);
	}
}

/* ---- tests ------------------------------------------------------------------------ */

/* Only what the mask has; and undo leaves every byte as it was, also of the neighbours. */
static void test_there_and_back(void **state)
{
	struct sample *s = new_sample(8, 3, 5);

	assert_int_equal(resolve_sample(s), 0);
	write_all(s, true);
	for (u32 i = 0; i < sizeof(kernel.memory); i++)
		assert_int_equal(kernel.memory[i], i == 11 ? 0 : i == 12 ? 0xa1 : i);
	/* Not expected a second time. */
	assert_false(ksplice_data_expected(&s->stop.data[0]));
	write_all(s, false);
	for (u32 i = 0; i < sizeof(kernel.memory); i++)
		assert_int_equal(kernel.memory[i], i);
}

/* Somebody else wrote to it: named with place and bytes. */
static void test_changed(void **state)
{
	struct sample *s = new_sample(8, 3, 5);

	assert_int_equal(resolve_sample(s), 0);
	write_all(s, true);
	kernel.memory[8 + SIZE - 1] = 0x77;
	s->stop.nr_data = 0;
	assert_int_equal(ksplice_constants_prepare(&s->update, false, &s->stop, &s->abort), 0);
	assert_false(ksplice_data_expected(&s->stop.data[0]));
	ksplice_data_report(&s->stop.data[0], &s->abort);
	assert_int_equal(s->abort.cause, KSPLICE_CAUSE_CHANGED);
	assert_non_null(strstr(s->abort.detail, "table+23"));
}

static void test_refusals(void **state)
{
	struct sample *s = new_sample(8, 0, SIZE);

	kernel.proved = false;
	expect_refused(s, KSPLICE_CAUSE_UNKNOWN_SYMBOL, "could not be compared");
	kernel.proved = true;
	kernel.size = SIZE - 1;
	expect_refused(s, KSPLICE_CAUSE_BAD_UPDATE, "it has 23 bytes, its new contents 24");
	kernel.size = SIZE;
	kernel.rodata_end = kernel.rodata + 8 + SIZE - 1;
	expect_refused(s, KSPLICE_CAUSE_BAD_UPDATE, "no constant of its own");
	kernel.rodata_end++;
	assert_int_equal(resolve_sample(s), 0);
	ksplice_constants_free(&s->part);
	kernel.rodata_end = kernel.rodata + 8;
	expect_refused(s, KSPLICE_CAUSE_BAD_UPDATE, "no constant of its own");
	kernel.rodata_end = kernel.rodata + 8 + SIZE;
	kernel.rodata += 9;
	expect_refused(s, KSPLICE_CAUSE_BAD_UPDATE, "no constant of its own");
	kernel.rodata -= 9;
	/* Where nothing says what is read-only, nothing is. */
	kernel.rodata_end = 0;
	expect_refused(s, KSPLICE_CAUSE_BAD_UPDATE, "no constant of its own");
	kernel.rodata_end = kernel.rodata + 8 + SIZE;
	kernel.rodata = 0;
	expect_refused(s, KSPLICE_CAUSE_BAD_UPDATE, "no constant of its own");
	/* A module's are where matching found them, in the module. */
	s->part.target = (struct module *)s;
	assert_int_equal(resolve_sample(s), 0);
	ksplice_constants_free(&s->part);
	s->part.target = NULL;
	kernel.rodata = (unsigned long)kernel.memory;
	kernel.rodata_end = kernel.rodata + 8 + SIZE;
	kernel.readable = false;
	expect_refused(s, KSPLICE_CAUSE_UNEXPECTED, "cannot be read");
	kernel.readable = true;
	/* The same bytes twice in one update. */
	s->desc.nr_rewrites = 2;
	s->rewrites[1].symbol = 8 + SIZE - 1;
	kernel.rodata_end = kernel.rodata + 1000;
	expect_refused(s, KSPLICE_CAUSE_BAD_UPDATE, "no constant of its own");
}

static void test_in_use(void **state)
{
	struct sample *first = new_sample(0, 0, 4), *second = new_sample(8, 0, 4);

	strcpy(first->update.id, "first");
	assert_int_equal(resolve_sample(first), 0);
	assert_int_equal(resolve_sample(second), 0);
	ksplice_constants_free(&second->part);

	first->update.stage = KSPLICE_APPLIED;
	expect_refused(second, KSPLICE_CAUSE_IN_USE, "rewritten by update first");
	/* It came before the first one was applied. */
	first->update.stage = KSPLICE_REVERSED;
	assert_int_equal(resolve_sample(second), 0);
	first->update.stage = KSPLICE_APPLIED;
	assert_int_not_equal(
		ksplice_constants_prepare(&second->update, true, &second->stop, &second->abort), 0);
	assert_int_equal(second->abort.cause, KSPLICE_CAUSE_IN_USE);
	/* It is not in its own way. */
	assert_int_equal(
		ksplice_constants_prepare(&first->update, false, &first->stop, &first->abort), 0);
}

static bool holds(const struct store *store, const u8 *at, size_t size)
{
	const u8 *start = store->at;

	return start <= at && at + size <= start + store->size;
}

/* Is each aligned scalar of [start, start + size) within one store? */
static void assert_scalars_whole(const u8 *start, size_t size)
{
	for (size_t width = 2; width <= 8; width *= 2) {
		size_t first = -(unsigned long)start % width;

		for (size_t at = first; at + width <= size; at += width) {
			bool whole = false;

			for (size_t i = 0; i < nr_stores; i++)
				whole |= holds(&stores[i], start + at, width);
			assert_true(whole);
		}
	}
}

/* Whatever begins and ends where, each aligned scalar in it is written by one store. */
static void test_stores(void **state)
{
	u8 to[64] __attribute__((aligned(16))), from[64];

	for (u32 start = 0; start < 16; start++) {
		for (u32 size = 1; size <= 32; size++) {
			struct ksplice_data_write write = {
				.alias = to + start,
				.wanted = from,
				.size = size,
			};
			u32 covered = 0;

			memset(to, 0, sizeof(to));
			for (u32 i = 0; i < sizeof(from); i++)
				from[i] = i + 1;
			nr_stores = 0;
			ksplice_data_store(&write);
			for (u32 i = 0; i < sizeof(to); i++)
				assert_int_equal(
					to[i], i >= start && i < start + size ? i - start + 1 : 0);
			for (u32 i = 0; i < nr_stores; i++) {
				assert_true(!((unsigned long)stores[i].at % stores[i].size));
				covered += stores[i].size;
			}
			assert_int_equal(covered, size);
			assert_scalars_whole(to + start, size);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_there_and_back, setup, teardown),
		cmocka_unit_test_setup_teardown(test_changed, setup, teardown),
		cmocka_unit_test_setup_teardown(test_refusals, setup, teardown),
		cmocka_unit_test_setup_teardown(test_in_use, setup, teardown),
		cmocka_unit_test(test_stores),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
