{{/*
The environment of the database container: each variable once, in a fixed order, and
none that is empty, because Barq DB aborts its start on some that are. Barq DB ignores
BARQ_S3_BUCKET and BARQ_GCS_BUCKET; they tell the reader of the pod.
*/}}
{{- define "barq-db.environment" -}}
- name: BARQ_ADDR
  value: {{ if .Values.agent.enabled }}{{ include "barq-db.serverBehindAgent" . }}{{ else }}{{ include "barq-db.listenAddress" .Values.service }}{{ end }}
- name: BARQ_STORAGE_DIR
  value: /data
- name: RUST_LOG
  value: {{ .Values.logLevel | quote }}
{{- if eq .Values.topology.mode "Primary" }}
- name: POD_NAME
  valueFrom:
    fieldRef:
      fieldPath: metadata.name
- name: BARQ_CLUSTER_CONFIG
  value: /etc/barq-db/cluster/$(POD_NAME).json
{{- end }}
{{- if and .Values.tls.secretName (not .Values.agent.enabled) }}
- name: BARQ_TLS_CERT
  value: /etc/barq-db/tls/tls.crt
- name: BARQ_TLS_KEY
  value: /etc/barq-db/tls/tls.key
{{- end }}
{{- if .Values.tiering.enabled }}
{{- include "barq-db.tieringEnvironment" .Values.tiering }}
{{- end }}
{{- with .Values.env }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{/*
The address of the HTTP API; the argument is .Values.service. That of IPv4 takes no connection by IPv6. That of IPv6
takes both, and needs a node whose kernel has IPv6.
*/}}
{{- define "barq-db.listenAddress" -}}
{{- if or (has "IPv6" (.ipFamilies | default list)) (hasSuffix "DualStack" .ipFamilyPolicy) -}}
"[::]:8080"
{{- else -}}
0.0.0.0:8080
{{- end }}
{{- end }}

{{/* The part of the environment that tells of the tiers; the argument is .Values.tiering. */}}
{{- define "barq-db.tieringEnvironment" }}
- name: BARQ_TIERING_ENABLED
  value: "true"
{{- range $name := list "warm" "cold" }}
{{- with index $ $name }}
- name: BARQ_{{ upper $name }}_TIER_PROVIDER
  value: {{ .provider }}
- name: BARQ_{{ upper $name }}_TIER_BUCKET
  {{- include "barq-db.bucket" . | nindent 2 }}
{{- end }}
{{- end }}
{{- $s3 := include "barq-db.store" (dict "tiering" $ "provider" "s3") | fromJson }}
{{- $gcs := include "barq-db.store" (dict "tiering" $ "provider" "gcs") | fromJson }}
{{- $azure := include "barq-db.store" (dict "tiering" $ "provider" "azure") | fromJson }}
{{- with $s3.tier }}
- name: BARQ_S3_BUCKET
  {{- include "barq-db.bucket" . | nindent 2 }}
{{- end }}
{{- with $gcs.tier }}
- name: BARQ_GCS_BUCKET
  {{- include "barq-db.bucket" . | nindent 2 }}
{{- end }}
{{- with $s3.credentialsSecretRef }}
{{- include "barq-db.secretVariable" (dict "secret" .name "key" "AWS_ACCESS_KEY_ID") }}
{{- include "barq-db.secretVariable" (dict "secret" .name "key" "AWS_SECRET_ACCESS_KEY") }}
{{- include "barq-db.secretVariable" (dict "secret" .name "key" "AWS_SESSION_TOKEN" "optional" true) }}
{{- end }}
{{- if $s3.region }}
- name: AWS_REGION
  value: {{ $s3.region | quote }}
{{- else if $s3.credentialsSecretRef }}
{{- include "barq-db.secretVariable" (dict "secret" $s3.credentialsSecretRef.name "key" "AWS_REGION" "optional" true) }}
{{- end }}
{{- with $s3.endpoint }}
- name: AWS_ENDPOINT_URL_S3
  value: {{ . | quote }}
{{- end }}
{{- with $gcs.credentialsSecretRef }}
{{- include "barq-db.secretVariable" (dict "secret" .name "key" "GOOGLE_APPLICATION_CREDENTIALS_JSON") }}
{{- end }}
{{- with $azure.credentialsSecretRef }}
{{- include "barq-db.secretVariable" (dict "secret" .name "key" "AZURE_STORAGE_ACCOUNT") }}
{{- include "barq-db.secretVariable" (dict "secret" .name "key" "AZURE_STORAGE_ACCESS_KEY") }}
{{- else }}
{{- with $azure.storageAccount }}
- name: AZURE_STORAGE_ACCOUNT
  value: {{ . | quote }}
{{- end }}
{{- end }}
{{- end }}

{{/*
What one process has of a provider, as JSON: the tier that uses it (warm, if both
do) with its name, and the credentials, region, endpoint and storage account, of which it has one each. Warm comes last here, so that
its settings win.
*/}}
{{- define "barq-db.store" -}}
{{- $store := dict }}
{{- range $name := list "cold" "warm" }}
{{- $tier := index $.tiering $name }}
{{- if and $tier (eq $tier.provider $.provider) }}
{{- $_ := set $store "tier" $tier }}
{{- $_ := set $store "tierName" $name }}
{{- range $field := list "credentialsSecretRef" "region" "endpoint" "storageAccount" }}
{{- with index $tier $field }}
{{- $_ := set $store $field . }}
{{- end }}
{{- end }}
{{- end }}
{{- end }}
{{- toJson $store }}
{{- end }}

{{/* The Secret with the credentials of a tier, whose name is the argument's "name"; empty if it has none. */}}
{{- define "barq-db.tierSecret" -}}
{{- with index .tiering .name }}
{{- with (include "barq-db.store" (dict "tiering" $.tiering "provider" .provider) | fromJson).credentialsSecretRef }}
{{- .name }}
{{- end }}
{{- end }}
{{- end }}

{{/* Where a variable takes a tier's bucket from; the argument is the tier. */}}
{{- define "barq-db.bucket" -}}
{{- if .bucket -}}
value: {{ .bucket | quote }}
{{- else -}}
valueFrom:
  secretKeyRef:
    name: {{ .bucketSecretRef.name | quote }}
    key: {{ .bucketSecretRef.key | quote }}
{{- end }}
{{- end }}

{{/* A variable that is named like the key of the Secret that holds it. */}}
{{- define "barq-db.secretVariable" }}
- name: {{ .key }}
  valueFrom:
    secretKeyRef:
      name: {{ .secret | quote }}
      key: {{ .key }}
      {{- if .optional }}
      optional: true
      {{- end }}
{{- end }}
