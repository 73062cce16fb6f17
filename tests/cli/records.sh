#!/bin/sh
# records.sh: every way a record can be damaged, against every command that reads one.  Each says in
# one line what is wrong and where, with the exit code that is documented, and leaves all as it was.
. "$(dirname "$0")/lib.sh"

# study NAME OPTION...: three arms, 5 lines a run: baseline, ingest, after_ingest, reads, run.
study() {
    name=$1
    shift
    "$bf" run --out . --name "$name" --dataset random:files=6,size=2k --durability none --no-bounds --no-plots \
        --quiet --strategy dedup --workload read_point --set read_point:ops=400 "$@" \
        >"$out" 2>"$err" </dev/null
}
study looks --looks 1,2,4
is 'looks: exit code' "$?" 0
study plain --rounds 2
is 'plain: exit code' "$?" 0
study other --rounds 2 --dataset random:files=7,size=2k 2>/dev/null ||
    "$bf" run --out . --name other --dataset random:files=7,size=2k --durability none --no-bounds --no-plots \
        --quiet --strategy dedup --workload read_point --set read_point:ops=400 --rounds 2 \
        >"$out" 2>"$err" </dev/null
is 'other: exit code' "$?" 0
is 'looks: as many lines as are told of below' "$(wc -l <looks/samples.jsonl) $(wc -l <looks/events.jsonl)" '60 3'

# ---- what all commands refuse alike --------------------------------------------------------------

# on COMMAND: run it on the copy.
on() {
    case $1 in
    compare) set -- compare "$base" copy ;;
    report | resume) set -- "$1" --no-plots copy ;;
    *) set -- "$1" copy ;;
    esac
    timeout -k 5 $lib_limit "$bf" "$@" >"$out" 2>"$err" </dev/null
    lib_got=$?
}
fresh() {
    base=$1
    rm -rf copy
    cp -r "$base" copy
}
# refused NAME CODE REGEXP: by every command, which writes nothing; then a fresh copy.
refused() {
    lib_exit=$2 lib_regexp=$3 lib_words=$1
    lib_tree >"$lib_dir/before"
    for command in verify frontier report compare resume; do
        on $command
        # Mostly they say the same, word for word.
        if [ $command != verify ] && [ $lib_got -eq $lib_exit ] && [ ! -s "$out" ] &&
            cmp -s "$err" "$lib_dir/first"; then
            continue
        fi
        cp "$err" "$lib_dir/first"
        lib_examine >"$lib_dir/verdict"
        { read -r lib_title; read -r lib_why; } <"$lib_dir/verdict"
        [ -z "$lib_why" ] || break
    done
    lib_tree >"$lib_dir/after"
    if [ -z "$lib_why" ] && cmp -s "$lib_dir/before" "$lib_dir/after"; then
        pass "$lib_title"
    else
        { echo "$command: $lib_why"; cat "$err"; diff "$lib_dir/before" "$lib_dir/after"; } \
            >"$lib_dir/said"
        fail "$lib_title" "$lib_dir/said"
    fi
    fresh "$base"
}
# edit FILE SED-SCRIPT: of the copy, from the study's.
edit() {
    sed "$2" "$base/$1" >"copy/$1"
    cmp -s "$base/$1" "copy/$1" && fail "nothing is changed in $1 by $2"
}
# line FILE NUMBER: a line of the study's.
line() { sed -n "$2p" "$base/$1"; }

fresh looks
rm copy/manifest.json
refused 'no manifest' 2 'manifest.json'
: >copy/manifest.json
refused 'an empty manifest' 2 'copy/manifest.json:1:1: expected a JSON document'
head -c 900 looks/manifest.json >copy/manifest.json
refused 'half a manifest' 2 'copy/manifest.json:[0-9]+:[0-9]+: '
for version in 1 3; do
    edit manifest.json "s,manifest/2,manifest/$version,"
    refused "manifest/$version" 5 "copy/manifest.json: unknown schema \"blobfront/manifest/$version\""
    edit samples.jsonl "7s,sample/2,sample/$version,"
    refused "sample/$version" 5 "copy/samples.jsonl:7: unknown schema \"blobfront/sample/$version\""
done
edit events.jsonl '2s,event/1,event/2,'
refused 'event/2' 5 'copy/events.jsonl:2: unknown schema "blobfront/event/2"'
while read -r key value what; do
    edit manifest.json "s/\"$key\": [^,]*\\(,*\\)\$/\"$key\": $value\\1/"
    refused "manifest: $key is $value" 2 "copy/manifest.json:[0-9]+.*$what"
