#!/bin/sh
# Begins a project and fuzzes its definition, as its fuzz/README.md says: fuzz/project.sh [SECONDS]
# GATEWRIGHT is the program (target/debug/gatewright). Needs cargo-fuzz, as run.sh does.
set -eu
cd "$(dirname "$0")/.."

seconds=${1:-10}
program=$(realpath "${GATEWRIGHT:-target/debug/gatewright}")
source=$(pwd)
host=$(rustc -vV | sed -n 's/^host: //p')
export RUSTC_BOOTSTRAP=1 CARGO_TARGET_DIR="${CARGO_TARGET_DIR:-$source/fuzz/target}"

project=$(mktemp -d)
trap 'rm -rf "$project"' EXIT
cd "$project"
"$program" init . --name shelf >/dev/null
"$program" gen fuzz shelf.ksy corpus/*.hex -o fuzz --source "$source"
# The versions that everything else here is tried with.
cp "$source/fuzz/Cargo.lock" fuzz/Cargo.lock
cargo fuzz run --target "$host" --fuzz-dir fuzz shelf fuzz/corpus -- \
    -dict=fuzz/shelf.dict -max_total_time="$seconds" -timeout=10 -rss_limit_mb=2048
