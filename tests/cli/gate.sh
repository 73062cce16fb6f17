#!/bin/sh
# gate.sh: `blobfront gate` as a CI job meets it: equal programs, files, revisions, other schemas,
# wrong input, exit codes.  What it finds in programs that got worse is tests/cli/gate_sabotage.sh.
. "$(dirname "$0")/lib.sh"
[ "$sanitized" = no ] || lib_limit=120
worse=$build/tests/blobfront-page
[ -x "$worse" ] || skip_all "there is no $worse: make test builds it"
lib_limit=60
valgrind_there=no
[ "$sanitized" = no ] && command -v valgrind >/dev/null 2>&1 && valgrind_there=yes

# One strategy, nothing counted: what most cases need.
small="--strategy dedup --instructions none"

# json FILE EXPRESSION over G.
json() {
    "$python" -c 'import json, sys; G = json.load(open(sys.argv[1])); print(eval(sys.argv[2]))' "$@"
}

valid_json() {
    "$python" - "$src/results/schema/$1.schema.json" "$2" <<'PYTHON'
import json, sys
import jsonschema
schema = json.load(open(sys.argv[1]))
jsonschema.Draft202012Validator.check_schema(schema)
jsonschema.Draft202012Validator(schema).validate(json.load(open(sys.argv[2])))
PYTHON
}

# Well-formed, and its counts are those of its cases.
valid_junit() {
    "$python" - "$1" <<'PYTHON'
import sys, xml.etree.ElementTree as E
root = E.parse(sys.argv[1]).getroot()
assert root.tag == "testsuites", root.tag
for suite in root:
    cases = suite.findall("testcase")
    assert len(cases) == int(suite.get("tests")), suite.attrib
    for tag, key in (("failure", "failures"), ("skipped", "skipped"), ("error", "errors")):
        assert len(suite.findall("testcase/" + tag)) == int(suite.get(key)), (suite.attrib, tag)
PYTHON
}

# red EXIT REGEXP COMMAND...: a verdict: the table on standard output, one error line.
verdict() {
    want=$1 regexp=$2
    shift 2
    timeout -k 5 $lib_limit "$@" >"$out" 2>"$err" </dev/null
    is "exit code of ${*#"$build"/}" "$?" "$want"
    [ -z "$regexp" ] || like "  it says so" "$out" "$regexp"
    [ "$want" -eq 0 ] || is "  one error line" "$(grep -c '^blobfront: error: ' "$err")" 1
}

# ---- equal programs ----------------------------------------------------------------------------

# shellcheck disable=SC2086 # $small is words
{
    verdict 0 '^6 timed metrics: [0-6] pass, [0-6] undecided, 0 FAIL; [0-9]+ exact: all equal; instructions: not checked$' \
        "$bf" gate --baseline "$bf" $small --rounds 8 --allow-undecided --no-golden --out a \
        --json a.json --junit a.xml
    is "the last line is the count" "$(tail -n 1 "$out" | cut -c 1-17)" "6 timed metrics: "
    like "where the stores were is said" "$out" "^timing: 8 rounds \(looks 8\).*stores in (/dev/shm|the gate's folder)"
    like "the error rate is said" "$out" '^errors: at most 6 x 1 %\^2 = 0\.06 % of gates are red by chance'
    ok "its JSON is valid by its schema" valid_json gate a.json
    ok "its JUnit file is valid" valid_junit a.xml
    is "verdict" "$(json a.json 'G["verdict"], len(G["timing"]["cells"]), G["exact"]["different"]')" \
        "('green', 6, 0)"
    is "every cell has its control" "$(json a.json 'all("control" in c for c in G["timing"]["cells"])')" True
    is "what stays: records, no programs, no stores" "$(ls a | tr '\n' ' ')" \
        "exact-copies exact-text timed "
    is "the record holds what was run" "$(samples a/timed 'len(R) >= 24 and all(r["valid"] for r in R)')" True
    is "the seed is kept" "$(json a.json 'G["seed"]')" "$(samples a/timed 'M["plan"]["seed"]')"
    run_keeping 2 'the folder ".*/a" is not empty' "$bf" gate --baseline "$bf" $small --out a
}

