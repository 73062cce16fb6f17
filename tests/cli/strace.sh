#!/bin/sh
# strace.sh: what a run says it wrote and synced is what the kernel was asked to do.
#
# One run is repeated under strace.  Its phases can be told apart from outside: before each the
# store's files are listed and read once (run_warm), reads that warm the store up may follow, and the
# CPU clock is read when the first window begins; after each its latencies are written.  Between the
# two, every call that writes to or syncs a file of the store must be in the record, phase by phase
# and kind by kind; between the phases only opening, settling and warming up touch it.
. "$(dirname "$0")/lib.sh"
command -v strace >/dev/null 2>&1 || skip_all 'there is no strace'
strace -o "$lib_dir/said" true 2>/dev/null || skip_all 'strace may not trace here'

cat >"$lib_dir/check.py" <<'PYTHON'
"""check.py TRACE RECORD RUN: print what does not agree; then one line of totals."""
import json, os, re, sys
trace, record, run = sys.argv[1], sys.argv[2], int(sys.argv[3])
WRITES = {"pwrite64"}
SYNCS = {"fsync", "fdatasync"}
# Nothing of a store is written in a way the file layer does not count.
FOREIGN = {"write", "writev", "pwritev", "pwritev2", "sync_file_range", "msync", "sync", "syncfs",
           "fallocate", "copy_file_range", "sendfile", "splice"}
call = re.compile(r"^(?:\d+ +)?(\w+)\((.*)\) += (-?\d+)")
data = os.path.realpath(record) + "/stores/"

def kind_of(path):
    name = path.rsplit("/", 1)[-1]
    if name.endswith("(deleted)"):
        return "temp"
    return {"blobs.db": "db", "blobs.db-wal": "wal", "blobs.db-journal": "journal"}.get(name, "external")

def empty():
    return {"write_calls": 0, "syncs": 0, "write_bytes": 0, "read_calls": 0, "read_bytes": 0,
            **{kind + "_write_bytes": 0 for kind in ("db", "wal", "journal", "temp", "external")}}

phases, between, current, warm, complaints, begins = {}, [], empty(), set(), [], False
for line in open(trace, errors="replace"):
    latencies = re.search(r'openat\(.*raw/\d+-(\w+)\.lat', line)
    if latencies and latencies.group(1) not in phases:
        phases[latencies.group(1)] = current
        current = empty()
        continue
    match = call.match(line)
    if not match:
        continue
    if match.group(1) == "getrusage" and begins:
        if any(current.values()):
            between.append(current)
        current, begins = empty(), False
        continue
    name, arguments, result = match.group(1), match.group(2), int(match.group(3))
    if name == "openat":
        opened = re.search(r"= (\d+)<([^>]*)>", line)
        if opened and opened.group(2).startswith(data):
            # Only run_warm and strategy files open to read alone.
            (warm.add if "O_RDONLY" in arguments else warm.discard)(opened.group(1))
        continue
    target = re.match(r"(\d+)<([^>]*)>(\(deleted\))?", arguments)
    if not target or not target.group(2).startswith(data):
        continue
    path = target.group(2) + (target.group(3) or "")
    if name == "getdents64":
        if any(current.values()):
            between.append(current)
        current, begins = empty(), True
    elif name in WRITES:
        current["write_calls"] += 1
        current["write_bytes"] += result
        current[kind_of(path) + "_write_bytes"] += result
    elif name in SYNCS:
        current["syncs"] += 1
    elif name == "pread64" and target.group(1) not in warm:
        current["read_calls"] += 1
        current["read_bytes"] += result
    elif name in FOREIGN or result < 0:
        complaints.append("unexpected: " + line.strip()[:200])

says = {}
for line in open(os.path.join(record, "work", "run-%04d.jsonl" % run)):
    sample = json.loads(line)
    if sample["kind"] == "phase":
        says[sample["name"]] = sample["values"]
    elif sample["kind"] == "run" and not sample["valid"]:
        complaints.append("the run is INVALID: " + sample["reason"])
if list(says) != list(phases) or len(says) != 6:
    complaints.append("phases seen: %s, recorded: %s" % (list(phases), list(says)))
reads = "files" not in os.listdir(data)[0]
for phase, values in says.items():
    for metric, seen in phases.get(phase, empty()).items():
        if metric.startswith("read_") and not reads:
            continue
        if values[metric] != seen:
            complaints.append("%s: %s is %s in the record, %s for the kernel" %
                              (phase, metric, values[metric], seen))
# The run in the study was the same run.
for line in open(os.path.join(record, "samples.jsonl")):
    sample = json.loads(line)
    if sample["run"] == run and sample["kind"] == "phase":
        for metric in empty():
            if sample["values"][metric] != says[sample["name"]][metric]:
                complaints.append("%s: %s is another without strace" % (sample["name"], metric))
# What happens outside phases, up to the first: creating the store.  After it: nothing is written.
for part in between[1:]:
    if part["write_calls"] or part["write_bytes"]:
        complaints.append("written between phases: %s" % part)
print("\n".join(complaints))
total = {metric: sum(phase[metric] for phase in phases.values()) for metric in empty()}
outside = {metric: sum(part[metric] for part in between) + current[metric] for metric in empty()}
print("phases: %d writes of %d bytes, %d syncs; outside: %d writes, %d syncs" % (
    total["write_calls"], total["write_bytes"], total["syncs"], outside["write_calls"],
    outside["syncs"]), file=sys.stderr)
PYTHON

calls=openat,getdents64,pread64,pwrite64,write,writev,pwritev,pwritev2,fallocate,copy_file_range
calls=$calls,getrusage,sendfile,splice,fsync,fdatasync,sync,syncfs,sync_file_range,msync
# traced NAME SPEC OPTION...: a study, and its run of SPEC again, watched.
traced() {
    name=$1 spec=$2
    shift 2
    # shellcheck disable=SC2086 # $few is words
    "$bf" run --out . --name "$name" --rounds 1 --dataset random:files=40,size_min=1,size_max=40k \
        --strategy "$spec" --no-bounds --no-plots --quiet --keep none $few "$@" >"$out" 2>"$err" </dev/null
    is "$name: the study: exit code" "$?" 0
    label=$spec
    number=$(samples "$name" "[r['run'] for r in R if r['arm'] == '$label'][0]")
    mkdir -p "$name/work" "$name/stores"
    # The leak sanitizer cannot work where another tracer does.
    ASAN_OPTIONS=detect_leaks=0 strace -y -s 0 -o trace -e trace="$calls" \
        "$bf" run-one "$name" "$number" >"$out" 2>"$err"
    is "$name: the run: exit code" "$?" 0
    "$python" "$lib_dir/check.py" trace "$name" "$number" >"$lib_dir/seen" 2>"$lib_dir/totals"
    is "$name: $(cat "$lib_dir/totals")" "$(cat "$lib_dir/seen")" ''
    rm -rf "$name" trace
}
traced durable raw
traced due raw:checkpoint=20
traced rollback raw --durability durable-rollback
traced consistent raw --durability consistent
traced none raw --durability none
traced batch raw:page_cache=64k --batch 16
traced latest dedup-zstd --retention latest --durability consistent
traced dedup dedup --durability none
traced chunked chunked:avg=4k,min=1k,max=16k --durability none
traced naive naive --durability none
traced files files --durability durable
traced files-none files --durability none

done_testing
