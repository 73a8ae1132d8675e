package secrets

import (
	"cmp"
	"fmt"
	"slices"

	corev1 "k8s.io/api/core/v1"

	"github.com/barq-db/barq-operator/api/v1alpha1"
)

// Keys in the Secret of a tier. They have the names of the variables that Barq DB reads
// (docs/barq-server.md).
const (
	KeyAWSAccessKeyID        = "AWS_ACCESS_KEY_ID"
	KeyAWSSecretAccessKey    = "AWS_SECRET_ACCESS_KEY"
	KeyAWSSessionToken       = "AWS_SESSION_TOKEN"
	KeyAWSRegion             = "AWS_REGION"
	KeyGoogleCredentialsJSON = "GOOGLE_APPLICATION_CREDENTIALS_JSON"
	KeyAzureStorageAccount   = "AZURE_STORAGE_ACCOUNT"
	KeyAzureStorageAccessKey = "AZURE_STORAGE_ACCESS_KEY"
)

// Reference is one key of a Secret that the pods use.
type Reference struct {
	// Field is the path in the spec that has the reference.
	Field string
	// Secret is the name of the Secret, in the BarqCluster's namespace.
	Secret string
	// Key is the key in the Secret.
	Key string
	// Optional: the pod starts without it.
	Optional bool
	// FilledFor is the path of a field for which the value must not be empty. Barq DB ends on an empty
	// variable of a tier and on an empty certificate. Without FilledFor an empty value is a value, as
	// for Kubernetes.
	FilledFor string
	// Reread: an agent in the pods reads it at each use, so a change of its value restarts nothing.
	Reread bool
}

// References lists what the spec refers to, each key of a Secret once, sorted by Secret and key. Tiers
// count only while tiering is enabled, because only then do the pods use them. Secrets for pulling
// images are left out: the kubelet reads those, not the database.
func References(cluster *v1alpha1.BarqCluster) []Reference {
	var found []Reference
	spec := &cluster.Spec
	if spec.Tiering.Enabled {
		// A process has only one region, so the region of either tier replaces the region in the
		// Secret.
		regionKey := !hasRegion(spec.Tiering.Warm) && !hasRegion(spec.Tiering.Cold)
		for _, tier := range spec.Tiering.Tiers() {
			found = append(found, tierReferences(tier.Field(), tier.TierSpec, regionKey, spec.IsArchived())...)
		}
	}
	if ref := spec.Tiering.EncryptionKeySecretRef; ref != nil && spec.IsArchived() {
		found = append(found, filled(Reference{Field: "spec.tiering.encryptionKeySecretRef", Secret: ref.Name, Key: ref.Key}))
	}
	for _, variable := range spec.Env {
		if variable.ValueFrom == nil || variable.ValueFrom.SecretKeyRef == nil {
			continue
		}
		ref := variable.ValueFrom.SecretKeyRef
		found = append(found, Reference{
			Field:    fmt.Sprintf("spec.env[%s].valueFrom.secretKeyRef", variable.Name),
			Secret:   ref.Name,
			Key:      ref.Key,
			Optional: ref.Optional != nil && *ref.Optional,
		})
	}
	if spec.TLS != nil {
		for _, key := range []string{corev1.TLSCertKey, corev1.TLSPrivateKeyKey} {
			found = append(found, filled(Reference{Field: "spec.tls.secretName", Secret: spec.TLS.SecretName, Key: key}))
		}
	}
	return unique(found)
}

// StoreReferences lists what a BarqBackupStore refers to, in the same way.
func StoreReferences(store *v1alpha1.BarqBackupStore) []Reference {
	spec := &store.Spec
	found := tierReferences("spec", &v1alpha1.TierSpec{
		Provider: spec.Provider, BucketSecretRef: spec.BucketSecretRef, CredentialsSecretRef: spec.CredentialsSecretRef,
	}, spec.Region == "", false)
	if ref := spec.CASecretRef; ref != nil {
		found = append(found, filled(Reference{Field: "spec.caSecretRef", Secret: ref.Name, Key: ref.Key}))
	}
	return unique(found)
}

