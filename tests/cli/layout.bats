#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
# Which types of two builds are laid out differently, which fields, and who uses them.

setup()
{
	create=$BATS_TEST_DIRNAME/../../bin/create
	dir=$BATS_TEST_TMPDIR
	command -v pahole >/dev/null || skip "no pahole"
	cat >"$dir/before.c" <<-'EOC'
	struct same { int a; int (*call)(int x); char text[8]; };
	struct grows { long a; };
	struct moves { char a; char b; int c; };
	struct fills { char a; int c; };
	struct retyped { int a; struct same *b; };
	struct bits { unsigned int a:3; unsigned int b:5; };
	struct gone { int a; };
	struct nested { int a; union { int b; struct { short c; short d; }; }; struct { int e; long f; } deep; };
	union both { int a; long b; };
	typedef struct { int a; int b; } unnamed_t;
	struct holder { struct grows inside; int after; };
	enum colour { RED, GREEN, BLUE, COLOURS };
	struct grows *pointer;
	struct way { struct grows **table; };
	struct way way;
	enum colour paint;
	int length[3];
	struct copy { char room[sizeof(length)]; };
	static int by_name(struct grows *g) { return g->a; }
	int uses_type(struct grows *g) { return g->a; }
	int uses_variable(void) { return pointer->a; }
	int uses_member(void) { return way.table[1]->a; }
	int uses_function(void) { return by_name(pointer) + uses_type(pointer); }
	int uses_nothing(int a) { return a + sizeof(struct same); }
	EOC
}

# listing NAME
listing()
{
	gcc -w -g -gdwarf-4 -fno-eliminate-unused-debug-types -c -o "$dir/$1.o" "$dir/$1.c"
	pahole -F dwarf --anon_include "$dir/$1.o" >"$dir/$1"
	gcc -E -P -o "$dir/$1.i" "$dir/$1.c"
}

# changed SED: what the two builds' types say
changed()
{
	sed "$1" "$dir/before.c" >"$dir/after.c"
	! cmp -s "$dir/before.c" "$dir/after.c" || false
	listing before
	listing after
	run awk -f "$create/layout.awk" "$dir/before" "$dir/after"
	[ "$status" = 0 ]
}

# is LINE...: exactly these lines were printed, "TYPE|layout|TEXT"
is()
{
	local wanted

	wanted=$(printf '%s\n' "$@" | sed 's/|/\t/; s/|/\t/')
	[ "$output" = "$wanted" ] || {
		printf 'got:\n%s\nwanted:\n%s\n' "$output" "$wanted"
		return 1
	}
}

@test "equal, new and removed types are no change" {
	changed '/struct gone/d; $a struct new { int q; } n;'
	[ -z "$output" ]
}

@test "types that grow are named with their fields, those that hold them as well" {
	changed 's/struct grows { long a; }/struct grows { long a; int b; }/'
	is 'struct grows|layout|its size changes from 8 to 16 bytes; b (4 bytes) is added at 8' \
		'struct holder|layout|its size changes from 16 to 24 bytes; inside changes from 8 bytes to 16 bytes; after moves from 8 to 16'
	changed 's/union both { int a;/union both { int a; char c[12];/'
	is 'union both|layout|c (12 bytes) is added at 0'
	changed 's/{ int a; int b; } unnamed_t/{ int b; int a; } unnamed_t/'
	is 'unnamed_t|layout|b moves from 4 to 0; a moves from 0 to 4'
}

@test "fields that move, are renamed, or fill a hole" {
	changed 's/char a; char b; int c;/char b; char a; int c;/'
	is 'struct moves|layout|b moves from 1 to 0; a moves from 0 to 1'
	changed 's/struct fills { char a;/struct fills { char a; char b;/'
	is 'struct fills|layout|b (1 byte) is added at 1'
	changed 's/struct moves { char a;/struct moves { char z;/'
	is 'struct moves|layout|z (1 byte) is added at 0; a (1 byte) at 0 is removed'
	changed 's/a:3; unsigned int b:5/a:4; unsigned int b:4/'
	is 'struct bits|layout|a changes from 3 bits to 4 bits; b moves from 0, bit 3 to 0, bit 4; b changes from 5 bits to 4 bits'
	changed 's/short c; short d;/short d; short c;/; s/int e; long f;/long f; int e;/'
	is 'struct nested|layout|d moves from 6 to 4; c moves from 4 to 6; deep.f moves from 16 to 8; deep.e moves from 8 to 16'
}

@test "another type of a field in the same place is worth a note, of a pointer not" {
	changed 's/struct retyped { int a;/struct retyped { unsigned int a;/'
	is 'struct retyped|note|a changes from int to unsigned int'
	changed 's/int a; struct same \*b/int a; struct grows *b/'
	[ -z "$output" ]
}

# types SED: what the text says
types()
{
	sed "$1" "$dir/before.c" >"$dir/after.c"
	! cmp -s "$dir/before.c" "$dir/after.c" || false
	listing before
	listing after
	run awk -f "$create/definitions.awk" -f "$create/types.awk" "$dir/before.i" "$dir/after.i"
	[ "$status" = 0 ]
}

