# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# Where things are in an unpacked kernel package, and what the machine below can do.

vm_die()
{
	echo "${0##*/}: error: $*" >&2
	exit 1
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
