{{/*
What the operator's pods and the pod of `helm test` have in common. The security is what Kubernetes
calls "restricted", and a read-only root file system.
*/}}
{{- define "barq-operator.podSecurityContext" -}}
runAsNonRoot: true
runAsUser: 65532
runAsGroup: 65532
seccompProfile:
  type: RuntimeDefault
{{- end }}

{{- define "barq-operator.containerSecurityContext" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities:
  drop: [ALL]
{{- end }}

{{- define "barq-operator.nodeChoice" -}}
{{- with .Values.priorityClassName }}
priorityClassName: {{ . | quote }}
{{- end }}
{{- with .Values.nodeSelector }}
nodeSelector:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.tolerations }}
tolerations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end }}

{{/* What the operator learns from its environment. */}}
{{- define "barq-operator.environment" -}}
# The namespaces to watch, separated by commas; empty for all of them.
- name: WATCH_NAMESPACE
  value: {{ join "," .Values.watchNamespaces | quote }}
- name: POD_NAMESPACE
  valueFrom:
    fieldRef:
      fieldPath: metadata.namespace
# The image of every BarqCluster that names none.
- name: RELATED_IMAGE_BARQ_DB
  value: {{ .Values.database.image | quote }}
{{- end }}
