/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Takes out of a unit's POST object the code that an update brings: replaced
 * and added functions with all they need. See also emit.c, funcs.c.
 */
#ifndef OBJMANIP_EXTRACT_H
#define OBJMANIP_EXTRACT_H

#include <stdio.h>

#include "image.h"
#include "names.h"
#include "symvers.h"
#include "unit.h"

struct extract {
	const char *name;		/* of the unit: "fs/proc/cmdline.o" */
	const char *target;		/* "vmlinux" or a module's name */
	const struct symvers *symvers;
	const struct names *names;	/* what the target's units gain and lose, or NULL */
	const struct names *all_names;	/* the same of all targets of the update, or NULL */
	struct elf_file *run;		/* as the distribution compiled it */
	struct unit *pre, *post;
	struct image *image;		/* of run; gets what the new code needs */
	uint32_t unit_id;
	struct elf_file *out;		/* the new code */
	bool keep;			/* the address of an added function is used */
};

/*
 * Compares, chooses and writes the new code into x->out, which is then the
 * caller's; out->path is `path'. All of the fields above `image' are given.
 * Returns 1 when nothing changed (x->out is NULL), 0, or an error; refuses by
 * name what cannot be done.
 */
int extract_unit(struct extract *x, const char *path, struct error *err);

/* Frees what extract_unit() has made: image, out. */
void extract_done(struct extract *x);

/*
 * One line per function and object: "replaced NAME", "added NAME", "data NAME",
 * "rewritten NAME" (a constant, where it is), "removed NAME", "stored NAME" (removed, and its
 * address may be stored), "ignored NAME" (code that the kernel does not have).
 */
void extract_report(const struct extract *x, FILE *file);

/* ---- between extract.c, emit.c and funcs.c --------------------------------- */

/*
 * Is the running kernel's own meant by a reference to this atom of POST?
 * Otherwise it comes along.
 */
bool extract_is_running(const struct atom *atom);

/*
 * A call of a function that was freed after boot, from code that has it in PRE
 * as well: the code knows by itself when it must not call.
 */
bool extract_is_dead_call(const struct atom *atom, const struct ref *ref);

/*
 * The running kernel's counterpart of an atom of POST that has a twin: its
 * symbol in RUN and the index in the image, marked as needed. Refuses when
 * there is none.
 */
int extract_running(struct extract *x, const struct atom *post, struct elf_symbol **sym,
		    uint32_t *index, struct error *err);

/* Copies the included atoms and their table entries into x->out. */
int emit_code(struct extract *x, struct error *err);

/* Adds .ksplice.funcs, .ksplice.names and the image to x->out. */
int emit_tables(struct extract *x, struct error *err);

#endif
