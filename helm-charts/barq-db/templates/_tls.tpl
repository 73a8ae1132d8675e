{{/* How the HTTP API is reached. gRPC is plain text whatever is set. */}}
{{- define "barq-db.scheme" -}}
{{ if .Values.tls.secretName }}https{{ else }}http{{ end }}
{{- end }}

{{/* What probes ask. The kubelet takes any certificate. */}}
{{- define "barq-db.healthRequest" -}}
path: /health
{{ include "barq-db.probePort" . }}
{{- end }}

{{/* What the readiness probe asks: the agent says whether the database can take a call. Without it nothing does. */}}
{{- define "barq-db.readyRequest" -}}
path: {{ if .Values.agent.enabled }}/ready{{ else }}/health{{ end }}
{{ include "barq-db.probePort" . }}
{{- end }}

{{- define "barq-db.probePort" -}}
port: http
{{- if .Values.tls.secretName }}
scheme: HTTPS
{{- end }}
{{- end }}
