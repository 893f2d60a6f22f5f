#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
# ksplice-apply and ksplice-undo against the fake kernel.

load lib.bash
bats_require_minimum_version 1.5.0

setup_file()
{
	fake_build "$BATS_FILE_TMPDIR"
}

setup()
{
	dir=$BATS_TEST_TMPDIR
	file=$dir/abc1.ksplice
	fake_root "$dir"
	fake_members "$BATS_FILE_TMPDIR" "$dir" vmlinux ext4
	fake_pack "$dir"
}

teardown()
{
	[ -z "${writer-}" ] || kill "$writer" 2>/dev/null || true
}

# says TEXT: the last output has it.
says()
{
	[[ $output == *"$1"* ]] || {
		echo "expected: $1"
		echo "in: $output"
		return 1
	}
}

# The kernel is as it was before.
is_clean()
{
	[ ! -e "$dir/sys/kernel/ksplice" ]
	[ ! -e "$dir/run/ksplice/abc1" ]
}

@test "apply, view, undo" {
	run fake ksplice-apply "$file"
	[ "$status" = 0 ]
	says "Applied abc1: 1 function in vmlinux, 1 function in ext4. The machine stood still for 0.41 ms."
	run fake ksplice-apply "$file"
	[ "$status" = 0 ]
	says "Update abc1 is applied already."
	run fake ksplice-apply --first-time "$file"
	[ "$status" = 1 ]
	says "[applied_already]"
	run ksplice-view
	[ "$status" = 0 ]
	says "abc1 applied ext4,vmlinux"
	says "Do it better"
	run ksplice-view -q
	[ "$output" = abc1 ]
	run ksplice-view abc1
	says "0xffffffff81000000"
	run ksplice-view --patch abc1
	says "+++ b/fs/do.c"
	run ksplice-view --check abc1
	[ "$status" = 0 ]
	run fake ksplice-undo abc1
	[ "$status" = 0 ]
	says "Undone abc1. The machine stood still for 0.41 ms."
	is_clean
	run ksplice-view
	[ "$output" = "No updates are applied." ]
	run ksplice-view --check abc1
	[ "$status" = 1 ]
}

# keys TEXT...: the last output, which is JSON, has these members.
keys()
{
	local member

	"$BATS_FILE_TMPDIR/is_json" <<<"$output"
	for member; do
		says "$member"
	done
}

@test "JSON has stable keys" {
	run fake ksplice-apply --json "$file"
	keys '"id": "abc1"' '"result": "applied"' '"stop_ns": 410000' '"name": "vmlinux"' '"replaced": 1'
	run ksplice-view --json
	keys '"updates": [' '"id": "abc1"' '"stage": "applied"' '"state": "idle"' "\"kernel\": \"$release\"" \
		'"name": "do_it"' '"old_address": "0xffffffff81000000"'
	run ksplice-view --json "$file"
	keys '"id": "abc1"' '"fits": true' '"applied": true' '"unit": "fs/do.o"'
	run fake ksplice-undo --json abc1
	keys '"id": "abc1"' '"result": "undone"'
	FAKE_BUSY=9 run --separate-stderr fake ksplice-apply --json --wait 0 "$file"
	[ "$status" = 4 ]
	keys '"code": "busy"' '"status": 4' '"unchanged": true' '"pid": 17' '"comm": "a b c"'
}

@test "data that is rewritten" {
	sed -i '/^function ext4/adata ext4 rewritten do_table fs/do.o' "$dir/abc1/manifest"
	fake_pack "$dir"
	run ksplice-view "$file"
	says "do_table rewritten fs/do.o"
	run ksplice-view --json "$file"
	keys '"data": [' '"kind": "rewritten"' '"name": "do_table"'
	run fake ksplice-apply "$file"
	[ "$status" = 0 ]
	says "Applied abc1: 1 function in vmlinux, 1 function and 1 constant in ext4."
	run ksplice-view abc1
	says "do_table rewritten 0xffffffff82000000"
	run ksplice-view --json abc1
	keys '"data": [' '"address": "0xffffffff82000000"' '"name": "do_table"'
}

