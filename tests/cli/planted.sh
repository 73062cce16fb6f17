#!/bin/sh
# planted.sh: every strategy that lies is found out, is named with its lie, and is ranked nowhere;
# what ran beside it is not touched.
. "$(dirname "$0")/lib.sh"
[ -x "$planted" ] || skip_all "there is no $planted: make test builds it"

data=random:files=30,size_min=1,size_max=12k rounds=1
lines=12 # a run leaves: 6 phases, 5 snapshots, itself

# caught SPEC REASON [OPTION...]: one round beside the control.
caught() {
    spec=$1 reason=$2
    shift 2
    name=$(echo "$spec" | tr ':=' '--')
    run_planted 1 "^blobfront: INVALID: $spec in round 1: .*$reason" "$@"
    like "$spec: the last word says so" "$err" \
        '^blobfront: error: strategies that are INVALID and ranked nowhere: 1$'
    is "$spec: INVALID are exactly its runs" \
        "$(samples "$name" '"; ".join(sorted(s["arm"] for s in R if not s["valid"]))')" "$spec"
    is "$spec: the control's runs are valid, with all phases and snapshots" \
        "$(samples "$name" 'sorted((s["arm"], len([t for t in S if t["run"] == s["run"]]))
            for s in R if s["valid"])')" "[('raw', $lines), (\"raw'\", $lines)]"
    ranked_nowhere
    "$planted" verify "$name" >"$out" 2>"$err"
    is "$spec: the record is consistent" "$?" 0
}

run_planted() {
    want=$1 regexp=$2
    shift 2
    # shellcheck disable=SC2086 # $few is words
    "$planted" run --out . --name "$name" --rounds "$rounds" --dataset $data --seed 3 --no-plots --quiet \
        --strategy "$spec" $few "$@" >"$out" 2>"$err" </dev/null
    is "$spec $*: exit code" "$?" "$want"
    [ -z "$regexp" ] || like "$spec: is found out" "$err" "$regexp"
}

ranked_nowhere() {
    "$python" - "$name/summary.json" "$spec" >"$lib_dir/said" 2>&1 <<'PYTHON'
import json, sys
summary, arm = json.load(open(sys.argv[1])), sys.argv[2]
told = [a for a in summary["arms"] if a["arm"] == arm][0]
assert told["valid"] is False and told["reason"], told
assert all(a["valid"] for a in summary["arms"] if a["arm"] != arm)
ranked = [a for a in summary["frontier"]["arms"] if a["arm"] == arm][0]
assert ranked["standing"] == "invalid" and not ranked["on_frontier"] and not ranked["eligible"]
assert not any(arm in a["dominated_by"] for a in summary["frontier"]["arms"])
assert summary["frontier"]["choice"] != arm and arm not in summary["frontier"]["sentence"]
counted = [a["valid_runs"] for a in summary["arms"] if a["arm"] == arm][0]
assert all(c["n"] <= counted for c in summary["cells"] if c["arm"] == arm), "an INVALID run's numbers"
PYTHON
    is "$spec: neither on the frontier nor chosen" "$?$(cat "$lib_dir/said")" 0
}

# valid SPEC [OPTION...]: found nothing, since there is nothing.
valid() {
    spec=$1
    shift
    name=valid-$(echo "$spec$*" | tr -c 'a-z0-9-' '-' | cut -c 1-40)-$lib_number
    run_planted 0 '' "$@"
    is "$spec $*: every run is valid" "$(samples "$name" 'all(s["valid"] for s in R)')" True
}

# The store they are made of is sound, so what is found below is the lie.
valid planted-sound
valid planted-sound --retention latest
valid planted-sound --batch 16
# A lie that cannot show is no lie: nothing is synced at this level; nothing is deleted.
valid planted-skipped-fsync --durability none
valid planted-undelete --retention history

caught planted-wrong-byte 'read_point_binary: .*bytes read are not the bytes put'
caught planted-stale-read 'read_point_binary: .*".*" version [12]: .*(are not the bytes put|expected [0-9]+ bytes)'
caught planted-lost-version 'final sweep: ".*" version 0 was put and is not found'
caught planted-chunk-off-by-one 'version [0-9]+: expected [0-9]+ bytes, got [0-9]+'
caught planted-chunk-off-by-one:fault=drop 'version [0-9]+: expected [0-9]+ bytes, got [0-9]+'
caught planted-chunk-off-by-one:fault=both 'version [0-9]+: (the [0-9]+ bytes read are not the bytes put|expected [0-9]+ bytes)'
caught planted-false-count 'bytes were put, the strategy accounts for [0-9]+ unique and 0 duplicate'
caught planted-extra-row 'read_scan_binary: .*scanned file [0-9]+ out of order'
caught planted-extra-row:fault=skip 'read_scan_binary: scan expected file [0-9]+ version 2, got file [0-9]+ version 2'
caught planted-extra-row:fault=older 'read_scan_binary: scan expected file [0-9]+ version 2, got file [0-9]+ version 1'
caught planted-extra-row:fault=end 'read_scan_binary: the scan ended [0-9]+ files too early'
caught planted-txn 'ingest_binary_cold: operation 9: COMMIT: not authorized'
caught planted-txn:try=pragma 'PRAGMA synchronous=OFF: not authorized'
caught planted-txn:try=rollback 'ROLLBACK: not authorized'
caught planted-txn:try=attach 'ATTACH .*: not authorized'
lines=7 keep_few=$few few=
caught planted-not-durable 'a blob that was put is not found' --workload update --workload read_point
rm -rf planted-not-durable
lines=6
caught planted-not-durable 'recovery: operation 0: a blob that was put is not found' \
    --workload ingest --workload recovery
