#!/usr/bin/env bash
# Writes config/images.txt: every image that an installation needs, for those who copy
# them to a registry of their own.
set -euo pipefail
# A chart that does not render must not be left out.
shopt -s inherit_errexit
cd "$(dirname "$0")/.."

go=${GO:-go}
kustomize=$(hack/programs/programs.sh hack/tools kustomize)
helm=$(hack/programs/programs.sh hack/tools helm)

manifests() {
    "$kustomize" build config/default
    for chart in helm-charts/*/; do
        echo ---
        "$helm" template example "$chart"
    done
}

images=$(manifests | "$go" run ./hack/images)
printf '%s\n' "$images" >config/images.txt
