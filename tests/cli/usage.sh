#!/bin/sh
# usage.sh: what people type wrong: every command and option, one message each, nothing done.
. "$(dirname "$0")/lib.sh"

refuse() {
    lib_want=$1
    shift
    run_expect 2 "$lib_want" "$bf" "$@"
}
long=$(head -c 131000 /dev/zero | tr '\0' 'x')
esc=$(printf '\033[31mred\007')
newline=$(printf 'a\nb')
bad_utf8=$(printf 'a\377\200b')

# ---- commands ----------------------------------------------------------------------------------
refuse 'expected a command'
refuse 'unknown command "frobnicate"' frobnicate
refuse 'unknown command "rnu" \(did you mean "run"\?\)' rnu
refuse 'unknown command "reprot" \(did you mean "report"\?\)' reprot
refuse 'unknown command ""' ''
refuse 'unknown command "-x"' -x
refuse 'unknown command "--frob"' --frob
refuse 'unknown command "Run"' Run
refuse 'unknown command "x+\.\.\."' "$long"
refuse 'unknown command "\\x1b\[31mred\\x07"' "$esc"
refuse 'unknown command "a\\x0ab"' "$newline"
refuse 'unknown command "a\\xff\\x80b"' "$bad_utf8"
refuse 'unknown command "frobnicate"' help frobnicate

# ---- options -----------------------------------------------------------------------------------
refuse 'unknown option "--round" \(did you mean "--rounds"\?\)' run --round 3
refuse 'unknown option "--stratgey" \(did you mean "--strategy"\?\)' run --stratgey raw
refuse 'unknown option "--frobnicate"' run --frobnicate
refuse 'unknown option "-x"' run -x
refuse 'unknown option "--"?' run --=3
refuse 'unknown option "--\\x1b\[31mred\\x07"' run "--$esc"
refuse 'unknown option "--a\\xff\\x80b"' run "--$bad_utf8"
refuse 'unknown option "--xxx' run "--$long"
refuse 'unknown option "--export"' verify --export csv x
refuse 'unknown option' resume --rounds 3 x
refuse 'unknown option' list --json strategies
refuse 'unknown option "--allow-mismach" \(did you mean "--allow-mismatch"\?\)' compare \
    --allow-mismach a b
refuse 'unexpected argument "extra"' resume x extra
refuse 'cannot read the plan "extra"' run extra
refuse 'unexpected argument "3"' run -- --rounds 3
refuse 'unexpected argument "c"' compare a b c
refuse 'unexpected argument "metrics"' list strategies metrics
refuse '--json takes no value, got "yes"' run --json=yes
refuse '--quiet takes no value, got ""' run --quiet=
for option in --strategy --dataset --data --workload --set --profile --rounds --budget --seed \
    --durability --retention --batch --guardrail --keep --out --name; do
    refuse "^blobfront: error: $option: expected a value" run $option
done
refuse '--export: expected a value' run --export
refuse '--export: expected a second value \(FILE\)' run --export csv
refuse '--export: expected csv, json or markdown, got "xml"' run --export xml -
refuse '--export: expected csv, json or markdown, got ""' run --export '' -
refuse '--export: expected csv, json or markdown, got "CSV"' compare --export CSV - a b
refuse '--export: expected csv, json or markdown, got "xml"' report --export xml - a
refuse '--export: expected one RUN, got 2' report --export csv - a b
refuse 'expected RUN' report
refuse 'expected RUN' frontier
refuse 'expected RUN' resume
refuse 'expected two records' compare a
refuse 'expected a kept store or a record' verify
refuse 'expected strategies, datasets, classes, workloads or metrics' list
refuse 'list: expected .*, got "strategeis"' list strategeis
like 'list: a hint for a misspelt topic' "$err" '^hint: did you mean "strategies"\?'

# An option given twice says two things.
refuse '--rounds: given twice' run --rounds 3 --rounds 4
refuse '--seed: given twice' run --seed 1 --seed=1
refuse '--durability: given twice' run --durability none --durability durable
refuse '--export: given twice' report --export csv a --export json b x
refuse '--data and --dataset: expected one of them' run --data . --dataset lix-v1
refuse '--dataset: given twice' run --dataset lix-v1 --dataset random
refuse '--strategy: "dedup" is given twice' run --strategy dedup --strategy dedup
refuse '--strategy: "raw:verify=on" is given twice' run --strategy raw:verify=on \
    --strategy raw:verify=on
