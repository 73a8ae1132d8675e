{{/* How the HTTP API is reached. gRPC is plain text whatever is set. */}}
{{- define "barq-db.scheme" -}}
{{ if .Values.tls.secretName }}https{{ else }}http{{ end }}
{{- end }}

{{/* What every probe asks. The kubelet takes any certificate. */}}
{{- define "barq-db.healthRequest" -}}
path: /health
port: http
{{- if .Values.tls.secretName }}
scheme: HTTPS
{{- end }}
{{- end }}
