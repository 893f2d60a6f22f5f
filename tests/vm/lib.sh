# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# Where things are in an unpacked kernel package, and what the machine below can do.

vm_die()
{
	echo "${0##*/}: error: $*" >&2
	exit 1
}

# Where what is the same for each boot is kept.
vm_cache()
{
	local dir=${KSPLICE_CACHE:-${HOME:-/root}/.cache/ksplice}/vm

	mkdir -p "$dir"
	echo "$dir"
}

# The directory with modules.order of RELEASE below the unpacked package (before and after
# Debian's /usr move).
vm_modules_dir()
{
	local dir

	for dir in "$1/lib/modules/$2" "$1/usr/lib/modules/$2"; do
		if [[ -e $dir/modules.order || -d $dir/kernel ]]; then
			echo "$dir"
			return
		fi
	done
	vm_die "$1 holds no modules of $2"
}

# How the module tree MODULES reaches the machine: "9p", a shared folder, or "disk", for kernels
# that lack it (Debian's cloud kernels).
vm_transport()
{
	if grep -qs '/9pnet_virtio\.' "$1/modules.order" "$1/modules.builtin"; then
		echo 9p
	else
		echo disk
	fi
}

# vm_make_disk DIR FILE: a file system of what is in DIR.
vm_make_disk()
{
	local size

	# Some more than the files take: an inode for each 4 KiB, whatever their size is.
	size=$(($(du -s -B 1M "$1" | cut -f 1) * 4 / 3 + 8))
	PATH=$PATH:/sbin:/usr/sbin mke2fs -q -t ext4 -O ^has_journal -m 0 -i 4096 -d "$1" \
		"$2.$$" "${size}M" >/dev/null || vm_die "no file system can be made of $1"
	mv "$2.$$" "$2"
}

vm_kernel_file()
{
	local file

	for file in "$1/boot/vmlinuz-$2" "$1/usr/lib/modules/$2/vmlinuz" "$1/lib/modules/$2/vmlinuz"; do
		if [[ -e $file ]]; then
			echo "$file"
			return
		fi
	done
	vm_die "$1 holds no kernel image of $2"
}

# KVM only on a processor with hardware virtualisation: /dev/kvm alone may be a software one, on
# which stock kernels hang.
vm_accelerator()
{
	if [[ -w /dev/kvm ]] && grep -qE '^flags.*\b(vmx|svm)\b' /proc/cpuinfo; then
		echo "-accel kvm -cpu host"
	else
		echo "-accel tcg -cpu max"
	fi
}
