{{/*
What the operator's pods and the pod of `helm test` have in common. The security is what Kubernetes
calls "restricted", and a read-only root file system. The image names its user, 65532: a number here would keep
the pods out of OpenShift, which assigns another one.
*/}}
{{- define "barq-operator.podSecurityContext" -}}
runAsNonRoot: true
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
{{- with .Values.agent.image }}
# The image of the agent of every BarqCluster.
- name: RELATED_IMAGE_BARQ_AGENT
  value: {{ . | quote }}
{{- end }}
# Go collects garbage more often before its memory comes to the limit.
- name: GOMEMLIMIT
  valueFrom:
    resourceFieldRef:
      resource: limits.memory
{{- end }}
