{{/*
An object that is a copy of one in config/, as `make manifests` puts them into the folder files. It gets a
name that is this release's, and its labels.

file        the copy
document    which one, counted from 0, if there are several in it
name        the object's name
namespace   its namespace, if it has one
kind        its kind, if another than in the copy
*/}}
{{- define "barq-operator.copied" -}}
{{- $object := index (.root.Files.Get .file | splitList "\n---\n") (int .document) | fromYaml }}
{{- $metadata := dict "name" .name "labels" (merge
  (include "barq-operator.labels" .root | fromYaml)
  (dig "metadata" "labels" (dict) $object)) }}
{{- with .namespace }}
{{- $_ := set $metadata "namespace" . }}
{{- end }}
{{- with .annotations }}
{{- $_ := set $metadata "annotations" (merge . (dig "metadata" "annotations" (dict) $object)) }}
{{- end }}
{{- $_ := set $object "metadata" $metadata }}
{{- with .kind }}
{{- $_ := set $object "kind" . }}
{{- end }}
{{- toYaml $object }}
{{- end }}

{{/*
A binding of a role of the same name to the operator's account.

name        of role and binding
namespace   of both; none for a ClusterRoleBinding to a ClusterRole
*/}}
{{- define "barq-operator.binding" -}}
apiVersion: rbac.authorization.k8s.io/v1
kind: {{ ternary "ClusterRoleBinding" "RoleBinding" (empty .namespace) }}
metadata:
  name: {{ .name | quote }}
  {{- with .namespace }}
  namespace: {{ . | quote }}
  {{- end }}
  labels:
    {{- include "barq-operator.labels" .root | nindent 4 }}
roleRef:
  apiGroup: rbac.authorization.k8s.io
  kind: {{ ternary "ClusterRole" "Role" (empty .namespace) }}
  name: {{ .name | quote }}
subjects:
  - kind: ServiceAccount
    name: {{ include "barq-operator.serviceAccountName" .root | quote }}
    namespace: {{ .root.Release.Namespace | quote }}
{{- end }}