# ---- wrong input -------------------------------------------------------------------------------

run_expect 2 'nothing to compare with' "$bf" gate
run_expect 2 '--baseline and --baseline-file: expected one of them' "$bf" gate --baseline x --baseline-file y
run_expect 2 'no claim can be made from 5 rounds' "$bf" gate --baseline "$bf" --rounds 5
run_expect 2 'no claim can be made from 1 rounds' "$bf" gate --baseline "$bf" --rounds 1
run_expect 2 '--rounds' "$bf" gate --baseline "$bf" --rounds 0
run_expect 2 '--limit "p50_ns": column 7' "$bf" gate --baseline "$bf" --limit p50_ns
run_expect 2 'column 8: expected a rate above 2 %' "$bf" gate --baseline "$bf" --limit p50_ns=1%
run_expect 2 'nothing is timed without --baseline' "$bf" gate --baseline-file x --limit p50_ns=5%
run_expect 2 '--update-golden: expected why' "$bf" gate --update-golden ''
run_expect 2 '--update-golden and --no-golden' "$bf" gate --update-golden x --no-golden
run_expect 2 'both want standard output' "$bf" gate --baseline "$bf" --json - --junit -
run_expect 2 'cannot read "nothing.json"' "$bf" gate --golden nothing.json
run_expect 2 'cannot read "nothing.json"' "$bf" gate --baseline-file nothing.json
run_expect 2 'unknown option "--basline" \(did you mean "--baseline"' "$bf" gate --basline x
run_keeping 2 '--instructions: expected auto, perf, callgrind or none' \
    "$bf" gate --baseline "$bf" --instructions few --strategy raw --no-timing
run_keeping 2 'there is no strategy "dedpu"' \
    "$bf" gate --baseline "$bf" --strategy dedpu
mkdir empty
run_keeping 2 'the folder "empty" has no program blobfront-0' "$bf" gate --baseline empty
run_keeping 2 'is no program that can be started' "$bf" gate --baseline "$0"
run_keeping 2 'matches no timed metric' \
    "$bf" gate --baseline "$bf" --strategy dedup --instructions none --rounds 8 --limit p99_ns=5%
rm -rf results

# ---- a golden file -----------------------------------------------------------------------------

# shellcheck disable=SC2086
{
    verdict 0 'golden file updated' "$bf" gate $small --update-golden 'first agreed numbers' --out g1
    golden=results/golden/gate.json
    ok "it is valid by its schema" valid_json golden $golden
    is "its reason" "$(json $golden 'G["reason"]')" "first agreed numbers"
    verdict 0 '; [0-9]+ exact: all equal;' "$bf" gate $small
    like "it is found by itself, and named" "$out" 'golden file: results/golden/gate.json, last changed: first agreed numbers'
    verdict 3 '^DIFFERS from the golden file: dedup on copies, after_ingest: page_count [0-9]+ -> [0-9]+$' \
        "$bf" gate $small --candidate "$worse"
    verdict 3 '^DIFFERS from the golden file: ' "$bf" gate $small --baseline "$worse" --candidate "$worse" --no-timing
    # The same change, agreed on: the baseline may differ.
    cp $golden before.json
    verdict 0 'golden file updated' "$bf" gate $small --candidate "$worse" --update-golden 'a table more'
    verdict 0 '^agreed, differs from the baseline: dedup on copies' \
        "$bf" gate $small --baseline "$bf" --candidate "$worse" --no-timing
    like "and the last line says so" "$out" 'exact: all equal, [0-9]+ agreed;'
    cp before.json $golden
    verdict 0 '' "$bf" gate $small --baseline "$worse" --candidate "$bf" --no-timing

    sed 's/"page_count": [0-9]*/"page_count": 1/' before.json >$golden
    run_keeping 2 'gate.json: its content is not what was written: checksum' "$bf" gate $small
    sed 's/"ops": 24,/"ops": 24, "oops": 1,/' before.json >$golden
    run_keeping 2 'gate.json:[0-9]+: .*oops.*is no exact metric' "$bf" gate $small
    head -c 2000 before.json >$golden
    run_keeping 2 'gate.json:[0-9]+:' "$bf" gate $small
    verdict 0 'golden file updated' "$bf" gate $small --update-golden 'damage is written over'
    run_keeping 5 'the golden file is not comparable: suite' "$bf" gate --instructions none --strategy raw
    rm -rf results/golden
}

