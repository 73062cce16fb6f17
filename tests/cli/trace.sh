#!/bin/sh
# trace.sh: traces on the command line: recorded, replayed with equal counters, imported, refused;
# one operation alone.
. "$(dirname "$0")/lib.sh"

quick='--rounds 1 --no-plots --quiet --keep none --durability none'
# Every exact counter of a record, one line each, sorted; timings are left out by the table itself.
cat >counters.py <<'PYTHON'
import json, re, sys
table = open(sys.argv[1] + "/results/metrics.def").read()
exact = set(re.findall(r'METRIC\(\w+, "(\w+)", \w+, COUNTER', table))
for line in open(sys.argv[2] + "/samples.jsonl"):
    sample = json.loads(line)
    place = (sample["arm"], sample["kind"], sample["name"] if "name" in sample else "")
    for name, value in sorted(sample["values"].items()):
        if name in exact:
            print(*place, name, value)
    for name in ("verification", "dataset_hash", "by_extension", "by_handler"):
        if name in sample:
            print(*place, name, json.dumps(sample[name], sort_keys=True))
PYTHON
counters() { "$python" counters.py "$src" "$1" | sort; }

# ---- recorded and replayed ---------------------------------------------------------------------
all='--strategy raw --strategy memory --strategy files --strategy naive --strategy dedup
     --strategy dedup-zstd --strategy dedup-brotli --strategy chunked'
# All but the one that needs data with a history of their own.
workloads=$(sed -n 's/^WORKLOAD(\(.*\))/--workload \1/p' "$src/workloads/workloads.def" | grep -v ' history$')
for set in read_point:ops=30 read_scan:scans=2 mixed:ops=80 update_point:ops=20 rewrite:ops=20 \
    read_range:ops=40 read_history:ops=40 open_cold:rounds=2,reads=4 open_warm:rounds=2,reads=4 \
    ageing:reads=5 growth:versions=3 ingest_batch:files=20,batch=7 recovery:crashes=2,updates=3; do
    workloads="$workloads --set $set"
done
data=random:files=8,size=12k
# shellcheck disable=SC2086 # words
run_keeping 0 '' "$bf" run $quick $all $workloads --dataset $data --out . --name study
run_keeping 0 '' "$bf" record study --out study.bft
like 'what was recorded is told' "$out" \
    '^study.bft: [0-9,]+ operations in [0-9]+ phases on "random:files=8,size=12k", [0-9,]+ bytes$'
# shellcheck disable=SC2086
run_keeping 0 '' "$bf" replay study.bft $quick $all --out . --name replayed
counters study >study.counters
counters replayed >replayed.counters
ok 'there are counters of every strategy and phase' test "$(wc -l <study.counters)" -gt 2000
ok 'a replayed trace has the counters of its study, for every strategy and phase' \
    cmp study.counters replayed.counters
run_keeping 0 '' "$bf" verify replayed
ok 'the study holds its trace' cmp study.bft replayed/trace.bft
run_keeping 0 '' "$bf" record replayed --out again.bft
ok 'the trace of a replay is the trace' cmp study.bft again.bft
"$python" "$src/tests/trace_read.py" study.bft >read.txt
is 'a reader in another language, written from docs/traces.md, reads every operation' \
    "$(wc -l <read.txt)" "$("$bf" record study --out again.bft | sed 's/.*: \([0-9,]*\) op.*/\1/; s/,//')"
if "$python" -c 'import jsonschema' 2>/dev/null; then
    cat >schema.py <<'PYTHON'
import json, sys, jsonschema
schema = json.load(open(sys.argv[1] + "/results/schema/manifest.schema.json"))
jsonschema.validate(json.load(open(sys.argv[2] + "/manifest.json")), schema)
PYTHON
    ok 'its manifest fits the schema' "$python" schema.py "$src" replayed
fi

# Without running: the same plan, the same trace, whatever the strategy.
# shellcheck disable=SC2086
run_keeping 0 '' "$bf" record $workloads --durability none --dataset $data --out planned.bft
ok 'a study that is only planned has the same trace' cmp study.bft planned.bft
"$bf" record --dataset random:files=3 --workload update --out - >piped.bft
"$bf" record --dataset random:files=3 --workload update --out one.bft >/dev/null
ok 'to standard output' cmp one.bft piped.bft

