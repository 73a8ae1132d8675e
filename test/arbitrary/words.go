package arbitrary

import (
	"math"
	"strings"
)

var digest = "@sha256:" + strings.Repeat("0123456789abcdef", 4)

// clusterNames holds names that YAML takes for something else, and the shortest and longest.
var clusterNames = []string{
	"db", "a", "on", "null", "y", "e1", "x-1", "a--b", strings.Repeat("a", 51) + "1", "nan", "true", "inf",
}

var integers = []int64{
	0, 1, 2, 3, 5, 10, 30, 63, 64, 100, 600, 3600, 65535, -1, math.MaxInt32, math.MaxInt32 + 1, math.MaxInt64, math.MinInt64,
}

var quantities = []string{
	"1", "10Gi", "500m", "1Gi", "1.5Gi", "0.5", ".5", "5.", "1e3", "1E3", "12e-3", "1k", "1n", "1u", "0", "00", "007", "+1", "+1Gi", "-1", "1m", "1.0001",
	"1Ei", "9Ei", "16Ei", "100E", "9223372036854775807", "9223372036854775808", "0.0000000001", "1e-9", "1e18", "1e-20", "1e100", "1Ki", "1M", "1P", "0n", "1e+3", "1E",
	"123456789012345678901234567890", "000000000000000000000000000000000000001",
}

var divisors = []string{"0", "1", "1m", "1k", "1Ki", "1Mi", "1Gi", "1n", "2", "1M", "1E", "1Ti", "10m"}

// names are those of objects.
var names = []string{
	"a", "db", "keys", "default", "a.b", "a-b", "on", "null", "007", "1e3", "0x1f", "1_000", "yes", "no", "12:30:45", "2026-01-01", "true",
	"a..b", "a.-b", "A", "a_b", "a/b", "-a", "a-", ".a", "a.", strings.Repeat("a", 63), strings.Repeat("a", 64),
	strings.Repeat("a", 253), strings.Repeat("a.", 126) + "a", strings.Repeat("a.", 126) + "aa",
}

var labelKeys = []string{
	"a", "team", "example.com/a", "on", "null", "007", "A_b.c", "app.kubernetes.io/name", "app.kubernetes.io/version", "barq.db/x", "example.com/",
	"/a", "a/b/c", "-a", "a b", "Example.com/a", strings.Repeat("a", 63), strings.Repeat("a", 64),
	strings.Repeat("a", 253) + "/a", "example.com/" + strings.Repeat("a", 64), "pod-template-hash", "statefulset.kubernetes.io/pod-name",
	"kubernetes.io/arch", "cpu", "barq.db/secrets-checksum", "helm.sh/chart", "seccomp.security.alpha.kubernetes.io/pod", "kubernetes.io/psp",
	"service.kubernetes.io/topology-mode", "container.apparmor.security.beta.kubernetes.io/barq-db", "kubernetes.io/config.mirror",
	"helm.sh/resource-policy", "helm.sh/hook", "meta.helm.sh/release-name",
}

var labelValues = []string{
	"", "a", "on", "null", "007", "1e3", "true", "A_b.c", strings.Repeat("a", 63), strings.Repeat("a", 64), "a b", "-a", "a:b", "12:30", "1.10", "~",
}

