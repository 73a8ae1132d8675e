package bundle

import (
	"encoding/base64"
	"encoding/json"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/operator-framework/api/pkg/manifests"
	operatorsv1alpha1 "github.com/operator-framework/api/pkg/operators/v1alpha1"
	"github.com/operator-framework/api/pkg/validation"
	"github.com/operator-framework/api/pkg/validation/errors"
	validator "github.com/operator-framework/api/pkg/validation/interfaces"
	"github.com/stretchr/testify/require"
	appsv1 "k8s.io/api/apps/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/yaml"

	"github.com/barq-db/barq-operator/api/v1alpha1"
)

const operatorName = "barq-operator"

func TestEveryValidatorIsContent(t *testing.T) {
	// All that look at a bundle, also those that the community's catalogs ask for, except
	// MultipleArchitecturesValidator, which pulls the images.
	validators := validator.Validators{
		validation.ClusterServiceVersionValidator,
		validation.CustomResourceDefinitionValidator,
		validation.BundleValidator,
		validation.ObjectValidator,
		validation.OperatorHubV2Validator,
		validation.StandardCategoriesValidator,
		validation.StandardCapabilitiesValidator,
		validation.CommunityOperatorValidator,
		validation.AlphaDeprecatedAPIsValidator,
		validation.GoodPracticesValidator,
	}

	var findings []errors.Error
	for _, result := range validators.Validate(load(t).ObjectsToValidate()...) {
		findings = append(findings, result.Errors...)
		findings = append(findings, result.Warnings...)
	}

	require.Empty(t, findings)
}

func TestClusterServiceVersionIsCurrent(t *testing.T) {
	source := buildSource(t)
	actual := load(t).CSV.DeepCopy()

	var examples objects
	require.NoError(t, json.Unmarshal([]byte(actual.Annotations["alm-examples"]), &examples))
	samples := append(source.ofKind("BarqCluster"), source.ofKind("BarqBackupStore")...)
	requireCurrent(t, samples.byName(), examples.byName())
	// What operator-sdk adds about itself.
	for _, annotation := range []string{
		"alm-examples", "operators.operatorframework.io/builder", "operators.operatorframework.io/project_layout",
	} {
		delete(actual.Annotations, annotation)
	}

	// The markers of the API are looked at by TestDescriptors.
	actual.Spec.CustomResourceDefinitions = operatorsv1alpha1.CustomResourceDefinitions{}

	requireCurrent(t, expectedClusterServiceVersion(t, source), actual)
}

func TestOtherObjectsAreCurrent(t *testing.T) {
	source := buildSource(t)
	_, unbound := source.boundTo(t, operatorName, "ClusterRole", "ClusterRoleBinding")
	expected := unbound
	for _, kind := range []string{"CustomResourceDefinition", "Service", "NetworkPolicy"} {
		expected = append(expected, source.ofKind(kind)...)
	}

	var actual objects
	for _, object := range load(t).Objects {
		if object.GetKind() != operatorsv1alpha1.ClusterServiceVersionKind {
			actual = append(actual, object)
		}
	}

	requireCurrent(t, withoutServerFields(expected).byName(), withoutServerFields(actual).byName())
}

func TestOneVersionEverywhere(t *testing.T) {
	makefile, err := os.ReadFile("../../Makefile")
	require.NoError(t, err)
	match := regexp.MustCompile(`(?m)^VERSION \?= (\S+)$`).FindSubmatch(makefile)
	require.NotNil(t, match, "Makefile sets no VERSION")
	current := string(match[1])
	csv := load(t).CSV

	require.Equal(t,
		[]string{
			operatorName + ".v" + current,
			current,
			"ghcr.io/barq-db/barq-operator:v" + current,
			"ghcr.io/barq-db/barq-operator:v" + current,
		},
		[]string{
			csv.Name,
			csv.Spec.Version.String(),
			csv.Annotations["containerImage"],
			csv.Spec.InstallStrategy.StrategySpec.DeploymentSpecs[0].Spec.Template.Spec.Containers[0].Image,
		},
		"name, spec.version, annotation containerImage and image of the deployment")
}

func TestImageLabelsAreTheAnnotations(t *testing.T) {
	var metadata struct {
		Annotations map[string]string `json:"annotations"`
	}
	content, err := os.ReadFile("../../bundle/metadata/annotations.yaml")
	require.NoError(t, err)
	require.NoError(t, yaml.UnmarshalStrict(content, &metadata))

	dockerfile, err := os.ReadFile("../../bundle.Dockerfile")
	require.NoError(t, err)
	labels := map[string]string{}
	for _, label := range regexp.MustCompile(`(?m)^LABEL ([^=]+)=(.*)$`).FindAllStringSubmatch(string(dockerfile), -1) {
		labels[label[1]] = label[2]
	}

	require.Equal(t, metadata.Annotations, labels)
}

// A rule that is not in a namespace's Role reaches into every namespace, also where the
// OperatorGroup names the namespaces to work in.
func TestClusterPermissionsAreForWhatHasNoNamespace(t *testing.T) {
	require.Equal(t, []operatorsv1alpha1.StrategyDeploymentPermissions{{
		ServiceAccountName: operatorName,
		Rules: []rbacv1.PolicyRule{
			{
				APIGroups: []string{"admissionregistration.k8s.io"}, Resources: []string{"validatingadmissionpolicies", "validatingadmissionpolicybindings"},
				ResourceNames: []string{"barq-operator-deletion-protection"}, Verbs: []string{"list", "watch"},
			},
			{APIGroups: []string{"authentication.k8s.io"}, Resources: []string{"tokenreviews"}, Verbs: []string{"create"}},
			{APIGroups: []string{"authorization.k8s.io"}, Resources: []string{"subjectaccessreviews"}, Verbs: []string{"create"}},
		},
	}}, load(t).CSV.Spec.InstallStrategy.StrategySpec.ClusterPermissions)
}

