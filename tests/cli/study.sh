#!/bin/sh
# study.sh: a study from end to end, and its numbers against arithmetic and against stock SQLite.
. "$(dirname "$0")/lib.sh"

# ---- lix-v1, every strategy, two rounds --------------------------------------------------------
# Up to the last snapshot: the stores that are kept are then the ones it measured.
"$bf" run --rounds 2 --workload update --workload read_point --workload read_scan --workload mixed \
    --strategy memory --strategy files --strategy naive --strategy dedup \
    --strategy dedup-zstd --strategy dedup-brotli --strategy chunked --out . --name lix \
    >"$out" 2>"$err" </dev/null
is 'lix: exit code' "$?" 0
is 'lix: nothing on standard error' "$(cat "$err")" ''
like 'lix: says where the report is' "$out" '^report:  \./lix/report\.md$'
like 'lix: says how many rounds' "$out" '^2 of 2 rounds$'
like 'lix: recommends' "$out" '^Recommendation: '
for file in manifest.json samples.jsonl summary.json cells.csv report.md; do
    ok "lix: $file" test -s lix/$file
done
ok 'lix: no work is left' test ! -e lix/work
is 'lix: no temporary file is left' "$(find lix -name '*.tmp*' -o -name '.*' -type f)" ''
is 'lix: a latency file per run and phase' "$(find lix/raw -name '*.lat' | wc -l)" 90
if command -v gnuplot >/dev/null 2>&1; then
    ok 'lix: plots' test -s lix/plots/frontier.svg -a -s lix/plots/frontier.csv
else
    skip 'lix: plots: there is no gnuplot'
fi
if "$python" -c 'import jsonschema' 2>/dev/null; then
    ok 'lix: fits its JSON Schemas' "$python" "$src/tests/schema_check.py" lix
else
    skip 'lix: schemas: there is no python3-jsonschema'
fi
run_keeping 0 '' "$bf" verify lix
like 'lix: verify counts runs' "$out" '^record lix: 18 runs consistent$'
like 'lix: verify reads every store' "$out" '^8 stores: 3504 blobs, 236355584 bytes read back and equal'

# Golden totals: the data and the suite are fixed, so these are not measurements.
per_run() { # DESCRIPTION PHASE METRIC EXPECTED: the same in every run
    is "lix: $1" "$(samples lix "sorted({V(r['run'], '$2', '$3') for r in R})")" "[$4]"
}
is 'lix: the data' "$(samples lix 'M["dataset"]["files"], M["dataset"]["bytes"], M["dataset"]["hash"]')" \
    "(96, 6291456, '66a7770be6fc1b9f37487adbed4dbecb')"
per_run 'bytes ingested' ingest_binary_cold bytes_in 6291456
per_run 'bytes updated' update_binary_hot bytes_in 12976128
per_run 'bytes read by key' read_point_binary bytes_out 34119680
per_run 'bytes scanned' read_scan_binary bytes_out 52428800
per_run 'files ingested' ingest_binary_cold ops 96
per_run 'files updated' update_binary_hot ops 192
per_run 'files read' read_point_binary ops 500
per_run 'scans' read_scan_binary ops 8
per_run 'one commit a put' ingest_binary_cold commits 96
per_run 'live bytes after updates' after_update live_bytes 6553600
per_run 'all versions after updates' after_update history_bytes 19267584
per_run 'bytes put until then' after_update written_bytes 19267584
per_run 'reads put nothing' read_point_binary bytes_in 0
is 'lix: one verification hash in all runs' "$(samples lix 'len({r["verification"] for r in R})')" 1
is 'lix: one data hash in all runs' "$(samples lix '{r["dataset_hash"] for r in R} == {M["dataset"]["hash"]}')" True
is 'lix: every arm once in each round' "$(samples lix '[sorted((r["arm"], r["slot"] >= 0) for r in R
    if r["round"] == n) == sorted((a["label"], True) for a in M["arms"]) for n in (0, 1)]')" '[True, True]'
is 'lix: rounds are shuffled' "$(samples lix '[r["arm"] for r in R][:9] != [r["arm"] for r in R][9:]')" True

