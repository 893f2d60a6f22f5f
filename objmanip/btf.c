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

void btf_pair(struct unit *pre, struct unit *post)
{
	for (size_t i = 0; i < pre->nr_named; i++) {
		struct atom *a = pre->by_name[i];
		size_t k, end;

		if (a->twin || !is_id(a))
			continue;
		end = pair_range(post, a->sym->name, &k);
		for (; k < end && !a->twin; k++) {
			struct atom *b = post->by_name[k];

			if (!b->twin && is_id(b) && atom_size(a) == atom_size(b) &&
			    pair_same_base(a->sym->name, b->sym->name))
				pair_set_twins(a, b);
		}
	}
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
