// SPDX-License-Identifier: GPL-2.0-only
/* Reading kernel text as it was before us, and writable aliases of it. */
#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/uaccess.h>
#include <linux/vmalloc.h>

#include "compat/compat.h"
#include "ksplice.h"

struct ksplice_alias {
	void *mapping; /* of vmap() */
	void *pointer; /* to the first byte asked for */
};

/* Puts the original bytes of one place that we wrote to over a copy of [address, address + len). */
static void overlay(u8 *copy, unsigned long address, size_t len, unsigned long written,
		    const u8 *original, u32 size)
{
	unsigned long start = max(address, written), end = min(address + len, written + size);

	if (start < end)
		memcpy(copy + (start - address), original + (start - written), end - start);
}

static void overlay_part(u8 *copy, unsigned long address, size_t len,
			 const struct ksplice_part *part)
{
	unsigned int i;

	for (i = 0; i < part->nr_splices; i++)
		if (part->splices[i].site)
			overlay(copy, address, len, part->splices[i].site,
				part->splices[i].original, KSPLICE_JUMP_SIZE);
	for (i = 0; i < part->nr_constants; i++)
		overlay(copy, address, len, part->constants[i].address,
			part->constants[i].original, part->constants[i].size);
}

int ksplice_read_original(void *dst, unsigned long address, size_t len)
{
	const struct ksplice_update *update;
	const struct ksplice_part *part;

	lockdep_assert_held(&ksplice_mutex);
	if (copy_from_kernel_nofault(dst, (void *)address, len))
		return -EFAULT;

	list_for_each_entry(update, &ksplice_updates, list) {
		if (update->stage != KSPLICE_APPLIED)
			continue;
		list_for_each_entry(part, &update->parts, list)
			overlay_part(dst, address, len, part);
	}
	return 0;
}

bool ksplice_module_is_constant(const struct module *mod, unsigned long address, size_t len)
{
	return ksplice_compat_module_is_constant(mod, address, len);
}

struct ksplice_alias *ksplice_alias_map(unsigned long address, size_t len)
{
	unsigned long first = address & PAGE_MASK;
	unsigned int nr = DIV_ROUND_UP(address + len - first, PAGE_SIZE);
	struct ksplice_alias *alias;
	struct page **pages;
	unsigned int i;

	alias = kzalloc(sizeof(*alias), GFP_KERNEL);
	pages = kvcalloc(nr, sizeof(*pages), GFP_KERNEL);
	if (!alias || !pages)
		goto fail;
	for (i = 0; i < nr; i++) {
		pages[i] = ksplice_arch_text_page(first + i * PAGE_SIZE);
		if (!pages[i])
			goto fail;
	}
	alias->mapping = vmap(pages, nr, VM_MAP, PAGE_KERNEL);
	if (!alias->mapping)
		goto fail;
	alias->pointer = alias->mapping + (address - first);
	kvfree(pages);
	return alias;

fail:
	kvfree(pages);
	kfree(alias);
	return NULL;
}

void *ksplice_alias_pointer(struct ksplice_alias *alias)
{
	return alias->pointer;
}

void ksplice_alias_unmap(struct ksplice_alias *alias)
{
	if (!alias)
		return;
	vunmap(alias->mapping);
	kfree(alias);
}
