# Steps and packages: what Tools/run and Tools/test share. Sourced, not run.
#
# Each need is a line "PROBE PACKAGE": the probe is a command's name, or a path (with wildcards)
# that exists when the package is there, or `python3:MODULE`. apt-get is called only when a probe
# fails, so a machine that has everything needs neither network nor rights. Libraries are listed by
# their header.

# What building and serving needs, besides the Swift toolchain.
build_needs='
git                                     git
/etc/ssl/certs/ca-certificates.crt      ca-certificates
/usr/include/stdio.h                    libc6-dev
/usr/include/c++/*/vector               g++
/usr/include/zlib.h                     zlib1g-dev
/usr/include/sqlite3.h                  libsqlite3-dev
'

# What the tests need besides: peers to compare with, and instruments.
test_needs='
redis-server                            redis-server
sqlite3                                 sqlite3
redis-cli                               redis-tools
redis-benchmark                         redis-tools
python3                                 python3
python3:ensurepip                       python3-venv
strace                                  strace
patch                                   patch
taskset                                 util-linux
setpriv                                 util-linux
'

# Package.swift asks for this toolchain or a later one.
swift_major=6
swift_minor=2

program=$(basename "$0")
repository=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)

say() { printf '== %s: %s\n' "$program" "$*" >&2; }

fail() {
    printf '== %s: FAILED: %s\n' "$program" "$*" >&2
    exit 1
}

# step NAME COMMAND...: one line before, one after; ends the script when the command fails.
# A function given as COMMAND returns its failures itself: bash ignores `set -e` inside it.
step() {
    local name=$1 began=$SECONDS status=0
    shift
    say "$name: $*"
    "$@" || status=$?
    if [ "$status" -ne 0 ]; then
        fail "$name (exit $status, after $((SECONDS - began)) s; $SECONDS s in all)"
    fi
    say "$name: ok ($((SECONDS - began)) s)"
}

present() {
    case $1 in
        /*) compgen -G "$1" > /dev/null ;;
        python3:*) python3 -c "import ${1#*:}" 2> /dev/null ;;
        *) command -v "$1" > /dev/null ;;
    esac
}

# missing_packages NEEDS: the packages of which a probe fails, each once.
missing_packages() {
    local probe package
    while read -r probe package; do
        if [ -n "$probe" ] && ! present "$probe"; then
            echo "$package"
        fi
    done <<< "$1" | sort -u
}

as_root() {
    if [ "$(id -u)" -eq 0 ]; then "$@"; else sudo "$@"; fi
}

# Debian starts a service when its package is installed. A policy that forbids it stands for the
# time of the installation, unless the machine has a policy of its own, which is left alone.
guard=/usr/sbin/policy-rc.d
guard_is_ours=no

raise_guard() {
    if [ ! -e "$guard" ]; then
        guard_is_ours=yes
        trap lower_guard EXIT
        printf '#!/bin/sh\nexit 101\n' | as_root tee "$guard" > /dev/null
        as_root chmod 755 "$guard"
    fi
}

lower_guard() {
    if [ "$guard_is_ours" = yes ]; then
        guard_is_ours=no
        as_root rm -f "$guard"
    fi
}

# The service we brought in would start with the machine and take the port of a server that one
# starts by hand. Only what this script installed is touched.
disable_service() {
    if command -v systemctl > /dev/null; then
        as_root systemctl disable "$1" > /dev/null 2>&1 || say "$1.service: could not be disabled"
    fi
}

install_packages() {
    raise_guard
    as_root apt-get update || say 'apt-get update failed; trying with the lists there are'
    # The variables are for dpkg's scripts, so they are set beyond sudo.
    local status=0
    as_root env DEBIAN_FRONTEND=noninteractive RUNLEVEL=1 \
        apt-get install -y --no-install-recommends "$@" || status=$?
    lower_guard
    if [ "$status" -ne 0 ]; then return "$status"; fi
    case " $* " in *' redis-server '*) disable_service redis-server ;; esac
}

# ensure_packages NEEDS: install what is missing, or say which command would.
ensure_packages() {
    local missing
    missing=$(missing_packages "$1" | tr '\n' ' ')
    missing=${missing% }
    if [ -z "$missing" ]; then
        say 'packages: nothing is missing'
        return
    fi
    local command="apt-get install $missing"
    command -v apt-get > /dev/null || fail "packages: no apt-get here; install: $missing"
    if [ "$(id -u)" -ne 0 ] && ! command -v sudo > /dev/null; then
        fail "packages: neither root nor sudo; as root, run: $command"
    fi
    # shellcheck disable=SC2086  # a list of words
    step packages install_packages $missing
    missing=$(missing_packages "$1" | tr '\n' ' ')
    [ -z "$missing" ] || fail "packages: still missing after the installation: ${missing% }"
}

# ensure_swift: a toolchain that can read Package.swift.
ensure_swift() {
    local where='see https://www.swift.org/install/linux/'
    command -v swift > /dev/null || fail "no Swift toolchain on the PATH; $where"
    local text major minor
    text=$(swift --version 2> /dev/null | grep -o 'Swift version [0-9]*\.[0-9]*' | head -n 1)
    text=${text##* }
    major=${text%%.*}
    minor=${text##*.}
    if [ -z "$text" ]; then
        fail "swift --version says nothing that can be read; $where"
    fi
    if [ "$major" -lt "$swift_major" ] ||
        { [ "$major" -eq "$swift_major" ] && [ "$minor" -lt "$swift_minor" ]; }; then
        fail "Swift $text is too old, $swift_major.$swift_minor is needed; $where"
    fi
}
