package tenant

import (
	"regexp"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/barq-db/barq-operator/test/forgery"
	"github.com/barq-db/barq-operator/test/snapshot"
)

// made are the names of the objects that there are because of a BarqCluster or a BarqBackupStore, by resource. NAME stands for its name.
var made = map[string]string{
	"barqbackupstores.barq.db":              `NAME`,
	"barqclusters.barq.db":                  `NAME`,
	"serviceaccounts":                       `NAME`,
	"configmaps":                            `NAME-cluster`,
	"services":                              `NAME(-headless|-[0-9]+)?`,
	"networkpolicies.networking.k8s.io":     `NAME`,
	"poddisruptionbudgets.policy":           `NAME`,
	"podmonitors.monitoring.coreos.com":     `NAME`,
	"servicemonitors.monitoring.coreos.com": `NAME`,
	"statefulsets.apps":                     `NAME`,
	"controllerrevisions.apps":              `NAME-[0-9a-z]+`,
	"pods":                                  `NAME-([0-9]+|probe-[0-9a-f]+)`,
	"persistentvolumeclaims":                `data-NAME-[0-9]+`,
	"secrets":                               `sh\.helm\.release\.v1\.NAME\..*`,
}

// Own tells what belongs to the BarqClusters of one namespace.
type Own struct {
	Namespace string
	names     map[string]*regexp.Regexp
}

// NewOwn is about BarqClusters of the given names, whether or not they exist yet.
func NewOwn(namespace string, clusters ...string) Own {
	quoted := make([]string, len(clusters))
	for i, cluster := range clusters {
		quoted[i] = regexp.QuoteMeta(cluster)
	}
	own := Own{Namespace: namespace, names: map[string]*regexp.Regexp{}}
	for resource, pattern := range made {
		own.names[resource] = regexp.MustCompile("^" + strings.ReplaceAll(pattern, "NAME", "("+strings.Join(quoted, "|")+")") + "$")
	}
	return own
}

// Names tells whether an object of this name may be there because of one of the BarqClusters.
func (o Own) Names(resource, namespace, name string) bool {
	pattern := o.names[resource]
	return namespace == o.Namespace && pattern != nil && pattern.MatchString(name)
}

// Has tells whether an object is there because of one of the BarqClusters: it has a name of such an object, and is controlled by
// the BarqCluster, or by what is controlled by it.
func (o Own) Has(name snapshot.Name, object *unstructured.Unstructured) bool {
	switch name.Resource {
	case "persistentvolumes":
		namespace, _, _ := unstructured.NestedString(object.Object, "spec", "claimRef", "namespace")
		pvc, _, _ := unstructured.NestedString(object.Object, "spec", "claimRef", "name")
		return o.Names("persistentvolumeclaims", namespace, pvc)
	case "ipaddresses.networking.k8s.io":
		namespace, _, _ := unstructured.NestedString(object.Object, "spec", "parentRef", "namespace")
		service, _, _ := unstructured.NestedString(object.Object, "spec", "parentRef", "name")
		return o.Names("services", namespace, service)
	case "barqclusters.barq.db", "barqbackupstores.barq.db", "persistentvolumeclaims":
		return o.Names(name.Resource, name.Namespace, name.Name)
	case "secrets":
		kind, _, _ := unstructured.NestedString(object.Object, "type")
		return o.Names(name.Resource, name.Namespace, name.Name) && (corev1.SecretType(kind) == forgery.SecretType || corev1.SecretType(kind) == corev1.SecretTypeOpaque)
	}
	owner := metav1.GetControllerOf(object)
	return o.Names(name.Resource, name.Namespace, name.Name) && owner != nil && slices.Contains([]string{"BarqCluster", "BarqBackupStore", "StatefulSet"}, owner.Kind)
}

// Left tells whether an object is what the operator leaves to Helm when it hands a release back: it has no owner, and Helm
// takes it for a part of the release.
func (o Own) Left(name snapshot.Name, object *unstructured.Unstructured) bool {
	release := object.GetAnnotations()["meta.helm.sh/release-name"]
	return metav1.GetControllerOf(object) == nil && o.Names("barqclusters.barq.db", name.Namespace, release) && o.Names(name.Resource, name.Namespace, name.Name)
}
