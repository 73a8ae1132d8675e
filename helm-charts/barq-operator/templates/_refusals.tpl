{{/*
What values.schema.json cannot say: rules between values. All that is wrong is told at once, one line each.
*/}}
{{- define "barq-operator.refuse" -}}
{{- $refusals := list }}
{{- range $refusal := splitList "\n" (include "barq-operator.refusals" .) }}
{{- with trim $refusal }}
{{- $refusals = append $refusals . }}
{{- end }}
{{- end }}
{{- if $refusals }}
{{- fail (join "\n" $refusals) }}
{{- end }}
{{- end }}

{{- define "barq-operator.refusals" -}}
{{- $name := include "barq-operator.fullname" . }}
{{- if gt (len $name) 46 }}
values: fullnameOverride: the name {{ $name }} leaves no room for what the chart adds to it; write a name of at most 46 characters
{{- end }}
{{- if not (or .Values.serviceAccount.create .Values.serviceAccount.name) }}
values: serviceAccount.name: create: false needs the name of an account that exists; set name, or create: true
{{- end }}
{{- if and .Values.serviceAccount.annotations (not .Values.serviceAccount.create) }}
values: serviceAccount.annotations: go on the account that the chart creates; annotate the existing account yourself, or set create: true
{{- end }}
{{- if and .Values.metrics.serviceMonitor.enabled (not .Values.metrics.enabled) }}
values: metrics.serviceMonitor.enabled: there is nothing to scrape; set metrics.enabled: true
{{- end }}
{{- $selecting := include "barq-operator.selectorLabels" . | fromYaml }}
{{- range $key := keys (.Values.podLabels | default dict) | sortAlpha }}
{{- if hasKey $selecting $key }}
values: podLabels: {{ $key }} finds the pods and belongs to the chart; choose another name
{{- end }}
{{- end }}
{{- $owned := include "barq-operator.labels" . | fromYaml }}
{{- range $key := keys (.Values.metrics.serviceMonitor.labels | default dict) | sortAlpha }}
{{- if hasKey $owned $key }}
values: metrics.serviceMonitor.labels: {{ $key }} belongs to the chart, which puts it on every object; choose another name
{{- end }}
{{- end }}
{{- end }}
