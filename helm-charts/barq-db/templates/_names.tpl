{{/*
Every object is named after the release, so that who knows its name knows them all. The
name is quoted wherever it stands, because a release may be called "on" or "null".

The labels that select pods never change: a StatefulSet's selector and its templates of
PVCs cannot.
*/}}
{{- define "barq-db.selectorLabels" -}}
app.kubernetes.io/name: barq-db
app.kubernetes.io/instance: {{ .Release.Name | quote }}
app.kubernetes.io/component: database
{{- end }}

{{/*
Labels of objects. They change with the chart, so they must not be put on the pod
template or the templates of PVCs: that would restart every database when the
chart is upgraded.
*/}}
{{- define "barq-db.labels" -}}
helm.sh/chart: {{ include "barq-db.chart" . }}
{{ include "barq-db.selectorLabels" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | replace "+" "_" | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
{{- with .Values.inheritedMetadata.labels }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{/*
Annotations of an object. The argument has the chart's context as "root", and those that the object has beside the
inherited ones as "own", which win.
*/}}
{{- define "barq-db.annotations" }}
{{- with merge (deepCopy (.own | default dict)) (.root.Values.inheritedMetadata.annotations | default dict) }}
annotations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end }}

{{- define "barq-db.chart" -}}
{{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" | quote }}
{{- end }}

{{- define "barq-db.serviceAccountName" -}}
{{ .Values.serviceAccount.name | default .Release.Name }}
{{- end }}

{{/* The reference of the database's image. */}}
{{- define "barq-db.image" -}}
{{- include "barq-db.reference" (merge (dict "defaultTag" .Chart.AppVersion) .Values.image) }}
{{- end }}

{{/*
The reference of an image; the argument is the value, with the tag that it has without one as "defaultTag". A digest
without a tag stays without: it says all.
*/}}
{{- define "barq-db.reference" -}}
{{- .repository }}
{{- if .tag }}:{{ .tag }}{{ else if not .digest }}:{{ .defaultTag }}{{ end }}
{{- with .digest }}@{{ . }}{{ end }}
{{- end }}
