// SPDX-License-Identifier: GPL-2.0-only
#include "error.h"

#include <stdarg.h>
#include <stdio.h>

static void set_text(struct error *err, int code, const char *fmt, va_list ap)
{
	if (err->text[0])
		return;
	err->code = code;
	vsnprintf(err->text, sizeof(err->text), fmt, ap);
}

int error_set(struct error *err, int code, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	set_text(err, code, fmt, ap);
	va_end(ap);
	return code;
}

int error_refuse(struct error *err, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	set_text(err, -ERROR_REFUSED, fmt, ap);
	va_end(ap);
	return -ERROR_REFUSED;
}

void error_hint(struct error *err, const char *fmt, ...)
{
	va_list ap;

	if (err->hint[0])
		return;
	va_start(ap, fmt);
	vsnprintf(err->hint, sizeof(err->hint), fmt, ap);
	va_end(ap);
}
