# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# Which kernels there are to test on, through ksplice-create's own finding and fetching.

# Releases the archive offers, one per line, oldest first. $1: pattern (default 6.1, plain amd64).
kernel_offered()
{
	ksplice-create --list-kernels | awk '{ print $1 }' | grep -E "${1:-^6\.1\.0-[0-9]+-amd64\$}" | sort -uV
}

# The oldest offered: certainly not the newest, and it leaves the next update from the archive
# soonest.
kernel_default()
{
	if [[ ${KSPLICE_TEST_KERNEL-} ]]; then
		echo "$KSPLICE_TEST_KERNEL"
	else
		kernel_offered | head -n 1
	fi
}

# The unpacked image package of RELEASE, fetched if need be.
kernel_image()
{
	if [[ ${KSPLICE_TEST_IMAGE-} ]]; then
		echo "$KSPLICE_TEST_IMAGE"
	else
		ksplice-create --fetch "$1" | tail -n 1
	fi
}

# ksplice-create's options to make an update for RELEASE from the source of OTHER.
kernel_options_foreign()
{
	local own other

	own=$(kernel_image "$1")
	other=$(kernel_image "$2")
	printf '%s\n' --source "${other%/*}/source" --headers "${own%/*}/headers" --config "$own/boot/config-$1"
}

# Does RELEASE match one of the patterns (shell patterns, one per line, # comments) in FILE?
kernel_is_one_of()
{
	local pattern

	while read -r pattern; do
		# shellcheck disable=SC2053 # a pattern
		[[ ! $pattern || $pattern == \#* || $1 != $pattern ]] || return 0
	done <"$2"
	return 1
}

# The project's commands that the machine gets, those that are built.
kernel_commands()
{
	local command

	for command in "$1"/build/bin/ksplice-{apply,view,undo} "$1"/build/objmanip/objmanip; do
		[[ ! -e $command ]] || echo "$command"
	done
}
