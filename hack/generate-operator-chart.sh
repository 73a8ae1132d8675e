#!/usr/bin/env bash
# Writes what helm-charts/barq-operator has from elsewhere: copies of the CRD, of the rules
# of the roles and of the admission policies, which its templates read, and its README.
set -euo pipefail
cd "$(dirname "$0")/.."
chart=helm-charts/barq-operator

rm -rf "$chart/files"
mkdir -p "$chart/files/crd" "$chart/files/rbac" "$chart/files/admission"
cp config/crd/bases/*.yaml "$chart/files/crd/"
# Bindings and accounts are the chart's own: they name the release.
cp config/rbac/*role.yaml "$chart/files/rbac/"
cp config/admission/deletion_protection.yaml config/admission/replicas_warning.yaml "$chart/files/admission/"

helm_docs=$(hack/programs/programs.sh hack/tools/helm-docs helm-docs)
"$helm_docs" --chart-search-root "$chart" --sort-values-order file --log-level warning
