#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
# What ksplice-create says of a patch that is a part of a greater change: what the compiler misses.

setup()
{
	needs=$BATS_TEST_DIRNAME/../../bin/create/needs.awk
	file=$BATS_TEST_TMPDIR/unit.c
}

# missed: what is missing in the unit that standard input has, with the kernel's warnings as errors
missed()
{
	cat >"$file"
	LC_ALL=C gcc -std=gnu11 -Wall -Wextra -Werror=implicit-function-declaration \
		-Werror=incompatible-pointer-types -Werror=int-conversion -c -o /dev/null "$file" 2>&1 |
		awk -f "$needs"
}

@test "a function and a variable that nothing declares, named once" {
	run missed <<-'END'
		int both(void) { return added(1) + added(2) + limit; }
		int again(void) { return limit; }
	END
	[ "$output" = "the function added()"$'\n'"limit" ]
}

@test "a field, a type and a header" {
	run missed <<-'END'
		struct item { int old; };
		int field(struct item *item) { return item->fresh; }
		u128_t whole;
		int inside(struct later *later) { return later->value; }
	END
	[ "${lines[0]}" = "the field fresh of struct item" ]
	[ "${lines[1]}" = "the type u128_t" ]
	[ "${lines[2]}" = "the type struct later" ]
	[ ${#lines[@]} = 3 ]
	run missed <<<'#include "ksplice-has-none.h"'
	[ "$output" = "the file ksplice-has-none.h" ]
	run missed <<<'struct after *p; int f(void) { return (*p).value; }'
	[ "$output" = "the type struct after" ]
	run missed <<<'int f(struct within *p); int f(struct within *p) { return !p; }'
	[ "${lines[0]}" = "the type struct within" ]
}

@test "a function that is declared otherwise" {
	for code in 'int f(int); int g(void) { return f(1, 2); }' \
		'int f(int, int); int g(void) { return f(1); }' \
		'int f(int); long f(long a) { return a; }' \
		'int f(int); static int f(int a) { return a; }' \
		'int f(int); int g(char *p) { return f(p); }' \
		'int f(int *); int g(char *p) { return f(p); }'; do
		run missed <<<"$code"
		[ "$output" = "another declaration of f()" ]
	done
	run missed <<-'END'
		#define pick(a, b) ((a) + (b))
		int g(void) { return pick(1); }
	END
	[ "${lines[0]}" = "another definition of pick()" ]
}

@test "a plain mistake and a warning name nothing" {
	run missed <<<'int f(void) { return 1 }'
	[ -z "$output" ]
	run missed <<<'int f(int unused) { return 1; }'
	[ -z "$output" ]
}
