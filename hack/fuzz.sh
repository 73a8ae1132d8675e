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

mapfile -t folders < <(git grep --untracked -l '^func Fuzz' -- '*_test.go' | xargs -n1 dirname | sort -u)
failed=()
for folder in "${folders[@]}"; do
    echo "=== building $folder for fuzzing (minutes the first time)"
    targets=$(cd "$folder" && "$go" test -list '^Fuzz' . | grep '^Fuzz' | grep -E -- "$pattern" || true)
    for target in $targets; do
        echo "=== $folder $target, for $time"
        (cd "$folder" && "$go" test -run '^$' -fuzz "^$target\$" -fuzztime "$time" -fuzzminimizetime 3s -parallel 2 -timeout 0 .) ||
            failed+=("$folder $target")
    done
done
if [ "${#failed[@]}" -gt 0 ]; then
    printf 'found something: %s\n' "${failed[@]}" >&2
    exit 1
fi
