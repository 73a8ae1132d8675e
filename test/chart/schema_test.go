package chart_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"helm.sh/helm/v3/pkg/chartutil"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
)

const refusedBySchema = "values don't meet the specifications of the schema(s) in the following chart(s):\nbarq-db:\n"

func TestSchemaRefuses(t *testing.T) {
	for name, test := range map[string]struct{ values, want string }{
		"an unknown value":                    {`replica: 3`, "- at '': additional properties 'replica' not allowed"},
		"an unknown value of image":           {`image: {name: barq}`, "- at '/image': additional properties 'name' not allowed"},
		"an unknown value of a pull secret":   {`imagePullSecrets: [{name: a, key: b}]`, "- at '/imagePullSecrets/0': additional properties 'key' not allowed"},
		"an unknown value of storage":         {`storage: {class: fast}`, "- at '/storage': additional properties 'class' not allowed"},
		"an unknown value of tiering":         {`tiering: {hot: {}}`, "- at '/tiering': additional properties 'hot' not allowed"},
		"an unknown value of a tier":          {`tiering: {warm: {provider: s3, prefix: a}}`, "- at '/tiering/warm': additional properties 'prefix' not allowed"},
		"an unknown value of a bucket's ref":  {`tiering: {cold: {provider: s3, bucketSecretRef: {name: a, key: b, optional: true}}}`, "- at '/tiering/cold/bucketSecretRef': additional properties 'optional' not allowed"},
		"an unknown value of credentials":     {`tiering: {cold: {provider: s3, credentialsSecretRef: {name: a, key: b}}}`, "- at '/tiering/cold/credentialsSecretRef': additional properties 'key' not allowed"},
		"an unknown value of resources":       {`resources: {request: {}}`, "- at '/resources': additional properties 'request' not allowed"},
		"an unknown value of the account":     {`serviceAccount: {labels: {}}`, "- at '/serviceAccount': additional properties 'labels' not allowed"},
		"an unknown value of a variable":      {`env: [{name: A, val: b}]`, "- at '/env/0': additional properties 'val' not allowed"},
		"an unknown source of a variable":     {`env: [{name: A, valueFrom: {vault: {}}}]`, "- at '/env/0/valueFrom': additional properties 'vault' not allowed"},
		"an unknown value of a key selector":  {`env: [{name: A, valueFrom: {secretKeyRef: {name: a, key: b, field: c}}}]`, "- at '/env/0/valueFrom/secretKeyRef': additional properties 'field' not allowed"},
		"an unknown value of a field's ref":   {`env: [{name: A, valueFrom: {fieldRef: {path: a, fieldPath: b}}}]`, "- at '/env/0/valueFrom/fieldRef': additional properties 'path' not allowed"},
		"an unknown value of a resource's":    {`env: [{name: A, valueFrom: {resourceFieldRef: {resource: a, name: b}}}]`, "- at '/env/0/valueFrom/resourceFieldRef': additional properties 'name' not allowed"},
		"negative replicas":                   {`replicas: -1`, "- at '/replicas': minimum: got -1, want 0"},
		"too many replicas":                   {`replicas: 101`, "- at '/replicas': maximum: got 101, want 100"},
		"half a replica":                      {`replicas: 1.5`, "- at '/replicas': got number, want integer"},
		"a value taken out that has to be":    {`logLevel: null`, "- at '': missing property 'logLevel'"},
		"a tag in the repository":             {`image: {repository: "barq:1"}`, "- at '/image/repository': 'barq:1' does not match pattern '^(([a-zA-Z0-9]([a-zA-Z0-9-]*[a-zA-Z0-9])?([.][a-zA-Z0-9]([a-zA-Z0-9-]*[a-zA-Z0-9])?)*|\\\\[[a-fA-F0-9:]+\\\\])(:[0-9]+)?/)?[a-z0-9]+(([.]|__?|-+)[a-z0-9]+)*(/[a-z0-9]+(([.]|__?|-+)[a-z0-9]+)*)*$'"},
		"a digest in the tag":                 {`image: {tag: "1@sha256:00"}`, "- at '/image/tag': '1@sha256:00' does not match pattern '^([A-Za-z0-9_][A-Za-z0-9_.-]{0,127})?$'"},
		"a tag that YAML takes for a number":  {`image: {tag: 1.0}`, "- at '/image/tag': got number, want string"},
		"half a digest":                       {`image: {digest: "sha256:00"}`, "- at '/image/digest': 'sha256:00' does not match pattern '^(sha256:[a-f0-9]{64})?$'"},
		"another pull policy":                 {`image: {pullPolicy: Sometimes}`, "- at '/image/pullPolicy': value must be one of '', 'Always', 'IfNotPresent', 'Never'"},
		"another access mode":                 {`storage: {accessMode: ReadWriteMany}`, "- at '/storage/accessMode': value must be one of 'ReadWriteOnce', 'ReadWriteOncePod'"},
		"another hot path":                    {`tiering: {hotPath: ssd}`, "- at '/tiering/hotPath': value must be one of 'pvc', 'ephemeral-storage'"},
		"another provider":                    {`tiering: {warm: {provider: S3}}`, "- at '/tiering/warm/provider': value must be one of 's3', 'gcs', 'azure'"},
		"a tier without a provider":           {`tiering: {warm: {bucket: a}}`, "- at '/tiering/warm': missing property 'provider'"},
		"a URL for a bucket":                  {`tiering: {warm: {provider: s3, bucket: "s3://a"}}`, "- at '/tiering/warm/bucket': 's3://a' does not match pattern '^([A-Za-z0-9][A-Za-z0-9._-]*)?$'"},
		"a host for an endpoint":              {`tiering: {warm: {provider: s3, endpoint: "a:9000"}}`, "- at '/tiering/warm/endpoint': 'a:9000' does not match pattern '^(https?://[^/].*)?$'"},
		"a size of nothing":                   {`storage: {size: 0Gi}`, "- at '/storage/size': '0Gi' does not match pattern '^[+]?(0*[1-9][0-9]*(\\\\.[0-9]*)?|0*\\\\.0*[1-9][0-9]*)([KMGTPE]i|[numkMGTPE]|[eE][+-]?[0-9]+)?$'"},
		"a size of 0.00":                      {`storage: {size: "0.00Gi"}`, "- at '/storage/size': '0.00Gi' does not match pattern '^[+]?(0*[1-9][0-9]*(\\\\.[0-9]*)?|0*\\\\.0*[1-9][0-9]*)([KMGTPE]i|[numkMGTPE]|[eE][+-]?[0-9]+)?$'"},
		"a size of zero":                      {`storage: {size: 0}`, "- at '/storage/size': exclusiveMinimum: got 0, want 0"},
		"another log level":                   {`logLevel: verbose`, "- at '/logLevel': 'verbose' does not match pattern '^([a-zA-Z0-9_:-]+=)?(off|error|warn|info|debug|trace)(,([a-zA-Z0-9_:-]+=)?(off|error|warn|info|debug|trace))*$'"},
		"a number for a variable":             {`env: [{name: A, value: 1}]`, "- at '/env/0/value': got number, want string"},
		"a variable that is no name":          {`env: [{name: "1A"}]`, "- at '/env/0/name': '1A' does not match pattern '^[A-Za-z_][A-Za-z0-9_.-]*$'"},
		"two sources of a variable":           {`env: [{name: A, valueFrom: {fieldRef: {fieldPath: a}, secretKeyRef: {name: a, key: b}}}]`, "- at '/env/0/valueFrom': maxProperties: got 2, want 1"},
		"no source of a variable":             {`env: [{name: A, valueFrom: {}}]`, "- at '/env/0/valueFrom': minProperties: got 0, want 1"},
		"no time to stop":                     {`terminationGracePeriodSeconds: 0`, "- at '/terminationGracePeriodSeconds': minimum: got 0, want 1"},
		"no time to start":                    {`startupDeadlineSeconds: 4`, "- at '/startupDeadlineSeconds': minimum: got 4, want 5"},
		"an annotation that is not a text":    {`serviceAccount: {annotations: {a: true}}`, "- at '/serviceAccount/annotations/a': got boolean, want string"},
		"a checksum that is not a text":       {`secretsChecksum: 1`, "- at '/secretsChecksum': got number, want string"},
		"another family policy":               {`service: {ipFamilyPolicy: Both}`, "- at '/service/ipFamilyPolicy': value must be one of '', 'SingleStack', 'PreferDualStack', 'RequireDualStack'"},
		"another family":                      {`service: {ipFamilies: [IPv5]}`, "- at '/service/ipFamilies/0': value must be one of 'IPv4', 'IPv6'"},
		"an unknown value of the security":    {`podSecurityContext: {runAsNonRoot: false}`, "- at '/podSecurityContext': additional properties 'runAsNonRoot' not allowed"},
		"root as the user":                    {`podSecurityContext: {runAsUser: 0}`, "- at '/podSecurityContext/runAsUser': minimum: got 0, want 1"},
		"a group of more than 31 bits":        {`podSecurityContext: {fsGroup: 2147483648}`, "- at '/podSecurityContext/fsGroup': maximum: got 2.147483648×10⁰⁹, want 2.147483647×10⁰⁹"},
		"an unknown value of topology":        {`topology: {scaleDown: Allow}`, "- at '/topology': additional properties 'scaleDown' not allowed"},
		"an unknown value of retention":       {`storage: {retention: {whenEvicted: Delete}}`, "- at '/storage/retention': additional properties 'whenEvicted' not allowed"},
		"an unknown value of the policy":      {`networkPolicy: {to: []}`, "- at '/networkPolicy': additional properties 'to' not allowed"},
		"an unknown value of a peer":          {`networkPolicy: {from: [{namespace: a}]}`, "- at '/networkPolicy/from/0': additional properties 'namespace' not allowed"},
		"an unknown value of a selector":      {`networkPolicy: {from: [{podSelector: {app: a}}]}`, "- at '/networkPolicy/from/0/podSelector': additional properties 'app' not allowed"},
		"an unknown value of tls":             {`tls: {enabled: true}`, "- at '/tls': additional properties 'enabled' not allowed"},
		"an unknown value of service":         {`service: {port: 80}`, "- at '/service': additional properties 'port' not allowed"},
		"an unknown value of monitoring":      {`monitoring: {serviceMonitor: {}}`, "- at '/monitoring': additional properties 'serviceMonitor' not allowed"},
		"an unknown value of the pod monitor": {`monitoring: {podMonitor: {path: /}}`, "- at '/monitoring/podMonitor': additional properties 'path' not allowed"},
		"an unknown value of the budget":      {`podDisruptionBudget: {minAvailable: 1}`, "- at '/podDisruptionBudget': additional properties 'minAvailable' not allowed"},
		"an unknown value of a toleration":    {`tolerations: [{taint: a}]`, "- at '/tolerations/0': additional properties 'taint' not allowed"},
		"an unknown value of affinity":        {`affinity: {nodes: {}}`, "- at '/affinity': additional properties 'nodes' not allowed"},
		"an unknown value of a constraint":    {`topologySpreadConstraints: [{maxSkew: 1, topologyKey: a, whenUnsatisfiable: ScheduleAnyway, zone: b}]`, "- at '/topologySpreadConstraints/0': additional properties 'zone' not allowed"},
		"another mode":                        {`topology: {mode: Sharded}`, "- at '/topology/mode': value must be one of 'Primary', 'Independent'"},
		"another retention of deleted":        {`storage: {retention: {whenDeleted: Keep}}`, "- at '/storage/retention/whenDeleted': value must be one of 'Retain', 'Delete'"},
		"another retention of scaled":         {`storage: {retention: {whenScaled: Keep}}`, "- at '/storage/retention/whenScaled': value must be one of 'Retain', 'Delete'"},
		"less than no time to be ready":       {`minReadySeconds: -1`, "- at '/minReadySeconds': minimum: got -1, want 0"},
		"more than an hour to be ready":       {`minReadySeconds: 3601`, "- at '/minReadySeconds': maximum: got 3,601, want 3,600"},
		"a peer that is nobody":               {`networkPolicy: {from: [{}]}`, "- at '/networkPolicy/from/0': minProperties: got 0, want 1"},
		"a peer that is pods and addresses":   {`networkPolicy: {from: [{podSelector: {}, ipBlock: {cidr: 10.0.0.0/8}}]}`, "- at '/networkPolicy/from/0': maxProperties: got 2, want 1"},
		"addresses without a range":           {`networkPolicy: {from: [{ipBlock: {except: [10.0.0.0/8]}}]}`, "- at '/networkPolicy/from/0/ipBlock': missing property 'cidr'"},
		"the policy taken out":                {`networkPolicy: null`, "- at '': missing property 'networkPolicy'"},
		"another type of Service":             {`service: {type: ExternalName}`, "- at '/service/type': value must be one of 'ClusterIP', 'NodePort', 'LoadBalancer'"},
		"an interval without a unit":          {`monitoring: {podMonitor: {interval: "30"}}`, "- at '/monitoring/podMonitor/interval': '30' does not match pattern '^([0-9]+h)?([0-9]+m)?([0-9]+s)?([0-9]+ms)?$'"},
		"a label that is not a text":          {`podLabels: {a: true}`, "- at '/podLabels/a': got boolean, want string"},
		"a pod's annotation that is no text":  {`podAnnotations: {a: 1}`, "- at '/podAnnotations/a': got number, want string"},
		"a node's label that is not a text":   {`nodeSelector: {a: true}`, "- at '/nodeSelector/a': got boolean, want string"},
		"a constraint without a topology":     {`topologySpreadConstraints: [{maxSkew: 1, whenUnsatisfiable: ScheduleAnyway}]`, "- at '/topologySpreadConstraints/0': missing property 'topologyKey'"},
		"a constraint for all":                {`topologySpreadConstraints: {maxSkew: 1}`, "- at '/topologySpreadConstraints': got object, want null or array"},
		"a negative request":                  {`resources: {requests: {cpu: -1}}`, "- at '/resources/requests/cpu': exclusiveMinimum: got -1, want 0"},
		"a limit with a unit that is unknown": {`resources: {limits: {memory: 1GB}}`, "- at '/resources/limits/memory': '1GB' does not match pattern '^[+]?(0*[1-9][0-9]*(\\\\.[0-9]*)?|0*\\\\.0*[1-9][0-9]*)([KMGTPE]i|[numkMGTPE]|[eE][+-]?[0-9]+)?$'"},
	} {
		t.Run(name, func(t *testing.T) {
			require.Equal(t, refusedBySchema+test.want+"\n", refusal(t, releaseName, test.values))
		})
	}
}