done <<'TABLE'
rounds 0 "plan.rounds" must be at least 1
rounds NaN expected a value
rounds 1e999 number is too large
rounds 4294967296 "plan.rounds" must be below
guardrail -1 "plan.guardrail" must not be negative
guardrail Infinity expected a value
alpha 0 "protocol.alpha" must be above 0
alpha 0.6 "protocol.alpha" must be above 0 and at most 0.5
alpha "5%" expected a number for "protocol.alpha"
stopping "soon" "protocol.stopping" is not fixed, looks or until-decided
stopping "fixed" "protocol.looks" must name rounds
batch null "plan.batch", got null
TABLE
edit manifest.json 's|"id": "[^"]*"|"id": "../x"|'
refused 'manifest: an id that leaves the folder' 2 'copy/manifest.json:3: "id" is not a folder'
edit manifest.json 's/"rounds": 4/"rounds": 5/'
refused 'manifest: a round after the last look' 2 'manifest.json: the last look is not after the last round'
edit manifest.json 's/"rounds": 4/"rounds": 5000/'
refused 'manifest: too many rounds' 2 'manifest.json: 5000 rounds'
edit manifest.json 's/"host": {/"hosts": {/'
refused 'manifest: a group is missing' 2 'copy/manifest.json:1: missing "host"'
edit manifest.json 's/\("seed": .*\)/\1 \1/'
refused 'manifest: a key twice' 2 'copy/manifest.json:[0-9]+: key "plan.seed" is given twice'
edit manifest.json 's/"seed": "1"/"seed": "2"/'
refused 'manifest: the plan of another order' 5 'samples.jsonl:[0-9]+: "(arm|env_padding)" is .*the plan draws'

# Values.
while read -r number key value what; do
    edit samples.jsonl "${number}s/\"$key\":[^,}]*/\"$key\":$value/"
    refused "samples: $key is $value" 2 "copy/samples.jsonl:$number.*$what"
done <<'TABLE'
2 p50_ns NaN expected a value
2 p50_ns Infinity expected a value
2 p50_ns -Infinity expected a digit
2 p50_ns 1e999 number is too large
2 p50_ns -1 "values.p50_ns" is negative
2 p50_ns null expected a number for "values.p50_ns"
2 p50_ns "5" expected a number for "values.p50_ns"
2 p50_ns [] expected a number for "values.p50_ns"
2 p50_ns 1e15 "values.p50_ns" is above "max_ns"
2 ops 1.5 "values.ops" is a counter and not a whole number
2 ops 0 needs at least 1 operations
1 total_bytes 1e16 "values.total_bytes" is a counter
8 total_bytes -0.5 "values.total_bytes" is negative
4 p95_ns 1e300 "values.p95_ns" is out of range
6 run 4294967296 "run" must be below
6 run 4294967295 "run" is not "round" x the number of arms
6 round 2 "run" is not "round" x the number of arms
6 slot 0 "run" is not "round" x the number of arms
6 slot 3 "slot" is not below the number of arms
6 arm "none" "arm" is not an arm of this study
7 name "none" "name" is not a phase of this study
8 name "none" "name" is not a snapshot of this study
7 kind "none" "kind" is not phase, snapshot or run
5 valid false "reason" is missing for an invalid run
5 reason "no" "reason" is given for a valid run
5 verification "" "verification" is missing
5 env_padding 5000 "env_padding" is above 4095
5 link_order 1 "link_order" is not a program
TABLE
edit samples.jsonl '5s/"dataset_hash":"......../"dataset_hash":"00000000/'
refused 'samples: a run of other data' 5 'copy/samples.jsonl:5: "dataset_hash" is .*, the study is of other data'
cp other/samples.jsonl copy/samples.jsonl
refused 'samples: of another study' 5 'copy/samples.jsonl:5: "dataset_hash" is '

