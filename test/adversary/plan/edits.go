package plan

import (
	"encoding/base64"
	"fmt"
	"slices"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/barq-db/barq-operator/test/forgery"
)

var (
	events = []string{
		"pre-install", "post-install", "pre-delete", "post-delete", "pre-upgrade", "post-upgrade", "pre-rollback", "post-rollback", "test", "crd-install", "",
	}
	statuses = []string{
		"deployed", "uninstalled", "superseded", "failed", "uninstalling", "pending-install", "pending-upgrade", "pending-rollback", "unknown", "", "DEPLOYED",
	}
	moments = []string{
		"0000-01-01T00:00:00Z", "0001-01-01T00:00:00Z", "1970-01-01T00:00:00Z", "2001-02-03T04:05:06Z", "2099-01-01T00:00:00Z",
		"9999-12-31T23:59:59.999999999Z", "yesterday", "",
	}
	numbers  = []int64{0, 1, 2, 3, 10, 99, 1 << 31, 1<<31 - 1, 1<<63 - 1}
	suffixes = []string{".v", ".v0", ".v-1", ".v2x", ".v02", ".v1.v2", ".v1e3", ".v" + strings.Repeat("9", 40), ".x"}
	parts    = []string{"info", "chart", "manifest", "config", "name", "namespace", "version", "hooks"}
	contents = []string{"null", "[]", "{}", `"a"`, "1", `{"name":1}`, `{"info":[]}`, strings.Repeat("[", 9_000) + strings.Repeat("]", 9_000), ""}
	// labels are those that Helm and the operator read, with odd values.
	labels = [][2]string{
		{"version", "x"},
		{"version", ""},
		{"version", "00001"},
		{"version", strings.Repeat("9", 60)},
		{"owner", "mallory"},
		{"owner", ""},
		{"name", "another"},
		{"name", ""},
		{"status", "deployed"},
		{"status", "uninstalled"},
		{"barq.db/managed-by", "mallory"},
		{"barq.db/managed-by", "barq-operator"},
		{"barq.db/generation", "9223372036854775807"},
		{"barq.db/generation", "x"},
		{"barq.db/rollout", "unrequested"},
		{"barq.db/rollout", "requested"},
		{"barq.db/rollout", "x"},
		{"barq.db/adopted-secrets", "x"},
		{"createdAt", "x"},
		{"modifiedAt", "99999999999999999999"},
	}
)

