package integration

import (
	"fmt"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/yaml"

	"github.com/barq-db/barq-operator/api/v1alpha1"
)

// causes gives what the API server refused, field by field, in its own words.
func causes(t *testing.T, err error) []string {
	t.Helper()
	var status apierrors.APIStatus
	require.ErrorAs(t, err, &status)
	require.Equal(t, metav1.StatusReasonInvalid, status.Status().Reason, "%v", err)
	var found []string
	for _, cause := range status.Status().Details.Causes {
		if strings.Contains(cause.Message, ": some validation rules were not checked") {
			// Says only that there may be more to correct.
			continue
		}
		found = append(found, cause.Field+": "+cause.Message)
	}
	return found
}

var (
	typeInPlaceOfValue = regexp.MustCompile(`^(.*: Invalid value: )"(?:object|array|string|integer)?": (.*)$`)
	goMap              = regexp.MustCompile(`map\[string\]interface \{\}\{.*\}$`)
)

// requireCauses compares what the API server refuses. An older one names the type of a value in place of the value, and writes some as Go does.
func requireCauses(t *testing.T, want []string, err error, about ...any) {
	t.Helper()
	found := causes(t, err)
	for i := range found {
		if newest() || i >= len(want) {
			break
		}
		found[i] = goMap.ReplaceAllStringFunc(found[i], func(written string) string {
			return strings.ReplaceAll(strings.TrimPrefix(written, "map[string]interface {}"), `", "`, `","`)
		})
		typed := typeInPlaceOfValue.FindStringSubmatch(found[i])
		if typed != nil && strings.HasPrefix(want[i], typed[1]) && strings.HasSuffix(want[i], typed[2]) {
			found[i] = want[i]
		}
	}
	require.Equal(t, want, found, about...)
}

const (
	gcsTier      = `tiering: {enabled: true, warm: {provider: gcs, bucket: b}}`
	azureMessage = `azure needs exactly one of credentialsSecretRef and storageAccount. Name a Secret with AZURE_STORAGE_ACCOUNT and AZURE_STORAGE_ACCESS_KEY, ` +
		`or write the storage account and use workload identity`
	serverTierMessage = `after, forcePathStyle, storageAccount and, but for s3, endpoint are for tiering that the agent manages, because Barq DB has no variables for them. ` +
		`Remove them, and write credentialsSecretRef for azure; or remove managedBy: Server`
	archivedMessage = `Archived needs tiering that the agent manages; set tiering.enabled: true with a tier and remove managedBy: Server, or write Sync`
	recoveryMessage = `needs tiering that the agent manages, because the data comes from its buckets. ` +
		`Set tiering.enabled: true with the tiers of the former BarqCluster, and remove managedBy: Server`
)

const requestsMessage = `requests must be greater than zero; write for instance cpu: 500m, memory: 1Gi, or leave the request out`

const (
	labelNameMessage = `the name of a label has at most 63 letters, digits, '-', '_' and '.', with a letter or digit at both ends. ` +
		`It may have a domain and '/' before it; write for instance team or example.com/team`
	ownedLabelMessage      = `labels that begin with helm.sh/, meta.helm.sh/ or barq.db/ belong to Helm and the operator; choose other names`
	ownedAnnotationMessage = `annotations that begin with helm.sh/, meta.helm.sh/ or barq.db/ tell Helm and the operator what to do with the object; choose other names`
	tooManyTextsMessage    = `env, podLabels, podAnnotations, nodeSelector, service.annotations, serviceAccount.annotations, monitoring.podMonitor.labels and monitoring.serviceMonitor.labels ` +
		`have more than 65536 characters together, names and values. The record of what runs has no room for more. ` +
		`Put long texts into a ConfigMap or a Secret, and name it in valueFrom of a variable`
	objectNameMessage = `must be the name of an object: lower-case letters, digits, '-' and '.', with a letter or digit at both ends and beside each '.'`
)

