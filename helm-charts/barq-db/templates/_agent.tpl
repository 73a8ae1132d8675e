{{/*
The agent: the parent of the database in its container. An init container copies it out of an image of its own.
*/}}

{{/* Where the containers have the program. */}}
{{- define "barq-db.agentFolder" -}}
/opt/barq-agent
{{- end }}

{{/* Where the agent answers the operator, and where it finds its certificates. */}}
{{- define "barq-db.agentPort" -}}
7443
{{- end }}
{{/* Where the server listens behind the agent, which listens for clients. */}}
{{- define "barq-db.serverBehindAgent" -}}
127.0.0.1:8081
{{- end }}
{{- define "barq-db.agentCertificates" -}}
/etc/barq-agent/tls
{{- end }}

{{/* Not empty if the agent keeps the data in the tiers. */}}
{{- define "barq-db.archives" -}}
{{- if and .Values.agent.enabled .Values.tiering.enabled (ne .Values.tiering.managedBy "Server") -}}
true
{{- end }}
{{- end }}

{{/* Where the agent finds the Secrets of the tiers, which it reads at each use. */}}
{{- define "barq-db.tierCredentials" -}}
/etc/barq-agent
{{- end }}

{{/* A text of an argument, in which Kubernetes puts nothing in place of $(NAME). */}}
{{- define "barq-db.literal" -}}
{{ replace "$" "$$" . }}
{{- end }}

{{/* What the agent is told of the tiers. Kubernetes puts the bucket in, because it may come from a Secret. */}}
{{- define "barq-db.archiveFlags" }}
- --archive-path={{ .Release.Namespace }}/{{ .Release.Name }}/{{ .Values.agent.archive.uid }}
- --max-lag={{ .Values.tiering.maxLag }}
{{- range $name := list "warm" "cold" }}
{{- with index $.Values.tiering $name }}
{{- $store := include "barq-db.store" (dict "tiering" $.Values.tiering "provider" .provider) | fromJson }}
- --{{ $name }}-provider={{ .provider }}
- --{{ $name }}-bucket=$(BARQ_{{ upper $name }}_TIER_BUCKET)
{{- with $store.region }}
- {{ printf "--%s-region=%s" $name (include "barq-db.literal" .) | quote }}
{{- end }}
{{- with $store.endpoint }}
- {{ printf "--%s-endpoint=%s" $name (include "barq-db.literal" .) | quote }}
{{- end }}
{{- if eq .provider "s3" }}
- --{{ $name }}-path-style={{ if kindIs "bool" .forcePathStyle }}{{ .forcePathStyle }}{{ else }}{{ not (empty $store.endpoint) }}{{ end }}
{{- end }}
{{- if $store.credentialsSecretRef }}
- --{{ $name }}-credentials={{ include "barq-db.tierCredentials" . }}/{{ $name }}
{{- end }}
{{- with $store.storageAccount }}
- --{{ $name }}-account={{ . }}
{{- end }}
{{- with .after }}
- --{{ $name }}-after={{ . }}
{{- end }}
{{- end }}
{{- end }}
{{- if include "barq-db.encryptionKey" . | fromJson }}
- --archive-key={{ include "barq-db.tierCredentials" . }}/encryption/identities
{{- end }}
{{- if eq .Values.durability.mode "Archived" }}
- --commit-to-archive
{{- end }}
{{- with .Values.bootstrap.recovery }}
- --recover-from={{ .namespace | default $.Release.Namespace }}/{{ .name }}{{ with .uid }}/{{ . }}{{ end }}
{{- end }}
{{- end }}

{{/* The key of a Secret with which the agent encrypts what it writes to the buckets, as JSON; {} without one. */}}
{{- define "barq-db.encryptionKey" -}}
{{- if include "barq-db.archives" . -}}
{{- toJson (.Values.tiering.encryptionKeySecretRef | default dict) -}}
{{- else -}}
{}
{{- end -}}
{{- end }}

{{/* The resources are those of the database, so that the pod needs no more than without, and a quota finds them. */}}
{{- define "barq-db.agentInstallation" }}
- name: install-agent
  image: {{ include "barq-db.reference" (merge (dict "defaultTag" "latest") .Values.agent.image) | quote }}
  {{- with .Values.agent.image.pullPolicy }}
  imagePullPolicy: {{ . }}
  {{- end }}
  args:
    - install
    - {{ include "barq-db.agentFolder" . }}
  securityContext:
    {{- include "barq-db.containerSecurityContext" . | nindent 4 }}
  resources:
    {{- include "barq-db.resources" . | nindent 4 }}
  volumeMounts:
    - name: agent
      mountPath: {{ include "barq-db.agentFolder" . }}
{{- end }}

{{/*
The command of the database's container. What is left of the grace period after the server was asked to stop is for
the last sync of the log.
*/}}
{{- define "barq-db.agentCommand" -}}
{{- $grace := int .Values.terminationGracePeriodSeconds -}}
- {{ include "barq-db.agentFolder" . }}/barq-agent
- run
- --stop-timeout={{ max 1 (sub $grace (min 10 (div $grace 2))) }}s
- --invalid-lines={{ .Values.log.invalidLines }}
{{- range .Values.log.takeOut }}
- {{ printf "--take-out=%s" . | quote }}
{{- end }}
- --sync-interval={{ if eq .Values.durability.mode "None" }}0s{{ else }}{{ .Values.durability.interval }}{{ end }}
{{- if has .Values.durability.mode (list "Sync" "Archived") }}
- --commit
{{- end }}
- --http-address=:8080
- --grpc-address=:50051
{{- if .Values.tls.secretName }}
- --http-certificates=/etc/barq-db/tls
{{- end }}
{{- if .Values.compatibility.allowUnsoundIndexes }}
- --allow-unsound-indexes
{{- end }}
{{- if .Values.agent.api.secretName }}
- --api-address=:{{ include "barq-db.agentPort" . }}
- --api-certificates={{ include "barq-db.agentCertificates" . }}
{{- end }}
{{- if include "barq-db.archives" . }}
{{- include "barq-db.archiveFlags" . }}
{{- end }}
- --
- barq-server
{{- end }}
