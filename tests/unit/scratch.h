/* SPDX-License-Identifier: GPL-2.0-only */
/* Inputs for tests: objects made by the compiler while the test runs. */
#ifndef TESTS_SCRATCH_H
#define TESTS_SCRATCH_H

/* A new folder for this test program, removed when it exits. */
const char *scratch_folder(void);

/* A path in that folder, in a buffer of its own; free() it. */
char *scratch_path(const char *name);

/*
 * Compiles `text' to an object and returns its path (free() it). `name' ends
 * in .c or .s; `flags' are added to the compiler's. Fails the test otherwise.
 */
char *scratch_object(const char *name, const char *text, const char *flags);

#endif
