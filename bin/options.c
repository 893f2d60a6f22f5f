// SPDX-License-Identifier: GPL-2.0-only
/* Small common parts of the commands' mains. */
#include "options.h"

#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "../kmodsrc/ksplice_format.h"

#ifndef KSPLICE_VERSION
#define KSPLICE_VERSION "unknown"
#endif

#define MAX_SECONDS 86400

int option_seconds(const char *text, unsigned int *ret, struct failure *f)
{
	unsigned long value;
	char *end;

	errno = 0;
	value = strtoul(text, &end, 10);
	if (errno || *end || !isdigit((unsigned char)*text) || value > MAX_SECONDS)
		return fail(f, STATUS_USAGE, "usage", "not a number of seconds (0 to %d): %.40s",
			    MAX_SECONDS, text);
	*ret = value;
	return 0;
}

int option_usage(const struct speaker *who, const char *fmt, ...)
{
	struct failure f = { 0 };
	char text[256];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	fail(&f, STATUS_USAGE, "usage", "%s", text);
	fail_hint(&f, "see %s --help", who->name);
	return say_failure(who, &f);
}

int option_common(int c, char **argv, struct speaker *who, const char *help)
{
	switch (c) {
	case OPTION_JSON:
		who->json = 1;
		return -1;
	case 'v':
		who->verbose = 1;
		return -1;
	case 'h':
		fputs(help, stdout);
		return STATUS_OK;
	case 'V':
		printf("%s %s (format %d)\n", who->name, KSPLICE_VERSION, KSPLICE_FORMAT_VERSION);
		return STATUS_OK;
	default:
		return option_usage(who, "bad option, or one without its value: %s",
				    argv[optind - 1]);
	}
}

int option_need_root(struct failure *f)
{
	if (!geteuid())
		return 0;
	fail(f, STATUS_DENIED, "not_permitted", "only root may change the running kernel");
	fail_hint(f, "use sudo");
	return -1;
}
