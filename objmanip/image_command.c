// SPDX-License-Identifier: GPL-2.0-only
/* objmanip image: the image of one unit alone, for tests and the audit. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "commands.h"
#include "image.h"

static const char usage[] =
	"Usage: objmanip image RUN.o --unit NAME --target TARGET -o FILE\n"
	"Write the image (match program) of a unit, compiled as its kernel was, to FILE.\n"
	"\n"
	"      --unit NAME      the unit, as \"fs/proc/cmdline.o\"\n"
	"      --target TARGET  \"vmlinux\" or the name of a module\n"
	"  -o, --output FILE    the raw image\n"
	"  -h, --help           print this and exit\n";

static int write_file(const char *path, const void *bytes, size_t size, struct error *err)
{
	FILE *file = fopen(path, "wb");
	int failed;

	if (!file)
		return error_set(err, -errno, "%s: %s", path, strerror(errno));
	failed = fwrite(bytes, 1, size, file) != size;
	failed |= fclose(file);
	if (failed) {
		error_set(err, -EIO, "%s: %s", path, strerror(errno));
		remove(path);
		return -EIO;
	}
	return 0;
}

static int make_image(const char *run, const char *unit, const char *target, const char *output,
		      struct error *err)
{
	_cleanup_elf_ struct elf_file *elf = NULL;
	_cleanup_image_ struct image *image = NULL;
	unsigned char *bytes = NULL;
	size_t size;
	int ret;

	ret = elf_open(run, &elf, err);
	if (!ret)
		ret = image_build(elf, unit, target, &image, err);
	if (!ret)
		ret = image_serialise(image, &bytes, &size, err);
	if (!ret)
		ret = image_check(bytes, size, unit, err);
	if (!ret)
		ret = write_file(output, bytes, size, err);
	free(bytes);
	return ret;
}

int cmd_image(int argc, char **argv)
{
	static const struct option options[] = {
		{ "unit", required_argument, NULL, 'u' },
		{ "target", required_argument, NULL, 't' },
		{ "output", required_argument, NULL, 'o' },
		{ "help", no_argument, NULL, 'h' },
		{ NULL, 0, NULL, 0 },
	};
	const char *unit = NULL, *target = NULL, *output = NULL;
	const char **const values[] = { ['u'] = &unit, ['t'] = &target, ['o'] = &output };
	int status = command_options(argc, argv, options, values, usage);
	struct error err = { 0 };

	if (status >= 0)
		return status;
	if (argc - optind != 1 || !unit || !target || !output)
		return command_usage_error("image", "needs RUN.o, --unit, --target and -o");
	if (make_image(argv[optind], unit, target, output, &err))
		return command_fail(&err);
	return EXIT_OK;
}
