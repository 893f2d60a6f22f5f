// SPDX-License-Identifier: GPL-2.0-only
/* Reading modules' files: this test's own object, whole and damaged. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <gelf.h>

/* Before cmocka.h, which makes `fail' a macro. */
#include "bin/candidates.h"
#include "bin/module_file.h"
#include "bin/update_file.h"
#include "kmodsrc/ksplice_format.h"

#include <cmocka.h>

static const char names[] = "\0.modinfo\0" KSPLICE_SEC_IMAGE "\0.shstrtab";
enum { NAME_INFO = 1, NAME_IMAGE = 10, NAME_NAMES = NAME_IMAGE + sizeof(KSPLICE_SEC_IMAGE) };

/* A module as small as can be. */
struct file {
	Elf64_Ehdr header;
	Elf64_Shdr sections[4];
	struct ksplice_image image __attribute__((aligned(16)));
	struct ksplice_symbol symbol;
	char strings[24];
	char info[40];
	char names[64];
} __attribute__((aligned(16)));

#define IMAGE_SIZE (offsetof(struct file, info) - offsetof(struct file, image))

static struct file make_file(void)
{
	struct file file = {
		.header = {
			.e_ident = { ELFMAG0, ELFMAG1, ELFMAG2, ELFMAG3, ELFCLASS64, ELFDATA2LSB,
				     EV_CURRENT },
			.e_type = ET_REL,
			.e_machine = EM_X86_64,
			.e_version = EV_CURRENT,
			.e_ehsize = sizeof(Elf64_Ehdr),
			.e_shoff = offsetof(struct file, sections),
			.e_shentsize = sizeof(Elf64_Shdr),
			.e_shnum = 4,
			.e_shstrndx = 3,
		},
		.sections = {
			[1] = { .sh_name = NAME_INFO, .sh_type = SHT_PROGBITS,
				.sh_offset = offsetof(struct file, info), .sh_size = 40 },
			[2] = { .sh_name = NAME_IMAGE, .sh_type = SHT_PROGBITS,
				.sh_offset = offsetof(struct file, image), .sh_size = IMAGE_SIZE },
			[3] = { .sh_name = NAME_NAMES, .sh_type = SHT_STRTAB,
				.sh_offset = offsetof(struct file, names), .sh_size = 64 },
		},
		.image = {
			.magic = KSPLICE_IMAGE_MAGIC,
			.version = KSPLICE_FORMAT_VERSION,
			.size = IMAGE_SIZE,
			.nr_symbols = 1,
			.symbols_off = sizeof(struct ksplice_image),
			.strings_off = sizeof(struct ksplice_image) + sizeof(struct ksplice_symbol),
			.strings_size = 24,
		},
		.symbol = { .name = 1, .section = KSPLICE_EXTERN },
		.strings = "\0printk",
		.info = "name=ksplice_u1_m\0vermagic=6.1 SMP",
	};

	memcpy(file.names, names, sizeof(names));
	return file;
}

static int read_file(const void *data, size_t size, struct failure *f)
{
	struct update_member member = { .name = (char *)"m.ko",
					.data = (void *)data,
					.size = size };
	struct kallsyms *k = kallsyms_new();
	struct module_file module;
	int ret;

	memset(f, 0, sizeof(*f));
	ret = module_file_read(&member, &module, f);
	if (!ret) {
		assert_true(strlen(module.name) < KSPLICE_TARGET_LEN);
		ret = candidates_want(k, module.images, module.images_size, f);
	}
	assert_int_equal(ret == 0, f->text[0] == '\0');
	kallsyms_free(k);
	return ret;
}

static void reads_a_module(void **state)
{
	struct file file = make_file();
	struct update_member member = { .name = (char *)"m.ko",
					.data = (void *)&file,
					.size = sizeof(file) };
	struct module_file module;
	struct failure f = { 0 };

	assert_int_equal(module_file_read(&member, &module, &f), 0);
	assert_string_equal(module.name, "ksplice_u1_m");
	assert_string_equal(module.vermagic, "6.1 SMP");
	assert_ptr_equal(module.images, &file.image);
	assert_int_equal(module.images_size, IMAGE_SIZE);
	assert_int_equal(read_file(&file, sizeof(file), &f), 0);
}

static void survives_damage(void **state)
{
	struct file file = make_file();
	unsigned char *bytes = (unsigned char *)&file;
	static const unsigned char values[] = { 0x00, 0xff, 0x7f, 0x80, 0x01 };
	struct failure f;

	for (size_t size = 0; size < sizeof(file); size++) {
		/* A copy of just that size, so that a read beyond is seen. */
		void *copy = malloc(size ? size : 1);

		memcpy(copy, &file, size);
		read_file(copy, size, &f);
		free(copy);
	}
	for (size_t i = 0; i < sizeof(file); i++) {
		for (size_t v = 0; v < sizeof(values); v++) {
			unsigned char old = bytes[i];
			void *copy = malloc(sizeof(file));

			bytes[i] = values[v];
			memcpy(copy, &file, sizeof(file));
			bytes[i] = old;
			read_file(copy, sizeof(file), &f);
			free(copy);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_a_module),
		cmocka_unit_test(survives_damage),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
