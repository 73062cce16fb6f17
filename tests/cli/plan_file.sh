#!/bin/sh
# plan_file.sh: plans in files: what they say, what overrides what, and every way they are wrong.
. "$(dirname "$0")/lib.sh"

refuse() { run_expect 2 "$1" "$bf" run --parse-only "$2"; }
# wrong REGEXP TEXT: a plan of that text (as printf writes it) is refused with that message.
wrong() {
    # shellcheck disable=SC2059 # the text holds escapes
    printf "$2" >wrong.ini
    refuse "$1" wrong.ini
}
parsed() { run_expect 0 '' "$bf" run --parse-only "$@"; }
# The values of a key in a section of what was printed last.
value() {
    sed -n "/^\[$1\]/,/^\[/s/^$2 = //p" "$out" | tr '\n' ' ' | sed 's/ $//'
}

mkdir photos
echo a >photos/a
cat >story.ini <<'PLAN'
# What every study begins with.
[global]
strategy = dedup
  strategy = chunked:avg=8k  
rounds = 2
durability = none
seed=7
set = read_point:ops=30
no-racing = on

; tabs and blanks around keys and values do not count
[small]
	dataset	=	random:files=24,size_min=1,size_max=6k
workload = read_point

[other-1.x_y]
data = photos
strategy = dedup:codec=zstd,level=3
looks = 2,4
no-racing = off
workload = read_point
guardrail = 12.5%
batch = 3
budget = 1m
PLAN

# ---- what it says ------------------------------------------------------------------------------
parsed story.ini
like 'the plan is named after its file' "$out" '^name = story$'
is 'lists repeat their key, the control is there' "$(value small strategy)" 'raw dedup chunked:avg=8k'
is 'a section replaces a list' "$(value other-1.x_y strategy)" 'raw dedup:codec=zstd,level=3'
is 'what [global] says holds' "$(value small rounds) $(value small seed) $(value small durability)" '2 7 none'
is 'looks replace rounds' "$(value other-1.x_y rounds)$(value other-1.x_y looks)" '2,4'
is 'switches go on and off' "$(value small no-racing) $(value other-1.x_y no-racing)" 'on off'
is 'data is a dataset' "$(value other-1.x_y dataset)" 'files:photos'
is 'units' "$(value other-1.x_y guardrail) $(value other-1.x_y batch) $(value other-1.x_y budget)" '0.125 3 1m'
is 'options of workloads, spelled out' "$(value small set)" 'read_point:ops=30,pick=stride,stride=17'
for key in $("$bf" run --help | sed -n 's/^  --\([a-z-]*\) .*/\1/p' | sed '/^section$/,$d'); do
    case $key in
    data | profile | name | looks) ;;
    *) like "every default is spelled out: $key" "$out" "^(# )?$key( =|:)" ;;
    esac
done
cp "$out" effective.ini
parsed effective.ini
sed '/^name = /d' effective.ini >want.ini
sed '/^name = /d' "$out" >got.ini
ok 'the effective plan is a plan, of the same studies' cmp want.ini got.ini
parsed --strategy dedup --dataset "$small_data" --rounds 3 --until-decided
like 'options alone: a plan, too' "$out" '^\[study\]$'
is 'until decided' "$(value study rounds) $(value study until-decided)" '3 on'
run_expect 2 'cannot be written in a plan' "$bf" run --parse-only --budget 1m --out "$(printf 'a\nb')"

# ---- the command line overrides ----------------------------------------------------------------
parsed story.ini --rounds 5 --seed 3 --strategy naive --dataset lix-v1 --until-decided
is 'both sections' "$(grep -c '^rounds = 5$' "$out") $(grep -c '^until-decided = on$' "$out")" '2 2'
is 'no looks are left' "$(grep -c '^looks' "$out")" 0
is 'lists as a whole' "$(value small strategy)" 'raw naive'
is 'dataset for data' "$(value other-1.x_y dataset)" lix-v1
parsed --section small story.ini
is '--section chooses' "$(grep -c '^\[' "$out")" 2
parsed --section small story.ini --section other-1.x_y --name given
is '--section, twice' "$(grep -c '^\[' "$out")" 3
run_expect 2 'has no section "smal"' "$bf" run story.ini --section smal
like '--section: a hint' "$err" '^hint: did you mean "small"\?$'
run_expect 2 '"small" is given twice' "$bf" run story.ini --section small --section small
run_expect 2 '--section: expected a plan' "$bf" run --section small
run_expect 2 '--json: expected one study, the plan has 2' "$bf" run story.ini --json
run_expect 2 '--export: expected one study' "$bf" run story.ini --export csv -
run_expect 2 '--json: expected one study' "$bf" plan story.ini --json
run_expect 2 'unexpected argument "small"' "$bf" run story.ini small
run_keeping 0 '' "$bf" plan story.ini --section small
like 'plan estimates' "$out" '^cells: +4 runs a round'

