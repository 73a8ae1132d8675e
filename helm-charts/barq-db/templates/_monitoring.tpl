{{/* What becomes of each monitor: made, unknown to the Kubernetes cluster, or nothing if none was asked for. */}}
{{- define "barq-db.podMonitor" -}}
{{- if .Values.monitoring.podMonitor.enabled -}}
{{- if .Capabilities.APIVersions.Has "monitoring.coreos.com/v1/PodMonitor" -}}made{{- else -}}unknown{{- end -}}
{{- end -}}
{{- end }}
{{- define "barq-db.serviceMonitor" -}}
{{- if .Values.monitoring.serviceMonitor.enabled -}}
{{- if .Capabilities.APIVersions.Has "monitoring.coreos.com/v1/ServiceMonitor" -}}made{{- else -}}unknown{{- end -}}
{{- end -}}
{{- end }}

{{/* How Prometheus scrapes a pod, from the monitor's own values. */}}
{{- define "barq-db.scrape" -}}
port: http
path: /metrics
{{- with .monitor.interval }}
interval: {{ . | quote }}
{{- end }}
{{- if .root.Values.tls.secretName }}
scheme: https
tlsConfig:
  # Prometheus asks pods at their IP addresses, which no certificate is for, and it tells them nothing
  # that is secret.
  insecureSkipVerify: true
{{- end }}
{{- end }}

{{/* The label by which a ServiceMonitor finds the Service that leads to each pod, and no other. */}}
{{- define "barq-db.scrapedService" -}}
barq.db/scraped: "true"
{{- end }}
