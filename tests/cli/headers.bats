#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
# Which definitions of a file differ, and which units a header's change can reach: told from the
# text, and compared with what the compiler makes of it.

setup()
{
	create=$BATS_TEST_DIRNAME/../../bin/create
	dir=$BATS_TEST_TMPDIR
	cd "$dir"
	cat >old.h <<-'EOH'
	#ifndef OLD_H
	#define OLD_H
	#define LIMIT 4
	#define twice(x) ((x) * 2)	/* a comment */
	#define PASTE(a, b) a##_##b
	struct inner { int a; char b; };
	struct outer { struct inner in; int rest; } __attribute__((aligned(4)));
	typedef struct inner inner_t;
	enum colour { RED, GREEN, BLUE };
	extern struct outer *everywhere;
	int far(int a);
	/*
	 * Says { and "quotes" that do not end.
	 */
	static inline int leaf(int a)
	{
		return a + 1;
	}
	static inline int caller(int a)
	{
		return leaf(a) * 2;
	}
	static inline int alone(const char *text)
	{
		return text[0] == '"' ? 7 : '{';
	}
	static inline int text_of(void)
	{
		return sizeof("a  b");
	}
	#ifdef SOMETIMES
	static inline int sometimes(void)
	{
		return 3;
	}
	#endif
	#endif
	EOH
	unit none 'int f(int a) { return a; }'
	unit leaf 'int f(int a) { return leaf(a); }'
	unit caller 'int f(int a) { return caller(a); }'
	unit unused 'static inline int g(int a) { return caller(a); } int f(int a) { return a; }'
	unit table 'int (*const table[])(int) = { caller };'
	unit alone 'int f(const char *a) { return alone(a); }'
	unit pasted 'int f(int a) { return PASTE(le, af)(a) + PASTE(al, one)("x"); }' \
		's/PASTE(a, b) a##_##b/PASTE(a, b) a##b/'
	unit sized 'unsigned long f(void) { return sizeof(struct outer); }'
	unit member 'int f(void) { return everywhere->rest; }'
	unit typedefed 'inner_t x = { 1, 2 };'
	unit enumerated 'int f(void) { return BLUE; }'
	unit macro 'int f(int a) { return twice(a); }'
	unit limit 'int x[LIMIT];'
	unit tested '#if LIMIT > 5
	int x;
	#endif'
	unit defined '#ifdef NEW
	int x;
	#endif
	int f(int a) { return far(a); }'
	unit far 'int f(int a) { return far(a); }'
	unit text 'int f(void) { return text_of(); }'
	unit asm 'asm(".globl leaf_user; leaf_user: .quad LIMIT_leaf; .set LIMIT_leaf, 0");'
}

# unit NAME TEXT [SED]: a file that includes the header
unit()
{
	printf '#include "used.h"\n%s\n' "$2" >"unit-$1.c"
	[ -z "${3-}" ] || sed -i "$3" old.h
}

# changed SED: what changed.awk says of the header's change -> changes
changed()
{
	sed "$1" old.h >new.h
	awk -f "$create/definitions.awk" -f "$create/changed.awk" old.h new.h >changes
}

# object FILE OUTPUT
object()
{
	gcc -O2 -w -std=gnu11 -c -o "$2" "$1"
}

