{{/*
What values.schema.json cannot say, or not in words that tell what to write instead:
rules between values. All that is wrong is told at once, one line each.
*/}}
{{- define "barq-db.refuse" -}}
{{- $refusals := list }}
{{- range $refusal := splitList "\n" (include "barq-db.refusals" .) }}
{{- with trim $refusal }}
{{- $refusals = append $refusals . }}
{{- end }}
{{- end }}
{{- if $refusals }}
{{- fail (join "\n" $refusals) }}
{{- end }}
{{- end }}

{{- define "barq-db.refusals" -}}
{{ include "barq-db.releaseNameRefusals" . }}
{{ include "barq-db.serviceAccountRefusals" .Values.serviceAccount }}
{{- if .Values.tiering.enabled }}
{{ include "barq-db.tieringRefusals" .Values.tiering }}
{{- if include "barq-db.archives" . }}
{{ include "barq-db.archiveRefusals" . }}
{{- else }}
{{ include "barq-db.serverTierRefusals" .Values.tiering }}
{{- end }}
{{- end }}
{{ include "barq-db.withoutArchiveRefusals" . }}
{{ include "barq-db.envRefusals" .Values }}
{{ include "barq-db.metadataRefusals" .Values }}
{{ include "barq-db.podLabelRefusals" .Values }}
{{ include "barq-db.ownedLabelRefusals" .Values }}
{{ include "barq-db.monitorRefusals" .Values.monitoring }}
{{ include "barq-db.spreadRefusals" .Values }}
{{ include "barq-db.familyRefusals" .Values.service }}
{{ include "barq-db.priorityRefusals" .Values }}
{{- end }}

{{- define "barq-db.releaseNameRefusals" }}
{{- if not (regexMatch "^[a-z]([-a-z0-9]*[a-z0-9])?$" .Release.Name) }}
release name: must start with a letter and hold only lower-case letters, digits and '-', because a Service takes this name; write for instance my-vectors
{{- end }}
{{- if gt (len .Release.Name) 52 }}
release name: must be at most 52 characters, because Kubernetes adds a hash to it in a label of the pods; write a shorter name
{{- end }}
{{- end }}

{{- define "barq-db.serviceAccountRefusals" }}
{{- if not .create }}
{{- if not .name }}
values: serviceAccount.name: create: false needs the name of an account that exists; set name, or create: true
{{- end }}
{{- if .annotations }}
values: serviceAccount.annotations: go on the account that the chart creates; annotate the existing account yourself, or set create: true
{{- end }}
{{- end }}
{{- end }}

{{- define "barq-db.tieringRefusals" }}
{{- if not (or .warm .cold) }}
values: tiering.enabled: needs at least one tier; set tiering.warm or tiering.cold, or enabled: false
{{- end }}
{{- range $name := list "warm" "cold" }}
{{- with index $ $name }}
{{- if eq (empty .bucket) (empty .bucketSecretRef) }}
values: tiering.{{ $name }}.bucket: set bucket or bucketSecretRef, exactly one of them
{{- end }}
{{- if and .region (ne .provider "s3") }}
values: tiering.{{ $name }}.region: is for provider s3 only; remove it
{{- end }}
{{- if and (hasKey . "forcePathStyle") (ne .provider "s3") }}
values: tiering.{{ $name }}.forcePathStyle: is for provider s3 only; remove it
{{- end }}
{{- if and .storageAccount (ne .provider "azure") }}
values: tiering.{{ $name }}.storageAccount: is for provider azure only; remove it
{{- end }}
{{- end }}
{{- end }}
{{- if and .warm .cold }}
{{- if eq .warm.provider .cold.provider }}
{{- range $field := list "credentialsSecretRef" "region" "endpoint" "storageAccount" }}
{{- $warm := index $.warm $field }}
{{- $cold := index $.cold $field }}
{{- if and $warm $cold (not (deepEqual $warm $cold)) }}
values: tiering.warm.{{ $field }} and tiering.cold.{{ $field }}: differ, but one process has one for both tiers of provider {{ $.warm.provider }}; write the same in both, or leave one out
{{- end }}
{{- end }}
{{- end }}
{{- end }}
{{- end }}

{{/* Of tiers that the agent manages. */}}
{{- define "barq-db.archiveRefusals" }}
{{- if not .Values.agent.archive.uid }}
values: agent.archive.uid: is needed with tiering and the agent, because it tells the data of this database from that of others in the buckets. Set for instance the output of uuidgen, and never change it
{{- end }}
{{- $azure := include "barq-db.store" (dict "tiering" .Values.tiering "provider" "azure") | fromJson }}
{{- if and $azure.tier (eq (empty $azure.credentialsSecretRef) (empty $azure.storageAccount)) }}
values: tiering.{{ $azure.tierName }}.credentialsSecretRef: azure needs exactly one of it and storageAccount. Name a Secret with the keys AZURE_STORAGE_ACCOUNT and AZURE_STORAGE_ACCESS_KEY, or set the storage account and use workload identity
{{- end }}
{{- if and (eq .Values.durability.mode "Archived") (regexMatch "[1-9]" (.Values.tiering.warm.after | default "0s")) }}
values: tiering.warm.after: must be 0s with durability.mode Archived, because a write is answered once it is in this tier; remove after, or set durability.mode: Sync
{{- end }}
{{- end }}

