{{/*
The release's name, which says that this is the operator: with the name of the chart, unless that is
in it. Objects without a namespace have this name too, so two releases of one name are refused by Helm.
*/}}
{{- define "barq-operator.fullname" -}}
{{- if .Values.fullnameOverride }}
{{- .Values.fullnameOverride }}
{{- else if contains .Chart.Name .Release.Name }}
{{- .Release.Name }}
{{- else }}
{{- printf "%s-%s" .Release.Name .Chart.Name }}
{{- end }}
{{- end }}

{{/*
The name of the admission policy that spec.deletionProtection needs: the chart's, or that of config/admission, which an administrator
may have applied. It is empty where the chart makes nothing that has no namespace, so that the operator may not read policies.
*/}}
{{- define "barq-operator.deletionPolicy" -}}
{{- if .Values.deletionProtection.enabled }}
{{- printf "%s-deletion-protection" (include "barq-operator.fullname" .) }}
{{- else if not .Values.watchNamespaces }}
{{- "barq-operator-deletion-protection" }}
{{- end }}
{{- end }}

{{/* The labels that select pods never change: a Deployment's selector cannot. */}}
{{- define "barq-operator.selectorLabels" -}}
app.kubernetes.io/name: barq-operator
app.kubernetes.io/instance: {{ .Release.Name | quote }}
app.kubernetes.io/component: manager
{{- end }}

{{- define "barq-operator.labels" -}}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" | quote }}
app.kubernetes.io/name: barq-operator
app.kubernetes.io/instance: {{ .Release.Name | quote }}
app.kubernetes.io/version: {{ .Chart.AppVersion | replace "+" "_" | quote }}
app.kubernetes.io/part-of: barq-db
app.kubernetes.io/managed-by: {{ .Release.Service }}
{{- end }}

{{- define "barq-operator.serviceAccountName" -}}
{{ .Values.serviceAccount.name | default (include "barq-operator.fullname" .) }}
{{- end }}

{{/* The image's reference. A digest without a tag stays without: it says all. */}}
{{- define "barq-operator.image" -}}
{{- $image := .Values.image }}
{{- $image.repository }}
{{- if $image.tag }}:{{ $image.tag }}{{ else if not $image.digest }}:v{{ .Chart.AppVersion }}{{ end }}
{{- with $image.digest }}@{{ . }}{{ end }}
{{- end }}
