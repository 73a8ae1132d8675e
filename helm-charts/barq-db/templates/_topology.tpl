{{/*
What the pods are to one another. Barq DB copies nothing between processes, so a request must
reach the one process that has the data.
*/}}

{{/*
The Services for clients, as a JSON list: the name of each, and the one pod that it leads to. In
mode Primary that is pod 0, however many there are.
*/}}
{{- define "barq-db.clientServices" -}}
{{- $services := list }}
{{- if eq .Values.topology.mode "Primary" }}
{{- $services = append $services (dict "name" .Release.Name "pod" (printf "%s-0" .Release.Name)) }}
{{- else }}
{{- range until (int .Values.replicas) }}
{{- $pod := printf "%s-%d" $.Release.Name . }}
{{- $services = append $services (dict "name" $pod "pod" $pod) }}
{{- end }}
{{- end }}
{{- toJson $services }}
{{- end }}

{{/*
The cluster file of one pod; the argument has the pod's number as "ordinal" and the chart's
context as "root". It names pod 0, which has the one shard there is, and the pod itself, so that a
pod's file is the same however many others there are. A process that takes a write for another
answers with that one's address.
*/}}
{{- define "barq-db.clusterFile" -}}
{{- $primary := printf "%s-0" .root.Release.Name }}
{{- $self := printf "%s-%d" .root.Release.Name .ordinal }}
{{- $nodes := list }}
{{- range $pod := list $primary $self | uniq }}
{{- $host := printf "%s.%s-headless.%s.svc" $pod $.root.Release.Name $.root.Release.Namespace }}
{{- $nodes = append $nodes (dict "id" $pod "address" (printf "%s://%s:8080" (include "barq-db.scheme" $.root) $host)) }}
{{- end }}
{{- dict
  "node_id" $self
  "nodes" $nodes
  "shard_count" 1
  "replication_factor" 1
  "read_preference" "Primary"
  "placements" (dict "0" (dict "shard" 0 "primary" $primary "replicas" list))
  | toPrettyJson }}
{{- end }}

{{/* By which families of addresses a Service is reached; the argument is .Values.service. */}}
{{- define "barq-db.addressFamilies" }}
{{- with .ipFamilyPolicy }}
ipFamilyPolicy: {{ . }}
{{- end }}
{{- with .ipFamilies }}
ipFamilies:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end }}
