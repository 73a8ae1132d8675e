#!/usr/bin/env bash
# Generates bundle/ and bundle.Dockerfile for a version and a channel out of
# config/manifests, and validates them.
set -euo pipefail
cd "$(dirname "$0")/.."

version=$1
channel=$2
base=config/manifests/bases/barq-operator.clusterserviceversion.yaml
csv=bundle/manifests/barq-operator.clusterserviceversion.yaml

program() { "${GO:-go}" run ./hack/programs --module "$@"; }
kustomize=$(program hack/tools kustomize)
operator_sdk=$(program hack/tools/operator-sdk operator-sdk)

# Files that are not generated any more must not stay.
rm -rf bundle bundle.Dockerfile
"$kustomize" build config/manifests |
    "$operator_sdk" generate bundle --quiet --version "$version" --channels "$channel" --default-channel "$channel"

# operator-sdk writes the time of the day there, which would make every run differ.
created=$(grep '^    createdAt:' "$base")
sed "s/^    createdAt:.*/$created/" "$csv" >"$csv.dated"
mv "$csv.dated" "$csv"

# It warns of events in events.k8s.io, because it does not look at versions; the
# newer validators of test/bundle do.
"$operator_sdk" bundle validate ./bundle --select-optional suite=operatorframework
