{{/*
Security of pods and containers: what Kubernetes calls "restricted", and a read-only
root file system. The database writes to its data directory only.
*/}}
{{- define "barq-db.podSecurityContext" -}}
{{- $chosen := .Values.podSecurityContext }}
{{- if kindIs "invalid" $chosen }}
{{- $chosen = dict "runAsUser" 1000 "runAsGroup" 1000 "fsGroup" 1000 }}
{{- /* OpenShift assigns them to each namespace, and refuses pods that bring others. */}}
{{- if .Capabilities.APIVersions.Has "security.openshift.io/v1" }}
{{- $chosen = dict }}
{{- end }}
{{- end -}}
runAsNonRoot: true
{{- range $id := list "runAsUser" "runAsGroup" "fsGroup" }}
{{- if not (kindIs "invalid" (index $chosen $id)) }}
{{ $id }}: {{ int64 (index $chosen $id) }}
{{- end }}
{{- end }}
fsGroupChangePolicy: {{ $chosen.fsGroupChangePolicy | default "OnRootMismatch" }}
{{- with $chosen.supplementalGroups }}
supplementalGroups:
  {{- range . }}
  - {{ int64 . }}
  {{- end }}
{{- end }}
seccompProfile:
  type: RuntimeDefault
{{- end }}

{{- define "barq-db.containerSecurityContext" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities:
  drop:
    - ALL
{{- end }}
