#!/bin/sh
# gate_sabotage.sh: programs that got a little worse (tests/sabotage) are found by the layer of the
# gate that can see it; what must not be noticed is let through.
. "$(dirname "$0")/lib.sh"
[ -x "$build/tests/blobfront-slow10" ] || skip_all "there is no blobfront-slow10: make test builds it"
[ "$sanitized" = no ] || skip_all "a sanitizer's build: its times and instructions are not the program's"

# gate CANDIDATE OPTION...: the exit code in $got, the table in $out.
gate() {
    candidate=$1
    shift
    timeout -k 5 100 "$bf" gate --baseline "$bf" --candidate "$build/tests/blobfront-$candidate" \
        --strategy dedup "$@" >"$out" 2>"$err" </dev/null
    got=$?
}

# exactly NAME METRIC: red, by the exact layer alone, which names the metric.
exactly() {
    gate "$1" --no-timing --instructions none
    is "$1: exit code" "$got" 3
    like "$1: $2 is named" "$out" "^DIFFERS from the baseline: dedup on [a-z]+, [a-z_]+: $2 "
    like "$1: one line says it" "$err" '^blobfront: error: regression: .* exact: [0-9]+ DIFFER'
}
exactly page page_count

# A copy that was not found is known before counters are compared: the run knows what was put twice.
gate lostdedup --no-timing --instructions none
is "lostdedup: exit code" "$got" 1
like "lostdedup: one hit fewer than there are" "$err" \
    '^blobfront: error: dedup@new on "copies" is INVALID: config did not take effect: blobs_dup is 6, expected 7: '

# An extra sync is INVALID where nothing may be synced, as in the timed suite: what is known is told.
gate fsync --instructions none
is "fsync: exit code" "$got" 3
like "fsync: syncs is named" "$out" '^DIFFERS from the baseline: dedup on copies, ingest_binary_cold: syncs [0-9]+ -> [0-9]+$'
like "fsync: why it was not timed" "$out" '^note: timing not measured: dedup@new is INVALID in round 1: .* did not sync as'

if command -v valgrind >/dev/null 2>&1; then
    gate cpu3 --no-timing --instructions callgrind
    is "cpu3: exit code" "$got" 3
    for phase in ingest_binary_cold update_binary_hot read_point_binary; do
        like "cpu3: $phase" "$out" "^FAIL: instructions dedup $phase: \+[2-6]\.[0-9]+ % \(limit \+0\.2 %\), [0-9,]+ -> [0-9,]+, counted twice\$"
    done
    like "cpu3: one line says it" "$err" 'instructions: 3 of 6 ABOVE \+0\.2 %'
else
    skip "cpu3: valgrind is not installed"
fi

# Ten per cent, found by the clock; one, not.
gate slow10 --instructions none
is "slow10: exit code" "$got" 3
like "slow10: found twice" "$out" '^FAIL: dedup read_point_binary p50_ns: change \+[0-9.]+ % .*; measured again \+[0-9.]+ % '
unlike "slow10: what is not slower is not blamed" "$out" '^dedup +(ingest|update).*FAIL'
gate slow1 --instructions none --rounds 20 --allow-undecided
is "slow1: exit code" "$got" 0
unlike "slow1: nothing fails" "$out" '^FAIL'

done_testing
