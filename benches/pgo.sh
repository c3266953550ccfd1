#!/bin/sh
# Builds the gateway by what it does ("profile-guided optimisation"): benches/pgo.sh [OF CARGO BUILD...]
# First a program that counts what it does; then the audit sends plain traffic through it, in all modes; then the program
# proper, which lies in target/pgo/HOST/release. What is to be built beside it is said as to cargo: --example w5.
# PGO_REQUESTS says how many requests it learns from (2,600,000). Needs: rustup component add llvm-tools
set -eu
cd "$(dirname "$0")/.."

target=${CARGO_TARGET_DIR:-$PWD/target}
pgo=$target/pgo
host=$(rustc -vV | sed -n 's/^host: //p')
built=$pgo/$host/release
profdata=$(rustc --print sysroot)/lib/rustlib/$host/bin/llvm-profdata
if [ ! -x "$profdata" ]; then
    echo "pgo.sh: the toolchain has no llvm-profdata: rustup component add llvm-tools" >&2
    exit 1
fi

# For a target that is named, as then what runs while it is built is not counted. Both times the same is built: what
# features libraries have depends on it, and with them the names under which functions are counted.
build() {
    flags=$1
    shift
    RUSTFLAGS=$flags cargo build --release --locked --target "$host" --target-dir "$pgo" -p gatewright --bins "$@"
}

# What only asks is built in less time.
CARGO_PROFILE_RELEASE_LTO=off CARGO_PROFILE_RELEASE_CODEGEN_UNITS=16 cargo build --release --locked -p gatewright-audit
build "-Cprofile-generate=$pgo/counts" "$@"
rm -rf "$pgo/counts"
"$target/release/audit" --gateway "$built/gatewright" --phases plain --requests "${PGO_REQUESTS:-2600000}"
"$profdata" merge -o "$pgo/gatewright.profdata" "$pgo/counts"
build "-Cprofile-use=$pgo/gatewright.profdata" "$@"
echo "$built/gatewright"