# reaches SED UNIT...: the change reaches these units; each unit that it does not
# reach compiles to the same; the answer is a useful one: units it does reach change
reaches()
{
	local file name answer answers=

	changed "$1"
	shift
	for file in unit-*.c; do
		name=${file#unit-}
		name=${name%.c}
		cp old.h used.h
		gcc -E -P -dU -std=gnu11 -o text.i "$file"
		object "$file" old.o
		cp new.h used.h
		answer=$(awk -f "$create/definitions.awk" -f "$create/reached.awk" changes text.i)
		[ -z "$answer" ] || answers="$answers $name"
		if object "$file" new.o && ! cmp -s old.o new.o && [ -z "$answer" ]; then
			echo "missed: $name changes"
			return 1
		fi
	done
	[ "$(printf '%s\n' $answers)" = "$(printf '%s\n' "$@" | sort)" ] || {
		echo "reached:$answers; wanted: $*"
		cat changes
		return 1
	}
}

everything='alone asm caller defined enumerated far leaf limit macro member none pasted sized table
	tested text typedefed unused'

@test "comments and white space are no change" {
	changed '/Says/d; s/return a + 1;/return a  +  1; \/* one *\//; s/^int far/int   far/'
	[ ! -s changes ]
	changed 's/a  b/a b/'
	[ "$(cat changes)" = "name text_of" ]
}

@test "kinds of changes" {
	changed 's/a + 1/a + 2/'
	[ "$(cat changes)" = "name leaf" ]
	changed 's/LIMIT 4/LIMIT 5/'
	[ "$(cat changes)" = $'types\nmacro LIMIT' ]
	changed 's/char b/long b/'
	[ "$(cat changes)" = $'types\nname inner' ]
	changed 's/GREEN, /GREEN = 5, /'
	[[ $(cat changes) == *types* && $(cat changes) == *"name BLUE"* ]]
	changed 's/^int far(int a)/long far(int a)/'
	[ "$(cat changes)" = "name far" ]
	changed 's/return a + 1;/struct { int q; } x = { a }; return x.q;/'
	[ "$(sort changes)" = $'name leaf\ntypes' ]
}

@test "what is not understood is unknown" {
	local change

	for change in '/^#ifdef SOME/s/SOME/OTHER/' 's/^#define LIMIT/#include "x.h"\n&/' \
		's/^int far/static int variable;\n&/' 's/^int far/int variable = 3;\n&/' \
		's/^int far/DEFINE_IT(far);\n&/' 's/^int far/asm("nop");\n&/' \
		's/^static inline int leaf/inline int leaf/' \
		's/^static inline int leaf/static inline __used int leaf/' \
		's/^int far.*/static inline int broken(void)\n{\n#ifdef A\n{\n#endif\n}\n&/' \
		's/^int far.*/static inline int both(int (*a)(void), int b(void))\n#define X\n{\n}\n&/'; do
		changed "$change"
		grep -q '^unknown' changes || {
			echo "$change: known:"
			cat changes
			return 1
		}
	done
	# The same definitions in another order.
	changed '/^struct inner/{h;d}; /^struct outer/{G}'
	grep -q '^unknown order' changes
	reaches 's/^int far/static int variable;\n&/' $everything
}

@test "functions reach who calls them, directly or not" {
	reaches 's/a + 1/a + 2/' leaf caller table pasted
	reaches 's/leaf(a) \* 2/leaf(a) * 3/' caller table
	reaches 's/? 7/? 8/' alone pasted
	reaches 's/return 3/return 4/'
	reaches 's/^int far/static inline int new_one(void)\n{\n\treturn leaf(4);\n}\n&/'
}

@test "types reach who uses them, though they do not name them" {
	reaches 's/char b;/char b; long c;/' sized member typedefed
	reaches 's/GREEN, /GREEN = 5, /' enumerated
	reaches 's/struct inner { int a;/struct fresh { int q; };\n&/'
}

@test "macros reach who expands or tests them" {
	reaches 's/(x) \* 2/(x) * 3/' macro
	reaches 's/LIMIT 4/LIMIT 8/' limit tested
	reaches 's/^int far/#define NEW\n&/' defined
	reaches 's/^int far.*/&\n#define far(a) ((a) - 1)/' far defined
	reaches 's/^int far/long far/' far defined
}

@test "what only comes is told from what changes" {
	changed 's/^int far/int fresh(int a);\nstruct added { int q; };\n&/'
	[ "$(sort changes)" = $'new added\nnew fresh\ntypes' ]
	changed 's/^int far(int a)/int far(int a, int b)/'
	[ "$(cat changes)" = "name far" ]
	changed 's/^int far/#define FRESH 1\n&/'
	[ "$(grep -v types changes)" = "macro FRESH" ]
}

# farm FILE...: a source as ksplice-create sees one that it was given, of links, and an empty build
farm()
{
	local file

	rm -rf given build farm work
	mkdir -p given build work/reach
	for file; do
		mkdir -p "given/${file%/*}"
		cat >"given/$file"
	done
	cp -rs "$PWD/given" farm
}

# headers FUNCTION...: calls a function of headers.sh on them
headers()
{
	(
		KSPLICE_LIBDIR=$create/..
		tree_src=$PWD/farm tree_build=$PWD/build tree_dir=$PWD work=$PWD/work
		# shellcheck source=bin/create/headers.sh
		source "$create/headers.sh"
		patch_sources=(${patched-})
		"$@"
	)
}

@test "the include lines of a source that is given" {
	farm fs/a.c <<<'#include "b.h"'
	echo 'int b;' >given/fs/b.h
	ln -s "$PWD/given/fs/b.h" farm/fs/b.h
	headers headers_scan
	[ "$(awk -f "$create/includes.awk" users include-lines fs/b.h)" = fs/a.o ]
}

# named SED TEXT: may a source with this text name what the header's change adds?
named()
{
	changed "$1"
	farm fs/a.c <<<"$2"
	mv changes work/reach/
	headers headers_named
}

# unnamed SED TEXT: surely not
unnamed()
{
	if named "$@"; then
		echo "$1: named"
		return 1
	fi
}

@test "names that nothing has need no look at the units" {
	local add='s/^int far/int fresh(int a);\n&/'

	unnamed "$add" 'int f(int a) { return fresher(a); }'
	named "$add" 'int f(int a) { return a; } /* fresh */'
	# The patch changes that source: it is compiled anyway.
	patched=fs/a.c unnamed "$add" 'static int fresh(int a) { return a; }'
	patched=fs/b.c named "$add" 'static int fresh(int a) { return a; }'
	# A macro may be meant by a name that another macro makes; what changes, too.
	named 's/^int far/#define FRESH 1\n&/' 'int a;'
	named 's/a + 1/a + 2/' 'int a;'
	named "$add; s/a + 1/a + 2/" 'int a;'
	# What cannot be read.
	farm fs/a.c <<<'int a;'
	changed "$add"
	mv changes work/reach/
	ln -s nowhere farm/fs/gone.c
	headers headers_named
}

# announced NUMBER LIMIT: what is said of NUMBER units
announced()
(
	source "$create/progress.sh"
	source "$create/headers.sh"
	plural() { [[ $1 = 1 ]] || echo s; }
	verbose() { :; }
	note() { echo "note: $*"; }
	die() { echo "$*"; exit "$1"; }
	opt_max_units=$2 opt_jobs=2
	headers_announce "$1" 3 include/linux/fs.h
)

@test "more units than are allowed are refused, how few they may be" {
	run announced 3 2
	[ "$status" = 6 ]
	[[ $output = *"reach 3 units of 3 targets; the limit is 2"*"--max-units 3"* ]]
	run announced 3 3
	[ "$status" = 0 ]
	[ -z "$output" ]
	run announced 300 300
	[ "$status" = 0 ]
	[[ $output = "note: the changes of fs.h reach 300 units"*"14 minutes" ]]
}

# searched TYPES: what is asked and tried of 200 units, where a type changes or none
searched()
(
	source "$create/progress.sh"
	source "$create/headers.sh"
	stage() { :; }
	note() { :; }
	logged() { "$@"; }
	headers_named() { :; }
	headers_jobs()
	{
		echo "asks $1"
		awk -F '\t' -v OFS='\t' '{ print $1, NR % 2 ? "yes" : "no" }' "$work/reach/missing" >>"$headers_known"
	}
	build_try() { echo "tries $*"; }
	work=$PWD/work changes_types=$1 build_first=4 opt_jobs=2 headers_known=$PWD/known
	mkdir -p "$work/reach"
	: >"$headers_known"
	seq 200 | sed 's/.*/u&.o\tgcc/' >"$work/reach/commands"
	headers_search include/linux/fs.h
	wc -l <"$headers_known"
)

@test "where a type changes, a few units are compiled before all are looked at" {
	run searched 1
	[ "$output" = $'asks 4\ntries u1.o u101.o\nasks 196\n200' ]
	run searched ''
	[ "$output" = $'asks 200\n200' ]
}