@test "changes of functions and objects need no look at the types" {
	types 's/return g->a;/return g->a + 1;/; s/^int length.*/&\nstatic int fresh = 4;/'
	[ -z "$output" ]
	types 's/struct grows \*pointer;/struct grows *pointer, *other;/'
	[ -z "$output" ]
	# A type is as large as an object.
	types 's/length\[3\]/length[4]/'
	[ -n "$output" ]
	types 's/return a + sizeof/struct inner { int a; } x; return a + sizeof/'
	[ -n "$output" ]
	# A macro may bring directives.
	types 's/return a + sizeof/_Pragma("GCC diagnostic push") struct inner { int a; } x; return a + sizeof/'
	[[ $output = '> int uses_nothing'*'struct inner {'* ]]
	[ "${#lines[@]}" = 1 ]
	types 's/return a + sizeof/_Pragma("GCC diagnostic push") return a + sizeof/'
	[ -z "$output" ]
	types 's/^int length.*/int length[] = { 1, _Pragma("other") 2, 3, 4 };/'
	[[ $output = *pragma* ]]
	! grep -qv '^[<>] ' <<<"$output" || false
}

@test "enumerators with another value" {
	types 's/GREEN, BLUE,/BLUE, GREEN,/'
	[[ $output == *$'enum colour\tlayout\tBLUE changes from 2 to 1'* ]]
	[[ $output == *$'enum colour\tlayout\tGREEN changes from 1 to 2'* ]]
	[[ $output != *'RED changes'* ]]
	types 's/BLUE, COLOURS/BLUE, BLACK, COLOURS/'
	[[ $output == *$'enum colour\tnote\tCOLOURS changes from 3 to 4'* ]]
	[[ $output != *$'\tlayout'* ]]
	types 's/RED, GREEN/RED = 0x10, GREEN/'
	[[ $output == *'RED changes from 0 to 0x10'* && $output == *'BLUE changes from 2 to 0x10+2'* ]]
}

# user FUNCTION...: does one of them use struct grows?
user()
{
	echo "name grows" >"$dir/type"
	[ -n "$(awk -v functions="$*" -f "$create/definitions.awk" -f "$create/reached.awk" \
		"$dir/type" "$dir/before.i")" ]
}

@test "who uses a type" {
	listing before
	user uses_type
	user uses_variable
	user uses_member
	user uses_function
	user uses_nothing uses_member
	! user uses_nothing || false
}

# builds NUMBER TYPES UNIT: so many units, of which that one is refused for a layout; prints how many
# were compiled before and after the patch, and those that count as changed
builds()
{
	(
		set -o errexit -o nounset
		# shellcheck source=bin/create/build.sh
		source "$create/build.sh"
		# shellcheck disable=SC2317,SC2034 # called and read by build_units
		{
			tree_dir=$dir/tree work=$dir/work changes_types=$2 refused=$3
			units=() units_added=(added.o) units_gone=()
			for ((i = 1; i <= $1; i++)); do units+=("u$i.o"); done
			build_before() { for unit; do echo "$unit" >"$tree_dir/pre/$unit"; done; }
			# Each third one stays the same.
			build_after()
			{
				for unit; do
					echo "$unit" >"$work/post/$unit"
					[[ ${unit//[a-z.]/} && $((${unit//[a-z.]/} % 3)) = 0 ]] || echo new >>"$work/post/$unit"
				done
			}
			layout_check() { [[ " $* " != *" $refused "* ]] || exit 6; }
			build_debugged() { :; }
			build_run() { echo "run $# ${units[*]: -1}"; }
		}
		rm -rf "$tree_dir" "$work"
		mkdir -p "$tree_dir/pre" "$work/post"
		build_units
	) && status=0 || status=$?
	echo "$status $(ls "$dir/tree/pre" | wc -l) $(ls "$dir/work/post" | wc -l)"
}

@test "a layout that is refused shows before all units are compiled" {
	[ "$(builds 100 1 none)" = $'run 67 u100.o\n0 100 101' ]
	[ "$(builds 100 '' none)" = $'run 67 u100.o\n0 100 101' ]
	[ "$(builds 100 1 u2.o)" = '6 4 5' ]
	[ "$(builds 100 1 u5.o)" = '6 20 21' ]
	[ "$(builds 100 1 u100.o)" = '6 100 101' ]
	[ "$(builds 1 1 none)" = $'run 1 u1.o\n0 1 2' ]
	[ "$(builds 0 '' none)" = $'run 0 \n0 0 1' ]
}

@test "a unit that was looked at is not looked at again" {
	twice()
	{
		# shellcheck disable=SC1091
		source "$create/layout.sh"
		stage() { :; }
		plural() { :; }
		progress_show() { :; }
		layout_check_slice() { echo "looks at $*"; }
		changes_types=1 work=$dir
		layout_check a.o b.o
		layout_check b.o c.o
		layout_check a.o
	}
	run twice
	[ "$output" = $'looks at a.o b.o\nlooks at c.o' ]
}