@test "another update of the same id does not pass for the applied one" {
	run fake ksplice-apply "$file"
	[ "$status" = 0 ]
	echo '@@ -1 +1 @@' >>"$dir/abc1/patch"
	fake_manifest "$dir" vmlinux ext4 >"$dir/abc1/manifest"
	fake_pack "$dir"
	run fake ksplice-apply "$file"
	[ "$status" = 1 ]
	says "[id_in_use]"
}

@test "a dry run leaves nothing" {
	run fake ksplice-apply --dry-run "$file"
	[ "$status" = 0 ]
	says "Would apply abc1"
	is_clean
}

@test "busy: tries again, then lists the tasks and exits with 4" {
	FAKE_BUSY=2 run fake ksplice-apply --wait 5 "$file"
	[ "$status" = 0 ]
	FAKE_BUSY=99 run fake ksplice-undo --wait 1 abc1
	[ "$status" = 4 ]
	says "[busy]"
	says "4711 sleeper do_it"
	says "the update is still applied"
	run ksplice-view --check abc1
	[ "$status" = 0 ]
	fake ksplice-undo abc1
	FAKE_BUSY=99 run fake ksplice-apply --wait 1 "$file"
	[ "$status" = 4 ]
	says "  17 a b c   do_it"
	says "the kernel is as it was"
	is_clean
}

@test "an update that does not match exits with 3 and leaves nothing" {
	FAKE_LOAD=no_match run fake ksplice-apply "$file"
	[ "$status" = 3 ]
	says "do_it+0x5: expected 90, found cc [no_match]"
	says "hint:"
	says "the kernel is as it was"
	is_clean
}

@test "the kernel's own refusals have words" {
	FAKE_ERRNO=129 run fake ksplice-apply "$file"
	[ "$status" = 5 ]
	says "signature"
	says "mokutil"
	FAKE_ERRNO=1 run fake ksplice-apply "$file"
	[ "$status" = 5 ]
	says "lockdown"
	FAKE_ERRNO=8 run fake ksplice-apply "$file"
	[ "$status" = 3 ]
	FAKE_ERRNO=12 run fake ksplice-apply "$file"
	[ "$status" = 1 ]
	is_clean
}

@test "only root may" {
	FAKE_USER=1 run fake ksplice-apply "$file"
	[ "$status" = 5 ]
	says "only root"
	FAKE_USER=1 run fake ksplice-undo abc1
	[ "$status" = 5 ]
}

@test "another kernel or machine" {
	echo 6.9.9 >"$dir/proc/sys/kernel/osrelease"
	run fake ksplice-apply "$file"
	[ "$status" = 3 ]
	says "is for kernel $release, and 6.9.9 is running"
	run ksplice-view "$file"
	[ "$status" = 0 ]
	says "no, the running kernel is 6.9.9"
	echo "$release" >"$dir/proc/sys/kernel/osrelease"
	sed -i 's/^machine .*/machine vax/' "$dir/abc1/manifest"
	fake_pack "$dir"
	run fake ksplice-apply "$file"
	[ "$status" = 3 ]
	says "vax"
}

@test "a target that is not loaded" {
	rm -r "$dir/sys/module/ext4"
	run fake ksplice-apply "$file"
	[ "$status" = 1 ]
	says "[target_not_loaded]"
	says "modprobe ext4"
	is_clean
}

@test "several targets that are not loaded" {
	cp "$dir/abc1/ksplice_abc1_ext4.ko" "$dir/abc1/ksplice_abc1_xfs.ko"
	fake_manifest "$dir" vmlinux xfs ext4 >"$dir/abc1/manifest"
	fake_pack "$dir"
	rm -r "$dir/sys/module/ext4"
	run fake ksplice-apply "$file"
	[ "$status" = 1 ]
	says "changes module xfs, which is not loaded, and 1 more"
	says "modprobe xfs"
	is_clean
}

