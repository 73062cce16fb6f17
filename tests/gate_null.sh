#!/bin/sh
# gate_null.sh N [DIR [OPTION...]]: N gates of equal programs, and what they said, as Markdown.
#
# Odd gates compare the program with itself (the same files).  Even ones compare it with a null
# build: the same objects linked in eight other orders, under another path.  Whatever such a gate
# calls slower is a false alarm.
#
# Results go to DIR (default build/gate-null): NNN.json, NNN.code, NNN.err per gate.  A gate that is
# there already is not run again, so this can be stopped at any time and goes on where it was; the
# table is over all that are there.  OPTIONs are passed to `blobfront gate` (default
# `--instructions none`: counting is exact and needs no repetition).
#
# Run it on a machine that does nothing else: about 20 s a gate.  Needs python3.
set -u
LC_ALL=C
export LC_ALL
case ${1:-} in
'' | *[!0-9]* | 0)
    echo "usage: tests/gate_null.sh N [DIR [OPTION of blobfront gate...]]" >&2
    exit 2
    ;;
esac
gates=$1
src=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd -P) || exit 2
dir=${2:-$src/build/gate-null}
[ $# -ge 2 ] && shift
shift
[ $# -gt 0 ] || set -- --instructions none

cd "$src" || exit 2
orders=build/release/orders
null=build/null-build-under-another-path
make -s link-orders || exit 1
# shellcheck disable=SC2046 # numbers
make -s $(printf "$orders/blobfront-%s " 8 9 10 11 12 13 14 15) || exit 1
mkdir -p "$dir" "$null" || exit 1
dir=$(CDPATH='' cd -- "$dir" && pwd -P) || exit 1
for n in 0 1 2 3 4 5 6 7; do
    cp "$orders/blobfront-$((n + 8))" "$null/blobfront-$n" || exit 1
done

# What was measured with other programs is not ours.
hash=$(cat $orders/blobfront-? | cksum | tr ' ' '-')
if [ -f "$dir/programs" ] && [ "$(cat "$dir/programs")" != "$hash" ]; then
    echo "gate_null: $dir holds gates of another build: name another folder, or remove it" >&2
    exit 2
fi
echo "$hash" >"$dir/programs"

stop() {
    [ -z "${running:-}" ] || kill -INT "$running" 2>/dev/null
    wait 2>/dev/null
    rm -rf "$dir"/now-*
    exit 130
}
trap stop INT TERM HUP

number=1
while [ "$number" -le "$gates" ]; do
    name=$(printf %04d "$number")
    if [ ! -f "$dir/$name.code" ]; then
        if [ $((number % 2)) -eq 1 ]; then candidate=$orders; else candidate=$null; fi
        rm -rf "$dir/now-$name"
        timeout -k 10 900 build/release/blobfront gate --baseline $orders --candidate "$candidate" \
            --no-golden --quiet --out "$dir/now-$name" --json "$dir/$name.json" "$@" \
            >"$dir/$name.txt" 2>"$dir/$name.err" </dev/null &
        running=$!
        wait "$running"
        code=$?
        running=
        rm -rf "$dir/now-$name"
        # A gate without a verdict leaves no JSON of an earlier one.
        case $code in 0 | 3 | 4) ;; *) rm -f "$dir/$name.json" ;; esac
        echo "$code" >"$dir/$name.code.new" && mv "$dir/$name.code.new" "$dir/$name.code"
        echo "gate $number of $gates: exit code $code, $(tail -n 1 "$dir/$name.txt")" >&2
    fi
    number=$((number + 1))
done

python3 - "$dir" <<'PYTHON'
import glob, json, os, statistics, sys
folder = sys.argv[1]
kinds = (("A/A: the same files", 1), ("null build: other link orders, other path", 0))
print("| programs | gates | green | red | inconclusive | no verdict | cells | failed once | red cells |"
      " undecided | control failed | seconds: median, most | rounds |")
print("|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|")
total = red_total = 0
found = {}
for title, odd in kinds:
    codes, cells, seconds, rounds, controls = [], [], [], [], 0
    for path in sorted(glob.glob(os.path.join(folder, "[0-9]*.code"))):
        number = int(os.path.basename(path)[:-5])
        if number % 2 != odd:
            continue
        codes.append(int(open(path).read()))
        try:
            gate = json.load(open(path[:-5] + ".json"))
        except OSError:
            continue
        cells += gate["timing"]["cells"]
        controls += gate["timing"]["controls_failed"]
        seconds.append(gate["seconds"])
        rounds.append(gate["timing"]["rounds"])
        for c in gate["timing"]["cells"]:
            found.setdefault((c["strategy"], c["phase"], c["metric"]), []).append(c.get("detectable"))
    if not codes:
        continue
    total += len(codes)
    red_total += codes.count(3)
    once = sum(c.get("first", {}).get("verdict") == "FAIL" for c in cells)
    print("| %s | %d | %d | %d | %d | %d | %d | %d | %d | %d | %d | %s | %s |" % (
        title, len(codes), codes.count(0), codes.count(3), codes.count(4),
        sum(c not in (0, 3, 4) for c in codes), len(cells), once,
        sum(c["verdict"] == "FAIL" for c in cells),
        sum(c["verdict"] == "undecided" for c in cells), controls,
        "%.1f, %.1f" % (statistics.median(seconds), max(seconds)) if seconds else "-",
        "%g" % statistics.median(rounds) if rounds else "-"))
if total:
    # Exact (Clopper and Pearson) one-sided 95 % bound on the share of red gates.
    low, high = red_total / total, 1.0
    from math import comb
    for _ in range(60):
        p = (low + high) / 2
        tail = sum(comb(total, k) * p**k * (1 - p)**(total - k) for k in range(red_total + 1))
        low, high = (p, high) if tail > 0.05 else (low, p)
    print("\n%d gates of equal programs, %d red: with 95 %% confidence at most %.2f %% are." % (
        total, red_total, 100 * high))
print("\n| metric | smallest slowdown found with probability 0.9: median over gates |\n|---|--:|")
for (strategy, phase, metric), values in found.items():
    values = [v for v in values if v is not None]
    print("| %s %s %s | %s |" % (strategy, phase, metric,
                                 "+%.1f %%" % (100 * statistics.median(values)) if values else "-"))
PYTHON