# The one that is committed: exact counters change with a reason, or not at all.
timeout -k 5 $lib_limit "$bf" gate --golden "$src/results/golden/gate.json" --instructions none >"$out" 2>"$err" </dev/null
case $? in
0) pass "the committed golden file holds" ;;
5) if grep -q 'suite is' "$err"; then
    fail "the committed golden file is of this suite" "$err"
else
    skip "the committed golden file: $(sed -n 's/^blobfront: error: //p' "$err")"
fi ;;
*) fail "the committed golden file holds (blobfront gate --update-golden REASON)" "$out" ;;
esac

# ---- a stored baseline -------------------------------------------------------------------------

# shellcheck disable=SC2086
{
    verdict 0 'nothing to compare with' "$bf" gate $small --save-baseline base.json
    ok "it is valid by its schema" valid_json golden base.json
    verdict 0 '[0-9]+ exact: all equal; instructions: not checked' "$bf" gate $small --baseline-file base.json
    like "timing is not compared, and it is said" "$out" '^timing is never compared with a stored file'
    verdict 3 '^DIFFERS from the baseline: ' "$bf" gate $small --baseline-file base.json --candidate "$worse"
    sed 's/"checksum": "./"checksum": "x/' base.json >bad.json
    run_keeping 2 'bad.json: its content is not what was written' "$bf" gate $small --baseline-file bad.json
    run_keeping 5 'unknown schema "blobfront/baseline/1"' "$bf" gate $small --golden base.json
}

# ---- other programs ----------------------------------------------------------------------------

# other NAME SED-SCRIPT: a program that says something else of itself.
other() {
    printf '#!/bin/sh\nif [ "$1" = --version ]; then "%s" --version | sed "%s"; else exec "%s" "$@"; fi\n' \
        "$bf" "$2" "$bf" >"$1"
    chmod +x "$1"
}
other older 's,^manifest .*,manifest blobfront/manifest/1,'
other unsaid '/^sample /d'
other compiler 's/^compiler .*/compiler other 1.0/'
other sqlite 's/^sqlite .*/sqlite 3.99.0/'
printf '#!/bin/sh\nexit 7\n' >broken
chmod +x broken
# shellcheck disable=SC2086
{
    run_keeping 5 'baseline "./older" is not comparable: its manifest schema is "blobfront/manifest/1", this gate.s is blobfront/manifest/[0-9]' \
        "$bf" gate $small --baseline ./older
    run_keeping 5 'candidate "./unsaid" is not comparable: its sample schema is unknown' \
        "$bf" gate $small --baseline "$bf" --candidate ./unsaid
    run_keeping 5 'the baseline is not comparable: sqlite is "3.99.0" there' \
        "$bf" gate $small --baseline ./sqlite --no-timing
    run_keeping 5 'build "base" cannot carry out this study: it makes other data of "append:.*": dataset hash [0-9a-f]+, expected [0-9a-f]+' \
        "$bf" gate $small --baseline "$build/tests/blobfront-data" --no-timing
    run_keeping 5 'build "base" cannot carry out this study: there is no strategy "planted-sound"' \
        "$planted" gate --strategy planted-sound --baseline "$bf" --no-timing
    verdict 0 '^note: the two programs were built by different compilers$' \
        "$bf" gate $small --baseline ./compiler --no-timing
    run_keeping 1 'baseline "./broken" does not tell its version: exit code 7' "$bf" gate $small --baseline ./broken
    run_keeping 1 'planted-crash@new on "copies" is INVALID|planted-crash@base.* is INVALID' \
        "$planted" gate --baseline "$planted" --strategy planted-crash --instructions none
    verdict 0 '^noisy: [0-9]+ exact metrics are not equal in two runs of the candidate: planted-drift on copies' \
        "$planted" gate --baseline "$planted" --strategy planted-drift --instructions none --no-timing
}