@test "what a module has freed is looked for, and what is missing is said" {
	mkdir "$dir/sys/module/ext4/sections"
	echo 0xffffffffc0100000 >"$dir/sys/module/ext4/sections/.text"
	echo 0xffffffffc0200000 >"$dir/sys/module/ext4/sections/.init.text"
	run fake ksplice-apply --dry-run --verbose "$file"
	[ "$status" = 0 ]
	says "what module ext4 has freed is known by its sections alone: "
	says "/modules.dep does not name it"
	says "handing in 2 candidates and 0 of what is freed, for vmlinux"
	says "handing in 1 candidates and 1 of what is freed, for ext4"
	rm -r "$dir/sys/module/ext4/sections"
	run fake ksplice-apply --dry-run --verbose "$file"
	[ "$status" = 0 ]
	says "what module ext4 has freed is known by nothing: "
	says "handing in 1 candidates and 0 of what is freed, for ext4"
}

@test "a kernel that hides its addresses" {
	sed -i 's/^ffffffff81000000/0000000000000000/' "$dir/proc/kallsyms"
	run fake ksplice-apply "$file"
	[ "$status" = 5 ]
	says "kptr_restrict"
	is_clean
}

@test "another ksplice.ko" {
	mkdir -p "$dir/sys/kernel/ksplice"
	echo 99 >"$dir/sys/kernel/ksplice/version"
	: >"$dir/sys/kernel/ksplice/symbols"
	run fake ksplice-apply "$file"
	[ "$status" = 1 ]
	says "format 99"
	[ "$(cat "$dir/sys/kernel/ksplice/version")" = 99 ]
}

@test "a signal takes everything back" {
	FAKE_SIGNAL=2 run fake ksplice-apply "$file"
	[ "$status" = 130 ]
	says "the kernel is as it was"
	is_clean
	FAKE_SIGNAL=15 run fake ksplice-apply "$file"
	[ "$status" = 143 ]
	is_clean
}

@test "what a killed apply left is cleaned up by undo and by apply" {
	FAKE_SIGNAL=9 run fake ksplice-apply "$file"
	[ "$status" = 137 ]
	[ -e "$dir/sys/kernel/ksplice/abc1" ]
	run fake ksplice-undo abc1
	[ "$status" = 0 ]
	says "was not applied (it was preparing)"
	is_clean
	FAKE_SIGNAL=9 run fake ksplice-apply "$file"
	run fake ksplice-apply "$file"
	[ "$status" = 0 ]
	says "Applied abc1"
}

@test "undo of what is not there" {
	run fake ksplice-undo nothere
	[ "$status" = 1 ]
	says "error: there is no update nothere"
	run fake ksplice-undo ../etc
	[ "$status" = 1 ]
	run ksplice-view nothere
	[ "$status" = 1 ]
	run fake ksplice-undo --all
	[ "$status" = 0 ]
	says "No updates are applied."
}

@test "undo --all" {
	fake ksplice-apply "$file"
	run fake ksplice-undo --all
	[ "$status" = 0 ]
	is_clean
}

@test "a part that another one needs is removed after it" {
	fake ksplice-apply "$file"
	mkdir -p "$dir/sys/module/ksplice_abc1_ext4/holders"
	: >"$dir/sys/module/ksplice_abc1_ext4/holders/ksplice_abc1_vmlinux"
	run fake ksplice-undo abc1
	[ "$status" = 0 ]
	is_clean
}

@test "usage errors exit with 2" {
	for command in "ksplice-apply" "ksplice-apply a b" "ksplice-apply --nonsense x" \
		"ksplice-apply --wait x y" "ksplice-apply --wait -1 y" "ksplice-undo" \
		"ksplice-undo --all x" "ksplice-view a b" "ksplice-view --check"; do
		run fake $command
		[ "$status" = 2 ] && [[ $output == *": error: "*" [usage]"* ]] || {
			echo "$command: $status: $output"
			return 1
		}
	done
	for command in apply undo view; do
		run "ksplice-$command" --help
		[ "$status" = 0 ]
		says "Usage:"
		run "ksplice-$command" --version
		[ "$status" = 0 ]
	done
}