# Counters are counters; what is asked of a sane store holds.
cat >"$lib_dir/counters.py" <<'PYTHON'
import json, re, sys
folder, source, sanitized = sys.argv[1:4]
table = {}
for line in open(source + "/results/metrics.def"):
    row = re.match(r'METRIC\((\w+), "(\w+)", (\w+), (\w+), (\w+), "([^"]*)"', line)
    if row:
        table[row.group(2)] = row.group(4)
first, exact, timings = {}, 0, set()
for line in open(folder + "/samples.jsonl"):
    sample = json.loads(line)
    for metric, value in sample["values"].items():
        place = (sample["arm"].rstrip("'"), sample["kind"], sample.get("name", ""), metric)
        if table[metric] == "COUNTER":
            assert first.setdefault(place, value) == value, (place, first[place], value)
            exact += 1
        elif first.setdefault(place, value) != value:
            timings.add(metric)
    values = sample["values"]
    if sample["kind"] == "phase":
        assert values["unique_bytes"] + values["dup_bytes"] == values["bytes_in"], sample
        assert values["p50_ns"] <= values.get("p95_ns", values["max_ns"]) <= values["max_ns"]
        kinds = ("db", "wal", "journal", "temp", "external")
        assert sum(values[kind + "_write_bytes"] for kind in kinds) == values["write_bytes"]
        # naive fills its cache when it is read.
        if sample["name"].startswith("read_") and sample["arm"] != "naive":
            assert values["bytes_written_by_reads"] == values["write_bytes"] == 0, sample
            assert values["commits"] == 0
        assert values["cpu_ns"] <= 1.5 * values["wall_ns"] + 5e6, sample
    if sample["kind"] == "snapshot":
        parts = values["db_file_bytes"] + values["sidecar_bytes"] + values["external_bytes"]
        assert parts == values["total_bytes"]
        if "page_size" in values:
            assert values["page_size"] * values["page_count"] == values["db_bytes"]
            assert values["table_bytes"] + values["index_bytes"] + values["free_bytes"] == values["db_bytes"]
    if sample["kind"] == "run" and sample["arm"] == "memory":
        assert values["peak_rss_bytes"] > 19267584, "memory holds every version"
    if sample["kind"] == "run" and sample["arm"] == "raw" and sanitized == "no":
        assert values["peak_rss_bytes"] < 19267584, "raw holds a cache of 2 MB"
assert exact > 4000, exact
assert {"p50_ns", "wall_ns", "cpu_ns", "run_ns"} <= timings, timings
PYTHON
ok 'lix: counters are equal in all rounds and in both controls, and add up' \
    "$python" "$lib_dir/counters.py" lix "$src" $sanitized

# ---- against stock SQLite ----------------------------------------------------------------------
if command -v sqlite3 >/dev/null 2>&1; then
    for store in lix/stores/*; do
        arm=${store##*/????-}
        run=$(echo "${store##*/}" | sed 's/^0*\([0-9]\)/\1/; s/-.*//')
        value() { samples lix "int(V($run, 'after_mixed', '$1'))"; }
        # Verifying reads only; still the copy is what is asked.
        cp -r "$store/data" copy
        is "$arm: bytes of all files" "$(find copy -type f ! -name lock -printf '%s\n' |
            awk '{ sum += $1 } END { print sum + 0 }')" "$(value total_bytes)"
        is "$arm: files" "$(find copy -type f ! -name lock | wc -l)" "$(value file_count)"
        is "$arm: contents.csv has every version" \
            "$(awk -F, '$1 != "#" && $1 != "file_id" { sum += $3 } END { print sum }' "$store/contents.csv")" \
            "$(value history_bytes)"
        if [ -f copy/blobs.db ]; then
            sql() { sqlite3 -batch -noheader copy/blobs.db "$1"; }
            is "$arm: integrity" "$(sql 'PRAGMA integrity_check')" ok
            is "$arm: page_count x page_size" \
                "$(($(sql 'PRAGMA page_count') * $(sql 'PRAGMA page_size')))" "$(value db_bytes)"
            is "$arm: free pages" \
                "$(($(sql 'PRAGMA freelist_count') * $(sql 'PRAGMA page_size')))" "$(value free_bytes)"
            sql "SELECT 'SELECT count(*) FROM \"' || name || '\";' FROM sqlite_schema
                WHERE type = 'table' AND name NOT LIKE 'sqlite_%'" >counts.sql
            is "$arm: rows of all tables" "$(sqlite3 -batch -noheader copy/blobs.db <counts.sql |
                awk '{ sum += $1 } END { print sum }')" "$(value rows)"
            is "$arm: bytes of indexes, by dbstat" "$(sql "SELECT coalesce(sum(pgsize), 0) FROM dbstat
                WHERE name IN (SELECT name FROM sqlite_schema WHERE type = 'index')")" \
                "$(value index_bytes)"
            is "$arm: bytes of tables, by dbstat" "$(sql "SELECT sum(pgsize) FROM dbstat
                WHERE name NOT IN (SELECT name FROM sqlite_schema WHERE type = 'index')")" \
                "$(value table_bytes)"
            is "$arm: is marked as ours" "$(sql 'PRAGMA application_id; PRAGMA user_version' | tr '\n' ' ')" \
                '1651270246 1 '
            unset -f sql
        fi
        rm -rf copy
    done
    store=$(find lix/stores -name '*-raw')
    is 'raw: the bytes themselves are there' \
        "$(sqlite3 "$store/data/blobs.db" 'SELECT sum(length(data)), count(*) FROM blob')" \
        "$(samples lix "'%d|%d' % (V(R[-1]['run'], 'after_mixed', 'history_bytes'), 438)")"
    store=$(find lix/stores -name '*-files')
    ok 'files: a blob is a file that holds it' sh -c "
        find '$store/data' -type f ! -name lock -size 65536c | grep -q ."
