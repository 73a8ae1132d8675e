package translate

import (
	"fmt"

	"github.com/distribution/reference"
	corev1 "k8s.io/api/core/v1"

	"github.com/barq-db/barq-operator/api/v1alpha1"
	"github.com/barq-db/barq-operator/internal/database"
)

// setImage splits the image's reference into the chart's values. It sets nothing if neither the spec
// nor the operator names an image or a pull policy, so that the chart's own applies.
func setImage(values map[string]any, spec *v1alpha1.BarqClusterSpec, defaultImage string) error {
	delete(values, "image")
	delete(values, "imagePullPolicy")
	image := map[string]any{}
	if spec.ImagePullPolicy != "" {
		image["pullPolicy"] = string(spec.ImagePullPolicy)
	}
	written, origin := spec.Image, "spec.image"
	if written == "" {
		written, origin = defaultImage, "the operator's RELATED_IMAGE_BARQ_DB"
	}
	if written != "" {
		if err := takeApart(image, written, origin); err != nil {
			return err
		}
	}
	if len(image) > 0 {
		values["image"] = image
	}
	return nil
}

// setAgent sets the agent, its image, how the operator asks it, and whose data it has in the tiers. Without an image it sets nothing.
func setAgent(values map[string]any, cluster *v1alpha1.BarqCluster, facts Facts) error {
	if facts.AgentImage == "" {
		return withoutAgent(&cluster.Spec)
	}
	// The chart has a tag of its own, which a reference by digest does not mean.
	image := map[string]any{"tag": ""}
	if err := takeApart(image, facts.AgentImage, "the operator's RELATED_IMAGE_BARQ_AGENT"); err != nil {
		return err
	}
	api := map[string]any{"secretName": database.SecretName(cluster.Name)}
	if facts.OperatorNamespace != "" {
		api["from"] = []any{map[string]any{
			"namespaceSelector": map[string]any{"matchLabels": map[string]any{corev1.LabelMetadataName: facts.OperatorNamespace}},
			"podSelector":       map[string]any{"matchLabels": map[string]any{"app.kubernetes.io/name": "barq-operator"}},
		}}
	}
	agent := map[string]any{"enabled": true, "image": image, "api": api}
	if cluster.Spec.IsArchived() {
		agent["archive"] = map[string]any{"uid": string(cluster.UID)}
	}
	values["agent"] = agent
	return nil
}

// AgentError is about a field that takes an agent in the pods, where they have none.
type AgentError struct {
	// Field is the path in the spec.
	Field string
}

func (e *AgentError) Error() string {
	return e.Field + " takes an agent in the pods, and they have none; remove it, or give the operator an agent (RELATED_IMAGE_BARQ_AGENT)"
}

// withoutAgent returns an AgentError for what pods without an agent would do wrong: they would begin empty, answer writes
// too early, or take data to another place. Other fields that only an agent reads have no effect without one.
func withoutAgent(spec *v1alpha1.BarqClusterSpec) error {
	if !spec.IsArchived() {
		return nil
	}
	if spec.Bootstrap != nil && spec.Bootstrap.Recovery != nil {
		return &AgentError{Field: "spec.bootstrap.recovery"}
	}
	if spec.Durability != nil && spec.Durability.Mode == v1alpha1.DurabilityArchived {
		return &AgentError{Field: "spec.durability.mode: Archived"}
	}
	if spec.Tiering.EncryptionKeySecretRef != nil {
		return &AgentError{Field: "spec.tiering.encryptionKeySecretRef"}
	}
	for _, tier := range spec.Tiering.Tiers() {
		switch {
		case tier.StorageAccount != "":
			return &AgentError{Field: tier.Field() + ".storageAccount"}
		case tier.Endpoint != "" && tier.Provider != v1alpha1.ProviderS3:
			return &AgentError{Field: tier.Field() + ".endpoint"}
		}
	}
	return nil
}

// takeApart sets repository, tag and digest of a reference. An error names the reference's origin.
func takeApart(image map[string]any, written, origin string) error {
	parsed, err := reference.Parse(written)
	if err != nil {
		return fmt.Errorf("%s: %q is not an image reference: %w", origin, written, err)
	}
	named, ok := parsed.(reference.Named)
	if !ok {
		return fmt.Errorf("%s: %q names no repository; write for instance registry.example.com/barq-db:0.1.0", origin, written)
	}
	image["repository"] = named.Name()
	tagged, hasTag := parsed.(reference.Tagged)
	if hasTag {
		image["tag"] = tagged.Tag()
	}
	digested, hasDigest := parsed.(reference.Digested)
	if hasDigest {
		if algorithm := digested.Digest().Algorithm(); algorithm != "sha256" {
			return fmt.Errorf("%s: %q has a digest of %s; write one of sha256", origin, written, algorithm)
		}
		image["digest"] = digested.Digest().String()
	}
	if !hasTag && !hasDigest {
		// The chart would add its own version to a repository without a tag. Everywhere else such a
		// reference means the tag latest.
		image["tag"] = "latest"
	}
	return nil
}
