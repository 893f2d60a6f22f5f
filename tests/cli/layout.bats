#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
# Which structures of two objects are laid out differently.

setup()
{
	script=$BATS_TEST_DIRNAME/../../bin/create/layout.awk
	dir=$BATS_TEST_TMPDIR
	command -v pahole >/dev/null || skip "no pahole"
	cat >"$dir/before.c" <<-'EOF'
	struct same { int a; int (*call)(int x); char text[8]; };
	struct grows { long a; };
	struct moves { char a; char b; int c; };
	struct fills { char a; int c; };
	struct retyped { int a; struct same *b; };
	struct bits { unsigned int a:3; unsigned int b:5; };
	struct gone { int a; };
	struct same s; struct grows g; struct moves m; struct fills f; struct retyped r; struct bits b;
	struct gone x;
	EOF
}

# changed SED: the names of what changed
changed()
{
	sed "$1" "$dir/before.c" >"$dir/after.c"
	for which in before after; do
		gcc -g -gdwarf-4 -c -o "$dir/$which.o" "$dir/$which.c"
		pahole -F dwarf "$dir/$which.o" >"$dir/$which"
	done
	run awk -f "$script" "$dir/before" "$dir/after"
	[ "$status" = 0 ]
}

@test "equal, retyped, new and removed structures are no change" {
	changed 's/int a; struct same/unsigned int a; struct same/; /gone/d; $a struct new { int q; } n;'
	[ -z "$output" ]
}

@test "a structure that grows" {
	changed 's/struct grows { long a; }/struct grows { long a; int b; }/'
	[ "$output" = $'struct grows\t8\t16' ]
}

@test "members that move, are renamed, or fill a hole" {
	changed 's/char a; char b; int c;/char b; char a; int c;/'
	[[ $output == "struct moves"* ]]
	changed 's/struct fills { char a;/struct fills { char a; char b;/'
	[[ $output == "struct fills"* ]]
	changed 's/struct grows { long a;/struct grows { long z;/'
	[[ $output == "struct grows"* ]]
	changed 's/a:3; unsigned int b:5/a:4; unsigned int b:4/'
	[[ $output == "struct bits"* ]]
}
