# lib.sh: what the scripts of tests/cli share.  Sourced, not run.
#
# A script is TAP on standard output: `ok` and the other assertions print one line each,
# `done_testing` the plan.  It runs in an empty folder of its own (tests/run.sh sees to that, or
# this file does), with the program as $bf.  Nothing an assertion is given is ever evaluated twice.
#
#   . "$(dirname "$0")/lib.sh"
#   run_expect 2 'unknown command "frobnicate"' "$bf" frobnicate
#   ok "two is two" test 2 -eq 2
#   done_testing
# shellcheck shell=sh
set -u
LC_ALL=C
export LC_ALL

src=${BLOBFRONT_SOURCE:-$(CDPATH='' cd -- "$(dirname -- "$0")/../.." && pwd -P)}
build=${BLOBFRONT_BUILD:-$src/build/release}
bf=$build/blobfront
planted=$build/tests/blobfront-planted
# A sanitizer reserves terabytes and keeps what was freed: nothing can be said about memory.
if grep -qE '__(asan|tsan)_init' "$bf" 2>/dev/null; then sanitized=yes; else sanitized=no; fi
unset BLOBFRONT_TEST_SEED

lib_number=0 lib_failed=0
lib_dir=$(mktemp -d "${TMPDIR:-/tmp}/blobfront-cli.XXXXXX") || exit 1
home=$lib_dir/home # where the script works; $lib_dir itself holds what the assertions write
mkdir "$home"
cd "$home" || exit 1
# A machine on which nothing disturbs a round: whether this one is quiet is not what is tested.
mkdir "$lib_dir/proc"
echo 'cpu  100 0 0 100 0 0 0 0 0 0' >"$lib_dir/proc/stat"
echo 'pswpin 0' >"$lib_dir/proc/vmstat"
BLOBFRONT_PROC=$lib_dir/proc
export BLOBFRONT_PROC
# What a script does at its end before its folder goes (unmount, kill): one command.
at_end=:
lib_end() {
    lib_code=$?
    trap - EXIT
    $at_end
    cd / || exit 1
    chmod -R u+rwx "$lib_dir" 2>/dev/null
    rm -rf "$lib_dir"
    exit $lib_code
}
trap lib_end EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

# ---- assertions --------------------------------------------------------------------------------

pass() {
    lib_number=$((lib_number + 1))
    echo "ok $lib_number - $*"
}