// kinds of edits; each is as likely as the others.
var kinds = []func(p *Plan, step Step) NamedEdit{
	func(p *Plan, _ Step) NamedEdit {
		text, name := p.documents()
		return NamedEdit{"append " + name, forgery.Append(text)}
	},
	func(p *Plan, _ Step) NamedEdit {
		text, name := p.documents()
		return NamedEdit{"prepend " + name, forgery.Prepend(text)}
	},
	func(p *Plan, _ Step) NamedEdit {
		text, name := p.documents()
		return NamedEdit{"replace the manifest by " + name, forgery.Manifest(text)}
	},
	func(p *Plan, _ Step) NamedEdit {
		text, name := p.documents()
		event := pick(p, events)
		return NamedEdit{"hook " + event + " of " + name, forgery.Hook(event, text)}
	},
	func(p *Plan, _ Step) NamedEdit {
		power, event := pick(p, p.powers()), pick(p, events)
		return NamedEdit{"hook " + event + " for power", forgery.Hook(event, power)}
	},
	func(p *Plan, _ Step) NamedEdit { return NamedEdit{"append power", forgery.Append(pick(p, p.powers()))} },
	func(p *Plan, _ Step) NamedEdit {
		namespace := pick(p, p.world.Namespaces)
		return NamedEdit{"move to " + namespace, func(r *forgery.Record) {
			forgery.Replace("namespace: "+p.world.Home, "namespace: "+namespace)(r)
			forgery.Replace(`namespace: "`+p.world.Home+`"`, "namespace: "+namespace)(r)
		}}
	},
	func(p *Plan, step Step) NamedEdit {
		target := pick(p, p.world.Targets)
		return NamedEdit{"rename to " + target.Name, forgery.Replace("name: "+step.Source+"\n", "name: "+target.Name+"\n")}
	},
	func(p *Plan, _ Step) NamedEdit {
		status := pick(p, statuses)
		return NamedEdit{"status " + status, forgery.Status(status)}
	},
	func(p *Plan, _ Step) NamedEdit {
		moment := pick(p, moments)
		return NamedEdit{"deployed " + moment, forgery.Deployed(moment)}
	},
	func(*Plan, Step) NamedEdit {
		return NamedEdit{"pending in the future", func(r *forgery.Record) {
			forgery.Status("pending-upgrade")(r)
			forgery.Deployed("2099-01-01T00:00:00Z")(r)
		}}
	},
	func(p *Plan, _ Step) NamedEdit {
		number := pick(p, numbers)
		return NamedEdit{fmt.Sprint("revision ", number), forgery.Revision(number)}
	},
	func(p *Plan, _ Step) NamedEdit {
		number := pick(p, slices.Concat([]int64{-1, -1 << 63}, numbers))
		return NamedEdit{fmt.Sprint("inner revision ", number), forgery.InnerRevision(number)}
	},
	func(p *Plan, _ Step) NamedEdit {
		name := pick(p, p.names())
		return NamedEdit{"name " + name, forgery.Name(name)}
	},
	func(p *Plan, _ Step) NamedEdit {
		name := pick(p, p.names())
		return NamedEdit{"inner name " + name, forgery.InnerName(name)}
	},
	func(p *Plan, _ Step) NamedEdit {
		namespace := pick(p, slices.Concat(p.world.Namespaces, []string{"", "none", "../" + p.world.Home}))
		return NamedEdit{"inner namespace " + namespace, forgery.InnerNamespace(namespace)}
	},
	func(p *Plan, step Step) NamedEdit {
		suffix := pick(p, suffixes)
		return NamedEdit{"stored as " + suffix, forgery.StoredAs("sh.helm.release.v1." + step.Cluster + suffix)}
	},
	func(p *Plan, _ Step) NamedEdit {
		label := pick(p, labels)
		return NamedEdit{"label " + label[0] + "=" + label[1], forgery.Label(label[0], label[1])}
	},
	func(p *Plan, _ Step) NamedEdit {
		chart := pick(p, []string{"barq-db", "other", "", "barq-operator"})
		return NamedEdit{"chart " + chart, forgery.Chart(chart)}
	},
	func(p *Plan, _ Step) NamedEdit {
		text, name := p.documents()
		return NamedEdit{"sub-chart of " + name, forgery.SubChart("sub", text)}
	},
	func(p *Plan, _ Step) NamedEdit {
		text, name := p.documents()
		return NamedEdit{"template of " + name, forgery.Template([]byte(text))}
	},
	func(p *Plan, _ Step) NamedEdit {
		return NamedEdit{"values", forgery.Config(map[string]any{"replicas": p.random.IntN(3), "fullnameOverride": "precious", "image": map[string]any{"tag": "x"}})}
	},
	func(p *Plan, _ Step) NamedEdit {
		part := pick(p, parts)
		return NamedEdit{"without " + part, forgery.Without(part)}
	},
	func(p *Plan, _ Step) NamedEdit {
		size := 1 << p.random.IntN(25)
		return NamedEdit{fmt.Sprint("notes of ", size), forgery.Notes(size)}
	},
	func(*Plan, Step) NamedEdit { return NamedEdit{"unmarked", forgery.Unmarked()} },
	func(*Plan, Step) NamedEdit { return NamedEdit{"unmarked", forgery.Unmarked()} },
	func(*Plan, Step) NamedEdit { return NamedEdit{"unsigned", forgery.Unsigned()} },
	func(p *Plan, _ Step) NamedEdit {
		random := make([]byte, 32)
		for i := range random {
			random[i] = byte(p.random.Uint32())
		}
		value := pick(p, []string{"", "0", strings.Repeat("0", 64), fmt.Sprintf("%x", random), base64.StdEncoding.EncodeToString(random)})
		return NamedEdit{"signed with " + value, forgery.SignedWith(value)}
	},
	func(p *Plan, _ Step) NamedEdit {
		target := pick(p, p.world.Targets)
		return NamedEdit{"owned by " + target.Kind, forgery.OwnedBy(metav1.OwnerReference{
			APIVersion: target.APIVersion, Kind: target.Kind, Name: target.Name, UID: types.UID("00000000-0000-0000-0000-000000000000"),
		})}
	},
	func(*Plan, Step) NamedEdit { return NamedEdit{"plain", forgery.Plain()} },
	func(p *Plan, _ Step) NamedEdit {
		text, name := p.documents()
		key := pick(p, []string{"manifest", "Manifest", "MANIFEST", "mAnifest"})
		return NamedEdit{key + " again of " + name, forgery.Again(key, text)}
	},
	func(p *Plan, _ Step) NamedEdit {
		content := pick(p, contents)
		return NamedEdit{"content " + content[:min(10, len(content))], forgery.Content(content)}
	},
	func(*Plan, Step) NamedEdit { return NamedEdit{"cut in half", halved} },
}