// oddities are texts that programs stumble over.
var oddities = []string{
	"", " ", "a ", " a", "~", "null", "on", "-", "--", "?", "a: b", "a #b", "- a", "#", "&a", "*a", "!a", "|", ">", "%a", "@a", "`", "'", `"`, `\`, "{}", "[]", "{{ .Release.Name }}", "{{", "}}",
	"$(POD_NAME)", "$$(A)", "$(", "a\nb", "\n", "a\n", "\na", "\r\n", "\t", "a\tb", "\x00", "\x01", "\x7f", "\u0085", "\u2028", "\ufeff", "\ufffd", "é", "日本", "😀", "---", "...", "---\nkind: Secret", "a\n---\nb",
	"0x10", "0b1", "0o7", "1_0", "1e3", ".inf", "-.INF", ".nan", "2026-01-01T00:00:00Z", "12:30:45", "<<", "=", "yes", "Off", "TRUE", "\"a\"", "'a'", "a'b\"c",
	strings.Repeat("a", 1024), strings.Repeat(" ", 64), strings.Repeat("a b ", 40),
}

// words are texts for fields, by the field's name. A name with " key" behind it stands for the keys of a map.
var words = map[string][]string{
	"image": {
		"barq-db", "barq-db:1", "registry.example.com/barq-db:0.1.0", "localhost:5000/a/b", "a/b" + digest, "a/b:1" + digest, "a__b", "a--b", "a..b", "a._b", "a___b", "a-_b", "a-b/c.d",
		"-a/b", ".a/b", "a-/b", "A/b", "A.b/c", "a:80/b", "a:99999/b", "a:", "a:-", "a:" + strings.Repeat("a", 128), "a:" + strings.Repeat("a", 129), "a" + digest + "0", "[::1]:5000/a", "a@sha512:" + strings.Repeat("0", 128),
		strings.Repeat("a/", 127) + "a", strings.Repeat("a/", 128) + "a", strings.Repeat("0", 64), "on", "1.10", "1e3:007", "a_b:8/c", "a.b-/c",
	},
	"logLevel":          {"info", "off", "trace", "info,barq_storage=debug", "a::b=warn", "off,off", ":=info", "on"},
	"endpoint":          {"https://objects.example.com", "http://a:9000", "http://[::1]:80/a", "https://a/b?c=d#e", "https://a/ b", "http://a b", "https://%41", "http://:", "https://a@b", "http://é"},
	"region":            {"eu-west-1", "on", "007", "a b", "1e3", strings.Repeat("a", 64)},
	"bucket":            {"b", "my-bucket", "a.b", "007", "on", "1e3", "0x1", "1_0", "A", strings.Repeat("a", 255)},
	"storageAccount":    {"abc", "account1", "on", "007", "ab", "A1b", strings.Repeat("a", 24), strings.Repeat("a", 25)},
	"maxLag":            {"1s", "10s", "5m", "1h", "9s", "60m", "0s", "61m", "2h", "3601s", "500ms", "10"},
	"after":             {"0s", "720h", "5m", "1h", "30s", "000h", "999999h", "1000000h", "1h30m", "1d", "-1h"},
	"uid":               {UID, "a", "A-1", "007", "on", "-a", "a_b", "a/b", strings.Repeat("a", 64), strings.Repeat("a", 65)},
	"namespace":         {"team", "a", "on", "007", "A", "a.b", strings.Repeat("a", 63), strings.Repeat("a", 64)},
	"interval":          {"30s", "1m30s", "1h", "0s", "500ms", "100ms", "2s", "1m", "99ms", "61s", "", "1m1h", "007s", "99999999999999999999s"},
	"takeOut":           {"tenants/default/collections/things/wal.jsonl@1024", "tenants/default/collections/a b/segments/segment_1.jsonl@0", "tenants/a@007", "tenants/a,b@1", "tenants/a@", "wal.jsonl@1", ""},
	"accessMode":        {"ReadWriteOnce"},
	"key":               {"a", "tls.crt", "AWS_REGION", "a_b-c.d", "..", ".", "..a", "a/b", "007", "on", "example.com/a", "kubernetes.io/os", "A", "", strings.Repeat("a", 253), "-a", "a b"},
	"operator":          {"In", "NotIn", "Exists", "DoesNotExist", "Gt", "Lt", "Equal", "in", ""},
	"effect":            {"NoSchedule", "NoExecute", "PreferNoSchedule", "", "Never"},
	"values":            labelValues,
	"matchLabels":       labelValues,
	"podLabels":         labelValues,
	"nodeSelector":      labelValues,
	"labels":            labelValues,
	"value":             {"", "a", "on", "007", "1e3", "a b", "$(POD_NAME)", "null", "5", strings.Repeat("a", 63), strings.Repeat("a", 64), strings.Repeat("😀", 32768)},
	"topologyKey":       {"kubernetes.io/hostname", "topology.kubernetes.io/zone", "a", "a/b/c", "", "A b"},
	"whenUnsatisfiable": {"DoNotSchedule", "ScheduleAnyway", "Never"},
	"nodeAffinityPolicy": {
		"Honor", "Ignore", "No",
	},
	"nodeTaintsPolicy":  {"Honor", "Ignore", "No"},
	"matchLabelKeys":    {"a", "app.kubernetes.io/instance", "controller-revision-hash", "a/b/c", "b"},
	"mismatchLabelKeys": {"a", "app.kubernetes.io/instance", "b", "c", "a/b/c"},
	"namespaces":        {"team", "a", "A", "a.b", ""},
	"cidr":              {"10.0.0.0/8", "10.1.2.3/8", "0.0.0.0/0", "::/0", "2001:db8::/32", "10.0.0.0", "010.0.0.0/8", "10.0.0.0/33", "::ffff:10.0.0.0/104", "a"},
	"except":            {"10.1.0.0/16", "10.0.0.0/8", "11.0.0.0/16", "2001:db8:1::/48", "10.1.0.0/08", "a"},
	"fieldPath":         {"metadata.name", "metadata.namespace", "spec.nodeName", "status.podIP", "status.podIPs", "status.hostIP", "metadata.labels['a']", "metadata.annotations['example.com/a']", "metadata.labels", "spec.containers", "metadata.labels['a b']", "metadata.uid", "spec.serviceAccountName", "status.phase", ""},
	"apiVersion":        {"v1", "v2", "", "apps/v1"},
	"resource":          {"requests.cpu", "limits.memory", "requests.ephemeral-storage", "requests.hugepages-2Mi", "limits.a", "cpu", "requests.memory", "limits.hugepages-x", "requests.example.com/gpu"},
	"containerName":     {"barq-db", "a", "", "A"},
	"requests key":      resourceNames,
	"limits key":        resourceNames,
	"podAnnotations":    {"", "a", "a b", "on", "007", "{}", "runtime/default", "localhost/a", strings.Repeat("a", 1024), strings.Repeat("é", 60000)},
	"annotations":       {"", "a", "a b", "on", "007", "{}", "Auto", strings.Repeat("a", 1024), strings.Repeat("é", 2000)},
	"priorityClassName": {"important", "on", "007", "a.b", "system", "system-node-critical", "system-", "A", ""},
}

var resourceNames = []string{
	"cpu", "memory", "ephemeral-storage", "storage", "example.com/gpu", "nvidia.com/gpu", "hugepages-2Mi", "hugepages-1Gi", "hugepages-", "hugepages-x", "a", "pods",
	"kubernetes.io/a", "requests.cpu", "limits.cpu", "requests.example.com/a", "example.com/" + strings.Repeat("a", 64), "Example.com/a", "a b", "", "services",
}