// Names lists the Secrets that the spec refers to, each once, sorted.
func Names(cluster *v1alpha1.BarqCluster) []string { return namesOf(References(cluster)) }

func namesOf(references []Reference) []string {
	var names []string
	for _, ref := range references {
		names = append(names, ref.Secret)
	}
	return slices.Compact(names)
}

func hasRegion(tier *v1alpha1.TierSpec) bool { return tier != nil && tier.Region != "" }

// tierReferences lists what one tier refers to. regionKey is whether the region of an s3 bucket comes
// from the Secret, and reread whether an agent reads the credentials at each use. The name of a bucket is read at the start of a pod.
func tierReferences(field string, tier *v1alpha1.TierSpec, regionKey, reread bool) []Reference {
	var found []Reference
	if ref := tier.BucketSecretRef; ref != nil {
		found = append(found, filled(Reference{Field: field + ".bucketSecretRef", Secret: ref.Name, Key: ref.Key}))
	}
	if tier.CredentialsSecretRef == nil {
		return found
	}
	credentials := func(optional bool, keys ...string) {
		for _, key := range keys {
			found = append(found, filled(Reference{
				Field:    field + ".credentialsSecretRef",
				Secret:   tier.CredentialsSecretRef.Name,
				Key:      key,
				Optional: optional,
				Reread:   reread,
			}))
		}
	}
	switch tier.Provider {
	case v1alpha1.ProviderS3:
		credentials(false, KeyAWSAccessKeyID, KeyAWSSecretAccessKey)
		credentials(true, KeyAWSSessionToken)
		if regionKey {
			credentials(true, KeyAWSRegion)
		}
	case v1alpha1.ProviderGCS:
		credentials(false, KeyGoogleCredentialsJSON)
	case v1alpha1.ProviderAzure:
		credentials(false, KeyAzureStorageAccount, KeyAzureStorageAccessKey)
	}
	return found
}

// filled returns the reference as one whose value must not be empty.
func filled(ref Reference) Reference {
	ref.FilledFor = ref.Field
	return ref
}

// unique keeps one reference for each key of a Secret. A required one wins over an optional one,
// because the pod that needs it does not start without it. If any needs a value that is not empty, all
// do. If any is read at the start of a pod only, a change restarts the pods.
func unique(found []Reference) []Reference {
	slices.SortStableFunc(found, func(a, b Reference) int {
		return cmp.Or(
			cmp.Compare(a.Secret, b.Secret),
			cmp.Compare(a.Key, b.Key),
			boolCompare(a.Optional, b.Optional),
		)
	})
	var kept []Reference
	for _, ref := range found {
		if last := len(kept) - 1; last >= 0 && kept[last].Secret == ref.Secret && kept[last].Key == ref.Key {
			kept[last].FilledFor = cmp.Or(kept[last].FilledFor, ref.FilledFor)
			kept[last].Reread = kept[last].Reread && ref.Reread
			continue
		}
		kept = append(kept, ref)
	}
	return kept
}

func boolCompare(a, b bool) int {
	switch {
	case a == b:
		return 0
	case b:
		return -1
	default:
		return 1
	}
}

// problemWith says what is wrong with the reference in the given Secret, or nothing
// (docs/barq-server.md).
func problemWith(ref Reference, keys map[string]digest) string {
	sum, ok := keys[ref.Key]
	switch {
	case !ok && ref.Optional:
		return ""
	case !ok:
		return fmt.Sprintf("Secret %q has no key %s, which %s needs; add the key", ref.Secret, ref.Key, ref.Field)
	case !sum.empty || ref.FilledFor == "":
		return ""
	case ref.Optional:
		return fmt.Sprintf("key %s of Secret %q is empty; fill it or remove it", ref.Key, ref.Secret)
	default:
		return fmt.Sprintf("key %s of Secret %q is empty, but %s needs it; fill it", ref.Key, ref.Secret, ref.FilledFor)
	}
}

// digests returns checksums of the values of a Secret, so that the operator need not keep the values.
func digests(secret *corev1.Secret) map[string]digest {
	sums := make(map[string]digest, len(secret.Data))
	for key, value := range secret.Data {
		sums[key] = digestOf(value)
	}
	return sums
}
