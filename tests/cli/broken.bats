#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
# Broken update files: each has one clear error, exit status 1, and touches nothing.

load lib.bash

setup_file()
{
	fake_build "$BATS_FILE_TMPDIR"
}

setup()
{
	dir=$BATS_TEST_TMPDIR
	file=$dir/abc1.ksplice
	fake_root "$dir"
	fake_members "$BATS_FILE_TMPDIR" "$dir" vmlinux
	fake_pack "$dir"
}

# refused TEXT: the file is refused, with this text, by apply and by view.
refused()
{
	local command

	for command in ksplice-apply ksplice-view; do
		run fake $command "$file"
		[ "$status" = 1 ] && [[ $output == *"$1"* ]] && [[ $output == *"[bad_update]"* ]] || {
			echo "$command: status $status, expected: $1"
			echo "$output"
			return 1
		}
	done
	[ ! -e "$dir/sys/kernel/ksplice" ]
}

# manifest SED: changes the manifest and packs again.
manifest()
{
	sed -i "$1" "$dir/abc1/manifest"
	fake_pack "$dir"
}

@test "no such file, a directory" {
	run fake ksplice-apply "$dir/none.ksplice"
	[ "$status" = 1 ]
	[[ $output == *"No such file"* ]]
	run fake ksplice-apply "$dir"
	[ "$status" = 1 ]
	[[ $output == *"is a directory"* ]]
}

@test "empty" {
	: >"$file"
	refused "the file is empty"
}

@test "not an archive" {
	head -c 5000 /dev/urandom >"$file"
	refused "not an update file"
	echo hello >"$file"
	refused "not an update file"
	zstd -q -f -o "$file" <<<hello
	refused "not an update file"
}

@test "truncated at many places" {
	local size whole=$dir/whole

	cp "$file" "$whole"
	size=$(stat -c %s "$whole")
	for part in 4 10 25 50 75 90 99; do
		head -c $((size * part / 100)) "$whole" >"$file"
		refused ""
	done
}

@test "members: missing, damaged, unknown, twice" {
	rm "$dir/abc1/patch"
	fake_pack "$dir"
	refused "member patch: missing"
	echo other >"$dir/abc1/patch"
	fake_pack "$dir"
	refused "member patch: damaged"
	fake_members "$BATS_FILE_TMPDIR" "$dir" vmlinux
	echo x >"$dir/abc1/more"
	fake_pack "$dir"
	refused "member more: the manifest does not name it"
	rm "$dir/abc1/more" "$dir/abc1/manifest"
	fake_pack "$dir"
	refused "no manifest"
}

@test "names that lead elsewhere" {
	tar -C "$dir" --zstd -cPf "$file" --transform 's|abc1/patch|abc1/../../evil|' abc1
	refused "not a plain file name"
	tar -C "$dir" --zstd -cPf "$file" --transform 's|abc1/patch|/etc/evil|' abc1
	refused "directory"
	tar -C "$dir" --zstd -cPf "$file" --transform 's|abc1/patch|other/patch|' abc1
	refused "outside of the update's directory"
	ln -sf /etc/passwd "$dir/abc1/patch"
	fake_pack "$dir"
	refused "not a regular file"
}

@test "manifest: wrong fields" {
	manifest 's/^format 1/format 9/'
	refused "has format 9"
	manifest 's/^format 9/form 1/'
	refused "expected \`format NUMBER'"
	fake_members "$BATS_FILE_TMPDIR" "$dir" vmlinux
	manifest '/^kernel/d'
	refused "no \`kernel' line"
	fake_members "$BATS_FILE_TMPDIR" "$dir" vmlinux
	manifest 's/^id abc1/id ..\/x/'
	refused "not a legal id"
	fake_members "$BATS_FILE_TMPDIR" "$dir" vmlinux
	manifest 's/^id abc1/id abc2/'
	refused "not the directory's name"
	fake_members "$BATS_FILE_TMPDIR" "$dir" vmlinux
	manifest 's|^core ksplice.ko|core ../ksplice.ko|'
	refused "not a plain file name"
	fake_members "$BATS_FILE_TMPDIR" "$dir" vmlinux
	manifest 's/^created/surprise/'
	refused "unknown key"
}

# module FILE: the vmlinux module's contents come from FILE.
module()
{
	cp "$1" "$dir/abc1/ksplice_abc1_vmlinux.ko"
	fake_manifest "$dir" vmlinux >"$dir/abc1/manifest"
	fake_pack "$dir"
	run fake ksplice-apply "$file"
	[ "$status" = 1 ]
	[[ $output == *"$2"* ]] || {
		echo "expected: $2"
		echo "$output"
		return 1
	}
	[ ! -e "$dir/sys/kernel/ksplice" ]
}

@test "a module that is none" {
	local good=$BATS_FILE_TMPDIR/ksplice_abc1_vmlinux.ko bad=$dir/bad size

	size=$(stat -c %s "$good")
	: >"$bad"
	module "$bad" "not an ELF file"
	echo hello >"$bad"
	module "$bad" "not an ELF file"
	head -c $((size / 2)) "$good" >"$bad"
	module "$bad" "ksplice_abc1_vmlinux.ko"
	cp "$good" "$bad"
	printf '\xb7' | dd of="$bad" bs=1 seek=18 conv=notrunc status=none
	module "$bad" "for another machine"
	cp "$BATS_FILE_TMPDIR/ksplice.ko" "$bad"
	module "$bad" "not an update's module"
	cp /bin/true "$bad"
	module "$bad" "not a kernel module"
	objcopy -R .init.ksplice.image "$good" "$bad"
	module "$bad" "there is none"
}
