// SPDX-License-Identifier: GPL-2.0-only
#include "btf.h"

#include <string.h>

#include "pair_internal.h"

static const char prefix[] = "__BTF_ID__";

bool btf_is_id(const char *name)
{
	return !strncmp(name, prefix, strlen(prefix));
}

static bool is_id(const struct atom *atom)
{
	return atom->class == SECTION_UNKNOWN && atom->sym && btf_is_id(atom->sym->name);
}

static bool same_ids(const struct atom *a, const struct atom *b, int round)
{
	(void)round;
	return is_id(b) && atom_size(a) == atom_size(b) &&
	       pair_same_base(a->sym->name, b->sym->name);
}

void btf_pair(struct unit *pre, struct unit *post)
{
	pair_left(pre, post, is_id, same_ids, 0);
}

int btf_check(const struct atom *post, const char *name, struct error *err)
{
	int rc;

	if (post->twin || !is_id(post))
		return 0;
	rc = error_refuse(err, "%s: %s is new in section %s, which the kernel's build fills in",
			  name, atom_name(post), post->sec->name);
	error_hint(err, "a running kernel cannot be given more of them");
	return rc;
}