# ---- running -----------------------------------------------------------------------------------
mkdir runs
run_keeping 0 '' "$bf" run story.ini --dataset "$small_data" --rounds 1 --keep none --no-plots --quiet \
    --out runs --name tale
is 'one folder per section' "$(ls runs)" "$(printf 'tale-other-1.x_y\ntale-small')"
like 'tables say whose they are' "$out" '^\[small\] runs/tale-small$'
is 'the record says which plan' "$(samples runs/tale-small 'M["plan"]["name"]')" 'tale [small]'
is 'the record holds the effective plan' \
    "$(samples runs/tale-other-1.x_y 'M["plan"]["batch"], M["plan"]["seed"], [a["label"] for a in M["arms"]]')" \
    "(3, '7', ['raw', \"raw'\", 'dedup:codec=zstd,level=3'])"
run_expect 2 'story.ini:12: \[small\]: "runs/tale-small" is there already' "$bf" run story.ini \
    --dataset "$small_data" --out runs --name tale
run_keeping 0 '' "$bf" run story.ini --section small --rounds 1 --keep none --no-plots --json --out stamped
is 'without a name: time, plan, section' "$(ls stamped | sed 's/^[0-9]*-[0-9]*-//')" story-small
ok 'one section: --json' "$python" -m json.tool "$out"
printf '[good]\ndataset = lix-v1\n[bad]\ndataset = lix-v9\n' >late.ini
run_expect 2 'late.ini:3: \[bad\]: unknown dataset "lix-v9"' "$bf" run late.ini --out never
"$planted" run story.ini --section small --strategy planted-wrong-byte --rounds 1 --keep none --no-plots --quiet \
    --out bad >"$out" 2>"$err"
is 'an INVALID cell' "$?" 1

# ---- the plans of this repository ----------------------------------------------------------------
# One that is a git repository itself may be asked for its history; a copy without it is not.
for plan in "$src"/workloads/plans/*.ini; do
    name=${plan##*/}
    like "$name: how to run it" "$plan" "^# +blobfront run workloads/plans/$name\$"
    for section in $(sed -n 's/^\[\(.*\)\]$/\1/p' "$plan" | grep -vx global); do
        if [ "$section" = git ] && ! git -C "$src" rev-parse -q --verify HEAD >"$out" 2>&1; then
            skip "$name [$section]: no git repository"
            continue
        fi
        (cd "$src" && "$bf" run --parse-only --section "$section" --out "$home/none" \
            "workloads/plans/$name") >"$out" 2>"$err" </dev/null
        is "$name [$section] can be run" "$? $(cat "$err")" '0 '
        like "$name [$section]: its data" "$out" '^dataset = '
    done
done
ok 'and were not' test ! -e none

# ---- includes ----------------------------------------------------------------------------------
mkdir -p sub/deep
printf 'rounds = 3\nstrategy = dedup\n' >sub/common.ini
printf '[from-include]\nrounds = 2\n' >sub/deep/more.ini
printf 'include = sub/deep/more.ini\n' >sub/again.ini
printf 'include = sub/again.ini\n[one]\ninclude = sub/common.ini\ndataset = random:files=2\n' >inc.ini
parsed inc.ini
is 'sections and keys come in' "$(value one rounds) $(value from-include rounds)" '3 2'
is 'the section goes on afterwards' "$(value one dataset)" 'random:files=2'
(mkdir elsewhere && cd elsewhere && "$bf" run --parse-only ../inc.ini >"$out" 2>"$err")
is 'includes are sought beside the plan' "$?" 0
wrong 'wrong.ini:1: include: "/etc/passwd" is absolute' 'include = /etc/passwd\n'
for name in ../x.ini sub/../../x.ini . ./x.ini sub/. sub/..; do
    wrong 'wrong.ini:1: include: ".*" has a part "\." or "\.\."' "include = $name\n"
