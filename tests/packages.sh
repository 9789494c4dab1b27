# Sourced by ./quickstart and ./check: which Debian packages are needed, and how to get the missing ones.
# shellcheck shell=bash
# shellcheck disable=SC2034  # the lists are for the caller

# to build the program
build_packages=(gcc g++ cmake ninja-build pkg-config zlib1g-dev libelf-dev libfdt-dev libgtest-dev libsdl2-dev
	libcapstone-dev libjansson-dev libnbd-dev libslirp-dev nettle-dev gcc-aarch64-linux-gnu libc6-dev)
# to unpack guest images out of Debian's arm64 packages
image_packages=(apt dpkg cpio gzip debian-archive-keyring e2fsprogs xz-utils)
# to check it
check_packages=(qemu-efi-aarch64 u-boot-qemu u-boot-tools mtools procps python3 binutils device-tree-compiler qemu-system-arm qemu-user qemu-utils libllvm19
	libc6-dev-arm64-cross protobuf-compiler gdb-multiarch lldb)

say() {
	printf '== %s\n' "$*"
}

as_root() {
	if [ "$(id -u)" = 0 ]; then
		"$@"
	elif command -v sudo >/dev/null; then
		sudo "$@"
	else
		say "not root, and there is no sudo; please run as root: $*" >&2
		return 1
	fi
}

# The package lists, once: a fresh machine has none.
update_lists() {
	[ -z "${lists_updated:-}" ] || return 0
	say "fetching package lists (apt-get update)"
	as_root apt-get -qq update && lists_updated=yes
}

# apt has package lists, so it can say which mirror this machine uses
mirror_known() {
	# shellcheck disable=SC2016  # apt's own notation
	[ -n "$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' 2>/dev/null)" ]
}

# need PACKAGE...: installs what is not there; status 1 when that fails
need() {
	local missing=() package
	command -v apt-get >/dev/null || {
		say "no apt-get here: please install what corresponds to Debian's $*" >&2
		return 0
	}
	for package; do
		dpkg-query -W -f '${db:Status-Abbrev}' "$package" 2>/dev/null | grep -q '^ii' || missing+=("$package")
	done
	[ ${#missing[@]} -gt 0 ] || return 0
	update_lists || say "the package lists could not be fetched; trying with what is there" >&2
	say "installing ${missing[*]}"
	as_root env DEBIAN_FRONTEND=noninteractive apt-get -qq -y --no-install-recommends install "${missing[@]}" >/dev/null
}
