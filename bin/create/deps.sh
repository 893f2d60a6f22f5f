#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# Debian packages that the project needs, and their installation.
#
#	deps.sh [--list | --missing] SET...	SET: build create test
#
# Installs what is missing with apt-get, saying what. Without root it prints
# the one command that does it and exits 5.
set -eu

# To build the commands and objmanip.
build='gcc make pkg-config libelf-dev libdw-dev binutils-dev libarchive-dev
libsmartcols-dev libjansson-dev zlib1g-dev scdoc'
# What ksplice-create runs: Kbuild's own needs, and the tools for packages and patches.
# (perl is one of the former: some of the kernel's own sources are made by it.)
create='make gcc-12 binutils libelf-dev libssl-dev bc bison flex rsync dwarves patch diffutils
findutils perl tar zstd xz-utils cpio kmod util-linux git ca-certificates'
# To check and to demonstrate.
test='libcmocka-dev sparse shellcheck clang-format bats qemu-system-x86 busybox-static cpio kmod gzip
e2fsprogs'

mode=install
case ${1-} in
--list) mode=list; shift ;;
--missing) mode=missing; shift ;;
-*) echo "usage: deps.sh [--list | --missing] SET..." >&2; exit 2 ;;
esac

wanted=
for set in "$@"; do
	case $set in
	build) wanted="$wanted $build" ;;
	create) wanted="$wanted $create" ;;
	test) wanted="$wanted $test" ;;
	*) echo "deps.sh: error: unknown set '$set' (build, create, test) [usage]" >&2; exit 2 ;;
	esac
done
# shellcheck disable=SC2086 # a list of words
wanted=$(printf '%s\n' $wanted | sort -u)

if [ $mode = list ]; then
	printf '%s\n' "$wanted"
	exit 0
fi

missing=
for package in $wanted; do
	status=$(dpkg-query -W -f '${db:Status-Status}\n' "$package" 2>/dev/null | head -n 1) || true
	[ "$status" = installed ] || missing="$missing $package"
done
missing=${missing# }

if [ $mode = missing ]; then
	[ -z "$missing" ] || echo "$missing"
	exit 0
fi
[ -n "$missing" ] || exit 0

if [ "$(id -u)" != 0 ]; then
	echo "Debian packages are missing. As root:" >&2
	echo "  apt-get install --no-install-recommends $missing" >&2
	exit 5
fi

echo "Installing Debian packages: $missing"
log=$(mktemp)
trap 'rm -f "$log"' EXIT
install_missing()
{
	# shellcheck disable=SC2086 # a list of words
	DEBIAN_FRONTEND=noninteractive apt-get -y -q -o DPkg::Lock::Timeout=120 \
		install --no-install-recommends $missing >"$log" 2>&1
}
# A fresh machine has no package lists, an old one has stale ones.
if ! install_missing; then
	echo "Refreshing the package lists"
	apt-get -q update >/dev/null
	if ! install_missing; then
		tail -n 20 "$log" >&2
		echo "deps.sh: error: apt-get could not install them [failed]" >&2
		exit 1
	fi
fi