# Retention and transactions come along.
# shellcheck disable=SC2086
run_keeping 0 '' "$bf" run $quick --strategy dedup --dataset random:files=9 --retention latest --batch 5 \
    --workload mixed --seed 9 --out . --name latest
run_keeping 0 '' "$bf" record latest --out latest.bft
# shellcheck disable=SC2086
run_keeping 0 '' "$bf" replay latest.bft $quick --strategy dedup --out . --name latest2
counters latest >latest.counters
counters latest2 >latest2.counters
ok 'retention, transactions and seed are the trace'\''s' cmp latest.counters latest2.counters

# ---- resumed -----------------------------------------------------------------------------------
# shellcheck disable=SC2086
run_keeping 0 '' "$bf" replay one.bft --strategy memory --rounds 2 --no-plots --quiet --out . --name cut
sed -i '$d' cut/samples.jsonl
rm one.bft
run_keeping 0 '' "$bf" resume --quiet --no-plots cut
ok 'a replay is resumed without the trace it was given' "$bf" verify cut
cp -r cut moved
run_keeping 0 '' "$bf" record moved --out moved.bft
cp study.bft cut/trace.bft
run_keeping 5 'expected the trace the study began with, of hash [0-9a-f]+, got' "$bf" resume cut
printf 'x' | dd of=cut/trace.bft bs=1 seek=40 conv=notrunc status=none
run_keeping 6 '"cut/trace.bft": byte [0-9]+: expected the hash' "$bf" resume cut
rm cut/trace.bft
run_keeping 2 'cannot read "cut/trace.bft"' "$bf" resume cut

# ---- imported ----------------------------------------------------------------------------------
cat >t.csv <<'CSV'
time_s,op,key,size,offset,length
0.000000000,put,a.png,1000,,
0.010000000,put,b/c.txt,70000,,
0.020000000,get,a.png,,,
0.030000000,get,b/c.txt,,4096,4096
0.030000000,put,a.png,2000,,
0.050000000,scan,,,,
0.060000000,delete,a.png,,,
0.070000000,put,a.png,5,,
0.400000000,get,a.png,,,
CSV
run_keeping 0 '' "$bf" import t.csv --out t.bft
like 'what was imported is told' "$out" \
    '^t.bft: 9 operations, 4 puts of 2 keys, 73,005 bytes put as random, over 400 ms; [0-9]+ bytes$'
{ sed -n 1p t.csv; "$python" "$src/tests/trace_read.py" t.bft --csv; } >back.csv
ok 'what a reader in another language makes of it is the CSV again' cmp t.csv back.csv
# shellcheck disable=SC2086
run_keeping 0 '' "$bf" replay t.bft $quick $all --out . --name imported
counters imported >imported.counters
like 'every strategy got all operations' imported.counters '^chunked phase trace ops 9$'
like 'and its bytes' imported.counters '^chunked phase trace bytes_in 73005$'
is 'what was read is equal for all' "$(grep -c " verification " imported.counters)" 9
is 'one hash' "$(sed -n 's/.* verification //p' imported.counters | sort -u | wc -l)" 1
run_keeping 0 '' "$bf" record imported --out t2.bft
run_keeping 0 '' "$bf" run $quick --strategy memory --workload read_point --dataset trace:t.bft --out . --name asdata
for class in text log; do
    run_keeping 0 '' "$bf" import t.csv --class $class --out $class.bft
    like "bytes of class $class" "$out" " put as $class, "
done
ok 'another class, other bytes' sh -c '! cmp -s text.bft log.bft'

# At its own pace: 0.4 s, and half of that.
elapsed() { # STUDY: the sum of its longest runs, ms
    sed -n 's/.*"kind":"run".*"run_ns":\([0-9]*\).*/\1/p' "$1/samples.jsonl" | sort -n | head -1 |
        sed 's/......$//'
}
for speed in 1 4; do
    # shellcheck disable=SC2086
    run_keeping 0 '' "$bf" replay t.bft $quick --strategy memory --speed $speed --out . --name speed$speed
done
ok 'a replay at its own pace takes its time' test "$(elapsed speed1)" -ge 400
ok 'four times as fast, a quarter of it' test "$(elapsed speed4)" -ge 100
like 'the manifest says so' speed4/manifest.json '"speed": 4$'
grep '^memory ' imported.counters >closed.counters
counters speed4 | grep '^memory ' >speed4.counters
ok 'its counters are those of a replay without a pace' cmp closed.counters speed4.counters
run_keeping 0 '' "$bf" verify speed1