{{/* Of tiers that Barq DB is told of. It has no variable for another endpoint than that of s3, and none for an identity of azure. */}}
{{- define "barq-db.serverTierRefusals" }}
{{- range $name := list "warm" "cold" }}
{{- with index $ $name }}
{{- if and .endpoint (ne .provider "s3") }}
values: tiering.{{ $name }}.endpoint: is for provider s3 only where the agent does not manage the tiers; remove it, or set agent.enabled: true and tiering.managedBy: Agent
{{- end }}
{{- end }}
{{- end }}
{{- $azure := include "barq-db.store" (dict "tiering" . "provider" "azure") | fromJson }}
{{- if and $azure.tier (not $azure.credentialsSecretRef) }}
values: tiering.{{ $azure.tierName }}.credentialsSecretRef: azure needs it, because Barq DB knows no keyless identity there; name a Secret with the keys AZURE_STORAGE_ACCOUNT and AZURE_STORAGE_ACCESS_KEY
{{- end }}
{{- end }}

{{/* What nothing but the agent's tiers can do. */}}
{{- define "barq-db.withoutArchiveRefusals" }}
{{- if not (include "barq-db.archives" .) }}
{{- if eq .Values.durability.mode "Archived" }}
values: durability.mode: Archived needs tiering that the agent manages; set agent.enabled: true, tiering.enabled: true with a tier and tiering.managedBy: Agent, or set Sync
{{- end }}
{{- if .Values.bootstrap.recovery }}
values: bootstrap.recovery: needs tiering that the agent manages, because the data comes from its buckets. Set agent.enabled: true, tiering.enabled: true and tiering.managedBy: Agent, or remove it
{{- end }}
{{- end }}
{{- end }}

{{- define "barq-db.envRefusals" }}
{{- $seen := list }}
{{- range $variable := .env }}
{{- with include "barq-db.ownedVariable" $variable.name }}
values: env: {{ $variable.name }} belongs to the chart; {{ . }}
{{- end }}
{{- if has $variable.name $seen }}
values: env: {{ $variable.name }} is there twice; remove one
{{- end }}
{{- $seen = append $seen $variable.name }}
{{- if and $variable.value $variable.valueFrom }}
values: env: {{ $variable.name }} has both value and valueFrom; write one of them
{{- end }}
{{- end }}
{{- end }}

{{/* Keys that tell Helm and the operator what to do with an object, for instance to keep it when the release goes. */}}
{{- define "barq-db.metadataRefusals" }}
{{- range $name, $metadata := dict
  "podLabels" .podLabels
  "podAnnotations" .podAnnotations
  "inheritedMetadata.labels" .inheritedMetadata.labels
  "inheritedMetadata.annotations" .inheritedMetadata.annotations
  "service.annotations" .service.annotations
  "serviceAccount.annotations" .serviceAccount.annotations
  "monitoring.podMonitor.labels" .monitoring.podMonitor.labels
  "monitoring.serviceMonitor.labels" .monitoring.serviceMonitor.labels }}
{{- range $key := keys ($metadata | default dict) | sortAlpha }}
{{- if regexMatch "^((meta[.])?helm[.]sh|barq[.]db)/" $key }}
values: {{ $name }}: {{ $key }} belongs to Helm and the operator, as all do that begin with helm.sh/, meta.helm.sh/ or barq.db/; choose another name
{{- end }}
{{- end }}
{{- end }}
{{- end }}

{{/* Keys by which pods are found. */}}
{{- define "barq-db.podLabelRefusals" }}
{{- $findsPods := list
  "app.kubernetes.io/name"
  "app.kubernetes.io/instance"
  "app.kubernetes.io/component"
  "statefulset.kubernetes.io/pod-name"
  "apps.kubernetes.io/pod-index"
  "controller-revision-hash" }}
{{- range $name, $labels := dict "podLabels" .podLabels "inheritedMetadata.labels" .inheritedMetadata.labels }}
{{- range $key := keys ($labels | default dict) | sortAlpha }}
{{- if has $key $findsPods }}
values: {{ $name }}: {{ $key }} finds the pods and belongs to the chart or to Kubernetes; choose another name
{{- end }}
{{- end }}
{{- end }}
{{- end }}

