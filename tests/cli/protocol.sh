#!/bin/sh
# protocol.sh: how a study decides when to stop, from the command line: fixed rounds, looks, until
# decided; rounds that do not count; layout; open loop.
. "$(dirname "$0")/lib.sh"

# tiny NAME OPTION...: one arm beside the two of the control.
files=6 ops=20
tiny() {
    name=$1
    shift
    "$bf" run --out . --name "$name" --dataset random:files=$files,size=2k --durability none \
        --no-bounds --no-plots --strategy dedup --workload read_point --set read_point:ops=$ops "$@" \
        >"$out" 2>"$err" </dev/null
}
events() { # NAME: kind, round, look, rounds of each event
    "$python" - "$1" <<'PYTHON'
import json, os, sys
path = sys.argv[1] + "/events.jsonl"
for line in open(path) if os.path.exists(path) else []:
    e = json.loads(line)
    print(e["kind"], e["round"], e.get("look", "-"), e.get("rounds", "-"))
PYTHON
}
plan() { samples "$1" 'M["protocol"]["'"$2"'"]'; }

# ---- options that contradict each other, or are none -------------------------------------------
run_expect 2 '^blobfront: error: --rounds and --looks: expected one of them' \
    "$bf" run --rounds 3 --looks 2,4
run_expect 2 '^blobfront: error: --looks and --until-decided: expected one of them' \
    "$bf" run --looks 2,4 --until-decided
run_expect 2 'ascending numbers of rounds from 1 to 1000, got 2 after 4' "$bf" run --looks 4,2
run_expect 2 'got 2 after 2' "$bf" run --looks 2,2
run_expect 2 'looks' "$bf" run --looks ''
run_expect 2 'looks' "$bf" run --looks 2,,4
run_expect 2 'looks' "$bf" run --looks 2,x
run_expect 2 'looks' "$bf" run --looks 0,4
run_expect 2 'looks' "$bf" run --looks 2,4000
run_expect 2 'looks' "$bf" run --looks 99999999999999999999999
run_expect 2 'at most 8 numbers' "$bf" run --looks 1,2,3,4,5,6,7,8,9
run_expect 2 'looks: given twice' "$bf" run --looks 2 --looks 3
for alpha in 0 0% -5% 60% x nan; do
    run_expect 2 '--alpha' "$bf" run --alpha $alpha
done
for rate in 0 -5 fast 2k/h 2kk 0x10 1e10 nan inf '' / 5/; do
    run_expect 2 '--open-loop: expected operations per second' "$bf" run --open-loop "$rate"
done

# ---- fixed rounds ------------------------------------------------------------------------------
tiny fixed --rounds 2
is 'fixed: exit code' "$?" 0
is 'fixed: nothing on standard error' "$(cat "$err")" ''
like 'fixed: rounds' "$out" '^2 of 2 rounds$'
is 'fixed: looks at nothing' "$(events fixed)" ''
is 'fixed: is the plan' "$(plan fixed stopping)" fixed
is 'fixed: no racing' "$(plan fixed racing)" False
is 'fixed: closed loop' "$(plan fixed open_loop_per_s)" 0
is 'fixed: alpha' "$(plan fixed alpha)" 0.05
is 'fixed: as many bytes of environment for all arms of a round' \
    "$(samples fixed '[len({r["env_padding"] for r in R if r["round"] == n}) for n in (0, 1)]')" '[1, 1]'
is 'fixed: and others in the next' "$(samples fixed 'len({r["env_padding"] for r in R})')" 2

# ---- looks -------------------------------------------------------------------------------------
tiny looks --looks 1,3 --alpha 10%
is 'looks: exit code' "$?" 0
like 'looks: says how many rounds a claim needs' "$err" \
    '^blobfront: 1 pair of strategies at alpha 0\.1: nothing can be confirmed, the looks come too early$'
like 'looks: says what was seen' "$err" '^blobfront: look 1 after 1 round'
like 'looks: rounds' "$out" '^3 of 3 rounds$'
is 'looks: are recorded' "$(events looks)" "look 0 1 1
look 2 2 3"
is 'looks: are the plan' "$(plan looks stopping) $(plan looks looks) $(plan looks racing) $(plan looks alpha)" \
    'looks [1, 3] True 0.1'
ok 'looks: verifies' "$bf" verify looks
tiny ahead --looks 5,6 --keep none
like 'looks: says which comes early enough' "$err" \
    '^blobfront: 1 pair of strategies at alpha 0\.05: nothing can be confirmed with fewer than 6 rounds$'
