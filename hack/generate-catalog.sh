#!/usr/bin/env bash
# Generates a file-based catalog out of a template and the bundle of the newest version,
# validates it, and writes the Dockerfile of its image beside it:
#
#   generate-catalog.sh TEMPLATE BUNDLE_FOLDER BUNDLE_IMAGE CATALOG_FOLDER [OPM_FLAG...]
#
# BUNDLE_IMAGE is where the Operator Lifecycle Manager will find the bundle; it need not
# be there yet. The bundles of other versions are read from the images in the template.
set -euo pipefail
cd "$(dirname "$0")/.."

template=$1
bundle=$2
bundle_image=$3
catalog=$4
shift 4

opm=$(hack/programs/programs.sh hack/tools/opm opm)
version=$(cd hack/tools/opm && "${GO:-go}" list -m -f '{{.Version}}' github.com/operator-framework/operator-registry)
# Catalogs of OLM 1 take no other form.
form=(--output yaml --migrate-level bundle-object-to-csv-metadata)

rm -rf "$catalog" "$catalog.Dockerfile"
mkdir -p "$catalog/barq-operator"
{
    "$opm" alpha render-template basic "$template" "${form[@]}" "$@"
    "$opm" render "$bundle" --alpha-image-ref-template "$bundle_image" "${form[@]}" "$@"
} >"$catalog/barq-operator/catalog.yaml"
"$opm" validate "$catalog"
"$opm" generate dockerfile "$catalog" \
    --builder-image "quay.io/operator-framework/opm:$version" --base-image "quay.io/operator-framework/opm:$version"
