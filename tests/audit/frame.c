// SPDX-License-Identifier: GPL-2.0-only
/* Puts an image into a copy of the linked module: behind its end, where no section is. */
#include "frame.h"

#include <elf.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bin/cleanup.h"
#include "kmodsrc/ksplice_format.h"

void *read_whole_file(const char *path, size_t *size, struct failure *f)
{
	_cleanup_fclose_ FILE *file = fopen(path, "re");
	_cleanup_free_ unsigned char *data = NULL;
	unsigned char *ret;
	long end;

	if (!file || fseek(file, 0, SEEK_END) || (end = ftell(file)) < 0) {
		fail(f, STATUS_FAILED, "not_found", "%s: %s", path, strerror(errno));
		return NULL;
	}
	rewind(file);
	data = malloc(end + 1);
	if (!data) {
		fail_memory(f);
		return NULL;
	}
	if (fread(data, 1, end, file) != (size_t)end) {
		fail(f, STATUS_FAILED, "failed", "%s: cannot be read", path);
		return NULL;
	}
	data[end] = '\0';
	*size = end;
	ret = data;
	data = NULL;
	return ret;
}

/* The header of a section, or NULL: the file ends before it. */
static const Elf64_Shdr *section_header(const struct frame *frame, unsigned int index)
{
	const Elf64_Ehdr *elf = (const void *)frame->data;
	size_t at = elf->e_shoff + (size_t)index * sizeof(Elf64_Shdr);

	if (index >= elf->e_shnum || at > frame->size || frame->size - at < sizeof(Elf64_Shdr))
		return NULL;
	return (const void *)(frame->data + at);
}

static bool is_named(const struct frame *frame, const Elf64_Shdr *header, const char *name)
{
	const Elf64_Ehdr *elf = (const void *)frame->data;
	const Elf64_Shdr *names = section_header(frame, elf->e_shstrndx);

	return names && names->sh_offset < frame->size &&
	       header->sh_name < frame->size - names->sh_offset &&
	       !strcmp((const char *)frame->data + names->sh_offset + header->sh_name, name);
}

int frame_read(struct frame *frame, const char *path, struct failure *f)
{
	const Elf64_Ehdr *elf;
	const Elf64_Shdr *header;

	frame->data = read_whole_file(path, &frame->size, f);
	if (!frame->data)
		return -1;
	elf = (const void *)frame->data;
	if (frame->size < sizeof(*elf) || memcmp(elf->e_ident, ELFMAG, SELFMAG) ||
	    elf->e_ident[EI_CLASS] != ELFCLASS64)
		return fail(f, STATUS_FAILED, "failed", "%s: not a module", path);
	for (unsigned int i = 0; (header = section_header(frame, i)); i++) {
		if (is_named(frame, header, KSPLICE_SEC_IMAGE))
			frame->image_header = (const unsigned char *)header - frame->data;
		else if (is_named(frame, header, KSPLICE_SEC_DESCRIPTOR) &&
			 header->sh_offset < frame->size &&
			 frame->size - header->sh_offset >= sizeof(struct ksplice_descriptor))
			frame->descriptor = header->sh_offset;
	}
	if (!frame->image_header || !frame->descriptor)
		return fail(f, STATUS_FAILED, "failed", "%s: not the module of an update", path);
	return 0;
}

void frame_free(struct frame *frame)
{
	free(frame->data);
	frame->data = NULL;
}

void *frame_fill(const struct frame *frame, const char *target, const void *image,
		 size_t image_size, size_t *size, struct failure *f)
{
	size_t at = (frame->size + KSPLICE_IMAGE_ALIGN - 1) & ~(size_t)(KSPLICE_IMAGE_ALIGN - 1);
	struct ksplice_descriptor *descriptor;
	unsigned char *data;
	Elf64_Shdr *header;

	if (strlen(target) >= KSPLICE_TARGET_LEN) {
		fail(f, STATUS_FAILED, "failed", "%s: the name of this target is too long", target);
		return NULL;
	}
	data = calloc(1, at + image_size);
	if (!data) {
		fail_memory(f);
		return NULL;
	}
	memcpy(data, frame->data, frame->size);
	memcpy(data + at, image, image_size);
	header = (void *)(data + frame->image_header);
	header->sh_offset = at;
	header->sh_size = image_size;
	descriptor = (void *)(data + frame->descriptor);
	memset(descriptor->target, 0, sizeof(descriptor->target));
	strcpy(descriptor->target, target);
	descriptor->images_size = image_size;
	*size = at + image_size;
	return data;
}
