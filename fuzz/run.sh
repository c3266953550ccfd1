#!/bin/sh
# Runs every fuzz target for some seconds, from its seeds: fuzz/run.sh [SECONDS] [TARGET...]
# Seeds are the corpus of the codec that the target is named after, and fuzz/seeds/TARGET; those
# of `config` and `capture` are the files that their tests read, those of `config` the examples, too.
# FUZZ_SEED makes a run take the same turns again (0, the default: other ones each time).
# Several targets run FUZZ_JOBS at a time (one for each core); what they say stands in fuzz/target/TARGET.log.
# Ends with 1 if a target crashed; what crashed it stands in fuzz/artifacts/TARGET.
# Needs cargo-fuzz 0.13.2: cargo install cargo-fuzz --version 0.13.2 --locked
set -eu
cd "$(dirname "$0")"

seconds=${1:-60}
[ $# -eq 0 ] || shift
[ $# -gt 0 ] || set -- $(basename -s .rs fuzz_targets/*.rs)
host=$(rustc -vV | sed -n 's/^host: //p')
# Sanitizers and coverage are flags of the nightly compiler that this one has as well.
export RUSTC_BOOTSTRAP=1

seed() {
    mkdir -p "corpus/$1"
    for file in "../codecs/src/$1/corpus"/*.hex; do
        [ -e "$file" ] || continue
        perl -ne 's/#.*//; s/\s//g; print pack "H*", $_' "$file" >"corpus/$1/seed-$(basename "$file" .hex)"
    done
    for file in "seeds/$1"/*; do
        [ -e "$file" ] || continue
        cp "$file" "corpus/$1/seed-$(basename "$file")"
    done
    [ "$1" != config ] || for file in ../config/examples/*/*.toml ../config/tests/bad/*.toml; do
        cp "$file" "corpus/$1/seed-$(echo "$file" | tr / _)"
    done
    [ "$1" != capture ] || cp ../gateway/tests/cli/data/captures/* "corpus/$1"
}

# The corpus of each shipped definition behind the definition's number (library::Shipped::all), and each
# definition with one of its messages.
seed_definitions() {
    mkdir -p corpus/definitions corpus/ksy
    perl -e '
        sub bytes { local (@ARGV, $/) = shift; $_ = <>; s/#.*//g; s/\s//g; pack "H*", $_ }
        sub seed { my ($file, $bytes) = @_; open my $out, ">:raw", "corpus/$file" or die; print $out $bytes }
        my $number = 0;
        for my $folder (sort glob "../config/protocols/*") {
            for my $path (sort (glob("$folder/*.ksy"), glob("$folder/*.gateway.yaml"))) {
                my ($name) = $path =~ m|([^/]*?)(?:\.gateway)?\.\w+$|;
                my $variant = $path =~ /yaml$/ && $name =~ /-(.*)/ ? "-$1" : "";
                my @samples = sort glob "$folder/corpus$variant/*.hex";
                for my $sample (@samples) {
                    my ($of) = $sample =~ m|([^/]*)\.hex$|;
                    seed("definitions/seed-$name-$of", chr($number) . bytes($sample));
                }
                $number++;
                next unless $path =~ /ksy$/;
                my ($good) = grep !m|/bad_|, @samples;
                open my $in, "<:raw", $path or die;
                seed("ksy/seed-$name", join("", <$in>) . "\0" . bytes($good));
            }
        }'
}

# Runs one target, here and now.
fuzz() {
    seed "$1"
    case $1 in definitions | ksy) seed_definitions ;; esac
    options="-max_len=8192"
    # Definitions are longer than messages, and consist of words.
    [ "$1" != ksy ] || options="-max_len=32768 -dict=ksy.dict"
    cargo fuzz run --target "$host" "$1" -- \
        -max_total_time="$seconds" -timeout=10 -rss_limit_mb=2048 $options \
        -seed="${FUZZ_SEED:-0}" -print_final_stats=1
}

if [ $# -eq 1 ]; then
    fuzz "$1"
    exit
fi

# All are built first, as the builds would wait for each other.
for target in "$@"; do
    cargo fuzz build --target "$host" "$target"
done
echo "== $* for ${seconds}s each"
export seconds
printf '%s\n' "$@" | xargs -n 1 -P "${FUZZ_JOBS:-$(getconf _NPROCESSORS_ONLN)}" sh -c '
    if ./run.sh "$seconds" "$1" >"target/$1.log" 2>&1; then
        echo "$1: $(sed -n "s/^stat::number_of_executed_units: *//p" "target/$1.log") runs"
    else
        tail -n 60 "target/$1.log" >&2
        echo "crashed: $1" >&2
        exit 1
    fi' run
