#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
# Which targets an update is for (--targets), told from the units' command lines.

setup()
{
	KSPLICE_LIBDIR=$BATS_TEST_DIRNAME/../../bin
	tree_dir=$BATS_TEST_TMPDIR/tree work=$BATS_TEST_TMPDIR/work
	opt_targets='' warnings=0
	units=() units_added=() units_gone=()
	mkdir -p "$tree_dir/commands" "$work/reach"
	{
		unit fs/open.o ''
		unit fs/gone.o ''
		unit net/a.o "-DMODULE -DKBUILD_MODNAME='\"net_a\"'"
		unit net/b.o "-DMODULE -DKBUILD_MODNAME='\"net_b\"'"
		unit net/gone.o "-DMODULE -DKBUILD_MODNAME='\"net_b\"'"
		unit net/both.o "-DMODULE -DKBUILD_MODNAME='\"net_a:net_b\"'"
		unit net/odd.o -DMODULE
	} >"$tree_dir/commands/all"
	for part in units rules headers targets; do
		# shellcheck source=/dev/null
		source "$KSPLICE_LIBDIR/create/$part.sh"
	done
}

unit() { printf '%s\tgcc %s -c -o %s\n' "$1" "$2" "$1"; }
warn() { warnings=$((warnings + 1)); }
die() { echo "$3"; exit "$1"; }
is() { [ "$1" = "$2" ] || { printf 'is:     %s\nwanted: %s\n' "$1" "$2"; exit 1; }; }

# left LIST: the units that these targets leave of all
left()
{
	opt_targets=$1
	targets_filter <"$tree_dir/commands/all" | cut -f 1 | paste -s -d ' '
}

@test "without the option all units stay" {
	is "$(left '')" "$(cut -f 1 "$tree_dir/commands/all" | paste -s -d ' ')"
	units=(fs/open.o net/a.o) units_gone=(net/gone.o)
	targets_choose
	is "${units[*]} ${units_gone[*]} $warnings" "fs/open.o net/a.o net/gone.o 0"
	targets_wanted net_a
}

@test "units stay that are linked into one of the targets, or nobody knows into which" {
	is "$(left vmlinux)" "fs/open.o fs/gone.o net/odd.o"
	is "$(left net_a)" "net/a.o net/both.o net/odd.o"
	is "$(left vmlinux,net-b)" "fs/open.o fs/gone.o net/b.o net/gone.o net/both.o net/odd.o"
	is "$(left net_a,net_b)" "net/a.o net/b.o net/gone.o net/both.o net/odd.o"
	is "$(left net)" "net/odd.o"
}

@test "the lists of units lose those of other targets, with a warning" {
	opt_targets=net-b
	units=(fs/open.o net/a.o net/b.o net/both.o) units_gone=(fs/gone.o net/gone.o)
	units_added=(net/new.o fs/new.o)
	{
		unit net/new.o "-DMODULE -DKBUILD_MODNAME='\"net_b\"'"
		unit fs/new.o ''
	} >"$work/rules.after"
	declare -A rules_renamed=()
	targets_choose
	is "${units[*]}" "net/b.o net/both.o"
	is "${units_added[*]}" net/new.o
	is "${units_gone[*]}" net/gone.o
	is "$warnings" 1
}

@test "of a unit of several modules, only the wanted one" {
	opt_targets=vmlinux,net-b
	targets_wanted net_b
	targets_wanted vmlinux
	! targets_wanted net_a || false
	! targets_wanted net || false
}

@test "how many targets a header's change reaches" {
	cp "$tree_dir/commands/all" "$work/reach/commands"
	is "$(headers_targets fs/open.o fs/gone.o)" 1
	is "$(headers_targets fs/open.o net/both.o net/a.o)" 3
}

@test "what a list of targets is" {
	targets_option vmlinux,nf-tables,snd_pcm
	for text in ,a a, 'a b' a,,b ''; do
		! targets_option "$text" || { echo "$text"; exit 1; }
	done
}

@test "more targets than an update can have" {
	mapfile -t many < <(seq 512)
	targets_check "${many[@]}"
	run targets_check "${many[@]}" more
	is "$status" 6
	is "$output" "the patch changes 513 targets; an update has 512 at the most"
}
