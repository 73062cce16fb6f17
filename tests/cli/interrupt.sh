#!/bin/sh
# interrupt.sh: a study that is told to stop, killed, or loses a run: what was recorded stands, no
# process is left behind, and `resume` finishes it.
. "$(dirname "$0")/lib.sh"

rounds=3 runs=9
start() { # NAME: in the background; 3 arms of some 0.1 s each
    # shellcheck disable=SC2086 # $few is words
    "$bf" run --out . --name "$1" --rounds $rounds --strategy memory --durability none --no-bounds --no-plots \
        --dataset random:files=48 $few >"$out" 2>"$err" </dev/null &
    study=$!
}
# How it ended: exit code, error line.  A failing command says nothing on standard output, but what
# was measured until then is shown.
ended() { # NAME CODE REGEXP
    wait $study
    is "$1: exit code" "$?" "$2"
    like "$1: why" "$err" "$3"
    is "$1: one error line" "$(grep -c '^blobfront: error: ' "$err")" 1
    like "$1: how to go on" "$err" "^hint: .*blobfront resume \\./$1\$"
    is "$1: no process is left" "$(runs_alive "./$1")" ''
}
finished() { # NAME: it can be read, and finished
    recorded=$(samples "$1" 'len(R)')
    ok "$1: what was finished is recorded ($recorded runs)" test "$recorded" -lt $runs
    is "$1: nothing of the rest is" \
        "$(samples "$1" 'sum(s["run"] not in {r["run"] for r in R} for s in S)')" 0
    cp "$1/samples.jsonl" before.jsonl
    if [ "$recorded" -gt 0 ] && [ $((recorded % 3)) -eq 0 ]; then
        run_keeping 0 '' "$bf" verify "$1" # whole rounds
    else
        run_keeping 1 'round [0-9]+ has no run of arm|holds no finished run' "$bf" verify "$1"
        like "$1: an unfinished record says what to do" "$err" '^hint: .*blobfront resume'
    fi
    run_keeping 0 '' "$bf" resume --no-bounds --no-plots "$1"
    like "$1: all rounds are done" "$out" "^$rounds of $rounds rounds\$"
    is "$1: every run is there once" "$(samples "$1" 'sorted(r["run"] for r in R) == list(range(len(R)))'
        samples "$1" 'len(R)')" "True
$runs"
    ok "$1: nothing recorded has changed" sh -c "head -c \$(wc -c <before.jsonl) '$1/samples.jsonl' | cmp - before.jsonl"
    is "$1: only the last round's stores are left" "$(find "$1/stores" -mindepth 1 -maxdepth 1 | wc -l)" 2
    ok "$1: no work is left" test ! -e "$1/work"
    is "$1: no temporary file is left" "$(find "$1" -name '*.tmp*')" ''
    run_keeping 0 '' "$bf" verify "$1"
    run_keeping 0 '' "$bf" resume --no-bounds --no-plots "$1"
    is "$1: resuming a finished study adds nothing" "$(samples "$1" 'len(R)')" $runs
    rm -rf "$1"
}

for signal in INT TERM HUP; do
    case $signal in INT) code=130 ;; TERM) code=143 ;; HUP) code=129 ;; esac
    start $signal
    ok "$signal: has begun" until_runs $signal 2
    kill -$signal $study
    ended $signal "$code" '^blobfront: error: interrupted; [0-9]+ runs are recorded$'
    ok "$signal: the tables so far are shown" grep -q "^[0-9] of $rounds rounds" "$out"
    finished $signal
done

# Before the first run is finished.
start at-once
until [ -e at-once/samples.jsonl ]; do sleep 0.005; done
sleep 0.05
kill -INT $study
ended at-once 130 'interrupted'
if [ -s at-once/samples.jsonl ]; then
    skip 'at-once: the first run was faster than the signal'
else
    run_keeping 2 'holds no finished run' "$bf" report at-once
fi
finished at-once