refuse '--set: .*update.* given twice' run --set update:rounds=2 --set update:max=10
refuse '--set: .*update.* not among' run --workload read_point --set update:rounds=2

# ---- whole numbers -----------------------------------------------------------------------------
for option in --rounds --batch; do
    refuse "$option: .*\"0\".* out of range" run $option 0
done
for option in --rounds --batch --seed; do
    refuse "^blobfront: error: $option: .*\"-1\"" run $option -1
    refuse "^blobfront: error: $option: .*\"99999999999999999999\"" run $option 99999999999999999999
    for value in '' ' ' ten 1.5 1e3 0x10 10x ' 3' '3 ' +3 1,000 nan inf '١'; do
        refuse "^blobfront: error: $option: " run $option "$value"
    done
done
refuse '--rounds: .*"1000001?"' run --rounds 1000001
refuse '--rounds: .*"xxxx' run --rounds "$long"
refuse '--rounds: .*"\\x1b\[31mred' run --rounds "$esc"
refuse '--seed: .*"9007199254740993".* out of range' run --seed 9007199254740993
refuse '--batch: .*"1000001".* out of range' run --batch 1000001
refuse '--rounds: .*"a\\x0ab"' run --rounds "$newline"

# ---- durations, rates, sizes -------------------------------------------------------------------
for value in '' 5 5x s 5min -5s 1.5.5s 99999999999999999999s 9999999999h nan inf ' 5s' 5s5 0x5s 0s 0h; do
    refuse "^blobfront: error: --budget: " run --budget "$value"
done
for value in '' -1% -0.1 nan inf -inf NaN% 10%% % ten 0.1x 1e999 0x1p-3 1,5% 10100% 101; do
    refuse "^blobfront: error: --guardrail: " run --guardrail "$value"
    refuse "^blobfront: error: --guardrail: " frontier --guardrail "$value" x
done
for value in '' -1 4kk k 9E 4KB 99999999999999999999 1.5k 16777216T ' 4k' nan; do
    refuse 'size' run --dataset "random:size=$value"
done

refuse 'random: an option name is missing' run --dataset random:size=4k,

