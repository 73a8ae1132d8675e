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
{{- if eq .Values.durability.mode "Sync" }}
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
- --
- barq-server
{{- end }}
