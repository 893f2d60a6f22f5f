// SPDX-License-Identifier: GPL-2.0-only
/* Splits and prints the kernel's list of blocking tasks. */
#include "conflicts.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include <libsmartcols.h>

#include "cleanup.h"

struct conflict {
	char *pid, *comm, *function;
};

/*
 * Takes the next line off *rest and splits it in place. A task's name may
 * contain blanks: the pid is the first word and the function the last.
 */
static bool next_conflict(char **rest, struct conflict *c)
{
	char *line;

	while ((line = strsep(rest, "\n"))) {
		c->pid = strsep(&line, " ");
		c->comm = line;
		c->function = line ? strrchr(line, ' ') : NULL;
		if (!c->function)
			continue;
		*c->function++ = '\0';
		return true;
	}
	return false;
}

void conflicts_print(const char *lines, FILE *out)
{
	_cleanup_free_ char *copy = strdup(lines);
	struct libscols_table *table = scols_new_table();
	char *rest = copy;
	struct conflict c;

	if (!copy || !table)
		goto out;
	scols_table_set_stream(table, out);
	scols_table_new_column(table, "PID", 0, SCOLS_FL_RIGHT);
	scols_table_new_column(table, "COMM", 0, 0);
	scols_table_new_column(table, "FUNCTION", 0, 0);
	while (next_conflict(&rest, &c)) {
		struct libscols_line *line = scols_table_new_line(table, NULL);

		if (!line || scols_line_set_data(line, 0, c.pid) ||
		    scols_line_set_data(line, 1, c.comm) ||
		    scols_line_set_data(line, 2, c.function))
			goto out;
	}
	scols_print_table(table);
out:
	scols_unref_table(table);
}

json_t *conflicts_to_json(const char *lines)
{
	_cleanup_free_ char *copy = strdup(lines);
	json_t *array = json_array();
	char *rest = copy;
	struct conflict c;

	if (!copy || !array)
		return array;
	while (next_conflict(&rest, &c))
		json_array_append_new(array,
				      json_pack("{s:I, s:s, s:s}", "pid", (json_int_t)atoll(c.pid),
						"comm", c.comm, "function", c.function));
	return array;
}