func TestRefusedSpecs(t *testing.T) {
	namespace := newNamespace(t)
	for name, test := range map[string]struct {
		spec string
		want []string
	}{
		"replicas below zero": {`replicas: -1`, []string{
			`spec.replicas: Invalid value: -1: spec.replicas in body should be greater than or equal to 0`,
			`.spec.replicas: Invalid value: -1: should be a non-negative integer`,
		}},
		"too many replicas": {`replicas: 101`, []string{
			`spec.replicas: Invalid value: 101: spec.replicas in body should be less than or equal to 100`,
		}},
		"image": {`image: "Not An Image"`, []string{
			`spec.image: Invalid value: "Not An Image": must be an image reference; write for instance registry.example.com/barq-db:0.1.0 or registry.example.com/barq-db@sha256:<64 hexadecimal digits>`,
		}},
		"long name of an image": {`image: ` + strings.Repeat("a", 256) + `:1`, []string{
			`spec.image: Invalid value: "` + strings.Repeat("a", 256) + `:1": must have at most 255 characters between the registry and the tag, which is all that container runtimes take; write a shorter name`,
		}},
		"domain of an image": {`image: a.b-/c`, []string{
			`spec.image: Invalid value: "a.b-/c": must be an image reference; write for instance registry.example.com/barq-db:0.1.0 or registry.example.com/barq-db@sha256:<64 hexadecimal digits>`,
		}},
		"name of a label": {`podLabels: {example.com/: a}`, []string{`spec.podLabels: Invalid value: ` + labelNameMessage}},
		"value of a label": {`nodeSelector: {team: a b}`, []string{
			`spec.nodeSelector[team]: Invalid value: "a b": the value of a label has letters, digits, '-', '_' and '.', with a letter or digit at both ends; put other texts into an annotation`,
		}},
		"name of an annotation": {`service: {annotations: {a/b/c: a}}`, []string{
			`spec.service.annotations: Invalid value: the name of an annotation has at most 63 letters, digits, '-', '_' and '.', with a letter or digit at both ends. It may have a domain and '/' before it; write for instance example.com/owner`,
		}},
		"annotation of a security profile": {`podAnnotations: {seccomp.security.alpha.kubernetes.io/pod: unconfined}`, []string{
			`spec.podAnnotations: Invalid value: kubernetes.io/config.mirror is the kubelet's, and the security profile of the pods is the operator's; remove the annotation`,
		}},
		"one spread constraint twice": {
			`topologySpreadConstraints: [{maxSkew: 1, topologyKey: a, whenUnsatisfiable: DoNotSchedule}, {maxSkew: 2, topologyKey: a, whenUnsatisfiable: DoNotSchedule}]`,
			[]string{`spec.topologySpreadConstraints[1]: Duplicate value: {"topologyKey":"a","whenUnsatisfiable":"DoNotSchedule"}`},
		},
		"annotations to inherit": {`inheritedMetadata: {annotations: {barq.db/a: a}}`, []string{
			`spec.inheritedMetadata.annotations: Invalid value: ` + ownedAnnotationMessage,
		}},
		"labels to inherit": {`inheritedMetadata: {labels: {app.kubernetes.io/version: a, helm.sh/a: a}}`, []string{
			`spec.inheritedMetadata.labels: Invalid value: app.kubernetes.io/name, instance, component, version and managed-by and the labels of StatefulSets belong to the operator; choose other names`,
			`spec.inheritedMetadata.labels: Invalid value: ` + ownedLabelMessage,
		}},
		"too much to inherit": {`inheritedMetadata: {annotations: {a: "` + strings.Repeat("a", 2048) + `"}}`, []string{
			`spec.inheritedMetadata: Invalid value: have more than 2048 characters together, names and values, and every object gets all of them; write fewer or shorter ones`,
		}},
		"one family twice": {`service: {ipFamilyPolicy: PreferDualStack, ipFamilies: [IPv6, IPv6]}`, []string{
			`spec.service.ipFamilies: Invalid value: has one family twice; write each once`,
		}},
		"two families of a single stack": {`service: {ipFamilyPolicy: SingleStack, ipFamilies: [IPv6, IPv4]}`, []string{
			`spec.service.ipFamilies: Invalid value: two families need ipFamilyPolicy PreferDualStack or RequireDualStack; write one of these, or one family`,
		}},
		"root as the user": {`podSecurityContext: {runAsUser: 0}`, []string{
			`spec.podSecurityContext.runAsUser: Invalid value: 0: must be from 1 to 2147483647, because the database never runs as root, which is 0; write for instance 1000`,
		}},
		"group of the user": {`podSecurityContext: {runAsGroup: -1}`, []string{
			`spec.podSecurityContext.runAsGroup: Invalid value: -1: must be from 0 to 2147483647; write for instance 1000`,
		}},
		"group of files": {`podSecurityContext: {fsGroup: 2147483648}`, []string{
			`spec.podSecurityContext.fsGroup: Invalid value: 2147483648: must be from 0 to 2147483647; write for instance 1000`,
		}},
		"further groups": {`podSecurityContext: {supplementalGroups: [0, -1]}`, []string{
			`spec.podSecurityContext.supplementalGroups: Invalid value: must be from 0 to 2147483647; write for instance 1000`,
		}},
		"name of a Secret":         {`tls: {secretName: a..b}`, []string{`spec.tls.secretName: Invalid value: "a..b": ` + objectNameMessage}},
		"name of a priority class": {`priorityClassName: A`, []string{`spec.priorityClassName: Invalid value: "A": ` + objectNameMessage}},
		"key of a Secret": {`tiering: {warm: {provider: s3, bucketSecretRef: {name: a, key: ..}}}`, []string{
			`spec.tiering.warm.bucketSecretRef.key: Invalid value: "..": must be a key of a Secret: letters, digits, '-', '_' and '.', not starting with '..'`,
		}},
		"name of a resource": {`resources: {limits: {"<<": 1}}`, []string{
			`spec.resources: Invalid value: names of resources have letters, digits, '-', '_', '.' and '/'; write for instance cpu or example.com/gpu`,
		}},
		"spread without a skew": {`topologySpreadConstraints: [{maxSkew: 0, topologyKey: a, whenUnsatisfiable: ScheduleAnyway}]`, []string{
			`spec.topologySpreadConstraints: Invalid value: maxSkew and minDomains must be greater than zero`,
		}},
		"spread over nothing": {`topologySpreadConstraints: [{maxSkew: 1, topologyKey: "", whenUnsatisfiable: Never, nodeTaintsPolicy: Never}]`, []string{
			`spec.topologySpreadConstraints: Invalid value: topologyKey must be the name of a label of the nodes; write for instance topology.kubernetes.io/zone`,
			`spec.topologySpreadConstraints: Invalid value: whenUnsatisfiable must be DoNotSchedule or ScheduleAnyway`,
			`spec.topologySpreadConstraints: Invalid value: nodeAffinityPolicy and nodeTaintsPolicy must be Honor or Ignore`,
		}},
		"peer of nothing": {`networkPolicy: {from: [{}]}`, []string{
			`spec.networkPolicy.from: Invalid value: each peer needs either ipBlock, or podSelector, namespaceSelector or both`,
		}},
		"peer without addresses": {`networkPolicy: {from: [{ipBlock: {cidr: ""}}]}`, []string{
			`spec.networkPolicy.from: Invalid value: ipBlock needs a cidr; write for instance 10.0.0.0/8`,
		}},
		"value from nowhere": {`env: [{name: X, valueFrom: {}}]`, []string{
			`spec.env[0]: Invalid value: valueFrom needs exactly one of secretKeyRef, configMapKeyRef, fieldRef and resourceFieldRef`,
		}},
		"value from a Secret without a name": {`env: [{name: X, valueFrom: {secretKeyRef: {key: a}}}]`, []string{
			`spec.env[0]: Invalid value: secretKeyRef needs the name of a Secret`,
		}},
		"value from a ConfigMap without a name": {`env: [{name: X, valueFrom: {configMapKeyRef: {key: a}}}]`, []string{
			`spec.env[0]: Invalid value: configMapKeyRef needs the name of a ConfigMap`,
		}},
		"pull policy": {`imagePullPolicy: Sometimes`, []string{
			`spec.imagePullPolicy: Unsupported value: "Sometimes": supported values: "Always", "IfNotPresent", "Never"`,
		}},
		"no size": {`storage: {size: "0"}`, []string{
			`spec.storage.size: Invalid value: "0": must be greater than zero; write for instance 10Gi`,
		}},
		"negative size": {`storage: {size: -1Gi}`, []string{
			`spec.storage.size: Invalid value: "-1Gi": must be greater than zero; write for instance 10Gi`,
		}},
		"access mode": {`storage: {accessMode: ReadWriteMany}`, []string{
			`spec.storage.accessMode: Unsupported value: "ReadWriteMany": supported values: "ReadWriteOnce", "ReadWriteOncePod"`,
		}},
		"hot path": {`tiering: {hotPath: memory}`, []string{
			`spec.tiering.hotPath: Unsupported value: "memory": supported values: "pvc", "ephemeral-storage"`,
		}},
		"requests of zero": {`resources: {requests: {cpu: "0"}}`, []string{`spec.resources: Invalid value: ` + requestsMessage}},
		"negative requests": {`resources: {requests: {memory: -1Gi}}`, []string{
			`spec.resources: Invalid value: ` + requestsMessage,
		}},
		"limits of zero": {`resources: {limits: {memory: "0"}}`, []string{
			`spec.resources: Invalid value: limits must be greater than zero; write for instance memory: 4Gi, or leave the limit out`,
		}},
		"request above limit": {`resources: {requests: {memory: 2Gi}, limits: {memory: 1Gi}}`, []string{
			`spec.resources: Invalid value: a request must not be above its limit; lower the request or raise the limit`,
		}},
		"log level": {`logLevel: verbose`, []string{
			`spec.logLevel: Invalid value: "verbose": must be off, error, warn, info, debug or trace, or a list such as info,barq_storage=debug`,
		}},
		"tiering without a tier": {`tiering: {enabled: true}`, []string{
			`spec.tiering: Invalid value: enabled needs a tier; write warm or cold with provider and bucket, or set enabled: false`,
		}},
		"provider": {`tiering: {warm: {provider: minio, bucket: b}}`, []string{
			`spec.tiering.warm.provider: Unsupported value: "minio": supported values: "s3", "gcs", "azure"`,
		}},
		"no bucket": {`tiering: {warm: {provider: s3}}`, []string{
			`spec.tiering.warm: Invalid value: needs exactly one of bucket and bucketSecretRef; write one and remove the other`,
		}},
		"two buckets": {`tiering: {cold: {provider: s3, bucket: b, bucketSecretRef: {name: n, key: k}}}`, []string{
			`spec.tiering.cold: Invalid value: needs exactly one of bucket and bucketSecretRef; write one and remove the other`,
		}},
		"bucket as a URL": {`tiering: {cold: {provider: s3, bucket: "s3://b/path"}}`, []string{
			`spec.tiering.cold.bucket: Invalid value: "s3://b/path": must be a bucket's name only; write for instance my-bucket, without a scheme or a path`,
		}},
		"azure without an identity": {`tiering: {cold: {provider: azure, bucket: b}}`, []string{`spec.tiering.cold: Invalid value: ` + azureMessage}},
		"azure with two identities": {`tiering: {warm: {provider: azure, bucket: b, storageAccount: abc, credentialsSecretRef: {name: a}}}`, []string{`spec.tiering.warm: Invalid value: ` + azureMessage}},
		"name of a storage account": {`tiering: {warm: {provider: azure, bucket: b, storageAccount: my-account}}`, []string{
			`spec.tiering.warm.storageAccount: Invalid value: "my-account": must be the name of a storage account: 3 to 24 lower-case letters and digits`,
		}},
		"storage account elsewhere": {`tiering: {warm: {provider: gcs, bucket: b, storageAccount: abc}}`, []string{
			`spec.tiering.warm: Invalid value: storageAccount is for provider azure only; remove it`,
		}},
		"two storage accounts": {
			`tiering: {warm: {provider: azure, bucket: a, storageAccount: abc}, cold: {provider: azure, bucket: b, storageAccount: abd}}`,
			[]string{`spec.tiering: Invalid value: warm and cold use one provider, for which a process has one storage account; write the same storageAccount in both`},
		},
		"region elsewhere": {`tiering: {cold: {provider: gcs, bucket: b, region: eu}}`, []string{
			`spec.tiering.cold: Invalid value: region is for provider s3 only; remove it`,
		}},
		"style of paths elsewhere": {`tiering: {cold: {provider: gcs, bucket: b, forcePathStyle: true}}`, []string{
			`spec.tiering.cold: Invalid value: forcePathStyle is for provider s3 only; remove it`,
		}},
		"who manages the tiers": {`tiering: {managedBy: Operator}`, []string{
			`spec.tiering.managedBy: Unsupported value: "Operator": supported values: "Agent", "Server"`,
		}},
		"lag of two hours": {`tiering: {maxLag: 60m1s}`, []string{
			`spec.tiering.maxLag: Invalid value: "60m1s": must be a duration from 1s to 1h; write for instance 10s or 5m`,
		}},
		"lag of half a second": {`tiering: {maxLag: 0s}`, []string{
			`spec.tiering.maxLag: Invalid value: "0s": must be a duration from 1s to 1h; write for instance 10s or 5m`,
		}},
		"age in days": {`tiering: {cold: {provider: gcs, bucket: b, after: 30d}}`, []string{
			`spec.tiering.cold.after: Invalid value: "30d": must be a number of hours, minutes or seconds; write for instance 720h or 0s`,
		}},
		"key of the server's tiers": {`tiering: {managedBy: Server, encryptionKeySecretRef: {name: a, key: a}}`, []string{
			`spec.tiering.encryptionKeySecretRef: Invalid value: is for tiering that the agent manages; remove it, or remove managedBy: Server`,
		}},
		"lag of the server's tiers": {`tiering: {managedBy: Server, maxLag: 1m}`, []string{
			`spec.tiering.maxLag: Invalid value: is for tiering that the agent manages; remove it, or remove managedBy: Server`,
		}},
		"age in the server's tiers":                {`tiering: {managedBy: Server, warm: {provider: gcs, bucket: b, after: 1h}}`, []string{`spec.tiering.warm: Invalid value: ` + serverTierMessage}},
		"style of paths of the server's tiers":     {`tiering: {managedBy: Server, cold: {provider: s3, bucket: b, forcePathStyle: true}}`, []string{`spec.tiering.cold: Invalid value: ` + serverTierMessage}},
		"workload identity of the server on azure": {`tiering: {managedBy: Server, cold: {provider: azure, bucket: b, storageAccount: abc}}`, []string{`spec.tiering.cold: Invalid value: ` + serverTierMessage}},
		"endpoint of the server on gcs":            {`tiering: {managedBy: Server, warm: {provider: gcs, bucket: b, endpoint: "https://x"}}`, []string{`spec.tiering.warm: Invalid value: ` + serverTierMessage}},
		"writes that wait for no bucket":           {`durability: {mode: Archived}`, []string{`spec.durability.mode: Invalid value: ` + archivedMessage}},
		"writes that wait for the server's tiers":  {`{durability: {mode: Archived}, tiering: {enabled: true, managedBy: Server, warm: {provider: gcs, bucket: b}}}`, []string{`spec.durability.mode: Invalid value: ` + archivedMessage}},
		"writes that wait for an hour": {`{durability: {mode: Archived}, tiering: {enabled: true, warm: {provider: gcs, bucket: b, after: 1h}}}`, []string{
			`spec.tiering.warm.after: Invalid value: must be 0s with durability.mode Archived, because a write is answered once it is in this tier; remove after, or write durability.mode: Sync`,
		}},
		"recovery without tiers":           {`{bootstrap: {recovery: {name: a}}}`, []string{`spec.bootstrap.recovery: Invalid value: ` + recoveryMessage}},
		"recovery from tiers that are off": {`{bootstrap: {recovery: {name: a}}, tiering: {warm: {provider: gcs, bucket: b}}}`, []string{`spec.bootstrap.recovery: Invalid value: ` + recoveryMessage}},
		"recovery from the server's tiers": {`{bootstrap: {recovery: {name: a}}, tiering: {enabled: true, managedBy: Server, warm: {provider: gcs, bucket: b}}}`, []string{`spec.bootstrap.recovery: Invalid value: ` + recoveryMessage}},
		"name of a former BarqCluster": {`{bootstrap: {recovery: {name: 9-lives}}, ` + gcsTier + `}`, []string{
			`spec.bootstrap.recovery.name: Invalid value: "9-lives": must be the name of a BarqCluster: lower-case letters, digits and '-', starting with a letter; write for instance my-vectors`,
		}},
		"namespace of a former BarqCluster": {`{bootstrap: {recovery: {name: a, namespace: A}}, ` + gcsTier + `}`, []string{
			`spec.bootstrap.recovery.namespace: Invalid value: "A": must be the name of a namespace: lower-case letters, digits and '-', with a letter or digit at both ends`,
		}},
		"uid of a former BarqCluster": {`{bootstrap: {recovery: {name: a, uid: a/b}}, ` + gcsTier + `}`, []string{
			`spec.bootstrap.recovery.uid: Invalid value: "a/b": must be the uid of a BarqCluster: letters, digits and '-', with a letter or digit at both ends; write for instance 6e8f0c6e-1f0c-4f4e-9a43-2d2b6d0f6a11`,
		}},
		"endpoint without a scheme": {`tiering: {cold: {provider: s3, bucket: b, endpoint: "objects.example.com"}}`, []string{
			`spec.tiering.cold.endpoint: Invalid value: "objects.example.com": must be a URL; write for instance https://objects.example.com`,
		}},
		"one provider, two credentials": {
			`tiering: {warm: {provider: s3, bucket: a, credentialsSecretRef: {name: one}}, cold: {provider: s3, bucket: b, credentialsSecretRef: {name: two}}}`,
			[]string{`spec.tiering: Invalid value: warm and cold use one provider, for which a process has one set of credentials. Write the same credentialsSecretRef in both, or leave it out of both`},
		},
		"one provider, credentials and workload identity": {
			`tiering: {warm: {provider: gcs, bucket: a, credentialsSecretRef: {name: one}}, cold: {provider: gcs, bucket: b}}`,
			[]string{`spec.tiering: Invalid value: warm and cold use one provider, for which a process has one set of credentials. Write the same credentialsSecretRef in both, or leave it out of both`},
		},
		"two regions": {
			`tiering: {warm: {provider: s3, bucket: a, region: one}, cold: {provider: s3, bucket: b, region: two}}`,
			[]string{`spec.tiering: Invalid value: warm and cold use one provider, for which a process has one region; write the same region in both`},
		},
		"two endpoints": {
			`tiering: {warm: {provider: s3, bucket: a, endpoint: "https://one"}, cold: {provider: s3, bucket: b, endpoint: "https://two"}}`,
			[]string{`spec.tiering: Invalid value: warm and cold use one provider, for which a process has one endpoint; write the same endpoint in both`},
		},
		"existing account without a name": {`serviceAccount: {create: false}`, []string{
			`spec.serviceAccount: Invalid value: create: false needs the name of an account that exists; write name, or remove create`,
		}},
		"annotations on an existing account": {`serviceAccount: {create: false, name: x, annotations: {a: b}}`, []string{
			`spec.serviceAccount: Invalid value: annotations go on the account that the operator creates; annotate the existing account yourself, or remove create: false`,
		}},
		"BARQ_ variable": {`env: [{name: BARQ_STORAGE_DIR, value: /tmp}]`, []string{
			`spec.env[0].name: Invalid value: "BARQ_STORAGE_DIR": BARQ_STORAGE_DIR belongs to the operator, as every BARQ_ variable does; remove it and write spec.storage, spec.tiering, spec.topology or spec.tls instead`,
		}},
		"RUST_LOG": {`env: [{name: RUST_LOG, value: debug}]`, []string{
			`spec.env[0].name: Invalid value: "RUST_LOG": RUST_LOG belongs to the operator; remove it and write spec.logLevel instead`,
		}},
		"region variable": {`env: [{name: AWS_REGION, value: x}]`, []string{
			`spec.env[0].name: Invalid value: "AWS_REGION": AWS_REGION belongs to the operator; remove it and write region of spec.tiering.warm or spec.tiering.cold instead`,
		}},
		"endpoint variable": {`env: [{name: AWS_ENDPOINT_URL_S3, value: x}]`, []string{
			`spec.env[0].name: Invalid value: "AWS_ENDPOINT_URL_S3": AWS_ENDPOINT_URL_S3 belongs to the operator; remove it and write endpoint of spec.tiering.warm or spec.tiering.cold instead`,
		}},
		"variable without a name": {`env: [{name: "1X", value: x}]`, []string{
			`spec.env[0].name: Invalid value: "1X": must be a variable's name: letters, digits, '_', '.' and '-', not starting with a digit`,
		}},
		"devices": {`resources: {claims: [{name: gpu}]}`, []string{
			`spec.resources: Invalid value: claims refer to devices of the pod, which has none; remove claims`,
		}},
		"variable from a file": {`env: [{name: X, valueFrom: {fileKeyRef: {volumeName: v, path: p, key: k}}}]`, []string{
			`spec.env[0]: Invalid value: fileKeyRef refers to a volume of the pod, which has none but its data; write value, or another source in valueFrom`,
		}},
		"value twice": {`env: [{name: X, value: x, valueFrom: {fieldRef: {fieldPath: metadata.name}}}]`, []string{
			`spec.env[0]: Invalid value: has both value and valueFrom; write one of them`,
		}},
		"topology": {`topology: {mode: Sharded}`, []string{
			`spec.topology.mode: Unsupported value: "Sharded": supported values: "Primary", "Independent"`,
		}},
		"scaling down": {`topology: {scaleDown: "Yes"}`, []string{
			`spec.topology.scaleDown: Unsupported value: "Yes": supported values: "Refuse", "Allow"`,
		}},
		"retention": {`storage: {retention: {whenDeleted: Never}}`, []string{
			`spec.storage.retention.whenDeleted: Unsupported value: "Never": supported values: "Retain", "Delete"`,
		}},
		"no patience": {`progressDeadlineSeconds: 5`, []string{
			`spec.progressDeadlineSeconds: Invalid value: 5: spec.progressDeadlineSeconds in body should be greater than or equal to 10`,
		}},
		"negative wait": {`minReadySeconds: -1`, []string{
			`spec.minReadySeconds: Invalid value: -1: spec.minReadySeconds in body should be greater than or equal to 0`,
		}},
		"no time to start": {`startupDeadlineSeconds: 4`, []string{
			`spec.startupDeadlineSeconds: Invalid value: 4: spec.startupDeadlineSeconds in body should be greater than or equal to 5`,
		}},
		"service type": {`service: {type: ExternalName}`, []string{
			`spec.service.type: Unsupported value: "ExternalName": supported values: "ClusterIP", "NodePort", "LoadBalancer"`,
		}},
		"TLS without a Secret": {`tls: {secretName: ""}`, []string{
			`spec.tls.secretName: Invalid value: "": spec.tls.secretName in body should be at least 1 chars long`,
			`spec.tls.secretName: Invalid value: "": ` + objectNameMessage,
		}},
		"label that selects pods": {`podLabels: {app.kubernetes.io/name: mine}`, []string{
			`spec.podLabels: Invalid value: app.kubernetes.io/name, app.kubernetes.io/instance, app.kubernetes.io/component and the labels of StatefulSets find the pods and belong to the operator; choose other names`,
		}},
		"label of the operator":                  {`podLabels: {barq.db/rollout: mine}`, []string{`spec.podLabels: Invalid value: ` + ownedLabelMessage}},
		"label of Helm":                          {`monitoring: {podMonitor: {labels: {helm.sh/chart: mine}}}`, []string{`spec.monitoring.podMonitor.labels: Invalid value: ` + ownedLabelMessage}},
		"annotation of the operator":             {`podAnnotations: {barq.db/secrets-checksum: mine}`, []string{`spec.podAnnotations: Invalid value: ` + ownedAnnotationMessage}},
		"annotation by which a Service is kept":  {`service: {annotations: {helm.sh/resource-policy: keep}}`, []string{`spec.service.annotations: Invalid value: ` + ownedAnnotationMessage}},
		"annotation by which an account is kept": {`serviceAccount: {annotations: {helm.sh/resource-policy: keep}}`, []string{`spec.serviceAccount.annotations: Invalid value: ` + ownedAnnotationMessage}},
		"annotation of a hook":                   {`service: {annotations: {helm.sh/hook: post-delete}}`, []string{`spec.service.annotations: Invalid value: ` + ownedAnnotationMessage}},
		"annotation of another release":          {`serviceAccount: {annotations: {meta.helm.sh/release-name: other}}`, []string{`spec.serviceAccount.annotations: Invalid value: ` + ownedAnnotationMessage}},
		"priority of Kubernetes itself": {`priorityClassName: system-node-critical`, []string{
			`spec.priorityClassName: Invalid value: "system-node-critical": classes that begin with system- are for what keeps the Kubernetes cluster running, and evict all other pods. Write the name of another PriorityClass, or create one`,
		}},
		"variables that fill the record": {`env: [{name: A, value: "` + strings.Repeat("日", 32767) + `"}, {name: B, value: "` + strings.Repeat("日", 32768) + `"}]`, []string{
			`spec: Invalid value: ` + tooManyTextsMessage,
		}},
		"annotations that fill the record": {`podAnnotations: {a: "` + strings.Repeat("日", 65536) + `"}`, []string{`spec: Invalid value: ` + tooManyTextsMessage}},
		"annotations of many Services": {`{topology: {mode: Independent}, service: {annotations: {a: "` + strings.Repeat("a", 2048) + `"}}}`, []string{
			`spec.service.annotations: Invalid value: have more than 2048 characters together, names and values. In mode Independent each pod has a Service with all of them; write fewer or shorter ones`,
		}},
		"long tolerations": {`tolerations: [{key: a, value: "` + strings.Repeat("a", 4096) + `"}]`, []string{
			`spec.tolerations: Invalid value: have more than 4096 characters together; write fewer or shorter ones, for instance with operator: Exists and without a value`,
		}},
		"long name of a resource": {`resources: {limits: {` + strings.Repeat("a", 318) + `: 1}}`, []string{
			`spec.resources: Invalid value: requests and limits have at most 32 resources each, with names of at most 317 characters; remove the others`,
		}},
		"invalid lines": {`log: {invalidLines: Ignore}`, []string{
			`spec.log.invalidLines: Unsupported value: "Ignore": supported values: "Quarantine", "Refuse"`,
		}},
		"a line without an offset": {`log: {takeOut: [wal.jsonl]}`, []string{
			`spec.log.takeOut[0]: Invalid value: "wal.jsonl": must be a file and an offset; write for instance tenants/default/collections/things/wal.jsonl@1024`,
		}},
		"durability": {`durability: {mode: Never}`, []string{
			`spec.durability.mode: Unsupported value: "Never": supported values: "Sync", "Interval", "None", "Archived"`,
		}},
		"sync interval": {`durability: {mode: Interval, interval: 50ms}`, []string{
			`spec.durability.interval: Invalid value: "50ms": must be a duration from 100ms to 1m; write for instance 500ms or 2s`,
		}},
		"sync interval without syncs": {`durability: {mode: None, interval: 1s}`, []string{
			`spec.durability.interval: Invalid value: is for mode Interval; remove it, or set mode: Interval`,
		}},
		"sync interval of the default mode": {`durability: {interval: 1s}`, []string{
			`spec.durability.interval: Invalid value: is for mode Interval; remove it, or set mode: Interval`,
		}},
		"scrape interval": {`monitoring: {podMonitor: {enabled: true, interval: often}}`, []string{
			`spec.monitoring.podMonitor.interval: Invalid value: "often": must be a duration with the largest unit first; write for instance 30s or 1m30s`,
		}},
		"scrape interval, smallest unit first": {`monitoring: {podMonitor: {enabled: true, interval: 30s1m}}`, []string{
			`spec.monitoring.podMonitor.interval: Invalid value: "30s1m": must be a duration with the largest unit first; write for instance 30s or 1m30s`,
		}},
		"scrape interval of Services": {`monitoring: {serviceMonitor: {enabled: true, interval: often}}`, []string{
			`spec.monitoring.serviceMonitor.interval: Invalid value: "often": must be a duration with the largest unit first; write for instance 30s or 1m30s`,
		}},
		"label of every object, on a ServiceMonitor": {`monitoring: {serviceMonitor: {labels: {app.kubernetes.io/managed-by: me}}}`, []string{
			`spec.monitoring.serviceMonitor.labels: Invalid value: app.kubernetes.io/name, instance, component, version and managed-by are on every object and belong to the operator; choose other names`,
		}},
		"both monitors": {`monitoring: {podMonitor: {enabled: true}, serviceMonitor: {enabled: true}}`, []string{
			`spec.monitoring.serviceMonitor.enabled: Invalid value: podMonitor and serviceMonitor are both enabled, so each pod would be scraped twice; enable one of them`,
		}},
		"label of every object": {`monitoring: {podMonitor: {labels: {app.kubernetes.io/managed-by: me}}}`, []string{
			`spec.monitoring.podMonitor.labels: Invalid value: app.kubernetes.io/name, instance, component, version and managed-by are on every object and belong to the operator; choose other names`,
		}},
		"name of a pull secret": {`imagePullSecrets: [{name: A}]`, []string{
			`spec.imagePullSecrets[0].name: Invalid value: "A": ` + objectNameMessage,
		}},
		"name of the account": {`serviceAccount: {name: A}`, []string{
			`spec.serviceAccount.name: Invalid value: "A": ` + objectNameMessage,
		}},
		"name of a bucket's Secret": {`tiering: {warm: {provider: s3, bucketSecretRef: {name: A, key: a}}}`, []string{
			`spec.tiering.warm.bucketSecretRef.name: Invalid value: "A": ` + objectNameMessage,
		}},
		"Secret of the encryption": {`tiering: {encryptionKeySecretRef: {name: A, key: ..}}`, []string{
			`spec.tiering.encryptionKeySecretRef.name: Invalid value: "A": ` + objectNameMessage,
			`spec.tiering.encryptionKeySecretRef.key: Invalid value: "..": must be a key of a Secret: letters, digits, '-', '_' and '.', not starting with '..'`,
		}},
		"name of the credentials": {`tiering: {warm: {provider: s3, bucket: a, credentialsSecretRef: {name: A}}}`, []string{
			`spec.tiering.warm.credentialsSecretRef.name: Invalid value: "A": ` + objectNameMessage,
		}},
		"retention of scaled volumes": {`storage: {retention: {whenScaled: Keep}}`, []string{
			`spec.storage.retention.whenScaled: Unsupported value: "Keep": supported values: "Retain", "Delete"`,
		}},
		"reclaim policy": {`storage: {retention: {reclaim: Delete}}`, []string{
			`spec.storage.retention.reclaim: Unsupported value: "Delete": supported values: "Retain"`,
		}},
		"family policy": {`service: {ipFamilyPolicy: Both}`, []string{
			`spec.service.ipFamilyPolicy: Unsupported value: "Both": supported values: "SingleStack", "PreferDualStack", "RequireDualStack"`,
		}},
		"change policy of the files' group": {`podSecurityContext: {fsGroupChangePolicy: Never}`, []string{
			`spec.podSecurityContext.fsGroupChangePolicy: Unsupported value: "Never": supported values: "OnRootMismatch", "Always"`,
		}},
		"POD_NAME": {`env: [{name: POD_NAME, value: x}]`, []string{
			`spec.env[0].name: Invalid value: "POD_NAME": POD_NAME belongs to the operator; choose another name, and take the pod's name from metadata.name`,
		}},
		"variable twice": {`env: [{name: X, value: x}, {name: X, value: y}]`, []string{
			`spec.env[1]: Duplicate value: {"name":"X"}`,
		}},
	} {
		t.Run(name, func(t *testing.T) {
			requireCauses(t, test.want, admin.Create(t.Context(), clusterOf(t, namespace, "refused", test.spec)))
		})
	}
	for _, credential := range []string{
		"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "GOOGLE_APPLICATION_CREDENTIALS_JSON",
		"AZURE_STORAGE_ACCOUNT", "AZURE_STORAGE_ACCESS_KEY",
	} {
		t.Run(credential, func(t *testing.T) {
			err := admin.Create(t.Context(), clusterOf(t, namespace, "refused", "env: [{name: "+credential+", value: x}]"))
			requireCauses(t, []string{
				`spec.env[0].name: Invalid value: "` + credential + `": ` + credential + ` belongs to the operator; ` +
					`remove it and name a Secret that holds it in credentialsSecretRef of spec.tiering.warm or spec.tiering.cold`,
			}, err)
		})
	}
}