# Lines.
rm copy/samples.jsonl
refused 'no samples' 2 'copy/samples.jsonl": No such file'
rm copy/samples.jsonl && mkdir copy/samples.jsonl
refused 'samples are a folder' 2 'copy/samples.jsonl": not a regular file'
: >copy/samples.jsonl
refused 'no sample, and looks' 2 'copy/events.jsonl:1: "round" 0 was looked at, and is not complete'
echo >>copy/samples.jsonl
refused 'an empty line' 2 'copy/samples.jsonl:61:1: expected a JSON document'
echo notes >>copy/samples.jsonl
refused 'a line of something else' 2 'copy/samples.jsonl:61:1: expected a value'
head -c 512 /dev/zero >>copy/samples.jsonl && echo >>copy/samples.jsonl
refused 'a block of zeros' 2 'copy/samples.jsonl:61:1: expected a value'
printf '\357\273\277' | cat - looks/samples.jsonl >copy/samples.jsonl
refused 'a byte-order mark' 2 'copy/samples.jsonl:1:1: '
sed -n 1,5p looks/samples.jsonl >>copy/samples.jsonl
refused 'a run twice' 2 'copy/samples.jsonl:61: "run" 0 is recorded already, its run line is line 5'
sed -n 1,5p looks/samples.jsonl | sed 's/"run":0,"round":0/"run":12,"round":4/' >>copy/samples.jsonl
sed -n 1,5p looks/samples.jsonl | sed 's/"run":0,"round":0,"slot":0/"run":13,"round":4,"slot":1/' \
    >>copy/samples.jsonl
refused 'an arm twice in a round' 2 'copy/samples.jsonl:70: "arm" ".*" has a run in round 4 already, line 65'
tac looks/samples.jsonl >copy/samples.jsonl
refused 'lines in reverse' 2 'copy/samples.jsonl:1: "valid" is true, and run 11 has no phase'
edit samples.jsonl 2d
refused 'a run without a phase' 2 'copy/samples.jsonl:4: "valid" is true, and run 0 has no phase "ingest_binary_cold"'
edit samples.jsonl 8d
refused 'a run without a snapshot' 2 'copy/samples.jsonl:9: "valid" is true, and run 1 has no snapshot "after_ingest"'
grep '"kind":"run"' looks/samples.jsonl >copy/samples.jsonl
refused 'run lines alone' 2 'copy/samples.jsonl:1: "valid" is true, and run 0 has no phase'

# What was looked at, and is not there.
edit samples.jsonl 56,60d
refused 'a run is missing in a round that was looked at' 2 \
    'copy/events.jsonl:3: "round" 3 was looked at, and is not complete'
edit samples.jsonl 60d
refused 'a run line is' 2 'copy/events.jsonl:3: "round" 3 was looked at, and is not complete'
truncate -s -1 copy/samples.jsonl
refused 'the last of them is torn' 2 'copy/events.jsonl:3: "round" 3 was looked at, and is not complete'
edit samples.jsonl 31,45d
refused 'a round is missing' 2 \
    'copy/events.jsonl:3: "rounds" is 4, and up to round 3 there are 3 complete rounds that count'
edit samples.jsonl 1,15d
refused 'the first round is missing' 2 'copy/events.jsonl:1: "round" 0 was looked at'

# Events.
void='{"schema":"blobfront/event/1","kind":"void","round":ROUND,"reason":"steal time 7 %"}'
while read -r number key value what; do
    edit events.jsonl "${number}s/\"$key\":\\(\\[[^]]*\\]\\|[^,}]*\\)/\"$key\":$value/"
    refused "events: $key of event $number is $value" 2 "copy/events.jsonl:$what"
done <<'TABLE'
1 kind "glance" 1: "kind" is not void or look
1 round -1 1: expected .*"round", got number -1
1 round 1 2: "round" is not above that of the look before
3 round 40 3: "round" 40 was looked at, and is not complete
3 round 4294967295 3: "round" 4294967295 was looked at
3 round 2 3: "rounds" is more than there are valid rounds
1 rounds 2 1: "rounds" is more than there are valid rounds
3 rounds 3 3: "rounds" is not what was planned for this look
3 rounds Infinity 3:[0-9]+: expected a value
1 look 0 1: "look" must be at least 1
2 look 3 2: "rounds" is not what was planned for this look
3 look 9 3: "look" is above the number of looks that were planned
3 look 2 3: "look" is not above that of the look before
1 ends 1 1: expected true or false for "ends"
1 ends true 2: "kind" comes after a look that ended the study
1 dropped ["none"] 1: "dropped\[0\]" is not an arm of this study
1 dropped ["raw","raw"] 1: "dropped" names an arm twice
1 dropped {} 1: expected an array for "dropped"
TABLE
tac looks/events.jsonl >copy/events.jsonl
refused 'events: in reverse' 2 'copy/events.jsonl:2: "look" is not above'
cat looks/events.jsonl looks/events.jsonl >copy/events.jsonl
refused 'events: twice' 2 'copy/events.jsonl:4: "look" is not above'
for round in 0 3; do
    echo "$void" | sed "s/ROUND/$round/" >>copy/events.jsonl
    refused "events: round $round voided after it was looked at" 2 \
        'copy/events.jsonl:4: "round" was looked at already and cannot be voided'