# ---- strategies, datasets, workloads -----------------------------------------------------------
refuse 'there is no strategy "frob"' run --strategy frob
refuse 'there is no strategy "dedpu"' run --strategy dedpu
like 'a hint for a misspelt strategy' "$err" '^hint: did you mean dedup\?'
refuse '"" has no name' run --strategy ''
refuse '":codec=zstd" has no name' run --strategy :codec=zstd
refuse 'there is no strategy "raw,dedup"' run --strategy raw,dedup
refuse 'there is no strategy "/bin/sh"' run --strategy /bin/sh
refuse 'there is no strategy "\\x1b\[31mred' run --strategy "$esc"
refuse 'strategy "xxx.*longer than' run --strategy "$long"
refuse 'there is no strategy "raw.x27;"|there is no strategy "raw.;"' run --strategy "raw';"
refuse 'memory.*unknown option "x"|no option' run --strategy memory:x=1
refuse 'avgg' run --strategy chunked:avgg=64k
like 'a misspelt option is answered with the right one' "$err" 'did you mean "?avg'
refuse 'dedup.*codec.*"zstdd".*did you mean "zstd"' run --strategy dedup:codec=zstdd
refuse 'dedup.*codec.*""' run --strategy dedup:codec=
refuse 'dedup.*codec' run --strategy dedup:codec
refuse 'dedup' run --strategy dedup:=zstd
refuse 'dedup' run --strategy dedup:,
refuse 'dedup' run --strategy dedup:codec=zstd,
refuse 'codec.*twice|given twice' run --strategy dedup:codec=zstd,codec=none
refuse 'level' run --strategy dedup:codec=zstd,level=99
refuse 'level' run --strategy dedup:codec=zstd,level=-99
refuse 'level' run --strategy dedup-zstd:level=3.5
refuse 'margin' run --strategy dedup:margin=nan
refuse 'verify.*"yes" is neither on nor off' run --strategy raw:verify=yes
refuse 'page_size 5000 is not a power of two' run --strategy raw:page_size=5000
refuse 'page_size' run --strategy raw:page_size=128k
refuse 'page_size' run --strategy raw:page_size=0
refuse 'page_cache|mmap' run --strategy raw:mmap=-1
refuse 'avg' run --strategy chunked:avg=0
refuse 'avg' run --strategy chunked:avg=3000
refuse 'min|avg' run --strategy chunked:min=64k,avg=16k
refuse 'max|avg' run --strategy chunked:avg=64k,max=16k
refuse 'fanout' run --strategy files:fanout=3
refuse 'page_size' run --strategy files:page_size=4096
refuse 'there is no dataset "lix-v9"|unknown dataset "lix-v9"' run --dataset lix-v9
refuse '"" has no name' run --dataset ''
refuse '":x" has no name' run --dataset :x
refuse 'files' run --dataset files
refuse 'files|folder|directory' run --dataset files:
refuse 'lix-v1.*frob|"frob"' run --dataset lix-v1:frob=1
refuse 'files_per_class' run --dataset lix-v1:files_per_class=0
refuse 'size_min|size_max' run --dataset random:size_min=10,size_max=5
refuse 'files' run --dataset random:files=5000000
refuse 'files' run --dataset random:files=0
refuse 'unknown workload "frob"' run --workload frob
refuse 'unknown workload "updat" \(did you mean "update"\?\)' run --workload updat
refuse 'unknown workload ""' run --workload ''
refuse 'unknown workload "frob"' run --set frob:x=1
refuse 'update.*frob|"frob"' run --set update:frob=1
refuse 'rounds' run --set update:rounds=0
refuse 'rounds' run --set update:rounds=-1
refuse 'ops' run --set read_point:ops=x
refuse 'update' run --set update
refuse 'set|name|empty' run --set :rounds=2
refuse '--profile: expected quick or full, got "slow"' run --profile slow
refuse 'durabl.*"durrable"|"durrable"' run --durability durrable
refuse '"FULL"' run --durability FULL
refuse '""' run --durability ''
refuse '--retention: expected history or latest, got "lastest"' run --retention lastest
like 'a hint for a misspelt retention' "$err" '^hint: did you mean "latest"\?'
refuse '--retention: .*got ""' run --retention ''
refuse '--keep: expected last or none, got "all"' run --keep all
for name in '' . .. .hidden a/b ../up "$newline" "$esc" "$bad_utf8" "$(printf '%0101d' 0)"; do
    refuse '--name: ' run --name "$name"
done
refuse '--out: expected a folder, got ""' run --out ''
refuse '--data: expected a folder, got ""' run --data ''
for dir in none '' . /dev/null "$long" "$esc"; do
    refuse '' verify "$dir"
    refuse '' report "$dir"
    refuse '' resume "$dir"
    refuse '' frontier "$dir"
    refuse '' compare "$dir" "$dir"
done

# ---- where output goes -------------------------------------------------------------------------
echo x >file
mkdir folder
quick="--dataset random:files=1 --rounds 1 --strategy memory --durability none"
# shellcheck disable=SC2086 # $quick is words
{
    run_expect 1 'file.*: (Not a directory|File exists)' "$bf" run $quick --out file
    run_expect 1 'file/x.*: Not a directory' "$bf" run $quick --out file/x
    run_expect 1 'cannot create the folder' "$bf" run $quick --out /proc/nowhere
    run_expect 2 'cannot write "none/x"|--export: ' "$bf" run $quick --out . --name n --export csv none/x
    run_expect 2 'folder|--export: ' "$bf" run $quick --out . --name n --export csv folder
    run_expect 2 '--export: ' "$bf" run $quick --out . --name n --export csv ''
    run_expect 2 '--json|--export' "$bf" run $quick --out . --name n --json --export csv -
}
cat >with <<'END'
#!/bin/sh
# with REDIRECTION COMMAND...: run it so.
how=$1
shift
case $how in
no-stdout) exec "$@" >&- ;;
full-stdout) exec "$@" >/dev/full ;;
no-stdin) exec "$@" <&- ;;
no-stderr) exec "$@" 2>&- ;;
nothing) exec "$@" <&- >&- 2>&- ;;
esac
END
chmod +x with
for topic in strategies datasets workloads metrics; do
    run_expect 1 'cannot write to standard output: Bad file descriptor' ./with no-stdout \
        "$bf" list $topic
    run_expect 1 'cannot write to standard output: No space left on device' ./with full-stdout \
        "$bf" list $topic
    run_expect 0 '' ./with no-stdin "$bf" list $topic