func TestRefusedNames(t *testing.T) {
	namespace := newNamespace(t)
	const tooLong = `<nil>: Invalid value: metadata.name: must be at most 52 characters, because Kubernetes adds a hash to it in a label of the pods; write a shorter name`
	const notALabel = `<nil>: Invalid value: metadata.name: must start with a letter and hold only lower-case letters, digits and '-', because a Service takes this name; write for instance my-vectors`
	for name, want := range map[string][]string{
		strings.Repeat("a", 53): {tooLong},
		"9-lives":               {notALabel},
		"with.dots":             {notALabel},
	} {
		requireCauses(t, want, admin.Create(t.Context(), clusterOf(t, namespace, name, `{}`)), name)
	}

	// The longest name that is allowed becomes a running database.
	cluster := newCluster(t, namespace, strings.Repeat("a", 52), `{}`)
	waitReady(t, cluster)
}

// A BarqCluster that was fine keeps running through every bad edit.
func TestRefusedEditsDisturbNothing(t *testing.T) {
	namespace := newNamespace(t)
	const spec = `{replicas: 2, storage: {size: 10Gi, storageClassName: simulated}}`
	cluster := newCluster(t, namespace, "db", spec)
	waitReady(t, cluster)
	quiet(t, namespace)
	refresh(t, cluster)
	before, stored, set := identities(t, cluster), cluster.DeepCopy(), statefulSet(t, cluster)

	for name, test := range map[string]struct {
		patch string
		want  []string
	}{
		"shrink": {`spec: {storage: {size: 5Gi}}`, []string{
			`<nil>: Invalid value: spec.storage.size: the volumes have 10Gi and cannot shrink; write 10Gi or more`,
		}},
		"another class": {`spec: {storage: {storageClassName: other}}`, []string{
			`spec.storage.storageClassName: Invalid value: cannot change, because volumes cannot move between classes; put the old value back, or create a new BarqCluster and copy the data`,
		}},
		"no class": {`spec: {storage: {storageClassName: null}}`, []string{
			`spec.storage.storageClassName: Invalid value: cannot change, because volumes cannot move between classes; put the old value back, or create a new BarqCluster and copy the data`,
		}},
		"access mode": {`spec: {storage: {accessMode: ReadWriteOncePod}}`, []string{
			`spec.storage.accessMode: Invalid value: cannot change, because the volumes were created with it; put the old value back, or create a new BarqCluster and copy the data`,
		}},
		"hot path": {`spec: {tiering: {hotPath: ephemeral-storage}}`, []string{
			`spec.tiering.hotPath: Invalid value: "ephemeral-storage": cannot change, because the data would be left behind; put the old value back, or create a new BarqCluster and copy the data`,
		}},
		"everything at once": {`spec: null`, []string{
			`spec.storage.storageClassName: Invalid value: cannot change, because volumes cannot move between classes; put the old value back, or create a new BarqCluster and copy the data`,
		}},
		"requests": {`spec: {resources: {requests: {cpu: "0"}}}`, []string{`spec.resources: Invalid value: ` + requestsMessage}},
	} {
		t.Run(name, func(t *testing.T) {
			patch, err := yaml.YAMLToJSON([]byte(test.patch))
			require.NoError(t, err)
			err = admin.Patch(t.Context(), cluster.DeepCopy(), client.RawPatch("application/merge-patch+json", patch))
			requireCauses(t, test.want, err)
		})
	}
	// What a person reads, and through the scale subresource too.
	require.Contains(t, refused(t, kubectl("-n", namespace, "patch", "bqc/db", "--type=merge", "-p", `{"spec":{"storage":{"size":"1Gi"}}}`)),
		"spec.storage.size: the volumes have 10Gi and cannot shrink; write 10Gi or more")
	require.Contains(t, refused(t, kubectl("-n", namespace, "scale", "bqc/db", "--replicas=101")),
		"spec.replicas in body should be less than or equal to 100")

	refresh(t, cluster)
	require.Equal(t, stored, cluster)
	require.Equal(t, set, statefulSet(t, cluster))
	require.Equal(t, before, identities(t, cluster))
}