else
    skip 'there is no sqlite3 shell'
fi
ok 'stock sqlite3 has not harmed them' "$bf" verify lix

# ---- what is derived can be derived again ------------------------------------------------------
cp -r lix/plots plots-before 2>/dev/null
cp lix/summary.json lix/cells.csv lix/report.md .
run_keeping 0 '' "$bf" report lix
for file in summary.json cells.csv report.md; do
    ok "report again: $file is the same" cmp $file lix/$file
done
rm -f lix/summary.json lix/cells.csv lix/report.md
run_keeping 0 '' "$bf" report lix
for file in summary.json cells.csv report.md; do
    ok "report from nothing: $file is the same" cmp $file lix/$file
done
[ ! -d plots-before ] || for file in frontier.svg frontier.csv latency.csv; do
    ok "report: plots/$file is the same" cmp plots-before/$file lix/plots/$file
done
cp -r lix elsewhere
chmod -R a-w elsewhere/samples.jsonl elsewhere/manifest.json
run_keeping 0 '' "$bf" report --no-plots --export csv - elsewhere
ok 'report --export csv -: that and nothing else' cmp cells.csv "$out"
run_keeping 0 '' "$bf" report --no-plots --export json copy.json elsewhere
ok 'report --export json FILE' cmp summary.json copy.json
run_expect 0 '' "$bf" frontier lix
like 'frontier: the choice is the one of the study' "$out" '^Recommendation: '
run_expect 0 '' "$bf" frontier --anywhere --guardrail 1000% \
    --keys total_bytes@after_update lix
like 'frontier: other keys, other answer' "$out" 'total_bytes'
run_expect 2 'total_byts' "$bf" frontier --keys total_byts@after_update lix
run_expect 2 'after_updat"?' "$bf" frontier --keys total_bytes@after_updat lix

run_expect 0 '' "$bf" compare lix lix
like 'compare with itself: nothing has changed' "$out" \
    '^([0-9,]+) metrics: ([0-9,]+) unchanged, 0 better, 0 worse$'
ok 'compare with itself: every metric is unchanged' sh -c "
    tail -n 1 '$out' | tr -d ',' | awk '{ exit !(\$1 == \$3 && \$1 > 1000) }'"
run_expect 0 '' "$bf" compare --export json - lix lix
ok 'compare --export json parses' "$python" -m json.tool "$out" /dev/null
run_expect 0 '' "$bf" compare --export csv - lix lix
run_expect 0 '' "$bf" compare --export markdown - lix lix

