// SPDX-License-Identifier: GPL-2.0-only
/* is_json: exits with 0 if stdin is one JSON object and nothing else. */
#include <stdio.h>

#include <jansson.h>

int main(void)
{
	json_error_t error;
	json_t *root = json_loadf(stdin, JSON_REJECT_DUPLICATES, &error);

	if (!json_is_object(root)) {
		fprintf(stderr, "not JSON: line %d: %s\n", error.line, error.text);
		return 1;
	}
	json_decref(root);
	return 0;
}