# A second signal ends it there and then.
start twice
until_runs twice 1
kill -STOP "$(runs_alive ./twice | head -n 1)" 2>/dev/null
kill -INT $study
sleep 0.1
kill -INT $study
wait $study
is 'twice: the second signal ends it: exit code' "$?" 130
for process in $(runs_alive ./twice); do kill -CONT "$process" 2>/dev/null; done
for _ in $(seq 100); do [ -z "$(runs_alive ./twice)" ] && break; sleep 0.02; done
is 'twice: no process is left' "$(runs_alive ./twice)" ''
finished twice

# The parent is gone without a word.
start killed
until_runs killed 2
kill -KILL $study
wait $study 2>/dev/null
is 'killed: exit code' "$?" 137
mkdir -p killed/work
echo half >killed/work/run-0000.jsonl # taken, and not removed any more
echo half >killed/raw/0000-mixed.lat.123.tmp
for _ in $(seq 100); do [ -z "$(runs_alive ./killed)" ] && break; sleep 0.02; done
is 'killed: no process is left' "$(runs_alive ./killed)" ''
finished killed

# A run is ended from outside without a word: its round is voided, another one is run.
start lost
until_runs lost 1
for _ in $(seq 200); do
    process=$(runs_alive ./lost | head -n 1)
    # One that has ended is there until its parent has looked: only a stopped one is alive.
    [ -n "$process" ] && kill -STOP "$process" 2>/dev/null || continue
    sleep 0.02
    grep -q '^State:.*T' "/proc/$process/status" 2>/dev/null || continue
    kill -KILL "$process" && break
done
wait $study
is 'lost: exit code' "$?" 0
like 'lost: why' "$err" "^blobfront: round 1 is voided and will be run again: the run of (raw|raw'|memory) was ended from outside by signal 9\$"
like 'lost: all rounds that count are done' "$out" "^$rounds of $rounds rounds\$"
like 'lost: says so' "$out" '^voided:  1 more round \(the last one: the run of .* was ended from outside by signal 9\)$'
is 'lost: nothing is INVALID' "$(samples lost 'all(r["valid"] for r in R)')" True
is 'lost: the void round is not gone on with' "$(samples lost \
    'len([r for r in R if r["round"] == 0]) < 3, sorted({r["round"] for r in R if r["round"] > 0})')" \
    '(True, [1, 2, 3])'
is 'lost: only the last round'"'"'s stores are left' "$(find lost/stores -mindepth 1 -maxdepth 1 | wc -l)" 2
run_keeping 0 '' "$bf" verify lost
run_keeping 0 '' "$bf" resume --no-bounds --no-plots lost
like 'lost: still says so' "$out" '^voided:  1 more round '
rm -rf lost

# A crash in the middle of an append: the torn line is dropped, the run done again.
start torn
until_runs torn 2
kill -KILL $study
wait $study 2>/dev/null
for _ in $(seq 100); do [ -z "$(runs_alive ./torn)" ] && break; sleep 0.02; done
tail -n 1 torn/samples.jsonl | head -c 300 >torn-line
cat torn-line >>torn/samples.jsonl
run_keeping 0 'warning: ' "$bf" report --no-plots torn
run_keeping 0 '' "$bf" resume --no-bounds --no-plots torn
is 'torn: every run is there once' "$(samples torn 'len(R)')" $runs
run_keeping 0 '' "$bf" verify torn
rm -rf torn

# Closed and broken outputs do not end a study.
"$bf" run --out . --name no-stdout --rounds 1 --strategy memory --durability none --no-bounds --no-plots \
    --dataset "$small_data" >&- 2>"$err"
is 'no standard output: exit code' "$?" 1
like 'no standard output: why' "$err" '^blobfront: error: cannot write to standard output'
run_keeping 0 '' "$bf" verify no-stdout
run_keeping 0 '' "$bf" resume --no-bounds --no-plots no-stdout

done_testing