# symbols_while COMMAND: for each reading of the symbols, writes them; the command is run meanwhile, when
# the reader has begun with those of modules and is not at their end
symbols_while()
{
	local i

	rm -f "$dir/proc/kallsyms"
	mkfifo "$dir/proc/kallsyms"
	for ((i = 0; i < 4000; i++)); do
		echo "ffffffffc0000$i t name_of_a_function_$i	[ext4]"
	done >"$dir/of_modules"
	while :; do
		{
			# The next reader is to find another one.
			rm "$dir/proc/kallsyms"
			mkfifo "$dir/proc/kallsyms"
			printf 'ffffffff81000000 T %s\n' _stext do_it printk
			# More than a pipe holds.
			cat "$dir/of_modules"
			eval "$1"
			echo >>"$dir/readings"
		} >"$dir/proc/kallsyms"
	done 3>&- &
	writer=$!
}

# readings N: the symbols were read so many times
readings()
{
	kill "$writer"
	[ "$(wc -l <"$dir/readings")" = "$1" ]
}

@test "a module that comes while symbols are read" {
	symbols_while '[ -e "$dir/readings" ] || echo "fat 1 0 - Loading 0xffffffffc1000000" >>"$dir/proc/modules"'
	run fake ksplice-apply "$file"
	[ "$status" = 0 ]
	readings 2
}

@test "a module that is removed and loaded again at the same place while symbols are read" {
	mkdir "$dir/sys/module/fat"
	symbols_while '[ -e "$dir/readings" ] || { mv "$dir/sys/module/fat" "$dir/old"; mkdir "$dir/sys/module/fat"; }'
	run fake ksplice-apply "$file"
	[ "$status" = 0 ]
	readings 2
}

@test "a user more of a module is no change" {
	symbols_while 'sed -i "s/ 1 - / 2 jbd2, /" "$dir/proc/modules"'
	run fake ksplice-apply "$file"
	[ "$status" = 0 ]
	readings 1
}

@test "modules that come all the time" {
	symbols_while 'echo "m$i$RANDOM 1 0 - Live 0xffffffffc1000000" >>"$dir/proc/modules"'
	run fake ksplice-apply --wait 0 "$file"
	[ "$status" = 4 ]
	says "[modules_changing]"
	says "hint: try again"
	is_clean
	readings 1
}

@test "a target that is loaded anew" {
	FAKE_RELOAD=ext4 run fake ksplice-apply "$file"
	[ "$status" = 1 ]
	says "module ext4 was removed and loaded again"
	says "[target_reloaded]"
	is_clean
}

@test "something holds a module of an update that is undone" {
	fake ksplice-apply "$file"
	touch "$dir/sys/held"
	for _ in 1 2; do
		FAKE_HELD=ksplice_abc1_ext4 run fake ksplice-undo abc1
		[ "$status" = 1 ]
		says "not in effect, but something holds its module ksplice_abc1_ext4 [module_in_use]"
		says "then ksplice-undo abc1"
	done
	FAKE_HELD=ksplice_abc1_ext4 run fake ksplice-apply "$file"
	[ "$status" = 1 ]
	says "[module_in_use]"
	rm "$dir/sys/held"
	run fake ksplice-undo abc1
	[ "$status" = 0 ]
	is_clean
}

@test "of many targets the sum is given" {
	for target in xfs btrfs fuse; do
		cp "$dir/abc1/ksplice_abc1_ext4.ko" "$dir/abc1/ksplice_abc1_$target.ko"
		cp -r "$dir/sys/module/ext4" "$dir/sys/module/$target"
		echo "$target 4096 1 - Live 0xffffffffc0000000" >>"$dir/proc/modules"
	done
	fake_manifest "$dir" vmlinux ext4 xfs btrfs fuse >"$dir/abc1/manifest"
	fake_pack "$dir"
	run fake ksplice-apply "$file"
	[ "$status" = 0 ]
	says "Applied abc1: 5 functions in 5 targets. The machine"
}
