# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# Which kernels there are to test on, through ksplice-create's own finding and fetching.

# need_build DIR: stop unless the commands are built there.
need_build()
{
	if [[ ! -x $1/bin/ksplice-create || ! -x $1/bin/ksplice-apply ]]; then
		echo "${0##*/}: error: the commands are not built in $1: run make first" >&2
		exit 1
	fi
}

# The series of RELEASE: 6.1.0-47-amd64 is of 6.1, 6.12.107+deb12-amd64 of 6.12.
kernel_series()
{
	[[ $1 =~ ^[0-9]+\.[0-9]+ ]]
	echo "${BASH_REMATCH[0]}"
}

# kernel_offered [SERIES]: releases that the archive offers with their source, oldest first: the
# plain ones for amd64.
kernel_offered()
{
	ksplice-create --list-kernels |
		sed -nE "s/^(${1:-6.1}\\.[0-9]+(-[0-9]+|\\+deb[0-9]+)-amd64) .*source:yes.*/\\1/p" | sort -uV
}

# kernel_default [SERIES]: the oldest offered: certainly not the newest, and it leaves the next
# update from the archive soonest.
kernel_default()
{
	if [[ ${KSPLICE_TEST_KERNEL-} ]]; then
		echo "$KSPLICE_TEST_KERNEL"
	else
		kernel_offered "${1-}" | head -n 1
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

# kernel_source RELEASE: the unpacked source, fetched if need be.
kernel_source()
{
	ksplice-create --fetch-source "$1" | tail -n 1
}

# ksplice-create's options to make an update for RELEASE from the source of OTHER.
kernel_options_foreign()
{
	local own other

	other=$(kernel_source "$2")
	own=$(kernel_image "$1")
	own=${own%/*}
	printf '%s\n' --source "$other" --headers "$own/headers" --config "$own/headers/.config"
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

# The commands that the machine gets, those that are there in the build folder $1.
kernel_commands()
{
	local command

	for command in "$1"/bin/ksplice-{apply,view,undo} "$1/objmanip/objmanip"; do
		[[ ! -e $command ]] || echo "$command"
	done
}
