// SPDX-License-Identifier: GPL-2.0-only
#include "image_view.h"

#include <errno.h>
#include <stdlib.h>

#include "image.h"

static void open_view(struct image_view *view, unsigned char *bytes)
{
	struct ksplice_image *head = (void *)bytes;

	view->bytes = bytes;
	view->head = head;
	view->sections = (void *)(bytes + head->sections_off);
	view->symbols = (void *)(bytes + head->symbols_off);
	view->refs = (void *)(bytes + head->refs_off);
	view->sites = (void *)(bytes + head->sites_off);
	view->variants = (void *)(bytes + head->variants_off);
	view->contents = bytes + head->bytes_off;
	view->strings = (const char *)bytes + head->strings_off;
}

int image_views_read(unsigned char *bytes, size_t size, const char *what, struct image_view **ret,
		     size_t *nr, struct error *err)
{
	struct image_view *views = NULL;
	size_t count = 0;

	for (size_t at = 0; at < size;) {
		int code = image_check(bytes + at, size - at, what, err);
		struct image_view *grown;

		if (code) {
			free(views);
			return code;
		}
		grown = realloc(views, (count + 1) * sizeof(*views));
		if (!grown) {
			free(views);
			return error_set(err, -ENOMEM, "out of memory");
		}
		views = grown;
		open_view(&views[count], bytes + at);
		if (image_view_of(views, count, views[count].head->unit_id)) {
			code = error_set(err, -EINVAL,
					 "%s: two images for %s (or for units of one id)", what,
					 image_view_unit(&views[count]));
			free(views);
			return code;
		}
		at += views[count++].head->size;
	}
	*ret = views;
	*nr = count;
	return 0;
}

struct image_view *image_view_of(struct image_view *views, size_t nr, uint32_t unit_id)
{
	for (size_t i = 0; i < nr; i++)
		if (views[i].head->unit_id == unit_id)
			return &views[i];
	return NULL;
}