done
wrong 'wrong.ini:1: include: ".*" has an empty part' 'include = sub//x.ini\n'
wrong 'wrong.ini:1: include: ".*" has an empty part' 'include = sub/\n'
wrong 'wrong.ini:2: include: cannot read the plan "none.ini": No such file' '\ninclude = none.ini\n'
wrong 'wrong.ini:1: include: cannot read the plan "sub": not a regular file' 'include = sub\n'
ln -s story.ini link.ini
ln -s sub linked
ln -s link.ini/.. dangling
wrong 'wrong.ini:1: include: "link.ini" is reached through a link' 'include = link.ini\n'
wrong 'wrong.ini:1: include: "linked/common.ini" is reached through a link' 'include = linked/common.ini\n'
wrong 'wrong.ini:1: include: "story.ini/x" is reached through' 'include = story.ini/x\n'
wrong "wrong.ini:1: include: .*File name too long" "include = $(printf %300s x | tr ' ' x)\n"
wrong 'wrong.ini:2: include: "wrong.ini" includes itself' '# x\ninclude = wrong.ini\n'
printf 'include = b.ini\n' >a.ini
printf 'include = c.ini\n' >b.ini
printf '[x]\ninclude = a.ini\n' >c.ini
refuse 'c.ini:2: include: "a.ini" includes itself, from line 1 on' a.ini
for i in 1 2 3 4 5 6 7 8 9 10; do printf 'include = d%s.ini\n' $((i + 1)) >d$i.ini; done
printf '[x]\n' >d11.ini
refuse 'd9.ini:1: includes deeper than 8' d1.ini
printf '[deep]\nrounds = 1\n' >d9.ini
parsed d1.ini
yes 'include = sub/empty.ini' | head -n 65 >many.ini
: >sub/empty.ini
refuse 'many.ini:65: more than 64 includes' many.ini
printf '[one]\ndataset = random\nrounds = x\n' >sub/bad.ini
wrong '"sub/bad.ini":3|sub/bad.ini:3: rounds: .*"x"' 'include = sub/bad.ini\n'

# ---- keys --------------------------------------------------------------------------------------
wrong 'wrong.ini:2: unknown key "round" \(did you mean "rounds"\?\)' '[a]\nround = 3\n'
like 'a hint says where keys come from' "$err" '^hint: keys are the options'
wrong 'wrong.ini:2: unknown key "--rounds" \(did you mean "rounds"\?\)' '[a]\n--rounds = 3\n'
wrong 'wrong.ini:2: unknown key "open_loop" \(did you mean "open-loop"\?\)' '[a]\nopen_loop = 3\n'
wrong 'wrong.ini:2: unknown key "quiet"' '[a]\nquiet = on\n'
wrong 'wrong.ini:2: unknown key "Rounds"' '[a]\nRounds = 3\n'
wrong 'wrong.ini:2: unknown key "includes" \(did you mean "include"\?\)' '[a]\nincludes = b\n'
wrong 'wrong.ini:3: "rounds" is there twice, first at wrong.ini:2' '[a]\nrounds = 3\nrounds = 3\n'
wrong 'wrong.ini:3: "anywhere" is there twice' '[a]\nanywhere = on\nanywhere = off\n'
wrong 'wrong.ini:3: data and --dataset: expected one of them' '[a]\ndataset = lix-v1\ndata = .\n'
wrong 'wrong.ini:2: rounds: expected a value' '[a]\nrounds =\n'
wrong 'wrong.ini:2: rounds: expected a value' '[a]\nrounds = \t \n'
wrong 'wrong.ini:2: expected KEY = VALUE' '[a]\nrounds\n'
wrong 'wrong.ini:2: expected KEY = VALUE' '[a]\n= 3\n'
wrong 'wrong.ini:2: rounds: .*"3 # three"' '[a]\nrounds = 3 # three\n'
wrong 'wrong.ini:2: rounds: .*"0".* out of range' '[a]\nrounds = 0\n'
wrong 'wrong.ini:2: budget: .*"5"' '[a]\nbudget = 5\n'
wrong 'wrong.ini:2: anywhere: expected on or off, got "yes"' '[a]\nanywhere = yes\n'
wrong 'wrong.ini:2: expected KEY = VALUE' '[a]\nanywhere\n'
wrong 'wrong.ini:2: name = x: a plan has one' '[a]\nname = x\n'
wrong 'wrong.ini:3: "name" is there twice' '[global]\nname = x\nname = y\n[a]\n'
wrong 'wrong.ini:3: \[a\]: --name: expected at most 100 printable' '[global]\nname = x/y\n[a]\n'
wrong 'wrong.ini:1: \[a\]: there is no strategy "dedpu"' '[a]\nstrategy = dedpu\n'
like 'hints go along' "$err" '^hint: did you mean dedup\?$'
wrong 'wrong.ini:1: \[a\]: unknown workload "red_point" \(did you mean "read_point"' '[a]\nworkload = red_point\n'
wrong 'wrong.ini:3: \[b\]: --looks and --until-decided: expected one of them' \
    '[a]\nrounds = 1\n[b]\nlooks = 1,2\nuntil-decided = on\n'
{ echo '[a]'; yes 'strategy = dedup' | head -n 300; } >many.ini
refuse 'many.ini:258: more than 256 keys' many.ini
{ echo '[a]'; yes 'strategy = dedup' | head -n 65; } >many.ini
refuse 'many.ini:66: strategy: given more than 64 times' many.ini

