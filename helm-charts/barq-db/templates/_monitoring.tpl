{{/* What becomes of the PodMonitor: made, unknown to the Kubernetes cluster, or nothing if none was asked for. */}}
{{- define "barq-db.podMonitor" -}}
{{- if .Values.monitoring.podMonitor.enabled -}}
{{- if .Capabilities.APIVersions.Has "monitoring.coreos.com/v1/PodMonitor" -}}made{{- else -}}unknown{{- end -}}
{{- end -}}
{{- end }}
