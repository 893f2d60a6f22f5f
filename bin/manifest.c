// SPDX-License-Identifier: GPL-2.0-only
/*
 * Reads a manifest. It is untrusted: names in it become file and module names,
 * so each field has a closed set of characters, and nothing is skipped.
 */
#include "manifest.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "../kmodsrc/ksplice_format.h"
#include "cleanup.h"

#define MAX_TARGETS   512
#define MAX_FUNCTIONS 65536
#define ID_CHARS      "abcdefghijklmnopqrstuvwxyz0123456789_"
#define NAME_CHARS    ID_CHARS "ABCDEFGHIJKLMNOPQRSTUVWXYZ-."
#define MAX_ID	      24

/* One line while it is parsed: what is left of it, and where it is. */
struct line {
	char *rest;
	unsigned int number;
};

static int bad(struct failure *f, const struct line *line, const char *why)
{
	return fail(f, STATUS_FAILED, "bad_update", "manifest line %u: %s", line->number, why);
}

bool manifest_id_is_valid(const char *id)
{
	size_t length = strlen(id);

	return length >= 1 && length <= MAX_ID && strspn(id, ID_CHARS) == length;
}

/* A target's or a member's name: no directory, no hidden file. */
static bool is_name(const char *name)
{
	size_t length = strlen(name);

	return length >= 1 && length < KSPLICE_TARGET_LEN && name[0] != '.' &&
	       strspn(name, NAME_CHARS) == length;
}

static bool is_sha256(const char *text)
{
	return strlen(text) == 64 && strspn(text, "0123456789abcdef") == 64;
}

/* The next word, or NULL. */
static char *next_word(struct line *line)
{
	char *word = strsep(&line->rest, " ");

	return word && *word ? word : NULL;
}

/* The last word: nothing may follow it. */
static char *last_word(struct line *line)
{
	char *word = next_word(line);

	return line->rest ? NULL : word;
}

static int read_text(struct line *line, const char **ret, struct failure *f)
{
	if (*ret)
		return bad(f, line, "this key was given before");
	if (!line->rest || !*line->rest)
		return bad(f, line, "the value is missing");
	*ret = line->rest;
	return 0;
}

static int read_description(struct line *line, const char **ret, struct failure *f)
{
	if (*ret)
		return bad(f, line, "this key was given before");
	*ret = line->rest ? line->rest : "";
	return 0;
}

static int read_file(struct line *line, struct manifest_file *file, struct failure *f)
{
	if (file->name)
		return bad(f, line, "this key was given before");
	file->name = next_word(line);
	file->sha256 = last_word(line);
	if (!file->name || !file->sha256)
		return bad(f, line, "expected a name and a SHA-256 sum");
	if (!is_name(file->name))
		return bad(f, line, "not a plain file name");
	if (!is_sha256(file->sha256))
		return bad(f, line, "not a SHA-256 sum");
	return 0;
}

static int read_target(struct line *line, struct manifest *m, struct failure *f)
{
	struct manifest_file *targets, *file;

	if (m->nr_targets >= MAX_TARGETS)
		return bad(f, line, "too many targets");
	targets = reallocarray(m->targets, m->nr_targets + 1, sizeof(*targets));
	if (!targets)
		return fail_memory(f);
	m->targets = targets;
	file = &targets[m->nr_targets];
	memset(file, 0, sizeof(*file));
	file->target = next_word(line);
	if (!file->target || !is_name(file->target))
		return bad(f, line, "not the name of a target");
	for (size_t i = 0; i < m->nr_targets; i++) {
		if (!strcmp(targets[i].target, file->target))
			return bad(f, line, "this target was given before");
	}
	if (read_file(line, file, f))
		return -1;
	m->nr_targets++;
	return 0;
}

static int read_function(struct line *line, struct manifest *m, struct failure *f)
{
	struct manifest_function *functions, *func;
	const char *kind;

	if (m->nr_functions >= MAX_FUNCTIONS)
		return bad(f, line, "too many functions");
	functions = reallocarray(m->functions, m->nr_functions + 1, sizeof(*functions));
	if (!functions)
		return fail_memory(f);
	m->functions = functions;
	func = &functions[m->nr_functions];
	func->target = next_word(line);
	kind = next_word(line);
	func->name = next_word(line);
	func->unit = last_word(line);
	if (!func->target || !kind || !func->name || !func->unit)
		return bad(f, line, "expected: function TARGET KIND NAME UNIT");
	func->replaced = !strcmp(kind, "replaced");
	if (!func->replaced && strcmp(kind, "added"))
		return bad(f, line, "expected `replaced' or `added'");
	m->nr_functions++;
	return 0;
}

static int read_datum(struct line *line, struct manifest *m, struct failure *f)
{
	struct manifest_datum *data, *datum;
	const char *kind;

	if (m->nr_data >= MAX_FUNCTIONS)
		return bad(f, line, "too much data");
	data = reallocarray(m->data, m->nr_data + 1, sizeof(*data));
	if (!data)
		return fail_memory(f);
	m->data = data;
	datum = &data[m->nr_data];
	datum->target = next_word(line);
	kind = next_word(line);
	datum->name = next_word(line);
	datum->unit = last_word(line);
	if (!datum->target || !kind || !datum->name || !datum->unit)
		return bad(f, line, "expected: data TARGET KIND NAME UNIT");
	if (strcmp(kind, "rewritten"))
		return bad(f, line, "expected `rewritten'");
	m->nr_data++;
	return 0;
}