cp looks/samples.jsonl looks/events.jsonl .
run_keeping 0 '' "$bf" resume --no-bounds --no-plots looks
ok 'looks: a finished study is not looked at again' cmp events.jsonl looks/events.jsonl
ok 'looks: nor measured' cmp samples.jsonl looks/samples.jsonl
tiny quiet --looks 1,2 --quiet --no-racing --no-layout
is 'looks, --quiet: nothing on standard error' "$(cat "$err")" ''
is 'looks: --no-racing' "$(plan quiet racing)" False
is 'looks: --no-layout' "$(plan quiet env_padding) $(samples quiet '{r["env_padding"] for r in R}')" 'False {0}'

# ---- until decided -----------------------------------------------------------------------------
tiny until --until-decided --rounds 6
is 'until decided: exit code' "$?" 0
like 'until decided: rounds' "$out" '^[56] of at most 6 rounds'
is 'until decided: looks from the fifth round on' "$(events until | head -n 1)" 'look 4 1 5'
is 'until decided: is the plan' "$(plan until stopping) $(plan until racing)" 'until-decided True'
ok 'until decided: verifies' "$bf" verify until

# ---- rounds that do not count ------------------------------------------------------------------
# Pages are swapped in while the first run of the study is carried out.
(
    until [ -e swap/stores ]; do sleep 0.002; done
    echo 'pswpin 7' >"$lib_dir/proc/vmstat"
) &
tiny swap --rounds 2
is 'swap: exit code' "$?" 0
wait
like 'swap: says so at once' "$err" '^blobfront: round 1 is voided and will be run again: 7 pages were swapped in$'
like 'swap: and at the end' "$out" '^voided:  1 more round \(the last one: 7 pages were swapped in\)$'
like 'swap: two rounds count' "$out" '^2 of 2 rounds$'
is 'swap: three were run' "$(samples swap 'sorted({r["round"] for r in R})')" '[0, 1, 2]'
is 'swap: is recorded' "$(events swap)" 'void 0 - -'
ok 'swap: verifies' "$bf" verify swap
# Other guests of the host take the CPU, all the time.
(
    n=0
    while [ ! -e stop ]; do
        n=$((n + 1))
        echo "cpu  $((n * 100)) 0 0 100 0 0 0 $((n * 50)) 0 0" >"$lib_dir/proc/stat.new"
        mv "$lib_dir/proc/stat.new" "$lib_dir/proc/stat"
        sleep 0.05
    done
) &
files=400 ops=5000 # rounds below 200 ms are not judged
tiny steal --rounds 2 --workload update --workload mixed
code=$? files=6
touch stop
wait
is 'steal: exit code' "$code" 1
like 'steal: gives up' "$err" '^blobfront: error: no round could be used, 2 were voided: steal time 33\.[0-9] % \(limit 5 %\)$'
like 'steal: how to go on' "$err" '^hint: '
run_keeping 0 '' "$bf" resume --no-bounds --no-plots steal
like 'steal: resumed in quieter times' "$out" '^2 of 2 rounds$'
ok 'steal: verifies' "$bf" verify steal

# ---- open loop ---------------------------------------------------------------------------------
# Far more than any store can do: the queue grows, the work does not.
ops=400
tiny rushed --rounds 1 --open-loop 1000000k
is 'open loop: exit code' "$?" 0
is 'open loop: is the plan' "$(plan rushed open_loop_per_s)" 1000000000
is 'open loop: the last operation has waited for all the others' "$(samples rushed \
    'all(abs(V(r["run"], "read_point_binary", "max_ns") / V(r["run"], "read_point_binary", "wall_ns") - 1) < 0.001
         for r in R)')" True
is 'open loop: the queue grows' "$(samples rushed 'all(a < b for r in R for v in
    [[V(r["run"], "read_point_binary", m + "_ns") for m in ("p50", "p95", "max")]] for a, b in zip(v, v[1:]))')" True
is 'open loop: not in ingest' "$(samples rushed \
    'all(V(r["run"], "ingest_binary_cold", "p50_ns") < V(r["run"], "ingest_binary_cold", "wall_ns") / 2 for r in R)')" True
ok 'open loop: verifies' "$bf" verify rushed
# Far less: 20 operations take 20 intervals, which are in no number.
ops=20
tiny idle --rounds 1 --open-loop 50/s
is 'open loop, idle: exit code' "$?" 0
is 'open loop, idle: waiting is no work' "$(samples idle \
    'any(V(r["run"], "read_point_binary", "wall_ns") < 19 * 20e6 / 2 for r in R)')" True
is 'open loop, idle: nor CPU time' "$(samples idle \
    'any(V(r["run"], "read_point_binary", "cpu_ns") < 19 * 20e6 / 2 for r in R)')" True
is 'open loop, idle: but time' "$(samples idle 'all(r["values"]["run_ns"] > 19 * 20e6 for r in R)')" True

done_testing