done
echo "$void" | sed 's/ROUND/1/' | cat - looks/events.jsonl >copy/events.jsonl
refused 'events: a round voided that was looked at later' 2 'copy/events.jsonl:3: "rounds" is more than'
for round in 5 4294967295; do
    echo "$void" | sed "s/ROUND/$round/" >>copy/events.jsonl
    refused "events: round $round voided before it was begun" 2 \
        "copy/events.jsonl:4: \"round\" $round is void, and round 4 before it was not begun"
done
for rounds in 4 2; do
    { echo "$void" | sed 's/ROUND/4/'; echo "$void" | sed "s/ROUND/$rounds/"; } >>copy/events.jsonl
    refused "events: round $rounds voided, and again" 2 'copy/events.jsonl:5: "round" (is voided|was looked at) already'
done
echo notes >>copy/events.jsonl
refused 'events: a line of something else' 2 'copy/events.jsonl:4:1: expected a value'
rm copy/events.jsonl && mkdir copy/events.jsonl
refused 'events: a folder' 2 'copy/events.jsonl": not a regular file'
edit manifest.json 's/"racing": true/"racing": false/'
edit events.jsonl '2s/"dropped":\[\]/"dropped":["dedup"]/'
refused 'events: an arm dropped without racing' 2 'copy/events.jsonl:2: "dropped" names arms in a study without racing'
fresh plain
cp looks/events.jsonl copy/
refused 'events: looks in a study that has none' 2 'copy/events.jsonl:1: "look" is there, and "stopping" is "fixed"'
fresh looks
sed -e 's/"stopping": "looks"/"stopping": "until-decided"/' \
    -e '/"looks": \[/,/\]/c "looks": [],' looks/manifest.json >copy/manifest.json
refused 'events: other looks than those of the plan' 2 'copy/events.jsonl:1: "rounds" is not what was planned'

# ---- what commands answer each in their own way --------------------------------------------------

# answers NAME COMMAND:CODE...: exit codes, and for codes above 0 one error line that matches $text.
# Each command finds the damage afresh; a resume that goes on gives a record that verifies.
answers() {
    what=$1 text=${text-} wrong=
    shift
    rm -rf hurt
    mv copy hurt
    for answer in "$@"; do
        rm -rf copy
        cp -r hurt copy
        on "${answer%:*}"
        [ "$lib_got" -eq "${answer#*:}" ] || wrong="$wrong $answer gives $lib_got;"
        if [ "$lib_got" -ne 0 ]; then
            [ "$(grep -c '^blobfront: error: ' "$err")" -eq 1 ] || wrong="$wrong $answer: error lines;"
            grep -Eq "$text" "$err" || wrong="$wrong $answer: $(head -n 1 "$err");"
        elif [ -n "${warning-}" ]; then
            grep -Eq "^blobfront: warning: .*$warning" "$err" || wrong="$wrong $answer does not warn;"
        fi
        [ "$answer" != resume:0 ] || "$bf" verify copy >"$out" 2>"$err" ||
            wrong="$wrong resumed, it does not verify: $(cat "$err");"
    done
    is "$what" "$wrong" ''
    text='' warning=''
    fresh "$base"
}

