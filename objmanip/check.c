// SPDX-License-Identifier: GPL-2.0-only
#include "check.h"

#include <string.h>

#include "accept.h"
#include "btf.h"
#include "compare.h"
#include "constant.h"
#include "pair.h"

static int check_data(const struct atom *b, const char *name, struct error *err)
{
	const struct atom *a = b->twin;
	char values[80], field[80];
	int rc;

	if (b->class == SECTION_UNKNOWN || a->class == SECTION_UNKNOWN) {
		rc = error_refuse(err, "%s: %s changes (%s) in section %s, which is not known",
				  name, atom_name(b), b->reason, b->sec->name);
		error_hint(
			err,
			"the kernel's use of that section is unknown to objmanip; it is safe to change code only");
		return rc;
	}
	if (atom_size(a) != atom_size(b)) {
		rc = error_refuse(err, "%s: the size of %s changes from %llu to %llu bytes", name,
				  atom_name(b), (unsigned long long)atom_size(a),
				  (unsigned long long)atom_size(b));
		error_hint(
			err,
			"the running kernel uses it as it is: put what is new into an object of another name");
		return rc;
	}
	accept_field(a, b, field, sizeof(field));
	rc = error_refuse(err, "%s: the initial value of %s%s changes (%s)", name, atom_name(b), field,
			  accept_values(a, b, values, sizeof(values)) ? values : b->reason);
	error_hint(
		err,
		"the running kernel has given it a value already: change it in code that runs; or, if the old value can stay: --accept initial-value=%s",
		atom_name(b));
	return rc;
}

/* foo and foo.constprop.0 are the same function for who calls them. */
static bool same_stem(const struct atom *a, const struct atom *b)
{
	size_t na = strcspn(atom_name(a), "."), nb = strcspn(atom_name(b), ".");

	return na == nb && !memcmp(atom_name(a), atom_name(b), na);
}

bool check_only_clones(const struct atom *b)
{
	const struct atom *a = b->twin;

	if (!pair_same_shape(a, b))
		return false;
	for (size_t i = 0; i < b->nr_refs; i++) {
		const struct ref *p = &a->refs[i], *q = &b->refs[i];
		bool calls = p->atom && q->atom && atom_is_code(p->atom) && atom_is_code(q->atom);

		if (!compare_same_target(p, q) &&
		    (!calls || p->place != q->place || !same_stem(p->atom, q->atom)))
			return false;
	}
	return true;
}

/* Called from user mode with the page tables of user mode, where modules are not mapped. */
static int check_entry_code(const struct atom *b, const char *name, struct error *err)
{
	int rc;

	if (strcmp(b->sec->name, ".entry.text"))
		return 0;
	rc = error_refuse(
		err,
		"%s: %s() changes (%s), and it runs before the kernel's page tables are in use",
		name, atom_name(b), b->reason);
	error_hint(err, "new code cannot be reached from there; change what it calls");
	return rc;
}

static int check_atom(const struct atom *b, const char *name, const char *target, struct error *err)
{
	const char *kind = accept_kind(b);
	char values[80], field[80];
	int rc;

	if (kind && accept_covers(b, kind))
		return 0;
	switch (b->class) {
	case SECTION_INIT_CODE:
		if (check_only_clones(b))
			return 0;
		rc = error_refuse(err, "%s: %s() changes (%s), but it runs only %s", name,
				  atom_name(b), b->reason,
				  strcmp(target, "vmlinux") ? "when the module is loaded"
							    : "at boot");
		error_hint(
			err,
			"it has run already and is freed: do it in code that still runs; or, if the update does without it: --accept init-code=%s",
			atom_name(b));
		return rc;
	case SECTION_INIT_DATA:
		accept_field(b->twin, b, field, sizeof(field));
		rc = error_refuse(
			err, "%s: %s%s changes (%s), but it is read only at boot", name, atom_name(b), field,
			accept_values(b->twin, b, values, sizeof(values)) ? values : b->reason);
		error_hint(
			err,
			"it was read already and is freed; if the update does without: --accept initial-value=%s",
			atom_name(b));
		return rc;
	case SECTION_RODATA:
		if (b->twin->class == SECTION_RODATA)
			return constant_check(b, name, err);
		return check_data(b, name, err);
	case SECTION_DATA:
	case SECTION_UNKNOWN:
		return check_data(b, name, err);
	case SECTION_CODE:
		return check_entry_code(b, name, err);
	default:
		return 0;
	}
}

bool check_registers(const struct unit *pre, const struct atom *post)
{
	if (post->class != SECTION_REGISTRY)
		return false;
	for (size_t i = 0; i < pre->nr_atoms; i++) {
		const struct atom *a = pre->atoms[i];

		if (a->class == SECTION_REGISTRY && !strcmp(a->sec->name, post->sec->name) &&
		    pair_same_content(a, post))
			return false;
	}
	return true;
}

/* Entries that the kernel or the module loader reads once: nothing new may be there. */
static int check_registry(const struct unit *pre, const struct atom *b, const char *name,
			  struct error *err)
{
	const char *kind = accept_kind(b);
	int rc;

	if (!check_registers(pre, b) || (kind && accept_covers(b, kind)))
		return 0;
	rc = error_refuse(
		err,
		"%s: %s is new or changes in section %s, which is read only at boot or when a module is loaded",
		name, atom_name(b), b->sec->name);
	if (kind)
		error_hint(
			err,
			"boot options, module parameters and initcalls cannot be added to a running kernel; if the update does without: --accept %s=%s",
			kind, atom_name(b));
	else
		error_hint(
			err,
			"tracepoints, system calls and the like cannot be added to a running kernel");
	return rc;
}

int check_units(const struct unit *pre, const struct unit *post, const char *name,
		const char *target, struct error *err)
{
	/* Objects first: a changed one makes the functions that use it change. */
	for (int code = 0; code <= 1; code++) {
		for (size_t i = 0; i < post->nr_atoms; i++) {
			const struct atom *b = post->atoms[i];
			int rc = 0;

			if (atom_is_code(b) != code)
				continue;
			rc = btf_check(b, name, err);
			if (!rc && b->class == SECTION_REGISTRY)
				rc = check_registry(pre, b, name, err);
			else if (!rc && b->changed && b->twin)
				rc = check_atom(b, name, target, err);
			if (rc)
				return rc;
		}
	}
	return 0;
}
