#!/bin/sh
# identical.sh: the same plan twice leaves the same bytes, in every file of every store that outlives
# its process; another seed does not.
. "$(dirname "$0")/lib.sh"

# study NAME OPTION...: every strategy once, stores kept.
study() {
    name=$1
    shift
    run_keeping 0 '' "$bf" run --profile full --dataset synth:files=16,size=12k,dup=25% --workload update \
        --workload mixed --set mixed:ops=60 --workload delete_churn --rounds 1 --no-bounds --no-plots --quiet \
        --out . --name "$name" "$@"
}
# store NAME ARM: the folder of an arm's store.
store() {
    find "$1/stores" -mindepth 1 -maxdepth 1 -name "[0-9]*-$2"
}
arms='raw raw_ files naive dedup dedup-zstd dedup-brotli chunked'

for level in none durable; do
    study "$level-once" --durability $level
    study "$level-again" --durability $level
    for arm in $arms; do
        once=$(store $level-once "$arm") again=$(store $level-again "$arm")
        ok "$level: $arm has a store" test -s "$once/store.json"
        ok "$level: $arm, twice the same bytes" diff -r "$once" "$again"
    done
    ok "$level: the control's two stores are the same" \
        diff -r "$(store $level-once raw)/data" "$(store $level-once raw_)/data"
done

study seed --durability none --seed 2
for arm in $arms; do
    ok "$arm: another seed, another store" sh -c '! diff -rq "$1" "$2" >/dev/null' sh \
        "$(store none-once "$arm")/data" "$(store seed "$arm")/data"
done
done_testing
