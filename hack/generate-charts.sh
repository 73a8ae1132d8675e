#!/usr/bin/env bash
# Writes what the charts have from elsewhere: the README of both, and for barq-operator copies
# of the CRD, of the rules of the roles and of the admission policies, which its templates read.
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
"$helm_docs" --chart-search-root helm-charts --sort-values-order file --log-level warning
