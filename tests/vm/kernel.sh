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

# kernel_offered [SERIES [FLAVOUR]]: releases that the archive offers with their source, oldest
# first: the plain ones for amd64, or those of a flavour (cloud, rt).
kernel_offered()
{
	local form="${1:-6.1}\\.[0-9]+(-[0-9]+|\\+deb[0-9]+)-${2:+$2-}amd64"

	ksplice-create --list-kernels |
		sed -nE "s/^($form) .*source:yes.*/\\1/p" | sort -uV
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

# kernel_options_other RELEASE PATCH: ksplice-create's options to make an update for RELEASE from
# another source: its own with PATCH applied, kept beside it.
kernel_options_other()
{
	local own source other

	own=$(ksplice-create --fetch "$1" | tail -n 1)
	own=${own%/*}
	source=$(kernel_source "$1")
	other=$own/other-$(sha256sum <"$2" | cut -c 1-12)
	if [[ ! -d $other ]]; then
		rm -rf "$other.new"
		# Links: patch puts a new file in the place of one that it changes.
		flock "$own/lock" cp -al "$source" "$other.new"
		patch -d "$other.new" -p1 --batch --forward --no-backup-if-mismatch --quiet <"$2"
		mv -T "$other.new" "$other"
	fi
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