// The data of a disk that is a cache is in the buckets only, and a database begins once.
func TestRefusedEditsOfTiers(t *testing.T) {
	namespace := newNamespace(t)
	const instead = "Create a new BarqCluster with bootstrap.recovery instead, which takes the data from there"
	const provider = "its provider and bucket cannot change, and it cannot come or go, because with hotPath ephemeral-storage the data is in the buckets only. " + instead
	const coldProvider = "its provider and bucket cannot change, and it cannot go, because with hotPath ephemeral-storage the data is in the buckets only. " + instead
	const begun = "spec.bootstrap.recovery: Invalid value: cannot change, because a database begins once; put the old value back, or create a new BarqCluster"
	const both = `{tiering: {enabled: true, hotPath: ephemeral-storage, warm: {provider: s3, bucket: b}, cold: {provider: gcs, bucketSecretRef: {name: a, key: k}}}}`
	const coldOnly = `{tiering: {enabled: true, hotPath: ephemeral-storage, cold: {provider: gcs, bucket: c}}}`
	const onVolumes = `{tiering: {enabled: true, warm: {provider: s3, bucket: b}, cold: {provider: gcs, bucket: c}}, bootstrap: {recovery: {name: former, uid: a}}}`
	clusters := map[string]*v1alpha1.BarqCluster{}
	for name, test := range map[string]struct {
		spec, patch string
		want        []string
	}{
		"off": {both, `{tiering: {enabled: false}}`, []string{
			"spec.tiering.enabled: Invalid value: cannot become false, because with hotPath ephemeral-storage the data is in the buckets only. " + instead,
		}},
		"to the server": {both, `{tiering: {managedBy: Server}}`, []string{
			"spec.tiering.managedBy: Invalid value: cannot become Server, because with hotPath ephemeral-storage the data is in the buckets only, and the agent brings it back. " + instead,
		}},
		"another bucket":               {both, `{tiering: {warm: {bucket: other}}}`, []string{"spec.tiering.warm: Invalid value: " + provider}},
		"another provider":             {both, `{tiering: {warm: {provider: gcs}}}`, []string{"spec.tiering.warm: Invalid value: " + provider}},
		"a bucket from a Secret":       {both, `{tiering: {warm: {bucket: null, bucketSecretRef: {name: a, key: k}}}}`, []string{"spec.tiering.warm: Invalid value: " + provider}},
		"no warm tier":                 {both, `{tiering: {warm: null}}`, []string{"spec.tiering.warm: Invalid value: " + provider}},
		"a warm tier before the cold":  {coldOnly, `{tiering: {warm: {provider: s3, bucket: b}}}`, []string{"spec.tiering.warm: Invalid value: " + provider}},
		"another key of the Secret":    {both, `{tiering: {cold: {bucketSecretRef: {key: other}}}}`, []string{"spec.tiering.cold: Invalid value: " + coldProvider}},
		"no cold tier":                 {both, `{tiering: {cold: null}}`, []string{"spec.tiering.cold: Invalid value: " + coldProvider}},
		"another name of a bucket":     {coldOnly, `{tiering: {cold: {bucket: other}}}`, []string{"spec.tiering.cold: Invalid value: " + coldProvider}},
		"other fields of tiers":        {both, `{tiering: {maxLag: 1m, warm: {region: r, endpoint: "https://a", after: 1s, credentialsSecretRef: {name: a}}}}`, nil},
		"a cold tier later":            {`{tiering: {enabled: true, hotPath: ephemeral-storage, warm: {provider: s3, bucket: b}}}`, `{tiering: {cold: {provider: gcs, bucket: c}}}`, nil},
		"tiers that are turned on":     {`{tiering: {hotPath: ephemeral-storage}}`, `{tiering: {enabled: true, warm: {provider: s3, bucket: b}}}`, nil},
		"tiers of the server":          {`{tiering: {enabled: true, managedBy: Server, hotPath: ephemeral-storage, warm: {provider: s3, bucket: b}}}`, `{tiering: {enabled: false}}`, nil},
		"other buckets with volumes":   {onVolumes, `{tiering: {warm: null, cold: {bucket: other}}}`, nil},
		"off with volumes":             {onVolumes, `{tiering: {enabled: false}}`, nil},
		"another former BarqCluster":   {onVolumes, `{bootstrap: {recovery: {name: other}}}`, []string{begun}},
		"another uid":                  {onVolumes, `{bootstrap: {recovery: {uid: b}}}`, []string{begun}},
		"no uid":                       {onVolumes, `{bootstrap: {recovery: {uid: null}}}`, []string{begun}},
		"a namespace":                  {onVolumes, `{bootstrap: {recovery: {namespace: other}}}`, []string{begun}},
		"no recovery":                  {onVolumes, `{bootstrap: {recovery: null}}`, []string{begun}},
		"no bootstrap":                 {onVolumes, `{bootstrap: null}`, []string{begun}},
		"a recovery of what is there":  {coldOnly, `{bootstrap: {recovery: {name: former}}}`, []string{begun}},
		"a bootstrap that has nothing": {coldOnly, `{bootstrap: {}}`, nil},
	} {
		t.Run(name, func(t *testing.T) {
			cluster := clusters[test.spec]
			if cluster == nil {
				cluster = clusterOf(t, namespace, fmt.Sprintf("db-%d", len(clusters)), test.spec)
				cluster.Spec.Paused = true
				require.NoError(t, admin.Create(t.Context(), cluster))
				clusters[test.spec] = cluster
			}
			patch, err := yaml.YAMLToJSON([]byte("spec: " + test.patch))
			require.NoError(t, err)
			err = admin.Patch(t.Context(), cluster.DeepCopy(), client.RawPatch("application/merge-patch+json", patch), client.DryRunAll)
			if test.want == nil {
				require.NoError(t, err)
				return
			}
			requireCauses(t, test.want, err)
		})
	}
}