# ---- compared ----------------------------------------------------------------------------------
run_keeping 0 '' "$bf" compare study replayed
run_expect 5 'open loop differs, "closed loop" in the first record and "4 times the pace of the trace"' \
    "$bf" compare imported speed4
{ cat t.csv; echo '0.400000000,get,b/c.txt,,,'; } >t3.csv
"$bf" import t3.csv --out t3.bft >/dev/null
# shellcheck disable=SC2086
run_keeping 0 '' "$bf" replay t3.bft $quick --strategy memory --out . --name imported3
run_expect 5 'operations differs, "[0-9a-f]+" in the first record and "[0-9a-f]+"' "$bf" compare imported \
    imported3

# ---- what is wrong -----------------------------------------------------------------------------
refuse() { # EXIT REGEXP ARGUMENT...
    refuse_exit=$1 refuse_says=$2
    shift 2
    run_expect "$refuse_exit" "$refuse_says" "$bf" "$@"
}
refuse 2 'expected TRACE' replay
refuse 2 'cannot read "none.bft": No such file' replay none.bft
refuse 2 '"study" is a folder, expected a trace' replay study
refuse 2 'not a regular file' replay /dev/zero
refuse 2 'expected "BFTRACE.x0a", got "time_s,o": not a trace' replay t.csv
: >empty.bft
refuse 2 'got an empty file' replay empty.bft
head -c 100 t.bft >short.bft
refuse 6 'byte 84: expected the hash [0-9a-f]+ of the bytes before, got' replay short.bft
{ cat t.bft; printf x; } >long.bft
refuse 6 'damaged or cut short' replay long.bft
{ printf 'BFTRACE\n\002\000\000\000'; tail -c +13 t.bft; } >newer.bft
refuse 2 'byte 8: expected version 1, got 2: written by a newer blobfront' replay newer.bft
refuse 2 '--workload: the operations are those of the trace' replay t.bft --workload update
refuse 2 '--set: the operations are those of the trace' replay t.bft --set update:rounds=2
refuse 2 '--seed: the operations are those of the trace' replay t.bft --seed 3
refuse 2 '--speed and --open-loop: expected one' replay t.bft --speed 2 --open-loop 10
refuse 2 '--speed: the operations of "study.bft" have no times' replay study.bft --speed 2
for value in 0 -1 nan inf 1e3 0x2 '' 2x ' 2' 1e999 0.0000001 10000001; do
    refuse 2 '^blobfront: error: --speed: expected a number from 1e-06 to 1e\+06' replay t.bft \
        --speed "$value"
done
refuse 2 '--speed: a run would take .*, expected at most' replay t.bft --speed 0.000001
refuse 5 '"study.bft" was recorded on other data: expected dataset hash [0-9a-f]+' replay study.bft \
    --dataset random:files=8,size=13k
refuse 2 'unknown dataset' replay study.bft --dataset absent
refuse 2 'expected --out TRACE' record study
refuse 2 'expected --out TRACE' import t.csv
refuse 2 '--seed: the operations are those of "study"' record study --seed 3 --out x.bft
refuse 2 'no study "none"' record none --out x.bft
refuse 2 'unknown content class "txet"' import t.csv --class txet --out x.bft
like 'a hint for a misspelt class' "$err" '^hint: did you mean "text"\?'
printf '0,put,k,1\n0,putt,k,1\n' >bad.csv
refuse 2 '^blobfront: error: bad.csv:2: unknown operation "putt" \(expected put, get' import bad.csv \
    --out x.bft
like 'a hint for a misspelt operation' "$err" '^hint: did you mean "put"\?'
refuse 2 'cannot read "none.csv"' import none.csv --out x.bft
refuse 2 'not a regular file' import /dev/zero --out x.bft
refuse 1 'cannot write "none/+x.bft"' import t.csv --out none/x.bft
if [ -c /dev/full ]; then
    refuse 1 'cannot write "/dev/full": No space left' import t.csv --out /dev/full
fi
ok 'nothing was left by what was refused' test ! -e x.bft