func TestSchemaAcceptsQuantities(t *testing.T) {
	for _, quantity := range []string{`10Gi`, `"10737418240"`, `10737418240`, `1e10`, `1.5Ti`, `.5Ti`, `500M`, `0.1Gi`, `1E`, `007Gi`, `0.0005Ti`, `2e+3`} {
		t.Run(quantity, func(t *testing.T) {
			values := "storage: {size: " + quantity + "}\nresources: {requests: {memory: " + quantity + "}}"
			rendered := render(t, values)
			claims := statefulSet(t, rendered).Spec.VolumeClaimTemplates
			require.Len(t, claims, 1)
			want := resource.MustParse(strings.Trim(quantity, `"`))
			for _, got := range []resource.Quantity{
				database(t, rendered).Resources.Requests[corev1.ResourceMemory],
				claims[0].Spec.Resources.Requests[corev1.ResourceStorage],
			} {
				require.Zero(t, want.Cmp(got), "%s instead of %s", got.String(), want.String())
			}
		})
	}
}

// A translator in Go hands over other types of numbers than a file does.
func TestNumbersOfAnyType(t *testing.T) {
	want := allManifests(render(t, `{replicas: 100, minReadySeconds: 3600, terminationGracePeriodSeconds: 1000000, startupDeadlineSeconds: 2000001}`))
	for name, values := range map[string]chartutil.Values{
		"int64":   {"replicas": int64(100), "minReadySeconds": int64(3600), "terminationGracePeriodSeconds": int64(1000000), "startupDeadlineSeconds": int64(2000001)},
		"float64": {"replicas": float64(100), "minReadySeconds": float64(3600), "terminationGracePeriodSeconds": float64(1000000), "startupDeadlineSeconds": float64(2000001)},
	} {
		t.Run(name, func(t *testing.T) {
			rendered, err := tryRender(t, loadChart(t), releaseName, values)
			require.NoError(t, err)
			require.Equal(t, want, allManifests(rendered))
		})
	}
}