fresh plain
text=
answers 'nothing is wrong' verify:0 frontier:0 report:0 compare:0 resume:0
# What a crash leaves.
truncate -s -1 copy/samples.jsonl
text='has no run of arm' warning='copy/samples.jsonl:30: last line is torn and is ignored'
"$bf" verify copy >"$out" 2>"$err"
answers 'the last newline is missing' verify:1 frontier:0 report:0 compare:0
truncate -s -300 copy/samples.jsonl
text='has no run of arm'
answers 'the last line is torn' verify:1 frontier:0 report:0 compare:0 resume:0
edit samples.jsonl '26,$d'
text='round 1 has no run of arm'
answers 'the last run is missing' verify:1 frontier:0 report:0 compare:0 resume:0
edit samples.jsonl '1,5d'
text='round 0 has no run of arm'
answers 'a run is missing in a round' verify:1 frontier:0 report:0 compare:0 resume:0
edit samples.jsonl '16,$d'
text='summary.json" is not what the samples say'
answers 'the last round is missing' verify:1 frontier:0 report:0 compare:0 resume:0
edit samples.jsonl '30d'
text='has no run of arm'
answers 'the last run line is missing' verify:1 frontier:0 report:0 compare:0 resume:0
printf '{"schema":' >>copy/samples.jsonl
warning='copy/samples.jsonl:31: last line is torn and is ignored'
answers 'the next line is torn' verify:0 frontier:0 report:0 compare:0
edit samples.jsonl '5d'
text='round 0 has no run of arm|samples.jsonl:1: a run did not finish, and one after it did'
answers 'a run line is missing between others' verify:1 frontier:0 report:0 compare:0 resume:2
: >copy/samples.jsonl
text='holds no finished run'
answers 'the manifest alone' verify:1 frontier:2 report:2 compare:2 resume:0
for round in 0 1; do echo "$void" | sed "s/ROUND/$round/" >>copy/events.jsonl; done
text='every round with a finished run was voided|"cells.csv"|summary.json" is not what'
answers 'all rounds are void' verify:1 frontier:2 report:2 compare:2 resume:0
# The order of whole runs says nothing: each names its place.
{ sed -n '16,30p' plain/samples.jsonl; sed -n '1,15p' plain/samples.jsonl; } >copy/samples.jsonl
answers 'rounds in another order' verify:0 frontier:0 report:0 compare:0 resume:0
sed 's/$/\r/' plain/samples.jsonl >copy/samples.jsonl
answers 'lines that end like on other systems' verify:0 frontier:0 report:0 compare:0

# Elsewhere.
edit manifest.json 's/"cpu": "/"cpu": "Another /'
text='host cpu differs|"host.cpu" is "Another '
answers 'a record of another machine' frontier:0 report:0 compare:5 resume:5
edit manifest.json 's/"sqlite": "/"sqlite": "2./'
text='SQLite version differs|"libraries.sqlite" is "2.'
answers 'a record of another SQLite' frontier:0 report:0 compare:5 resume:5
edit manifest.json 's/\("tool".*\|"hash": "\)........\(.*",*\)$/\100000000\2/;t'
text='dataset hash differs|"dataset_hash" is|was begun by another build'
answers 'a record of other data and another program' verify:5 frontier:5 report:5 compare:5 resume:5
rm -rf copy
cp -r other copy
text='dataset hash differs'
answers 'a record of other data' verify:0 frontier:0 report:0 compare:5

# INVALID.
fresh plain
edit samples.jsonl '/"arm":"dedup"/s/"valid":true,"reason":""/"valid":false,"reason":"a blob was lost"/'
text='INVALID|summary.json" is not what'
answers 'an arm is INVALID' verify:1 frontier:1 report:1 compare:0 resume:1
edit samples.jsonl 's/"valid":true,"reason":""/"valid":false,"reason":"a blob was lost"/'
text='INVALID|summary.json" is not what'
answers 'all arms are' verify:1 frontier:1 report:1 compare:5 resume:1
edit samples.jsonl '/"arm":"dedup"/s/"valid":true,"reason":""/"valid":false,"reason":"a blob was lost"/'
echo "$void" | sed 's/ROUND/1/' >copy/events.jsonl
text='INVALID|summary.json" is not what'
answers 'an arm is INVALID, and a round void' verify:1 frontier:1 report:1 compare:0 resume:1
edit samples.jsonl '5s/"verification":"......../"verification":"00000000/'
text='INVALID|read other bytes'
answers 'a run read other bytes' verify:1 frontier:1 report:1 resume:1
edit samples.jsonl '20s/"env_padding":[0-9]*/"env_padding":7/'
text='samples.jsonl:(20|25): ("env_padding" is 7, the plan draws|runs .* had other environments)'
answers 'a run had another environment' verify:1 frontier:5 report:5 compare:5 resume:5

# Latencies: the numbers come from them.
for what in 'is missing' 'is damaged' 'is not a file of latencies' '"wall_ns" is .* the latencies in'; do
    file=copy/raw/0001-read_point_binary.lat
    case $what in
    *missing) rm $file ;;
    *damaged) truncate -s -1 $file ;;
    *not*) : >$file ;;
    *wall*) cp copy/raw/0000-read_point_binary.lat $file ;;
    esac
    text="0001-read_point_binary.lat\" $what|samples.jsonl:[0-9]+: $what"
    answers "raw latencies: $what" verify:6 frontier:0 report:0 compare:0
