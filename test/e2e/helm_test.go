package e2e

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/ProtonMail/go-crypto/openpgp"
	"github.com/ProtonMail/go-crypto/openpgp/packet"
	"github.com/stretchr/testify/require"
	networkingv1 "k8s.io/api/networking/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/yaml"

	"github.com/barq-db/barq-operator/api/v1alpha1"
	"github.com/barq-db/barq-operator/hack/image"
)

// The version of the chart that docs/install-helm.md installs, and one before it.
const (
	thisVersion   = "0.1.0"
	formerVersion = "0.0.9"
)

// addedField is a field that the version before did not have yet.
const addedField = "priorityClassName"

// guidePath is what the test reads and does.
const guidePath = "docs/install-helm.md"

// crdFile is where the chart has the kind.
const crdFile = "files/crd/barq.db_barqclusters.yaml"

// What a reader of docs/install-helm.md does, with the commands that stand there.
func TestInstalledByHelm(t *testing.T) {
	apps, other := newNamespace(t), newNamespace(t)
	makeWayForHelm(t)
	guide := publishChart(t, apps)

	guide.run("Prepare a namespace", "")
	guide.run("Verify the signature", "")
	// The kind is there, from a kubectl apply.
	out, err := kubectl("apply", "--server-side", "-f", guide.formerCRD).CombinedOutput()
	require.NoError(t, err, string(out))
	refusal, err := guide.attempt("Confine it to namespaces", formerVersion)
	require.Error(t, err)
	require.Contains(t, refusal, "exists and cannot be imported into the current release")
	guide.run("If the kind is there already", "")
	guide.run("Confine it to namespaces", formerVersion)
	require.NotContains(t, specFields(t), addedField)
	cluster := newCluster(t, apps, "db", `{storage: {size: 64Mi}}`)
	stranger := newCluster(t, other, "db", `{storage: {size: 64Mi}}`)
	suite.WaitReady(t, cluster)
	fill(t, apps, "db-0", 10)
	pods := suite.Runs(t, cluster)

	requireConfined(t, operatorNamespace, []string{apps}, other)
	suite.Refresh(t, stranger)
	require.Empty(t, stranger.Status.Conditions, "the operator looked after a namespace that it does not watch")

	before := operatorPods(t)
	guide.run("Upgrade", "")
	require.Contains(t, specFields(t), addedField)
	waitOperator(t)
	require.NotEqual(t, before[0].Spec.Containers[0].Image, operatorPods(t)[0].Spec.Containers[0].Image)
	actsOn(t, cluster, false)
	require.Equal(t, pods, suite.Runs(t, cluster))
	guide.ask("the BarqClusters of namespace " + apps + " can be listed")

	guide.run("Remove", "")
	suite.Eventually(t, func() string {
		if left := len(operatorPods(t)); left > 0 {
			return fmt.Sprintf("%d pods of the operator are left", left)
		}
		return ""
	})
	require.Equal(t, 10, found(t, apps, "db-0", 10))
	suite.Refresh(t, cluster)

	guide.run("Install", "")
	guide.ask("the BarqClusters of all namespaces can be listed")
	suite.WaitReady(t, stranger)
	actsOn(t, cluster, true)
	require.Equal(t, pods, suite.Runs(t, cluster))
	require.Equal(t, 10, found(t, apps, "db-0", 10))

	for _, each := range []*v1alpha1.BarqCluster{cluster, stranger} {
		require.NoError(t, suite.Client.Delete(t.Context(), each))
		suite.WaitGone(t, each)
	}
	guide.run("Remove everything", "")
}

// makeWayForHelm removes the suite's own operator, because two would look after the same BarqClusters. It is back, in place of what the
// test installs with Helm, before the namespaces are removed.
func makeWayForHelm(t *testing.T) {
	t.Helper()
	require.NoError(t, removeOperator())
	t.Cleanup(func() {
		_ = exec.Command("helm", "uninstall", operatorName, "--namespace", operatorNamespace, "--wait").Run()
		require.NoError(t, installOperator(context.Background(), images.operator))
	})
}

// removeRelease removes the BarqClusters, the operator that Helm has installed, and the kind, which would be Helm's for good.
func removeRelease(t *testing.T, clusters ...*v1alpha1.BarqCluster) {
	t.Helper()
	for _, cluster := range clusters {
		require.NoError(t, suite.Client.Delete(t.Context(), cluster))
	}
	for _, cluster := range clusters {
		suite.WaitGone(t, cluster)
	}
	for _, command := range []*exec.Cmd{
		exec.CommandContext(t.Context(), "helm", "uninstall", operatorName, "--namespace", operatorNamespace, "--wait"),
		kubectl("delete", "crd", "barqclusters.barq.db"),
	} {
		out, err := command.CombinedOutput()
		require.NoError(t, err, "%s: %s", command, out)
	}
}

