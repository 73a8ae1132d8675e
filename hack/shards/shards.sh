#!/usr/bin/env bash
# Runs the tests of a folder in several processes at the same time, so that one works while another waits:
#
#   shards.sh COUNT FOLDER COMMAND...
#
# Each process is COMMAND in FOLDER, with -test.run and the names of its share of the tests added, and
# with its number in place of {}. Every process needs a cluster of its own, because most tests want to be
# alone on theirs. FOLDER/testdata/seconds.txt says how long slow tests take, so that all shares take
# about as long; a test that it does not name counts for five seconds.
set -euo pipefail
count=$1
cd "$2"
shift 2

fail() {
    echo "shards: $1" >&2
    exit 1
}

tests=$(sed -nE 's/^func (Test[A-Z0-9_][A-Za-z0-9_]*)\(.*\*testing\.T\).*/\1/p' ./*_test.go)
unknown=$(awk '{ print $1 }' testdata/seconds.txt | grep -vxF "$tests" || true)
[ -z "$unknown" ] || fail "$PWD/testdata/seconds.txt names $unknown, which is no test"

# The longest first, each to the process that has the least to do.
shares=()
while read -r number name; do shares[number]+="${shares[number]:+|}$name"; done < <(
    awk 'FILENAME ~ /seconds.txt$/ { seconds[$1] = $2; next } { print ($1 in seconds ? seconds[$1] : 5), $1 }' testdata/seconds.txt <(echo "$tests") |
        sort -k1,1nr -k2 |
        awk -v count="$count" '{
            least = 0
            for (i = 1; i < count; i++) if (load[i] + 0 < load[least] + 0) least = i
            load[least] += $1
            print least, $2
        }'
)

logs=$(mktemp -d)
processes=()
trap 'kill "${processes[@]}" 2>/dev/null || true; wait; rm -rf "$logs"' EXIT
trap 'exit 130' INT TERM
for number in "${!shares[@]}"; do
    "${@//\{\}/$number}" -test.run "^(${shares[number]})\$" </dev/null >"$logs/$number" 2>&1 &
    processes[number]=$!
done

# What one prints is shown as a whole, when it has ended. Bash has been seen not to say which one a "wait -n" was for.
failed=()
while [ "${#processes[@]}" -gt 0 ]; do
    sleep 0.2
    for number in "${!processes[@]}"; do
        if kill -0 "${processes[number]}" 2>/dev/null; then continue; fi
        status=0
        wait "${processes[number]}" || status=$?
        unset "processes[number]"
        [ "$status" -eq 0 ] || failed+=("$number")
        printf '\n=== process %d of %d ended with exit code %d after %d s\n' $((number + 1)) "$count" "$status" "$SECONDS"
        cat "$logs/$number"
    done
done
[ "${#failed[@]}" -eq 0 ] || fail "tests failed in ${#failed[@]} of $count processes"
ran=$(cat "$logs"/* | grep -cE '^--- (PASS|SKIP)' || true)
[ "$ran" -eq "$(wc -l <<<"$tests")" ] || fail "$ran tests ran of $(wc -l <<<"$tests")"
printf '=== %d tests passed in %d processes and %d s\n' "$ran" "$count" "$SECONDS"
