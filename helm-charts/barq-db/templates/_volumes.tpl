{{/*
The volumes of a pod, but for one that a PVC brings. The private key is for the database's group,
fsGroup, only.
*/}}
{{- define "barq-db.volumes" }}
{{- if eq .Values.tiering.hotPath "ephemeral-storage" }}
- name: data
  emptyDir:
    sizeLimit: {{ .Values.storage.size | quote }}
{{- end }}
{{- if eq .Values.topology.mode "Primary" }}
- name: cluster
  configMap:
    name: {{ .Release.Name }}-cluster
{{- end }}
{{- if .Values.agent.enabled }}
- name: agent
  emptyDir: {}
{{- with .Values.agent.api.secretName }}
# The database starts without it, because no database depends on the operator.
- name: agent-tls
  secret:
    secretName: {{ . | quote }}
    optional: true
    defaultMode: 0440
{{- end }}
{{- end }}
{{- if include "barq-db.archives" . }}
{{- range $name := list "warm" "cold" }}
{{- with include "barq-db.tierSecret" (dict "tiering" $.Values.tiering "name" $name) }}
# The variables from the Secret say what is missing when the container starts.
- name: {{ $name }}-credentials
  secret:
    secretName: {{ . | quote }}
    optional: true
    defaultMode: 0440
{{- end }}
{{- end }}
{{- end }}
{{- with include "barq-db.encryptionKey" . | fromJson }}
- name: encryption-key
  secret:
    secretName: {{ .name | quote }}
    defaultMode: 0440
    items:
      - key: {{ .key | quote }}
        path: identities
{{- end }}
{{- with .Values.tls.secretName }}
- name: tls
  secret:
    secretName: {{ . | quote }}
    defaultMode: 0440
{{- end }}
{{- end }}

{{/* Where the container has them. */}}
{{- define "barq-db.volumeMounts" -}}
- name: data
  mountPath: /data
{{- if eq .Values.topology.mode "Primary" }}
- name: cluster
  mountPath: /etc/barq-db/cluster
  readOnly: true
{{- end }}
{{- if .Values.agent.enabled }}
- name: agent
  mountPath: {{ include "barq-db.agentFolder" . }}
  readOnly: true
{{- if .Values.agent.api.secretName }}
- name: agent-tls
  mountPath: {{ include "barq-db.agentCertificates" . }}
  readOnly: true
{{- end }}
{{- end }}
{{- if include "barq-db.archives" . }}
{{- range $name := list "warm" "cold" }}
{{- if include "barq-db.tierSecret" (dict "tiering" $.Values.tiering "name" $name) }}
- name: {{ $name }}-credentials
  mountPath: {{ include "barq-db.tierCredentials" . }}/{{ $name }}
  readOnly: true
{{- end }}
{{- end }}
{{- end }}
{{- if include "barq-db.encryptionKey" . | fromJson }}
- name: encryption-key
  mountPath: {{ include "barq-db.tierCredentials" . }}/encryption
  readOnly: true
{{- end }}
{{- if .Values.tls.secretName }}
- name: tls
  mountPath: /etc/barq-db/tls
  readOnly: true
{{- end }}
{{- end }}