// guide is docs/install-helm.md, with a registry and a namespace of the test's own.
type guide struct {
	t        *testing.T
	text     string
	folder   string
	replaced *strings.Replacer
	// formerCRD is the file with the kind of the version before.
	formerCRD string
}

var shellFence = regexp.MustCompile("(?s)```sh\n(.*?)```")

// run is attempt where the commands must not fail.
func (g guide) run(section, version string) string {
	g.t.Helper()
	out, err := g.attempt(section, version)
	require.NoError(g.t, err, "%s:\n%s", section, out)
	return out
}

// attempt runs the commands of a section and gives what they print. A version takes the place of
// the one that stands there.
func (g guide) attempt(section, version string) (string, error) {
	g.t.Helper()
	_, after, isThere := strings.Cut(g.text, "\n## "+section+"\n")
	require.True(g.t, isThere, section)
	content, _, _ := strings.Cut(after, "\n## ")
	fences := shellFence.FindAllStringSubmatch(content, -1)
	require.NotEmpty(g.t, fences, section)
	var script strings.Builder
	for _, fence := range fences {
		script.WriteString(fence[1])
	}
	text := g.replaced.Replace(script.String())
	if version != "" {
		text = strings.ReplaceAll(text, "--version "+thisVersion, "--version "+version)
	}
	command := exec.CommandContext(g.t.Context(), "bash", "-euxo", "pipefail", "-c", text)
	command.Dir = g.folder
	out, err := command.CombinedOutput()
	return string(out), err
}

// ask runs `helm test`, which has to say these words.
func (g guide) ask(words string) {
	g.t.Helper()
	out := g.run("Check that it works", "")
	require.Contains(g.t, out, " renews the Lease "+operatorNamespace+"/barq-operator.barq.db\n"+words+"\n")
}

// publishChart packages, signs and pushes this version of the chart and one before it, and
// gives a guide to them. Where the guide names the namespace apps, it is the given one.
func publishChart(t *testing.T, apps string) guide {
	t.Helper()
	folder := t.TempDir()
	registry := os.Getenv(registryVariable)
	publicKey, secretKey := newKey(t, folder)

	former, err := image.Copy(t.Context(), images.operator, registry+"/barq-operator:former", map[string]string{"variant": "former"})
	require.NoError(t, err)
	chartBefore := formerChart(t, folder)
	for version, each := range map[string]struct{ chart, image string }{
		formerVersion: {chartBefore, former},
		thisVersion:   {filepath.Join(root, "helm-charts", "barq-operator"), images.operator},
	} {
		chart := filepath.Join(folder, version)
		copyChart(t, each.chart, chart, each.image)
		pushChart(t, "charts", "VERSION="+version, "CHART="+chart, "CHART_PACKAGES="+filepath.Join(folder, "packages"),
			"CHART_SIGN_KEY=e2e", "CHART_KEYRING="+secretKey)
	}
	requireTamperingIsSeen(t, filepath.Join(folder, "packages"), publicKey)

	text, err := os.ReadFile(filepath.Join(root, guidePath))
	require.NoError(t, err)
	return guide{t: t, text: string(text), folder: folder, formerCRD: filepath.Join(chartBefore, crdFile), replaced: strings.NewReplacer(
		"oci://ghcr.io/barq-db/charts/barq-operator", "oci://"+registry+"/charts/barq-operator "+plainHTTP(),
		"barq-operator.gpg", publicKey,
		"={apps}", "={"+apps+"}",
	)}
}

// pushChart packages a chart of the operator with these variables of make, and pushes it to a path of the registry.
func pushChart(t *testing.T, path string, variables ...string) {
	t.Helper()
	for _, target := range []string{"chart-package", "chart-push"} {
		command := exec.CommandContext(t.Context(), "make", append(variables, "--no-print-directory", target,
			"CHART_REGISTRY=oci://"+os.Getenv(registryVariable)+"/"+path, "CHART_PUSH_FLAGS="+plainHTTP())...)
		command.Dir = root
		out, err := command.CombinedOutput()
		require.NoError(t, err, "make %s:\n%s", target, out)
	}
}

// plainHTTP is the flag for a registry that has no certificate: the one of the suite's own node.
func plainHTTP() string {
	if os.Getenv(ownNode) != "" {
		return "--plain-http"
	}
	return ""
}

