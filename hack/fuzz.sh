#!/usr/bin/env bash
# Runs every fuzz target for a time, one after the other: hack/fuzz.sh 1m [PATTERN]
# PATTERN is a regular expression that names targets; all without. Targets are found by their
# names, in all modules. It goes on after a failure, and fails at the end. What found something
# is left in testdata/fuzz beside the target, from where every run of the tests tries it again.
set -euo pipefail
cd "$(dirname "$0")/.."
go=${GO:-go}
time=$1
pattern=${2:-.}
# What is new is made smaller for three seconds at most, because nothing else is tried meanwhile.
# Two processes that try inputs: more would only share the same work on a small machine.
export GOMAXPROCS=2

# ended_by_time says whether the output of a failed run, in a file, has nothing but the end of its time as
# the reason: Go before 1.27 sometimes takes the end of -fuzztime for a failure (go.dev/issue/75804).
ended_by_time() {
    local reasons
    reasons=$(sed -n '/^--- FAIL: /,/^FAIL$/p' "$1" | sed '1d;$d' | tr -d ' ')
    [ "$reasons" = contextdeadlineexceeded ]
}

# try FOLDER TARGET runs one target, and fails if it found something.
try() {
    local output status=0
    output=$(mktemp)
    (cd "$1" && "$go" test -run '^$' -fuzz "^$2\$" -fuzztime "$time" -fuzzminimizetime 3s -parallel 2 -timeout 0 .) 2>&1 |
        tee "$output" || status=$?
    if [ "$status" -ne 0 ] && ended_by_time "$output"; then
        echo "=== $1 $2 found nothing: Go took the end of its time for a failure (go.dev/issue/75804)"
        status=0
    fi
    rm "$output"
    return "$status"
}

mapfile -t folders < <(git grep --untracked -l '^func Fuzz' -- '*_test.go' | xargs -n1 dirname | sort -u)
failed=()
for folder in "${folders[@]}"; do
    echo "=== building $folder for fuzzing (minutes the first time)"
    targets=$(cd "$folder" && "$go" test -list '^Fuzz' . | grep '^Fuzz' | grep -E -- "$pattern" || true)
    for target in $targets; do
        echo "=== $folder $target, for $time"
        try "$folder" "$target" || failed+=("$folder $target")
    done
done
if [ "${#failed[@]}" -gt 0 ]; then
    printf 'found something: %s\n' "${failed[@]}" >&2
    exit 1
fi