# The data are not what they were.
mkdir photos
head -c 3000 /dev/zero >photos/a
head -c 5000 /dev/zero | tr '\0' x >photos/b
"$bf" record --data photos --workload update --out photos.bft >/dev/null
# shellcheck disable=SC2086
run_keeping 0 '' "$bf" replay photos.bft $quick --strategy memory --out . --name moved-data
mv photos elsewhere
refuse 2 'cannot open directory "photos"' replay photos.bft
# shellcheck disable=SC2086
run_keeping 0 '' "$bf" replay photos.bft --data elsewhere $quick --strategy memory --out . --name found
echo more >>elsewhere/a
refuse 5 '"photos.bft" was recorded on other data' replay photos.bft --data elsewhere

# ---- one operation alone -----------------------------------------------------------------------
first() { sed -n "s/^\([a-z_]*\) \([0-9]*\) [0-9]* $1 .*/\1:\2/p" read.txt | head -1; }
last() { sed -n "s/^\([a-z_]*\) \([0-9]*\) [0-9]* $1 .*/\1:\2/p" read.txt | tail -1; }
for kind in insert update read read_at scan delete reopen; do
    for op in "$(first $kind)" "$(last $kind)"; do
        [ -n "$op" ] || continue
        for strategy in raw dedup-zstd; do
            run_keeping 0 '' "$bf" replay study --op "$op" --strategy $strategy --repeat 2
            like "$op: verified" "$out" "$strategy: n 2, p50 .*; verified 2 of 2"
        done
        like "$op: a $kind" "$out" "^$op, operation [0-9]+ of [0-9]+: $kind\$"
    done
done
run_keeping 0 '' "$bf" replay study --op mixed:5 --strategy naive --repeat 3
like 'a strategy whose reads write' "$out" 'verified 3 of 3'
run_keeping 0 '' "$bf" replay t.bft --op 3 --repeat 3
like 'a part of a blob, where the CSV has it' "$out" '^  bytes     4,096 at 4,096$'
like 'when it is due' "$out" '^  time      30.0 ms'
run_keeping 0 '' "$bf" replay --dataset lix-v1 --op update_binary_hot:0 --repeat 1
"$bf" replay study --op mixed:5 --show >shown
"$bf" replay study.bft --op mixed:5 --show >shown-of-trace
# shellcheck disable=SC2086
"$bf" replay --dataset $data $workloads --op mixed:5 --show >shown-of-plan
ok 'a study, its trace and its plan show the same operation' cmp shown shown-of-trace
ok 'and again' cmp shown shown-of-plan
unlike 'what is only shown has no latency' shown 'p50'
is 'its number is its place in the trace' "$(sed -n 's/.*operation \([0-9]*\) of.*/\1/p' shown)" \
    "$(sed -n 's/^mixed 5 \([0-9]*\) .*/\1/p' read.txt)"
# Strategies that are broken, on the operation that shows it; stores in a folder of their own.
mkdir "$lib_dir/stores"
broken() { # REGEXP OPERATION STRATEGY
    run_expect 1 "$1" "$planted" replay study --op "$2" --strategy "planted-$3" --repeat 60 \
        --out "$lib_dir/stores"
}
broken 'the 12288 bytes read are not the 12288 put' "$(first read)" wrong-byte
broken 'the bytes read back are not the bytes put' "$(first insert)" short
broken 'version [0-9]+ was deleted and is found' "$(first delete)" undelete
refuse 2 '--op: the study has no phase "mxed"' replay study --op mxed:3
like 'a hint for a misspelt phase' "$err" '^hint: did you mean "mixed"\?'
refuse 2 '--op: value "999999" is out of range' replay study --op 999999
refuse 2 '--op: .*"-1"' replay study --op mixed:-1
refuse 2 '--op: ' replay study --op mixed:
refuse 2 '--op: ' replay study --op ''
refuse 2 '--repeat: .*"0".* out of range' replay study --op 0 --repeat 0
refuse 2 '--repeat: expected --op' replay t.bft --repeat 3
refuse 2 '--show: expected --op' replay t.bft --show
refuse 2 '--strategy: expected one beside --op, got 2' replay study --op 0 --strategy raw --strategy dedup
refuse 2 '--speed: one operation' replay t.bft --op 0 --speed 2
refuse 2 'there is no strategy "absent"' replay study --op 0 --strategy absent
measure=$(first measure)
[ -z "$measure" ] || refuse 2 'cannot be timed alone: only --show has it' replay study --op "$measure"
ok 'no store was left behind' sh -c '! ls -d .blobfront-op-* 2>/dev/null'
done_testing