// newKey makes a key to sign with, and gives the files of its two halves.
func newKey(t *testing.T, folder string) (publicKey, secretKey string) {
	t.Helper()
	entity, err := openpgp.NewEntity("e2e", "", "e2e@example.org", &packet.Config{RSABits: 2048})
	require.NoError(t, err)
	publicKey, secretKey = filepath.Join(folder, "public.gpg"), filepath.Join(folder, "secret.gpg")
	public, err := os.Create(publicKey)
	require.NoError(t, err)
	require.NoError(t, entity.Serialize(public))
	require.NoError(t, public.Close())
	secret, err := os.Create(secretKey)
	require.NoError(t, err)
	require.NoError(t, entity.SerializePrivate(secret, nil))
	require.NoError(t, secret.Close())
	return publicKey, secretKey
}

// formerChart gives the chart as it might have been before: its kind lacks a field.
func formerChart(t *testing.T, folder string) string {
	t.Helper()
	chart := filepath.Join(folder, "former")
	require.NoError(t, os.CopyFS(chart, os.DirFS(filepath.Join(root, "helm-charts", "barq-operator"))))
	changeYAML(t, filepath.Join(chart, crdFile), func(crd map[string]any) {
		delete(specFieldsOf(t, &unstructured.Unstructured{Object: crd}), addedField)
	})
	return chart
}

// copyChart copies a chart of the operator, and makes images of the suite the default ones of the copy: what a mirror's values say is
// in the chart, because each version has images of its own.
func copyChart(t *testing.T, from, to, operator string) {
	t.Helper()
	require.NoError(t, os.CopyFS(to, os.DirFS(from)))
	repository, digest, _ := strings.Cut(operator, "@")
	changeYAML(t, filepath.Join(to, "values.yaml"), func(values map[string]any) {
		values["image"] = map[string]any{"repository": repository, "digest": digest}
		values["database"] = map[string]any{"image": images.database}
		// A former chart knows no agent.
		if _, ok := values["agent"]; ok {
			values["agent"] = map[string]any{"image": images.agent}
		}
	})
}

func changeYAML(t *testing.T, path string, change func(map[string]any)) {
	t.Helper()
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	content := map[string]any{}
	require.NoError(t, yaml.Unmarshal(text, &content))
	change(content)
	text, err = yaml.Marshal(content)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(path, text, 0o600))
}

// specFields gives the fields of a BarqCluster's spec that the API server knows.
func specFields(t *testing.T) map[string]any {
	t.Helper()
	crd := &unstructured.Unstructured{}
	crd.SetGroupVersionKind(schema.GroupVersionKind{Group: "apiextensions.k8s.io", Version: "v1", Kind: "CustomResourceDefinition"})
	require.NoError(t, suite.Client.Get(t.Context(), client.ObjectKey{Name: "barqclusters.barq.db"}, crd))
	return specFieldsOf(t, crd)
}

func specFieldsOf(t *testing.T, crd *unstructured.Unstructured) map[string]any {
	t.Helper()
	versions, _, err := unstructured.NestedSlice(crd.Object, "spec", "versions")
	require.NoError(t, err)
	require.Len(t, versions, 1)
	fields, isThere, err := unstructured.NestedFieldNoCopy(crd.Object["spec"].(map[string]any)["versions"].([]any)[0].(map[string]any),
		"schema", "openAPIV3Schema", "properties", "spec", "properties")
	require.NoError(t, err)
	require.True(t, isThere)
	return fields.(map[string]any)
}

// requireTamperingIsSeen changes a copy of a signed package, which must then be refused.
func requireTamperingIsSeen(t *testing.T, packages, publicKey string) {
	t.Helper()
	name := "barq-operator-" + thisVersion + ".tgz"
	changed := filepath.Join(t.TempDir(), name)
	content, err := os.ReadFile(filepath.Join(packages, name))
	require.NoError(t, err)
	signature, err := os.ReadFile(filepath.Join(packages, name+".prov"))
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(changed, append(content, 0), 0o600))
	require.NoError(t, os.WriteFile(changed+".prov", signature, 0o600))
	out, err := exec.CommandContext(t.Context(), "helm", "verify", changed, "--keyring", publicKey).CombinedOutput()
	require.Error(t, err)
	require.Contains(t, string(out), "sha256 sum does not match")
}

// actsOn shows that the operator looks after the BarqCluster, by a change that restarts nothing.
func actsOn(t *testing.T, cluster *v1alpha1.BarqCluster, policy bool) {
	t.Helper()
	suite.Change(t, cluster, func(spec *v1alpha1.BarqClusterSpec) {
		spec.NetworkPolicy = v1alpha1.NetworkPolicySpec{Enabled: ptr.To(policy)}
	})
	suite.WaitReady(t, cluster)
	object := &networkingv1.NetworkPolicy{}
	object.Namespace, object.Name = cluster.Namespace, cluster.Name
	if policy {
		suite.Refresh(t, object)
	} else {
		suite.WaitGone(t, object)
	}
}
