/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The matcher of ksplice.ko, compiled for user space, on a copy of a kernel's memory. What differs
 * from the kernel is only how memory is read and how a refusal is kept.
 */
#ifndef TESTS_AUDIT_MATCHING_H
#define TESTS_AUDIT_MATCHING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "loaded.h"
#include "memory.h"

#define MATCHING_RANGES 16

/* A function that was matched and has one place. */
struct function {
	const char *name;
	uint64_t address;
	uint32_t size;
	uint32_t first_reference, nr_references;
};

enum object_kind {
	OBJECT_OTHER, /* code, or what can be written, or of another unit */
	OBJECT_STRING,
	OBJECT_CONSTANT,
	OBJECT_TABLE, /* read-only data */
};

/* A reference in a matched function, as it stands in memory. */
struct reference {
	uint64_t place; /* of the field */
	uint8_t width; /* of the field, in bytes */
	bool relative;
	enum object_kind kind;
	uint64_t object; /* what it means, if it is of this unit and read-only */
	uint32_t object_size;
};

/* One unit. The caller fills image to file. */
struct unit {
	const char *name;
	const void *image;
	size_t size;
	const void *candidates; /* struct ksplice_candidates */
	char target[64];
	uint64_t ranges[MATCHING_RANGES][2]; /* of the module that it is in */
	size_t nr_ranges;
	const struct loaded *file; /* of that module; NULL: vmlinux */
	struct function *functions;
	size_t nr_functions;
	struct reference *references;
	size_t nr_references;
	uint64_t bytes; /* of matched code */
};

/*
 * Says which memory to match, and the kernel's own addresses that the matcher needs (struct
 * ksplice_candidates). Both must stay.
 */
void matching_start(const struct memory *memory, const void *core);

/* Matches a unit; if it does not match, says why. */
bool matching_try(const struct unit *unit, char *why, size_t why_size);

/*
 * Matches a unit and fills functions, references and bytes, which unit_free() frees. Returns -1,
 * with the reason in `why', when it does not match.
 */
int matching_list(struct unit *unit, char *why, size_t why_size);
void unit_free(struct unit *unit);

#endif