done
run_expect 1 'standard output' ./with no-stdout "$bf" --help
run_expect 1 'standard output' ./with full-stdout "$bf" --version
./with no-stderr "$bf" list strategeis >out 2>/dev/null
is 'a usage error without standard error: exit code' "$?" 2
is 'a usage error without standard error: nothing on standard output' "$(cat out)" ''
./with nothing "$bf" list strategeis
is 'a usage error without any descriptor: exit code' "$?" 2
rm -f out
# A pipe nobody reads: the reader is gone before anything is written.
{ sleep 0.2; "$bf" list metrics 2>"$err"; echo $? >"$lib_dir/code"; } | :
sleep 0.3
is 'a broken pipe: exit code' "$(cat "$lib_dir/code")" 1
like 'a broken pipe is named' "$err" '^blobfront: error: cannot write to standard output: Broken pipe$'
cp "$bf" "$lib_dir/argv0" 2>/dev/null
"$python" - "$bf" >"$out" 2>&1 <<'PYTHON'
import ctypes, os, sys
libc = ctypes.CDLL(None)
pid = os.fork()
if pid == 0:
    os.dup2(os.open("/dev/null", os.O_WRONLY), 2)
    none = (ctypes.c_char_p * 1)(None)
    libc.execv(sys.argv[1].encode(), none)
    os._exit(99)
print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
PYTHON
is 'no argv at all: exit code' "$(cat "$out")" 2

# ---- help and version --------------------------------------------------------------------------
commands=$("$bf" --help | sed -n 's/^  \([a-z][a-z-]*\) .*/\1/p')
ok 'there are commands' test "$(echo "$commands" | wc -l)" -ge 7
for command in $commands; do
    for help in "$command --help" "$command -h" "help $command" "$command --frob --help"; do
        # shellcheck disable=SC2086 # two words
        "$bf" $help >"$out" 2>"$err" </dev/null
        is "$help: exit code" "$?" 0
    done
    like "$command --help: usage" "$out" "^usage: blobfront $command"
    is "$command --help: two worked examples" "$(sed '1,/^examples:/d' "$out" |
        grep -c "^  blobfront $command")" 2
    is "$command --help: quiet on standard error" "$(cat "$err")" ''
    unlike "$command --help: fits 100 columns" "$out" '.{121}'
done
run_expect 0 '' "$bf" --help
for command in run plan resume list report frontier compare trend verify doctor; do
    like "--help names $command" "$out" "^  $command +[a-z]"
done
unlike '--help does not name internal commands' "$out" 'run-one'
run_expect 0 '' "$bf" -h
run_expect 0 '' "$bf" --version
like '--version' "$out" '^blobfront [0-9]+\.[0-9]+\.[0-9]+$'
run_expect 0 '' "$bf" list strategies
for strategy in memory files naive raw dedup dedup-zstd dedup-brotli chunked; do
    like "list names $strategy" "$out" "^$strategy +[a-z]"
done
# What is typed does not depend on the language of the user.
for locale in de_DE.UTF-8 tr_TR.UTF-8 C.UTF-8; do
    LC_ALL=$locale "$bf" list strategies >"$lib_dir/other" 2>/dev/null
    ok "list strategies in $locale" cmp "$out" "$lib_dir/other"
done
env -i "$bf" list strategies >"$lib_dir/other" 2>/dev/null
ok 'list strategies without an environment' cmp "$out" "$lib_dir/other"

done_testing
