#!/usr/bin/env bash
# Generates bundle/ and bundle.Dockerfile out of config/manifests and the markers in
# api/, and validates them:
#
#   generate-bundle.sh VERSION CHANNELS DEFAULT_CHANNEL OPERATOR_IMAGE AGENT_IMAGE [DATABASE_IMAGE]
#
# The images may be by digest, and then are everywhere in the bundle. Without a
# DATABASE_IMAGE it is that of config/manager.
set -euo pipefail
cd "$(dirname "$0")/.."

version=$1
channels=$2
default_channel=$3
operator_image=$4
agent_image=$5
database_image=${6:-}
base=bases/barq-operator.clusterserviceversion.yaml
csv=bundle/manifests/barq-operator.clusterserviceversion.yaml

program() { hack/programs/programs.sh "$@"; }
kustomize=$(program hack/tools kustomize)
operator_sdk=$(program hack/tools/operator-sdk operator-sdk)

# with_images writes the given images in place of those in config/.
with_images() {
    sed -E -e "s|ghcr\.io/barq-db/barq-operator:v[^[:space:]\"]+|$operator_image|" \
        -e "s|ghcr\.io/barq-db/barq-agent:v[^[:space:]\"]+|$agent_image|" \
        ${database_image:+-e "s|docker\.io/yasserrmd/barq-db:[^[:space:]\"]+|$database_image|"}
}

manifests=$(mktemp -d)
trap 'rm -rf "$manifests"' EXIT
# The base, with what the markers say of the fields added.
"$operator_sdk" generate kustomize manifests --quiet --interactive=false --output-dir "$manifests"
with_images <"$manifests/$base" >"$manifests/base"
mv "$manifests/base" "$manifests/$base"

# Files that are not generated any more must not stay.
rm -rf bundle bundle.Dockerfile
"$kustomize" build config/manifests | with_images |
    "$operator_sdk" generate bundle --quiet --kustomize-dir "$manifests" \
        --version "$version" --channels "$channels" --default-channel "$default_channel"

# operator-sdk writes the time of the day there, which would make every run differ.
created=$(grep '^    createdAt:' "config/manifests/$base")
sed "s/^    createdAt:.*/$created/" "$csv" >"$csv.dated"
mv "$csv.dated" "$csv"

# It warns of events in events.k8s.io, because it does not look at versions; the
# newer validators of test/bundle do.
"$operator_sdk" bundle validate ./bundle --select-optional suite=operatorframework
