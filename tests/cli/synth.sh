#!/bin/sh
# synth.sh: dataset synth as typed: wrong input, and what strategies see of what was asked.
# shellcheck disable=SC2086 # $quick is words
. "$(dirname "$0")/lib.sh"

quick="--rounds 1 --workload ingest --durability none --no-plots --quiet"
refuse() { # REGEXP OPTIONS
    run_expect 2 "$1" "$bf" run $quick --strategy memory --dataset "synth:$2" --out out-of-the-way
}
found() { # NAME STRATEGY OPTIONS: the share of ingested bytes that the strategy had already, in %
    "$bf" run $quick --strategy "$2" --dataset "synth:class=random,files=120,size=16k,$3" \
        --out records --name "$1" >"$lib_dir/said" 2>&1
    samples "records/$1" "round(100 * next(s['values'].get('dedup_ratio', -1) for s in S
        if s['kind'] == 'phase' and s['arm'].startswith('$2')), 1)"
}
near() { # DESCRIPTION GOT EXPECTED: within 2 points
    is "$1" "$(awk -v a="$2" -v b="$3" 'BEGIN { print (a - b <= 2 && b - a <= 2) ? "near" : a }')" near
}

# ---- what is refused ---------------------------------------------------------------------------
refuse 'option "files": value "0" is out of range' files=0
refuse 'option "dup": value "101%" is out of range' dup=101%
refuse 'size_min=2097152 is more than size_max=1048576' size_min=2M
refuse 'the mean size=512 is not within size_min=1024' sizes=lognormal,size=512
refuse 'class "png" has no saving to choose' class=png,saving=50%
refuse 'class "text" cannot have saving=99% \(expected 30%\.\.90%\)' class=text,saving=99%
refuse 'unknown class "pgn"' class=pgn
refuse 'dup=50% cannot be met within 2 points with files=1: the nearest is 0\.0%' dup=50%,files=1
refuse 'edit=copy needs another file' edit=copy,files=1
refuse 'unknown option "dupe" \(did you mean "dup"\?\)' dupe=50%

# ---- the asked share is the share that is found ------------------------------------------------
for asked in 0 25 50 90 99; do
    near "dedup finds the $asked % that was asked" "$(found "exact-$asked" dedup dup=$asked%)" $asked
done
# Whole files are never equal here: only strategies that share parts can save anything.
is 'dedup finds nothing shifted' "$(found shifted dedup dup=50%,dup_kind=shifted)" 0
is 'dedup finds no forks' "$(found forks dedup dup=50%,dup_kind=forks)" 0
ok 'chunks find some of what is shifted' awk -v found="$(found chunks \
    chunked:min=512,avg=1k,max=2k dup=50%,dup_kind=shifted)" 'BEGIN { exit !(found > 20 && found < 52) }'

# ---- every class, edited, in every strategy ----------------------------------------------------
run_keeping 0 '' "$bf" run --rounds 1 --durability none --no-plots --quiet --out records --name all \
    --dataset synth:files=40,size=20k,sizes=lognormal,dup=30%,dup_kind=forks,edits=2
ok 'every blob of it is read back' "$bf" verify records/all
is 'twice the same data' "$("$bf" run $quick --strategy memory --dataset synth:dup=10% --out records \
    --name once >/dev/null && samples records/once 'M["dataset"]["hash"]')" \
    "$("$bf" run $quick --strategy raw --dataset synth:dup=10% --out records --name again \
    >/dev/null && samples records/again 'M["dataset"]["hash"]')"
done_testing