{{/* Keys of labels that are on every object. */}}
{{- define "barq-db.ownedLabelRefusals" }}
{{- $owned := list
  "app.kubernetes.io/name"
  "app.kubernetes.io/instance"
  "app.kubernetes.io/component"
  "app.kubernetes.io/version"
  "app.kubernetes.io/managed-by" }}
{{- range $name, $monitor := .monitoring }}
{{- range $key := keys ($monitor.labels | default dict) | sortAlpha }}
{{- if has $key $owned }}
values: monitoring.{{ $name }}.labels: {{ $key }} belongs to the chart, which puts it on every object; choose another name
{{- end }}
{{- end }}
{{- end }}
{{- range $key := keys (.inheritedMetadata.labels | default dict) | sortAlpha }}
{{- if has $key (list "app.kubernetes.io/version" "app.kubernetes.io/managed-by") }}
values: inheritedMetadata.labels: {{ $key }} belongs to the chart, which puts it on every object; choose another name
{{- end }}
{{- end }}
{{- end }}

{{- define "barq-db.monitorRefusals" }}
{{- if and .podMonitor.enabled .serviceMonitor.enabled }}
values: monitoring: podMonitor and serviceMonitor are both enabled, so each pod would be scraped twice; enable one of them
{{- end }}
{{- end }}

{{- define "barq-db.familyRefusals" }}
{{- if and (gt (len (.ipFamilies | default list)) 1) (not (hasSuffix "DualStack" .ipFamilyPolicy)) }}
values: service.ipFamilies: two families need service.ipFamilyPolicy PreferDualStack or RequireDualStack; write one of these, or one family
{{- end }}
{{- end }}

{{/* Kubernetes takes each pair once. */}}
{{- define "barq-db.spreadRefusals" }}
{{- $seen := list }}
{{- range .topologySpreadConstraints }}
{{- $pair := printf "%s, %s" .topologyKey .whenUnsatisfiable }}
{{- if has $pair $seen }}
values: topologySpreadConstraints: {{ $pair }} is there twice; write another topologyKey or whenUnsatisfiable, or remove one
{{- end }}
{{- $seen = append $seen $pair }}
{{- end }}
{{- end }}

{{/* Kubernetes reserves these names. */}}
{{- define "barq-db.priorityRefusals" }}
{{- if hasPrefix "system-" (.priorityClassName | default "") }}
values: priorityClassName: {{ .priorityClassName }} is for what keeps the Kubernetes cluster running, and evicts all other pods. Write the name of another PriorityClass, or create one
{{- end }}
{{- end }}

{{/* What to write instead of a variable that the chart owns; nothing for any other. */}}
{{- define "barq-db.ownedVariable" -}}
{{- $credentials := "remove it and name a Secret that holds it in credentialsSecretRef of tiering.warm or tiering.cold" }}
{{- $instead := dict
  "BARQ_ADDR" "remove it: the database listens on port 8080, by IPv6 with service.ipFamilies or service.ipFamilyPolicy"
  "BARQ_STORAGE_DIR" "remove it and set storage: the data directory is always /data"
  "BARQ_CLUSTER_CONFIG" "remove it and set topology.mode: the chart writes the cluster file"
  "BARQ_TLS_CERT" "remove it and set tls.secretName"
  "BARQ_TLS_KEY" "remove it and set tls.secretName"
  "BARQ_TIERING_ENABLED" "remove it and set tiering.enabled"
  "BARQ_WARM_TIER_PROVIDER" "remove it and set tiering.warm.provider"
  "BARQ_WARM_TIER_BUCKET" "remove it and set tiering.warm.bucket"
  "BARQ_COLD_TIER_PROVIDER" "remove it and set tiering.cold.provider"
  "BARQ_COLD_TIER_BUCKET" "remove it and set tiering.cold.bucket"
  "BARQ_S3_BUCKET" "remove it and set bucket of tiering.warm or tiering.cold"
  "BARQ_GCS_BUCKET" "remove it and set bucket of tiering.warm or tiering.cold"
  "RUST_LOG" "remove it and set logLevel"
  "POD_NAME" "choose another name, and take the pod's name from metadata.name"
  "AWS_ACCESS_KEY_ID" $credentials
  "AWS_SECRET_ACCESS_KEY" $credentials
  "AWS_SESSION_TOKEN" $credentials
  "AWS_REGION" "remove it and set region of tiering.warm or tiering.cold"
  "AWS_ENDPOINT_URL_S3" "remove it and set endpoint of tiering.warm or tiering.cold"
  "GOOGLE_APPLICATION_CREDENTIALS_JSON" $credentials
  "AZURE_STORAGE_ACCOUNT" $credentials
  "AZURE_STORAGE_ACCESS_KEY" $credentials }}
{{- if hasKey $instead . }}
{{- get $instead . }}
{{- else if hasPrefix "BARQ_" . -}}
remove it: the chart owns every BARQ_ variable and has no value for this one
{{- end }}
{{- end }}
