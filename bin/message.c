// SPDX-License-Identifier: GPL-2.0-only
/* Messages and failures: the one place that formats and prints them. */
#include "message.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <jansson.h>

#include "conflicts.h"

/* Texts of the kernel and of files end up here: one line, and nothing that drives a terminal. */
static void make_printable(char *text)
{
	for (; *text; text++) {
		if ((unsigned char)*text < 0x20 || *text == 0x7f)
			*text = ' ';
	}
}

int fail(struct failure *f, int status, const char *code, const char *fmt, ...)
{
	va_list args;

	if (f->text[0])
		return -1;
	f->status = status;
	snprintf(f->code, sizeof(f->code), "%s", code);
	va_start(args, fmt);
	vsnprintf(f->text, sizeof(f->text), fmt, args);
	va_end(args);
	make_printable(f->text);
	return -1;
}

int fail_memory(struct failure *f)
{
	return fail(f, STATUS_FAILED, "no_memory", "out of memory");
}

void fail_hint(struct failure *f, const char *fmt, ...)
{
	va_list args;

	if (f->hint[0])
		return;
	va_start(args, fmt);
	vsnprintf(f->hint, sizeof(f->hint), fmt, args);
	va_end(args);
	make_printable(f->hint);
}

static void say(const struct speaker *who, const char *fmt, va_list args)
{
	fprintf(stderr, "%s: ", who->name);
	vfprintf(stderr, fmt, args);
	fputc('\n', stderr);
}

void say_step(const struct speaker *who, const char *fmt, ...)
{
	va_list args;

	if (!who->verbose)
		return;
	va_start(args, fmt);
	say(who, fmt, args);
	va_end(args);
}

void say_note(const struct speaker *who, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	say(who, fmt, args);
	va_end(args);
}

void say_json(const json_t *value)
{
	if (!value)
		return;
	json_dumpf(value, stdout, JSON_INDENT(2));
	putchar('\n');
}

static void print_json_error(const struct failure *f)
{
	json_t *root = json_pack("{s:{s:s, s:s, s:s, s:i, s:b, s:o}}", "error", "code", f->code,
				 "message", f->text, "hint", f->hint, "status", f->status,
				 "unchanged", f->unchanged, "conflicts",
				 conflicts_to_json(f->conflicts));

	say_json(root);
	json_decref(root);
}

int say_failure(const struct speaker *who, const struct failure *f)
{
	fprintf(stderr, "%s: error: %s [%s]\n", who->name, f->text, f->code);
	if (f->conflicts[0])
		conflicts_print(f->conflicts, stderr);
	if (f->hint[0])
		fprintf(stderr, "%s: hint: %s\n", who->name, f->hint);
	if (f->unchanged && who->unchanged)
		fprintf(stderr, "%s: Nothing was changed: %s.\n", who->name, who->unchanged);
	if (who->json)
		print_json_error(f);
	return f->status;
}