# Only a process that dies between a put and its commit can show that puts do not wait for commits.
valid planted-skipped-fsync --durability none --workload ingest --workload update
caught planted-skipped-fsync 'recovery: operation 0: an update that was not committed before the kill is there' \
    --durability none --retention history --workload ingest --workload recovery
rm -rf planted-skipped-fsync
caught planted-skipped-fsync 'recovery: operation 0: a blob that was put is not found' \
    --durability none --retention latest --workload ingest --workload recovery
rm -rf planted-skipped-fsync
# Only readers beside each other can show that they share what is not theirs.
valid planted-shared-state --workload ingest --workload read_point
caught planted-shared-state 'concurrent: reader [0-9]+: read beside the writer: ".*" version [0-9]+: (the [0-9]+ bytes read are not|expected [0-9]+ bytes)' \
    --durability none --workload ingest --workload concurrent
lines=12 few=$keep_few
caught planted-skipped-fsync 'ingest_binary_cold: 30 commits did not sync as durability level durable requires \(0 to 0 syncs'
rm -rf planted-skipped-fsync
caught planted-skipped-fsync 'did not sync as durability level durable-rollback requires' \
    --durability durable-rollback
# One sync for sixteen files is not enough.
caught planted-skipped-fsync:fault=most 'did not sync as durability level durable requires' --batch 16
caught planted-undelete 'final sweep: ".*" version 0 was deleted and is found' --retention latest
# Every byte comes back, and the numbers are those of another configuration.
valid planted-no-effect
valid planted-no-effect:codec=zstd,threshold=16k
data=append:files=12,size=40k
caught planted-no-effect:threshold=16k \
    'config did not take effect: chunks is [0-9]+, expected [0-9]+: ([0-9]+) of \1 blobs are above threshold=16384'
caught planted-no-effect:codec=zstd \
    'config did not take effect: codec_zstd is 0, expected at least ([1-9][0-9]*): \1 of \1 sampled blobs shrink'
is 'the probe that failed is in the record, those that held as well' \
    "$(samples "$name" '[(p["name"], p["value"], p["ok"]) for s in R if s["arm"] == "'$spec'" for p in s["probes"]]')" \
    "[('chunks', $(samples "$name" 'sum(t["values"].get("chunks", 0) for t in S if t["arm"] == "'$spec'")'), True), ('codec_zstd', 0, False), ('dup_bytes', 0, True)]"
data=media:files=30,size=4k,duplicates=0.3
caught planted-no-effect:dedup=on \
    'config did not take effect: dup_bytes is 0, expected ([1-9][0-9]*): [1-9][0-9]* blobs repeat what was stored'
data=random:files=20,size=4096
caught planted-short 'version [0-9]+: expected 4096 bytes, got 4095'

# ---- deletes, parts, rewrites ------------------------------------------------------------------
few=
data=random:files=12,size_min=2,size_max=12k
lines=8
valid planted-sound --workload delete_churn --workload rewrite --workload read_range --workload ageing
valid planted-sound --retention latest --workload delete_churn --workload growth --workload open_cold
caught planted-half-delete 'final sweep: ".*" version [0-9]+ was deleted and is found' \
    --workload update --workload delete_churn
lines=7
rm -rf planted-undelete
caught planted-undelete 'final sweep: ".*" version 0 was deleted and is found' \
    --workload delete_churn --workload read_point --durability none
rm -rf planted-undelete
lines=5
caught planted-range 'read_range: ".*" version 0: the [0-9]+ bytes read are not the bytes put' \
    --workload read_range --set read_range:len=64
caught planted-range:fault=short 'read_range: ".*" version 0: expected [0-9]+ bytes, got [0-9]+' \
    --workload read_range
valid planted-range:fault=sound --workload read_range
lines=6
caught planted-lost-rewrite 'a blob that was put is not found|was put and is not found' \
    --retention latest --workload rewrite

# ---- what is not offered -----------------------------------------------------------------------
# Parts and scans have a way without; what deletes, and whatever follows it, is left out.
valid planted-bare --workload read_scan --workload read_range --workload read_history
valid planted-bare --workload update --workload delete_churn --workload read_range --workload read_scan
is 'planted-bare: unsupported is what deletes and what comes after it' \
    "$(samples "$name" '[(s["kind"], s["name"], s.get("unsupported"), len(s["values"])) for s in S
        if s["arm"] == "planted-bare" and "unsupported" in s]')" \
    "[('phase', 'delete_churn', 'delete', 0), ('snapshot', 'after_delete_churn', 'delete', 0), ('phase', 'read_range', 'delete', 0)]"
run_expect 0 '' "$planted" verify "$name"
is 'planted-bare: its lines fit the schema' \
    "$("$python" "$src/tests/schema_check.py" "$name" 2>&1 | tail -1 | grep -c 'valid\|ok')" 1
few=$keep_few lines=12

# A run that dies is a result, too: the study goes on.
data=random:files=30,size_min=1,size_max=12k
caught planted-crash 'the run was ended by signal 6'

# One run alone cannot show it.
data=random:files=20,size_max=6k,size_min=1
spec=planted-drift name=drift
run_planted 0 ''
name=drift2 rounds=2
run_planted 1 '^blobfront: error: strategies that are INVALID and ranked nowhere: 1$'
ranked_nowhere
like 'planted-drift: the counter is named' "$out" 'planted-drift.*counter "stored_bytes" is [0-9]+ in run [0-9] and'
run_keeping 1 'counter "stored_bytes" is [0-9]+ in run [0-9] and [0-9]+ in run [0-9]' "$planted" verify drift2

done_testing
