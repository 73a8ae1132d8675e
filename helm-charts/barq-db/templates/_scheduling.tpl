{{/* On which nodes pods may run at all, those of the test too, because the image may need such a node. */}}
{{- define "barq-db.nodeChoice" }}
{{- with .Values.nodeSelector }}
nodeSelector:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.tolerations }}
tolerations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end }}

{{/* Where pods run among these nodes. The defaults prefer and never require: one node must do. */}}
{{- define "barq-db.affinity" -}}
{{- with .Values.affinity }}
{{- toYaml . }}
{{- else -}}
podAntiAffinity:
  preferredDuringSchedulingIgnoredDuringExecution:
    - weight: 100
      podAffinityTerm:
        topologyKey: kubernetes.io/hostname
        labelSelector:
          matchLabels:
            {{- include "barq-db.selectorLabels" . | nindent 12 }}
{{- end }}
{{- end }}

{{/* Null is the default, an empty list is none. */}}
{{- define "barq-db.topologySpreadConstraints" -}}
{{- $constraints := .Values.topologySpreadConstraints }}
{{- if kindIs "invalid" $constraints -}}
- maxSkew: 1
  topologyKey: topology.kubernetes.io/zone
  whenUnsatisfiable: ScheduleAnyway
  labelSelector:
    matchLabels:
      {{- include "barq-db.selectorLabels" . | nindent 6 }}
{{- else if $constraints }}
{{- $selecting := list }}
{{- range $constraints }}
{{- /* Without a selector no pod counts, and the constraint would mean nothing. */}}
{{- if kindIs "invalid" .labelSelector }}
{{- $selecting = append $selecting (merge (dict "labelSelector" (dict "matchLabels" (include "barq-db.selectorLabels" $ | fromYaml))) .) }}
{{- else }}
{{- $selecting = append $selecting . }}
{{- end }}
{{- end }}
{{- toYaml $selecting }}
{{- end }}
{{- end }}

{{/* Resources of the database. */}}
{{- define "barq-db.resources" -}}
{{ .Values.resources | default (dict "requests" (dict "cpu" "500m" "memory" "1Gi")) | toYaml }}
{{- end }}