# fail DESCRIPTION [FILE]: the file's text as diagnostics.
fail() {
    lib_number=$((lib_number + 1))
    lib_failed=$((lib_failed + 1))
    echo "not ok $lib_number - $1"
    [ $# -lt 2 ] || head -c 4000 "$2" | tr -c '[:print:]\n' '?' | sed 's/^/#   /'
    return 0
}

skip() {
    lib_number=$((lib_number + 1))
    echo "ok $lib_number # SKIP $*"
}

# The whole script cannot run here.
skip_all() {
    skip "$*"
    done_testing
}

# ok DESCRIPTION COMMAND...: the command succeeds.
ok() {
    lib_what=$1
    shift
    if "$@" >"$lib_dir/said" 2>&1; then pass "$lib_what"; else fail "$lib_what" "$lib_dir/said"; fi
}

# is DESCRIPTION GOT EXPECTED
is() {
    if [ "$2" = "$3" ]; then
        pass "$1"
    else
        printf 'got      "%s"\nexpected "%s"\n' "$2" "$3" >"$lib_dir/said"
        fail "$1" "$lib_dir/said"
    fi
}

# like DESCRIPTION FILE REGEXP: a line matches (extended).
like() {
    if grep -Eq -e "$3" "$2"; then
        pass "$1"
    else
        { echo "no line matches: $3"; cat "$2"; } >"$lib_dir/said"
        fail "$1" "$lib_dir/said"
    fi
}

unlike() {
    if grep -Eq -e "$3" "$2"; then fail "$1" "$2"; else pass "$1"; fi
}

done_testing() {
    echo "1..$lib_number"
    [ "$lib_failed" -eq 0 ]
    exit $?
}

# ---- running the program -----------------------------------------------------------------------

out=$lib_dir/out err=$lib_dir/err # of the last run
lib_limit=20                      # seconds

# The names, sizes and times of all below the working folder.
lib_tree() { find . -printf '%p %y %s %T@\n' 2>/dev/null; }

# Print the case's name as one printable line, then what is wrong with the run, if anything.
# lib_exit, lib_regexp, lib_got and lib_words say what was expected, seen and typed.
lib_examine() {
    lib_wrote=0
    [ ! -s "$out" ] || lib_wrote=1
    LIB_NAME=$lib_words LIB_REGEXP=$lib_regexp awk -v want="$lib_exit" -v got="$lib_got" \
        -v wrote="$lib_wrote" '
    function wrong(what) { if (why == "") why = what }
    { bytes += length($0) + 1 }
    ENVIRON["LIB_REGEXP"] == "" || $0 ~ ENVIRON["LIB_REGEXP"] { matched = 1 }
    want == 0 { next }
    /[\001-\037\177]/ { wrong("a control byte in the message") }
    /^blobfront: error: / { errors++ }
    /^blobfront: error: ([A-Z][a-z]|.*[^.]\.$)/ {
        wrong("the message begins with a capital letter or ends with a full stop")
    }
    /^hint: / { hints++ }
    !/^(blobfront: (error|warning|INVALID): |hint: )/ { wrong("neither error, warning nor hint: " $0) }
    END {
        name = substr(ENVIRON["LIB_NAME"], 1, 120)
        gsub(/[^ -~]|#/, "?", name)
        print name
        if (want != got) print "exit code " got ", expected " want
        else if (want != 0 && wrote) print "a failing command wrote to standard output"
        else if (want != 0 && errors != 1) print errors + 0 " error lines"
        else if (hints > 1) print hints " hints"
        else if (bytes > 1400) print "a message of " bytes " bytes"
        else if (why != "") print why
        else if (!matched && ENVIRON["LIB_REGEXP"] != "")
            print "standard error does not match: " ENVIRON["LIB_REGEXP"]
    }' "$err"
}

lib_judge() {
    lib_examine >"$lib_dir/verdict"
    { read -r lib_title; read -r lib_why; } <"$lib_dir/verdict"
    if [ -z "$lib_why" ]; then
        pass "$lib_title"
    else
        { echo "$lib_why"; echo "stderr:"; cat "$err"; echo "stdout:"; head -n 20 "$out"; } \
            >"$lib_dir/said"
        fail "$lib_title" "$lib_dir/said"
    fi
}

# What was typed, for the case's name: a program is called by its own name.
lib_type() {
    lib_words=${1##*/}
    shift
    for lib_word in "$@"; do
        lib_words="$lib_words ${lib_word##"$build"/}"
        [ ${#lib_words} -lt 200 ] || break
    done
    lib_words=$(printf '%.200s' "$lib_words")
}

# run_keeping EXIT REGEXP COMMAND...: what run_expect checks, except that files may be made.
run_keeping() {
    lib_exit=$1 lib_regexp=$2
    shift 2
    lib_type "$@"
    timeout -k 5 $lib_limit "$@" >"$out" 2>"$err" </dev/null
    lib_got=$?
    lib_judge
}

# run_expect EXIT REGEXP COMMAND...: the exit code, one line `blobfront: error: ...` that matches
# (with at most one hint) unless EXIT is 0, nothing on standard output then, and no file made or
# changed in the working folder.
run_expect() {
    lib_tree >"$lib_dir/before"
    run_keeping "$@"
    lib_tree >"$lib_dir/after"
    if ! cmp -s "$lib_dir/before" "$lib_dir/after"; then
        diff "$lib_dir/before" "$lib_dir/after" >"$lib_dir/said"
        fail "no file is touched by: $lib_title" "$lib_dir/said"
        rm -rf results
    fi
}

# ---- records -----------------------------------------------------------------------------------

python=/usr/bin/python3

# Words for `run`: few operations in the phase that has many, where commits are durable and slow.
few='--set update_point:ops=40'

# A study of a few dozen small files; options of `run` may follow.  About 0.1 s a run.
small_data=random:files=24,size_min=1,size_max=6k
small_study() {
    "$bf" run --out . --dataset "$small_data" --durability none --no-plots --no-bounds --quiet "$@"
}

# until_runs RECORD COUNT: wait until that many runs are recorded, at most 10 seconds.
until_runs() {
    for _ in $(seq 500); do
        [ "$(grep -c '"kind":"run"' "$1/samples.jsonl" 2>/dev/null)" -ge "$2" ] 2>/dev/null && return 0
        sleep 0.02
    done
    return 1
}

# Numbers of the processes that carry out runs of the record at $1 (as the study names it).
runs_alive() {
    # shellcheck disable=SC2046 # the paths are words
    set -- "$1" $(grep -lzx -e run-one /proc/[0-9]*/cmdline 2>/dev/null)
    lib_record=$1
    shift
    [ $# -eq 0 ] || grep -lzx -e "$lib_record" "$@" 2>/dev/null | tr -cd '0-9\n'
}

# samples RECORD PYTHON-EXPRESSION: print what the expression gives, over
#   M the manifest, S the list of samples, R run lines, V(run, name, metric) a value or None.
samples() {
    "$python" - "$1" "$2" <<'PYTHON'
import json, os, sys
folder, expression = sys.argv[1:3]
M = json.load(open(os.path.join(folder, "manifest.json"), encoding="utf-8", errors="surrogateescape"))
S = [json.loads(line) for line in
     open(os.path.join(folder, "samples.jsonl"), encoding="utf-8", errors="surrogateescape")]
R = [s for s in S if s["kind"] == "run"]
def V(run, name, metric):
    for s in S:
        if s["run"] == run and s.get("name", "") == name:
            return s["values"].get(metric)
print(eval(expression))
PYTHON
}