# ---- settings, on small data -------------------------------------------------------------------
small() { # NAME OPTION...
    name=$1
    shift
    # shellcheck disable=SC2086 # $few is words
    "$bf" run --out . --name "$name" --rounds 1 --dataset "$small_data" --no-bounds --no-plots --quiet \
        --strategy files --strategy dedup $few "$@" >"$out" 2>"$err" </dev/null
    is "$name: exit code" "$?" 0
    ok "$name: verifies" "$bf" verify "$name"
}
# Ingest of the control and of files: commits, the syncs in them, checkpoints that were due.  Beside
# its own a commit may be the first to enter the names of new files in their folder.
syncs() {
    samples "$1" "sorted({(r['arm'].rstrip(chr(39)), V(r['run'], 'ingest_binary_cold', 'commits'),
        V(r['run'], 'ingest_binary_cold', 'commit_syncs'),
        V(r['run'], 'ingest_binary_cold', 'checkpoints')) for r in R if r['arm'] != 'dedup'})"
}
level() { # LEVEL: what the engine calls it, synchronous, journal
    samples "$1" "sorted({(r['pragmas']['synchronous'], r['pragmas']['journal_mode']) for r in R if r['pragmas']})"
}
small none --durability none
is 'none: syncs nothing' "$(syncs none)" "[('files', 24, 0, 0), ('raw', 24, 0, 0)]"
is 'none: is what SQLite says' "$(level none)" "[('0', 'wal')]"
is 'none: really nothing' "$(samples none 'sum(s["values"].get("syncs", 0) for s in S if s["arm"] == "files")')" 0
small consistent --durability consistent
is 'consistent: the header of the WAL and its name once; files have no cheaper way than durable' \
    "$(syncs consistent)" "[('files', 24, 49, 0), ('raw', 24, 2, 0)]"
is 'consistent: is what SQLite says' "$(level consistent)" "[('1', 'wal')]"
small durable
is 'durable: one a commit, the header of the WAL and its name once; a file and its folder' \
    "$(syncs durable)" "[('files', 24, 49, 0), ('raw', 24, 26, 0)]"
is 'durable: is the default' "$(samples durable 'M["plan"]["durability"]')" durable
is 'durable: is what SQLite says' "$(level durable)" "[('2', 'wal')]"
small durable-rollback --durability durable-rollback
is 'durable-rollback: four a commit, the folder twice' "$(syncs durable-rollback)" \
    "[('files', 24, 49, 0), ('raw', 24, 98, 0)]"
is 'durable-rollback: is what SQLite says' "$(level durable-rollback)" "[('2', 'truncate')]"
is 'durable-rollback: no WAL was written' "$(samples durable-rollback \
    'sum(s["values"].get("wal_write_bytes", 0) for s in S)')" 0

small batch --batch 16 --durability none
is 'batch: 24 puts in two transactions' \
    "$(samples batch 'sorted({V(r["run"], "ingest_binary_cold", "commits") for r in R})')" '[2]'
is 'batch: the same bytes' "$(samples batch 'R[0]["verification"]')" "$(samples none 'R[0]["verification"]')"
small latest --retention latest --durability none
is 'latest: no older version is held' "$(samples latest 'all(s["values"]["history_bytes"] == s["values"]["live_bytes"]
    for s in S if s["kind"] == "snapshot")')" True
is 'latest: the store is smaller than with history' "$(
    samples latest 'V(0, "after_update", "external_bytes") is not None and [V(r["run"], "after_update", "total_bytes")
        for r in R if r["arm"] == "files"][0]') < $(
    samples none '[V(r["run"], "after_update", "total_bytes") for r in R if r["arm"] == "files"][0]')" \
    "$(samples latest 'int(V(0, "after_update", "live_bytes"))') < $(
    samples none 'int(V(0, "after_update", "history_bytes"))')"
is 'latest: reads are the same' "$(samples latest 'R[0]["verification"]')" "$(samples none 'R[0]["verification"]')"
small keepless --keep none --durability none
is 'keep none: no store is left' "$(find keepless/stores -mindepth 1 2>/dev/null)" ''
is 'keep last: the stores of the last round' "$(find none/stores -mindepth 1 -maxdepth 1 | wc -l)" 4
small seed2 --seed 2 --durability none
ok 'another seed: other bytes' test "$(samples seed2 'R[0]["verification"]')" != "$(samples none 'R[0]["verification"]')"
small again --durability none
is 'the same seed: the same bytes' "$(samples again 'R[0]["verification"], M["dataset"]["hash"]')" \
    "$(samples none 'R[0]["verification"], M["dataset"]["hash"]')"