# ---- revisions ---------------------------------------------------------------------------------

if command -v git >/dev/null 2>&1 && command -v make >/dev/null 2>&1; then
    mkdir repo
    cd repo || exit 1
    GIT_CONFIG_GLOBAL=/dev/null GIT_AUTHOR_NAME=t GIT_AUTHOR_EMAIL=t@t GIT_COMMITTER_NAME=t GIT_COMMITTER_EMAIL=t@t
    export GIT_CONFIG_GLOBAL GIT_AUTHOR_NAME GIT_AUTHOR_EMAIL GIT_COMMITTER_NAME GIT_COMMITTER_EMAIL
    git init -q . 2>/dev/null
    # A stand-in for a source tree: what it "builds" is the program under test.
    printf 'link-orders:\n\tmkdir -p build/$(CONFIG)/orders\n\tcp %s build/$(CONFIG)/orders/blobfront-0\n\tcp %s build/$(CONFIG)/orders/blobfront-1\n' "$bf" "$bf" >Makefile
    git add Makefile && git commit -qm good && git tag good
    printf 'all:\n\tmkdir -p build/$(CONFIG)\n\tcp %s build/$(CONFIG)/blobfront\n' "$bf" >Makefile
    git commit -qam plain && git tag plain
    printf 'all:\n\t@echo "cli/main.c:7: error: expected ;" >&2; exit 1\n' >Makefile
    git commit -qam bad
    # shellcheck disable=SC2086
    {
        verdict 0 '^baseline good \([0-9a-f]+\), program [0-9a-f]+, 2 link orders' \
            "$bf" gate $small --baseline good --no-timing --out ../r1
        is "the exported tree is gone" "$(ls ../r1 | tr '\n' ' ')" "build-0.log exact-copies exact-text "
        verdict 0 '^baseline HEAD~1 \([0-9a-f]+\), program [0-9a-f]+, 1 link order' \
            "$bf" gate $small --baseline HEAD~1 --candidate good --no-timing
        like "one layout is warned of" "$out" '^warning: baseline: one link order \(make link-orders gives eight\)'
        run_keeping 1 'baseline "HEAD" \([0-9a-f]+\) does not build: exit code 2: .*cli/main.c:7: error: expected ;' \
            "$bf" gate $small --baseline HEAD
        like "the log is named" "$err" '^hint: all that was said is in .*build-0.log$'
        run_keeping 2 'candidate "nonesuch" is neither a file nor a revision of the repository here' \
            "$bf" gate $small --baseline "$bf" --candidate nonesuch
        run_keeping 2 'expected a program or a revision' "$bf" gate $small --baseline=--all
    }
    is "the repository is as it was" "$(git status --porcelain | grep -v '^?? results/')" ""
    cd .. || exit 1
else
    skip "revisions: git or make is missing"
fi

# ---- counting instructions ---------------------------------------------------------------------

mkdir bin none
# A perf that counts: the same for every run.
cat >bin/perf <<'PERF'
#!/bin/sh
while [ "$1" != -- ]; do
    [ "$1" = -o ] && to=$2
    shift