// Those who copy the images to a registry of their own read which ones from there.
func TestRelatedImagesAreAllImages(t *testing.T) {
	csv := load(t).CSV
	container := csv.Spec.InstallStrategy.StrategySpec.DeploymentSpecs[0].Spec.Template.Spec.Containers[0]
	variables := map[string]string{}
	for _, variable := range container.Env {
		variables[variable.Name] = variable.Value
	}
	database, agent := variables["RELATED_IMAGE_BARQ_DB"], variables["RELATED_IMAGE_BARQ_AGENT"]
	require.NotEmpty(t, database)
	require.NotEmpty(t, agent)

	require.Equal(t, []operatorsv1alpha1.RelatedImage{
		{Name: "barq-operator", Image: container.Image},
		{Name: "barq-db", Image: database},
		{Name: "barq-agent", Image: agent},
	}, csv.Spec.RelatedImages)
}

// A form begins with one of them.
func TestExamplesAreOfEachSort(t *testing.T) {
	var examples []v1alpha1.BarqCluster
	require.NoError(t, json.Unmarshal([]byte(load(t).CSV.Annotations["alm-examples"]), &examples))
	sorts := map[string]bool{}
	for _, example := range examples {
		switch {
		case example.Kind == v1alpha1.BarqBackupStoreKind.Kind:
			sorts["store"] = true
		case example.Spec.Tiering.Enabled:
			sorts["tiered"] = true
		case example.Spec.Topology.Mode == v1alpha1.TopologyIndependent:
			sorts["independent"] = true
		default:
			sorts["plain"] = true
		}
	}

	require.Equal(t, map[string]bool{"plain": true, "tiered": true, "independent": true, "store": true}, sorts)
}

func TestIconIsItsSource(t *testing.T) {
	icon, err := os.ReadFile("../../config/manifests/icon.svg")
	require.NoError(t, err)

	require.Equal(t,
		[]operatorsv1alpha1.Icon{{MediaType: "image/svg+xml", Data: base64.StdEncoding.EncodeToString(icon)}},
		load(t).CSV.Spec.Icon)
}

// requireCurrent shows what differs and no more: these objects are long.
func requireCurrent[T any](t *testing.T, expected, actual T) {
	t.Helper()
	require.Empty(t, cmp.Diff(expected, actual), "bundle/ is stale: run make bundle")
}

func load(t *testing.T) *manifests.Bundle {
	t.Helper()
	bundle, err := manifests.GetBundleFromDir("../../bundle")
	require.NoError(t, err)
	return bundle
}

// expectedClusterServiceVersion is what operator-sdk has to make of the source.
func expectedClusterServiceVersion(t *testing.T, source objects) *operatorsv1alpha1.ClusterServiceVersion {
	t.Helper()
	deployments := source.ofKind("Deployment")
	require.Len(t, deployments, 1)
	deployment := decode[appsv1.Deployment](t, deployments[0])
	account := deployment.Spec.Template.Spec.ServiceAccountName
	clusterRules, _ := source.boundTo(t, account, "ClusterRole", "ClusterRoleBinding")
	rules, _ := source.boundTo(t, account, "Role", "RoleBinding")

	base, err := os.ReadFile("../../config/manifests/bases/barq-operator.clusterserviceversion.yaml")
	require.NoError(t, err)
	var csv operatorsv1alpha1.ClusterServiceVersion
	require.NoError(t, yaml.UnmarshalStrict(base, &csv))
	_, tag, _ := strings.Cut(deployment.Spec.Template.Spec.Containers[0].Image, ":v")
	csv.Name = operatorName + ".v" + tag
	require.NoError(t, csv.Spec.Version.UnmarshalJSON([]byte(`"`+tag+`"`)))
	csv.Spec.InstallStrategy.StrategySpec = operatorsv1alpha1.StrategyDetailsDeployment{
		DeploymentSpecs: []operatorsv1alpha1.StrategyDeploymentSpec{{
			Name: deployment.Name, Label: deployment.Labels, Spec: deployment.Spec,
		}},
		Permissions:        []operatorsv1alpha1.StrategyDeploymentPermissions{{ServiceAccountName: account, Rules: rules}},
		ClusterPermissions: []operatorsv1alpha1.StrategyDeploymentPermissions{{ServiceAccountName: account, Rules: clusterRules}},
	}
	csv.Spec.RelatedImages = relatedImages(deployment)
	return &csv
}

// relatedImages are the images that the operator is told of by its environment.
func relatedImages(deployment appsv1.Deployment) []operatorsv1alpha1.RelatedImage {
	var images []operatorsv1alpha1.RelatedImage
	for _, variable := range deployment.Spec.Template.Spec.Containers[0].Env {
		if name, found := strings.CutPrefix(variable.Name, "RELATED_IMAGE_"); found {
			images = append(images, operatorsv1alpha1.RelatedImage{
				Name:  strings.ToLower(strings.ReplaceAll(name, "_", "-")),
				Image: variable.Value,
			})
		}
	}
	return images
}

// withoutServerFields drops what the API server fills in: operator-sdk writes it
// empty, and the lifecycle manager chooses the namespace.
func withoutServerFields(all objects) objects {
	var result objects
	for _, object := range all {
		object = object.DeepCopy()
		unstructured.RemoveNestedField(object.Object, "status")
		unstructured.RemoveNestedField(object.Object, "metadata", "creationTimestamp")
		unstructured.RemoveNestedField(object.Object, "metadata", "namespace")
		result = append(result, object)
	}
	return result
}
