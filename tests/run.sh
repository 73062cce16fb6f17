#!/bin/sh
# run.sh BUILD [SUITE...]: run the tests of a build folder (build/release) and count.
#
# Suites are the programs BUILD/tests/t_* and the scripts tests/cli/*.sh (not lib.sh), by name:
# `tests/run.sh build/debug t_io usage`.  Each runs in a fresh folder that is removed afterwards,
# two at a time; one line per suite in a fixed order, everything a failing suite said below it, and
# as the last line `N passed, M failed`.  Exit code 1 when a test failed or none passed, 2 when
# called wrongly.
#
# A suite that ends by a signal, in time-out, with an exit code it does not explain, or without
# having run a test counts as a failed test.  Skipped tests are listed and count as neither.
#
# BLOBFRONT_TEST_JOBS=1 runs one suite after the other; BLOBFRONT_TEST_LIMIT=600 gives each that many
# seconds (240).
set -u
limit=${BLOBFRONT_TEST_LIMIT:-240}
LC_ALL=C
export LC_ALL

if [ $# -lt 1 ] || [ ! -d "$1" ]; then
    echo "usage: tests/run.sh BUILD [SUITE...]   (BUILD: a built folder, as build/release)" >&2
    exit 2
fi
BLOBFRONT_SOURCE=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd -P) || exit 2
BLOBFRONT_BUILD=$(CDPATH='' cd -- "$1" && pwd -P) || exit 2
export BLOBFRONT_SOURCE BLOBFRONT_BUILD
shift

work=$(mktemp -d "${TMPDIR:-/tmp}/blobfront-run.XXXXXX") || exit 2
workers=
end() {
    trap - EXIT INT TERM
    for worker in $workers; do
        kill "$worker" 2>/dev/null
    done
    rm -rf "$work"
    exit "$1"
}
trap 'end 1' EXIT
trap 'end 130' INT
trap 'end 143' TERM

# ---- what to run: numbered lines "kind name path" in $work/suites ------------------------------
list() {
    for path in "$BLOBFRONT_BUILD"/tests/t_*; do
        case $path in *.o | *.d | *'*') continue ;; esac
        [ -f "$path" ] && [ -x "$path" ] && echo "program ${path##*/} $path"
    done
    for path in "$BLOBFRONT_SOURCE"/tests/cli/*.sh; do
        name=${path##*/}
        case $name in lib.sh | '*.sh') continue ;; esac
        echo "script ${name%.sh} $path"
    done
}
list >"$work/all"
if [ $# -eq 0 ]; then
    cp "$work/all" "$work/suites"
else
    for want in "$@"; do
        awk -v want="$want" '$2 == want' "$work/all" >"$work/one"
        if [ ! -s "$work/one" ]; then
            echo "tests/run.sh: there is no suite \"$want\"" >&2
            end 2
        fi
        cat "$work/one" >>"$work/suites"
    done
fi
total=$(wc -l <"$work/suites")

# ---- one suite ---------------------------------------------------------------------------------
# Leaves $work/N.out (what it said) and $work/N.end (exit code, nanoseconds).
now_ns() { date +%s%N; }

run_suite() {
    number=$1 kind=$2 path=$3
    mkdir "$work/$number.dir"
    start=$(now_ns)
    if [ "$kind" = program ]; then
        (cd "$work/$number.dir" && TMPDIR=$work/$number.dir CMOCKA_MESSAGE_OUTPUT=TAP \
            timeout -k 5 "$limit" "$path") >"$work/$number.out" 2>&1 </dev/null 3>&-
    else
        (cd "$work/$number.dir" && TMPDIR=$work/$number.dir \
            timeout -k 5 300 sh "$path") >"$work/$number.out" 2>&1 </dev/null 3>&-
    fi
    echo "$? $(($(now_ns) - start))" >"$work/$number.end"
    chmod -R u+rwx "$work/$number.dir" 2>/dev/null
    rm -rf "$work/$number.dir"
}

# Workers take the next suite whose number nobody has claimed, and report on the pipe.
worker() {
    number=0
    while read -r kind name path; do
        number=$((number + 1))
        mkdir "$work/$number.claim" 2>/dev/null || continue
        : "$name"
        run_suite "$number" "$kind" "$path"
        echo "$number" >&3
    done <"$work/suites"
}

# ---- what it came to ---------------------------------------------------------------------------
# One line from the TAP in $2: passed failed skipped.  $3 is the exit code.  cmocka writes a skipped
# test as "not ok N # SKIP name".
count() {
    awk -v script="$1" -v code="$3" '
    /^(not )?ok [0-9]+.*# SKIP/ { skipped++; seen++; next }
    /^ok [0-9]+/ { passed++; seen++ }
    /^not ok [0-9]+/ { failed++; seen++ }
    /^1\.\.[0-9]+/ { planned += substr($1, 4); plans++ }
    END {
        if (code != 0 && !failed) why = "exit code " code " without a failed test"
        if (code == 124 || code == 137) why = "timed out or was killed"
        else if (code > 128) why = "ended by signal " code - 128
        else if (!seen) why = "ran no test"
        else if (!plans || planned != seen) why = planned + 0 " tests announced, " seen " seen"
        if (why) failed++
        print passed + 0, failed + 0, skipped + 0, why
    }' "$2"
}

passed=0 failed=0 skipped=0
show() {
    number=$1 name=$2 kind=$3
    read -r code elapsed <"$work/$number.end"
    count "$kind" "$work/$number.out" "$code" >"$work/count"
    read -r p f s why <"$work/count"
    passed=$((passed + p)) failed=$((failed + f)) skipped=$((skipped + s))
    ms=$((elapsed / 1000000))
    printf '%-22s %4d passed' "$name" "$p"
    [ "$f" -gt 0 ] && printf ', %d FAILED' "$f"
    [ "$s" -gt 0 ] && printf ', %d skipped' "$s"
    printf '   %d.%03d s\n' $((ms / 1000)) $((ms % 1000))
    sed -n 's/^\(not \)\{0,1\}ok [0-9]* *\(.*\)# SKIP *\(.*\)/    skipped: \2\3/p' \
        "$work/$number.out"
    if [ "$f" -gt 0 ]; then
        [ -n "$why" ] && echo "    $name: $why"
        grep -Ev '^ok [0-9]+' "$work/$number.out" | tail -n 200 | sed 's/^/    /'
    fi
    rm -f "$work/$number.out"
}

jobs=${BLOBFRONT_TEST_JOBS:-2}
mkfifo "$work/done" || end 2
exec 3<>"$work/done"
while [ "$jobs" -gt 0 ]; do
    worker &
    workers="$workers $!"
    jobs=$((jobs - 1))
done

next=0
while [ "$next" -lt "$total" ]; do
    read -r _ <&3
    while [ "$next" -lt "$total" ] && [ -s "$work/$((next + 1)).end" ]; do
        next=$((next + 1))
        sed -n "${next}p" "$work/suites" >"$work/line"
        read -r kind name _ <"$work/line"
        show "$next" "$name" "$kind"
    done
done
workers=

[ "$skipped" -gt 0 ] && echo "$skipped skipped"
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ] && [ "$passed" -gt 0 ] && end 0
end 1
