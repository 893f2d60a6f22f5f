# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# A fake kernel (see fake_kernel.c), and update files for it.

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
release=6.1.0-1-test

fake_build()
{
	local cc=(gcc -O1 -Wall -I"$here/../..")

	"${cc[@]}" -D_GNU_SOURCE -shared -fPIC -o "$1/fake_kernel.so" "$here/fake_kernel.c" -ldl
	"${cc[@]}" -o "$1/is_json" "$here/is_json.c" -ljansson
	"${cc[@]}" -c -DCORE -DNAME='"ksplice"' -DRELEASE="\"$release\"" -o "$1/ksplice.ko" \
		"$here/fake_module.c"
	for target in vmlinux ext4; do
		"${cc[@]}" -c -DNAME="\"ksplice_abc1_$target\"" -DRELEASE="\"$release\"" \
			-o "$1/ksplice_abc1_$target.ko" "$here/fake_module.c"
	done
}

# fake_root DIR: an idle machine without ksplice.ko.
fake_root()
{
	export KSPLICE_SYSFS=$1/sys KSPLICE_PROC=$1/proc KSPLICE_RUN=$1/run KSPLICE_MODULES=$1/modules
	mkdir -p "$1/sys/kernel" "$1/sys/module/ext4" "$1/proc/sys/kernel" "$1/run"
	echo live >"$1/sys/module/ext4/initstate"
	echo "ext4 4096 1 - Live 0xffffffffc0000000" >"$1/proc/modules"
	echo "$release" >"$1/proc/sys/kernel/osrelease"
	echo '#1 SMP test' >"$1/proc/sys/kernel/version"
	printf 'ffffffff81000000 T %s\n' _stext do_it printk >"$1/proc/kallsyms"
}

# fake_manifest DIR TARGET...: for the files in DIR/abc1.
fake_manifest()
{
	local dir=$1/abc1 target

	shift
	echo "format 1"
	echo "id abc1"
	echo "kernel $release"
	echo "machine $(uname -m)"
	echo "version -"
	echo "created 1700000000"
	echo "core ksplice.ko $(sha256sum <"$dir/ksplice.ko" | cut -d' ' -f1)"
	for target; do
		echo "target $target ksplice_abc1_$target.ko" \
			"$(sha256sum <"$dir/ksplice_abc1_$target.ko" | cut -d' ' -f1)"
	done
	for target; do
		echo "function $target replaced do_it fs/do.o"
	done
	echo "patch patch $(sha256sum <"$dir/patch" | cut -d' ' -f1)"
	echo "description Do it better"
}

# fake_members BUILT DIR TARGET...: the members of an update, unpacked, in DIR/abc1.
fake_members()
{
	local built=$1 dir=$2 target

	shift 2
	mkdir -p "$dir/abc1"
	cp "$built/ksplice.ko" "$dir/abc1/"
	for target; do
		cp "$built/ksplice_abc1_$target.ko" "$dir/abc1/"
	done
	printf -- '--- a/fs/do.c\n+++ b/fs/do.c\n' >"$dir/abc1/patch"
	fake_manifest "$dir" "$@" >"$dir/abc1/manifest"
}

fake_pack()
{
	tar -C "$1" --zstd -cf "$1/abc1.ksplice" abc1
}

fake()
{
	LD_PRELOAD=$BATS_FILE_TMPDIR/fake_kernel.so "$@"
}