static int read_created(struct line *line, struct manifest *m, struct failure *f)
{
	const char *text = NULL;
	char *end;

	if (m->created >= 0)
		return bad(f, line, "this key was given before");
	if (read_text(line, &text, f))
		return -1;
	errno = 0;
	m->created = strtoll(text, &end, 10);
	if (errno || *end || !isdigit((unsigned char)*text))
		return bad(f, line, "not a number of seconds");
	return 0;
}

static int read_line(struct line *line, struct manifest *m, struct failure *f)
{
	const char *key = next_word(line);

	if (!key)
		return bad(f, line, "empty");
	if (!strcmp(key, "id"))
		return read_text(line, &m->id, f);
	if (!strcmp(key, "kernel"))
		return read_text(line, &m->kernel, f);
	if (!strcmp(key, "machine"))
		return read_text(line, &m->machine, f);
	if (!strcmp(key, "version"))
		return read_text(line, &m->version, f);
	if (!strcmp(key, "created"))
		return read_created(line, m, f);
	if (!strcmp(key, "core"))
		return read_file(line, &m->core, f);
	if (!strcmp(key, "target"))
		return read_target(line, m, f);
	if (!strcmp(key, "function"))
		return read_function(line, m, f);
	if (!strcmp(key, "data"))
		return read_datum(line, m, f);
	if (!strcmp(key, "patch"))
		return read_file(line, &m->patch, f);
	if (!strcmp(key, "description"))
		return read_description(line, &m->description, f);
	return fail(f, STATUS_FAILED, "bad_update", "manifest line %u: unknown key `%.40s'",
		    line->number, key);
}

/* The first line: it decides whether we understand the others. */
static int read_format(struct line *line, struct failure *f)
{
	const char *key = next_word(line);
	const char *value = last_word(line);

	if (!key || strcmp(key, "format") || !value)
		return bad(f, line, "expected `format NUMBER'");
	if (strcmp(value, "1")) {
		fail(f, STATUS_FAILED, "bad_update",
		     "the update has format %.20s, this program reads 1", value);
		fail_hint(f, "use the ksplice-apply of the version that made the update");
		return -1;
	}
	return 0;
}

static const char *find_missing(const struct manifest *m)
{
	if (!m->id)
		return "id";
	if (!m->kernel)
		return "kernel";
	if (!m->machine)
		return "machine";
	if (!m->core.name)
		return "core";
	if (!m->nr_targets)
		return "target";
	if (!m->patch.name)
		return "patch";
	return NULL;
}

/* Is the target of a function or datum one of the update's? */
static int check_target(const struct manifest *m, const char *target, const char *what,
			const char *name, struct failure *f)
{
	for (size_t t = 0; t < m->nr_targets; t++)
		if (!strcmp(m->targets[t].target, target))
			return 0;
	return fail(f, STATUS_FAILED, "bad_update",
		    "manifest: %s %.80s is in target %.64s, which it does not have", what, name,
		    target);
}

static int check_whole(struct manifest *m, struct failure *f)
{
	const char *missing = find_missing(m);

	if (missing)
		return fail(f, STATUS_FAILED, "bad_update", "manifest: no `%s' line", missing);
	if (!manifest_id_is_valid(m->id))
		return fail(f, STATUS_FAILED, "bad_update", "manifest: not a legal id: %.40s",
			    m->id);
	for (size_t i = 0; i < m->nr_functions; i++)
		if (check_target(m, m->functions[i].target, "function", m->functions[i].name, f))
			return -1;
	for (size_t i = 0; i < m->nr_data; i++)
		if (check_target(m, m->data[i].target, "data", m->data[i].name, f))
			return -1;
	if (!m->version)
		m->version = "-";
	if (!m->description)
		m->description = "";
	if (m->created < 0)
		m->created = 0;
	return 0;
}

int manifest_parse(const char *data, size_t size, struct manifest *m, struct failure *f)
{
	struct line line = { 0 };
	char *next;
	int ret = 0;

	memset(m, 0, sizeof(*m));
	m->created = -1;
	if (memchr(data, '\0', size))
		return fail(f, STATUS_FAILED, "bad_update", "manifest: not a text");
	if (!size || data[size - 1] != '\n')
		return fail(f, STATUS_FAILED, "bad_update",
			    "manifest: the last line is incomplete");
	m->text = strndup(data, size);
	if (!m->text)
		return fail_memory(f);

	next = m->text;
	while (!ret && *next) {
		line.rest = strsep(&next, "\n");
		line.number++;
		ret = line.number == 1 ? read_format(&line, f) : read_line(&line, m, f);
	}
	if (!ret)
		ret = check_whole(m, f);
	if (ret)
		manifest_free(m);
	return ret;
}

void manifest_free(struct manifest *m)
{
	free(m->text);
	free(m->targets);
	free(m->functions);
	free(m->data);
	memset(m, 0, sizeof(*m));
}

size_t manifest_count_replaced(const struct manifest *m, const char *target)
{
	size_t count = 0;

	for (size_t i = 0; i < m->nr_functions; i++)
		count += m->functions[i].replaced && !strcmp(m->functions[i].target, target);
	return count;
}

size_t manifest_count_data(const struct manifest *m, const char *target)
{
	size_t count = 0;

	for (size_t i = 0; i < m->nr_data; i++)
		count += !strcmp(m->data[i].target, target);
	return count;
}
