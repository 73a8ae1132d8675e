#!/usr/bin/env bash
# Fails if a generated file is not what its source gives, and names the file.
#
# It generates into a copy of the work tree, so that it neither changes the tree
# nor minds changes that are not committed yet.
set -euo pipefail
cd "$(dirname "$0")/.."

copy=$(mktemp -d)
trap 'rm -rf "$copy"' EXIT

git ls-files -z --cached --others --exclude-standard |
    while IFS= read -r -d '' file; do
        if [ -e "$file" ]; then printf '%s\0' "$file"; fi
    done |
    tar --null -T - -cf - | tar -xf - -C "$copy"

cd "$copy"
git init --quiet
git add --all
"${MAKE:-make}" --no-print-directory generate bundle

stale=$(git diff --name-only && git ls-files --others --exclude-standard)
if [ -n "$stale" ]; then
    git --no-pager diff
    echo "These generated files are stale:" >&2
    printf '  %s\n' $stale >&2
    echo "Run 'make generate bundle' and commit what changes." >&2
    exit 1
fi
echo "All generated files are current."