done
while read -r number key value; do
    edit samples.jsonl "${number}s/\"$key\":[0-9.e+]*/\"$key\":$value/"
    text="samples.jsonl:$number: \"$key\" is .*, the latencies in raw/[0-9a-z_-]*.lat give "
    answers "an edited $key" verify:6
done <<'TABLE'
2 p50_ns 1
4 p50_second_ns 3
7 p50_first_ns 2
9 ops_per_s 1
TABLE

# Looks.
fresh looks
truncate -s -1 copy/events.jsonl
warning='copy/events.jsonl:3: last line is torn and is ignored'
answers 'the last event is torn' verify:0 frontier:0 report:0 compare:0
truncate -s -20 copy/events.jsonl
on resume
ok 'a look whose event is torn is taken again' cmp copy/events.jsonl looks/events.jsonl
fresh looks
rm copy/events.jsonl
text='events.jsonl: look 1 was due after round 0 and is not there, later rounds are'
answers 'all looks are missing' verify:1 frontier:0 report:0 compare:0 resume:2
edit events.jsonl 2d
text='events.jsonl: look 2 was due after round 1 and is not there, later rounds are'
answers 'a look is' verify:1 resume:2
edit events.jsonl '2s/"reason":"[^"]*"/"reason":"all is well"/'
text='events.jsonl:2: "reason" is "all is well", taken again it is "look 2 after 2 rounds'
answers 'a look said something else' verify:1
edit events.jsonl '3s/"dropped":\[[^]]*\]/"dropped":["raw"]/'
text='events.jsonl:3: "dropped" names "raw", taken again the look says "look 3 after 4 rounds'
answers 'a look dropped the control' verify:1
edit events.jsonl '2s/"dropped":\[\]/"dropped":["dedup"]/'
text='was dropped after round 1|INVALID'
answers 'a dropped arm runs on' verify:1 frontier:1 report:1 resume:1
sed -n '1,30p' looks/samples.jsonl >copy/samples.jsonl
sed -n 1,2p looks/events.jsonl | sed '2s/"ends":false/"ends":true/' >copy/events.jsonl
text='events.jsonl:2: "ends" is true, taken again the look says'
answers 'a look ended the study, and the data do not' verify:1

# ---- whatever it is, no crash --------------------------------------------------------------------
fresh looks
cat >"$lib_dir/fuzz.py" <<'PYTHON'
import os, random, subprocess, sys
bf, seed, count = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
rng = random.Random(seed)
names = ["manifest.json", "samples.jsonl", "events.jsonl"]
whole = {name: open("looks/" + name, "rb").read() for name in names}
tokens = [b"0", b"-1", b"1e999", b"4294967295", b"4294967296", b"null", b"[]", b"{}", b'""', b"true",
          b"9007199254740993", b'"raw"', b"1e-320", b'"\\ud800"', b"\x00", b"\xff"]
def mutate(data):
    kind = rng.randrange(6)
    at = rng.randrange(len(data))
    if kind == 0:
        return data[:at] + bytes([data[at] ^ (1 << rng.randrange(8))]) + data[at + 1:]
    if kind == 1:
        return data[:at]
    lines = data.splitlines(True)
    i, j = rng.randrange(len(lines)), rng.randrange(len(lines))
    if kind == 2:
        del lines[i]
    elif kind == 3:
        lines.insert(j, lines[i])
    elif kind == 4:
        lines[i], lines[j] = lines[j], lines[i]
    else:
        colon = data.find(b":", at)
        end = min((p for p in (data.find(c, colon) for c in (b",", b"}", b"\n")) if p > 0), default=-1)
        if colon < 0 or end < 0:
            return data[:at]
        return data[:colon + 1] + rng.choice(tokens) + data[end:]
    return b"".join(lines)
for n in range(count):
    name = rng.choice(names)
    data = mutate(whole[name])
    for other in names:
        open("copy/" + other, "wb").write(data if other == name else whole[other])
    for command in ("verify", "frontier"):
        run = subprocess.run([bf, command, "copy"], stdin=subprocess.DEVNULL, capture_output=True)
        errors = run.stderr.count(b"blobfront: error: ")
        if run.returncode not in (0, 1, 2, 5, 6) or (run.returncode != 0) != (errors == 1):
            print("seed", seed, "case", n, name, command, run.returncode, run.stderr[:500])
            sys.exit(1)
PYTHON
cases=60
[ $sanitized = no ] || cases=20
ok "$cases random damages: an answer each" "$python" "$lib_dir/fuzz.py" "$bf" 7 $cases

done_testing
