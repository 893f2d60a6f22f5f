// SPDX-License-Identifier: GPL-2.0-only
#include "constant.h"

#include "operand.h"
#include "pair.h"
#include "rewrite.h"

#define MAX_DEPTH 4 /* of tables that name tables */

/* Who uses a constant, and how. */
struct usage {
	const struct atom *taker; /* lasting or init code that takes its address, or NULL */
	const struct atom *reader; /* init code that has read it, or NULL */
	bool elsewhere; /* not only code that comes along can */
	bool unchanged; /* code that would not change otherwise does */
};

static void add_user(struct usage *usage, const struct atom *user, const struct ref *ref)
{
	if (!atom_is_code(user)) {
		usage->elsewhere = true;
		return;
	}
	if (operand_is_address(user, ref))
		usage->taker = user;
	else if (user->class == SECTION_INIT_CODE)
		usage->reader = user;
	usage->elsewhere |= user->class == SECTION_INIT_CODE;
	usage->unchanged |= !user->changed;
}

static struct usage find_usage(const struct atom *constant)
{
	const struct unit *unit = constant->unit;
	struct usage usage = { .elsewhere = constant->sym->bind != STB_LOCAL };

	for (size_t i = 0; i < unit->nr_atoms; i++) {
		const struct atom *user = unit->atoms[i];

		if (user->class == SECTION_IGNORED || user == constant)
			continue;
		for (size_t r = 0; r < user->nr_refs; r++)
			if (user->refs[r].atom == constant)
				add_user(&usage, user, &user->refs[r]);
	}
	return usage;
}

/* Operations, or a table of such: what live objects point to. */
static bool leads_to_code(const struct atom *atom, unsigned int depth)
{
	for (size_t i = 0; i < atom->nr_refs; i++) {
		const struct atom *target = atom->refs[i].atom;

		if (!target)
			continue;
		if (atom_is_code(target) || (target->class == SECTION_RODATA && depth < MAX_DEPTH &&
					     leads_to_code(target, depth + 1)))
			return true;
	}
	return false;
}

/*
 * A copy is as good as the original where only code that can be replaced reads
 * it, and nobody has its address. It is the choice if that code is replaced
 * anyway, and if what is written into the running kernel's would point into the
 * update, which could not leave the kernel then.
 */
static bool better_copied(const struct atom *constant, const struct usage *usage)
{
	if (usage->elsewhere || usage->taker)
		return false;
	return !usage->unchanged || rewrite_points_into_update(constant);
}

bool constants_settle(struct unit *post)
{
	bool any = false;

	for (size_t i = 0; i < post->nr_named; i++) {
		struct atom *b = post->by_name[i];
		struct usage usage;
		const char *why;

		if (b->class != SECTION_RODATA || !b->changed || !b->twin || pair_by_content(b) ||
		    b->renewed || b->rewritten)
			continue;
		usage = find_usage(b);
		/* What init code made of the old contents would stay. */
		if (!usage.reader && !better_copied(b, &usage) && rewrite_possible(b, &why)) {
			b->rewritten = b->twin->rewritten = true;
		} else {
			b->renewed = b->twin->renewed = true;
			any = true;
		}
	}
	return any;
}

int constant_check(const struct atom *b, const char *name, struct error *err)
{
	const char *why = NULL;
	struct usage usage;
	int rc;

	if (b->rewritten)
		return 0;
	usage = find_usage(b);
	rewrite_possible(b, &why);
	if (b->sym->bind != STB_LOCAL) {
		rc = error_refuse(
			err, "%s: the constant %s changes (%s), and other units can use it%s%s",
			name, atom_name(b), b->reason,
			why ? "; it cannot be changed where it is: " : "", why ? why : "");
		error_hint(
			err,
			"put what is new into a static constant of another name, and let the functions use that");
		return rc;
	}
	if (!usage.taker || !leads_to_code(b, 0))
		return 0;
	rc = error_refuse(
		err,
		"%s: %s changes (%s), and %s() hands out its address: live objects point to the old one%s%s",
		name, atom_name(b), b->reason, atom_name(usage.taker),
		why ? ", which cannot be changed where it is: " : "", why ? why : "");
	error_hint(err, "change the functions that the table names instead of the table");
	return rc;
}