keep_few=$few few=
small few --workload read_point --set read_point:ops=7 --durability none
is 'workload: ingest and what was asked for' "$(samples few '[p["name"] for p in M["phases"]]')" \
    "['ingest_binary_cold', 'read_point_binary']"
is 'workload: its option is in force' "$(samples few '{V(r["run"], "read_point_binary", "ops") for r in R}')" '{7}'
few=$keep_few
small odd-options --strategy raw:page_size=8k,verify=on --strategy chunked:avg=4k,min=1k,max=16k --durability none
is 'options: in force in SQLite' "$(samples odd-options \
    '[V(r["run"], "after_update", "page_size") for r in R if "8k" in r["arm"]]')" '[8192]'

is 'a second study of the same name: exit code' "$(find none -type f -exec cksum {} + | sort >before
    "$bf" run --out . --name none --rounds 1 --dataset $small_data --strategy memory >"$out" 2>"$err"
    echo $?)" 2
like 'a second study of the same name: why' "$err" '^blobfront: error: study "\./none" exists already$'
find none -type f -exec cksum {} + | sort >after
ok 'a second study of the same name: nothing is touched' cmp before after

# ---- machine-readable output -------------------------------------------------------------------
"$bf" run --out . --name json --rounds 1 --dataset $small_data --durability none --strategy memory --no-bounds --no-plots \
    --json >"$out" 2>"$err"
is 'run --json: exit code' "$?" 0
ok 'run --json: is summary.json' cmp "$out" json/summary.json
ok 'run --json: parses' "$python" -m json.tool "$out" /dev/null
"$bf" run --out . --name csv --rounds 1 --dataset $small_data --durability none --strategy memory --no-bounds --no-plots \
    --export csv - >"$out" 2>"$err"
is 'run --export csv -: exit code' "$?" 0
ok 'run --export csv -: that and nothing else' cmp "$out" csv/cells.csv
"$bf" run --out . --name md --rounds 1 --dataset $small_data --durability none --strategy memory --no-bounds --no-plots \
    --export markdown report.copy >"$out" 2>"$err"
ok 'run --export markdown FILE' cmp report.copy md/report.md
like 'run --export markdown FILE: and the tables' "$out" '^Recommendation: '

# ---- records that do not compare ---------------------------------------------------------------
run_expect 5 'not comparable: dataset.* differs, ".*" in the first record and ".*" in the second' \
    "$bf" compare none lix
run_expect 5 'not comparable: durability' "$bf" compare none durable
run_expect 5 'not comparable: retention' "$bf" compare none latest
run_expect 5 'not comparable: batch' "$bf" compare none batch
run_expect 5 'not comparable' "$bf" compare none seed2
run_expect 0 '' "$bf" compare none few
like 'compare of other suites: what is the same is compared' "$out" '^raw: ingest_binary_cold$'
unlike 'compare of other suites: what follows another phase is not' "$out" '^raw: (read_point_binary|run|after_update)$'
like 'compare of other suites: and says so' "$out" 'read_point_binary: only in the second record'
run_expect 0 '' "$bf" compare --allow-mismatch none durable
like 'compare --allow-mismatch: says so' "$out" 'durability'
run_expect 0 '' "$bf" compare none again

# ---- the budget --------------------------------------------------------------------------------
"$bf" run --out . --name budget --rounds 500 --budget 1s --dataset $small_data --durability none \
    --strategy memory --no-bounds --no-plots >"$out" 2>"$err"
is 'budget: exit code' "$?" 0
like 'budget: says so' "$out" '^[0-9]+ of 500 rounds \(the time budget was spent\)$'
ok 'budget: whole rounds' sh -c "test $(samples budget 'len(R) % 3') -eq 0 -a $(samples budget 'len(R)') -ge 3"
ok 'budget: verifies' "$bf" verify budget
like 'budget: its last look is recorded' budget/events.jsonl '"kind":"look".*"the time budget was spent".*"ends":true'
cp budget/samples.jsonl budget/events.jsonl .
run_keeping 0 '^blobfront: the study ended with its time budget; for more rounds begin a new one$' \
    "$bf" resume --no-bounds --no-plots budget
like 'budget: still says so' "$out" '^[0-9]+ of 500 rounds \(the time budget was spent\)$'
ok 'budget: it is over' cmp samples.jsonl budget/samples.jsonl
ok 'budget: nor looked at again' cmp events.jsonl budget/events.jsonl

done_testing