// halved leaves the first half of a record.
func halved(r *forgery.Record) {
	if sealed, err := r.Seal(); err == nil {
		data := sealed.Data["release"]
		r.Raw = data[:len(data)/2]
	}
}

func (p *Plan) edit(step Step) NamedEdit { return pick(p, kinds)(p, step) }

// documents writes some targets, each in a spelling of its own.
func (p *Plan) documents() (text, name string) {
	spellings := forgery.Spellings(p.world.Home)
	var texts, names []string
	for range 1 + p.random.IntN(3) {
		target, spelling := pick(p, p.world.Targets), pick(p, spellings)
		texts = append(texts, spelling.Write(target))
		names = append(names, fmt.Sprintf("%s %s/%s (%s)", target.Kind, target.Namespace, target.Name, spelling.Name))
	}
	return strings.Join(texts, "\n---\n"), strings.Join(names, " and ")
}

// powers are objects that would give the adversary power, if the operator made one.
func (p *Plan) powers() []string {
	namespace := pick(p, p.world.Namespaces)
	return []string{
		`{apiVersion: v1, kind: Secret, metadata: {name: forged-token, namespace: barq-system, annotations: {kubernetes.io/service-account.name: barq-operator}}, type: kubernetes.io/service-account-token}`,
		`{apiVersion: rbac.authorization.k8s.io/v1, kind: ClusterRoleBinding, metadata: {name: forged}, roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: cluster-admin}, subjects: [{kind: User, apiGroup: rbac.authorization.k8s.io, name: mallory}]}`,
		`{apiVersion: v1, kind: ServiceAccount, metadata: {name: forged, namespace: ` + namespace + `}}`,
		`{apiVersion: v1, kind: ConfigMap, metadata: {name: forged, namespace: ` + namespace + `}, data: {a: b}}`,
		`{apiVersion: v1, kind: Service, metadata: {name: forged, namespace: ` + namespace + `}, spec: {type: ExternalName, externalName: example.com}}`,
		`{apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {name: forged, namespace: ` + namespace + `}, spec: {podSelector: {}, ingress: [{}]}}`,
		`{apiVersion: apps/v1, kind: StatefulSet, metadata: {name: forged, namespace: ` + namespace + `}, spec: {serviceName: forged, selector: {matchLabels: {a: b}}, template: {metadata: {labels: {a: b}}, spec: {hostPID: true, containers: [{name: a, image: a, securityContext: {privileged: true}}]}}}}`,
		`{apiVersion: apps/v1, kind: StatefulSet, metadata: {name: forged, namespace: ` + p.world.Home + `}, spec: {serviceName: forged, selector: {matchLabels: {a: b}}, template: {metadata: {labels: {a: b}}, spec: {serviceAccountName: precious, containers: [{name: a, image: a}]}}}}`,
	}
}

// names are all that a release may be called.
func (p *Plan) names() []string { return slices.Concat(p.world.Others, p.world.Clusters) }