# ---- sections ----------------------------------------------------------------------------------
wrong 'wrong.ini:2: expected a section \[NAME\], got "\[a"' '# x\n[a\n'
wrong 'wrong.ini:1: expected a section \[NAME\], got "\["' '['
wrong 'wrong.ini:1: expected a section \[NAME\], got "\[a\] x"' '[a] x\n'
wrong 'wrong.ini:1: a section.s name is .* got "\[\]"' '[]\n'
wrong 'wrong.ini:1: a section.s name is .* got "\[a b\]"' '[a b]\n'
wrong 'wrong.ini:1: a section.s name is .* got "\[../x\]"' '[../x]\n'
wrong 'wrong.ini:1: a section.s name is .* got "\[-x\]"' '[-x]\n'
wrong 'wrong.ini:1: a section.s name is .* got "\[.*\]"' '[é]\n'
wrong 'wrong.ini:1: a section.s name is 1 to 40' '[12345678901234567890123456789012345678901]\n'
wrong 'wrong.ini:3: section \[a\] is there twice, first at wrong.ini:1' '[a]\n[b]\n[a]\n'
wrong 'wrong.ini:2: section \[global\] is there twice' '[global]\n[global]\n'
wrong 'wrong.ini:2: \[global\] stands before all other sections' '[a]\n[global]\n'
wrong 'wrong.ini:1: expected a section before the first key, got "rounds = 3"' 'rounds = 3\n[a]\n'
wrong 'wrong.ini:1: expected KEY = VALUE or \[SECTION\], got "hello"' 'hello\n[a]\n'
wrong 'wrong.ini:1: the plan has no section' '[global]\n'
awk 'BEGIN { for (i = 0; i < 100000; i++) print "[s" i "]" }' >many.ini
refuse 'many.ini:257: more than 256 sections' many.ini

# ---- bytes -------------------------------------------------------------------------------------
wrong 'wrong.ini:1: the plan has no section' ''
wrong 'wrong.ini:3: the plan has no section' '# only\n\n# comments\n'
wrong 'wrong.ini:1: the file begins with a byte-order mark' '\357\273\277[a]\n'
wrong 'wrong.ini:1: not valid UTF-8|wrong.ini:1: a NUL byte' '\377\376[\000a\000]\000'
wrong 'wrong.ini:2: a NUL byte' '[a]\nrounds = \0003\n'
wrong 'wrong.ini:1: the line ends in CR LF' '[a]\r\nrounds = 3\r\n'
wrong 'wrong.ini:2: a control byte' '[a]\nrounds = \0333\n'
wrong 'wrong.ini:3: not valid UTF-8' '[a]\n# \303\251\ndata = \303\n'
printf '[a]\nrounds = 1' >no_newline.ini
parsed no_newline.ini
{ printf '[a]\n# '; head -c 65534 /dev/zero | tr '\0' x; echo; } >long.ini
parsed long.ini
{ printf '[a]\n# '; head -c 65535 /dev/zero | tr '\0' x; echo; } >long.ini
refuse 'long.ini:2: a line longer than 64 KiB' long.ini
head -c 2000000 /dev/zero | tr '\0' '\n' >big.ini
refuse 'cannot read the plan "big.ini": expected at most 1048576 bytes' big.ini
refuse 'cannot read the plan "none.ini": No such file' none.ini
refuse 'cannot read the plan "": No such file' ''
refuse 'cannot read the plan "-": No such file' -
refuse 'cannot read the plan "sub": not a regular file' sub
refuse 'cannot read the plan "/dev/zero": not a regular file' /dev/zero
refuse 'cannot read the plan "story.ini/x": Not a directory' story.ini/x
refuse 'cannot read the plan "dangling"' dangling
mkfifo fifo
refuse 'cannot read the plan "fifo": not a regular file' fifo
if [ "$(id -u)" -ne 0 ]; then
    cp story.ini closed.ini
    chmod 0 closed.ini
    refuse 'cannot read the plan "closed.ini": Permission denied' closed.ini
fi
parsed link.ini
done_testing
