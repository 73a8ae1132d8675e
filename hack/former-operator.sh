#!/usr/bin/env bash
# Builds the operator of a former commit into a folder, and puts its charts beside it. Tests upgrade from it.
# Usage: hack/former-operator.sh FOLDER
set -euo pipefail

# The last commit with the former packages. What that operator stores must be what this one goes on with.
commit=969788bb7a8eb65282d801765d8b309bfa026f2c

mkdir -p "$1"
folder=$(cd "$1" && pwd)
cd "$(dirname "$0")/.."
if ! git cat-file -e "$commit^{commit}"; then
    echo "this checkout lacks the commit $commit; run: git fetch --unshallow" >&2
    exit 1
fi
sources=$(mktemp -d)
trap 'rm -rf "$sources"' EXIT
git archive "$commit" | tar -x -C "$sources"
(cd "$sources" && GOWORK=off CGO_ENABLED=0 "${GO:-go}" build -trimpath -o "$folder/barq-operator" ./cmd/barq-operator)
cp -R "$sources/helm-charts" "$sources/watches.yaml" "$sources/LICENSE" "$folder"