done
shift
"$@" || exit
n=1000000
case $1 in */programs/1/*) n=${PERF_NEW:-1000000} ;; esac
echo "$n,,instructions:u,1000,100.00,," >"$to"
PERF
printf '#!/bin/sh\nwhile [ "$1" != -o ]; do shift; done\necho "<not supported>,,instructions:u,0,100.00,," >"$2"\n' >none/perf
chmod +x bin/perf none/perf
verdict 0 'instructions: 2 within \+0\.2 %$' env PATH="$home/bin:$PATH" "$bf" gate --strategy dedup --baseline "$bf" --no-timing --json p.json
is "perf counted" "$(json p.json 'G["instructions"]["counter"], {c["phase"] for c in G["instructions"]["counts"]}')" "('perf', {'run'})"
verdict 0 '^warning: instructions not checked: perf counts nothing here and valgrind is not installed$' \
    env PATH="$home/none" "$bf" gate --strategy dedup --baseline "$bf" --no-timing
if [ "$valgrind_there" = yes ]; then
    PATH=$home/none:$PATH
    verdict 0 'instructions: 6 within \+0\.2 %$' "$bf" gate --strategy dedup --baseline "$bf" --candidate "$bf" --no-timing --json c.json --save-baseline counted.json
    is "callgrind counts two equal programs equally" \
        "$(json c.json 'G["instructions"]["counter"], {c["change"] for c in G["instructions"]["counts"]}')" "('callgrind', {0})"
    verdict 0 'instructions: 6 within' "$bf" gate --strategy dedup --baseline-file counted.json
else
    skip "callgrind: valgrind is not installed, or this is a sanitizer's build"
fi

# ---- GitHub Actions ----------------------------------------------------------------------------

# shellcheck disable=SC2086
{
    GITHUB_ACTIONS=true GITHUB_STEP_SUMMARY=summary.md
    export GITHUB_ACTIONS GITHUB_STEP_SUMMARY
    echo "# before" >summary.md
    verdict 3 '^::error title=exact%3A not as the baseline::dedup on copies, ' \
        "$bf" gate $small --baseline "$bf" --candidate "$worse" --no-timing --junit worse.xml
    is "the summary is appended to" "$(head -n 1 summary.md)" "# before"
    like "the summary says it" summary.md '^## blobfront gate: red$'
    ok "the JUnit file of a red gate is valid" valid_junit worse.xml
    verdict 3 '' "$bf" gate $small --baseline "$bf" --candidate "$worse" --no-timing --json -
    ok "JSON alone is on standard output" valid_json gate "$out"
    like "the annotations are on the other" "$err" '^::error title='
    unset GITHUB_ACTIONS GITHUB_STEP_SUMMARY
}

# ---- what a killed gate left -----

if [ -w /dev/shm ]; then
    sh -c 'exit 0' &
    dead=$!
    wait $dead
    mkdir "/dev/shm/blobfront-gate-$dead-old" "/dev/shm/blobfront-gate-$dead-new" "/dev/shm/blobfront-gate-$$-old"
    touch -d '2 hours ago' /dev/shm/blobfront-gate-$dead-old /dev/shm/blobfront-gate-$$-old
    # shellcheck disable=SC2086
    verdict 0 '' "$bf" gate $small --baseline "$bf" --no-timing
    is "the folder of a dead gate goes, a young one and a living one's stay" \
        "$(cd /dev/shm && ls -d blobfront-gate-$dead-* blobfront-gate-$$-* | sed "s/$dead/DEAD/; s/$$/LIVING/" | sort | tr '\n' ' ')" \
        "blobfront-gate-DEAD-new blobfront-gate-LIVING-old "
    rmdir "/dev/shm/blobfront-gate-$dead-new" "/dev/shm/blobfront-gate-$$-old"
else
    skip "memory: there is no /dev/shm"
fi

# ---- a signal ----------------------------------------------------------------------------------

# shellcheck disable=SC2086
"$bf" gate --baseline "$bf" --instructions none --out stopped >"$out" 2>"$err" </dev/null &
gate=$!
for _ in $(seq 200); do
    [ -d stopped/programs ] && break
    sleep 0.02
done
sleep 0.5
kill -INT $gate
wait $gate
is "interrupted: exit code" "$?" 130
is "no programs stay" "$(ls -d stopped/programs 2>/dev/null)" ""
is "nothing stays in memory" "$(ls -d /dev/shm/blobfront-gate-$gate-* 2>/dev/null)" ""

done_testing
