package backupstore

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"

	"github.com/barq-db/barq-operator/api/v1alpha1"
)

const (
	container      = "probe"
	bucketVariable = "BARQ_BUCKET"
	credentials    = "/etc/barq-agent/store"
	certificates   = "/etc/barq-agent/ca"
	certificate    = "ca.crt"

	// probeSeconds is how long a probe may take, and podSeconds how long its pod may run. The pull of the image is a part of that.
	probeSeconds = 60
	podSeconds   = 150
	// longestName is how much of the name of a BarqBackupStore is in that of a pod, whose host has a name of at most 63 characters.
	longestName = 40
)

// The labels of a pod. It has the name by which the operator's cache knows its pods, and no instance, so that no Service of a
// BarqCluster selects it.
const (
	nameLabel      = "app.kubernetes.io/name"
	nameValue      = "barq-db"
	componentLabel = "app.kubernetes.io/component"
	componentValue = "backup-store-probe"
	azureLabel     = "azure.workload.identity/use"
)

// Labels returns the labels by which the pods of all BarqBackupStores are found.
func Labels() map[string]string {
	return map[string]string{nameLabel: nameValue, componentLabel: componentValue}
}

// Pod returns the pod that tries a store, with the image of the agent. secrets is the sum over the values of its Secrets. Another
// generation, another sum or another image gives another name.
func Pod(store *v1alpha1.BarqBackupStore, image, secrets string) *corev1.Pod {
	spec := &store.Spec
	pod := &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{
			Namespace: store.Namespace, Name: podName(store, image, secrets), Labels: Labels(),
			// Without blockOwnerDeletion, for which the operator would need a right on the BarqBackupStore.
			OwnerReferences: []metav1.OwnerReference{{
				APIVersion: v1alpha1.GroupVersion.String(), Kind: v1alpha1.BarqBackupStoreKind.Kind, Name: store.Name, UID: store.UID, Controller: ptr.To(true),
			}},
		},
		Spec: corev1.PodSpec{
			RestartPolicy:                 corev1.RestartPolicyNever,
			ActiveDeadlineSeconds:         ptr.To[int64](podSeconds),
			TerminationGracePeriodSeconds: ptr.To[int64](1),
			ServiceAccountName:            spec.ServiceAccountName,
			AutomountServiceAccountToken:  ptr.To(false),
			EnableServiceLinks:            ptr.To(false),
			// The image has a user of its own, and OpenShift assigns one.
			SecurityContext: &corev1.PodSecurityContext{
				RunAsNonRoot: ptr.To(true), SeccompProfile: &corev1.SeccompProfile{Type: corev1.SeccompProfileTypeRuntimeDefault},
			},
			Containers: []corev1.Container{{
				Name: container, Image: image, Args: arguments(spec),
				TerminationMessagePolicy: corev1.TerminationMessageReadFile,
				Resources: corev1.ResourceRequirements{
					Requests: corev1.ResourceList{corev1.ResourceCPU: resource.MustParse("10m"), corev1.ResourceMemory: resource.MustParse("64Mi")},
					Limits:   corev1.ResourceList{corev1.ResourceCPU: resource.MustParse("500m"), corev1.ResourceMemory: resource.MustParse("128Mi")},
				},
				SecurityContext: &corev1.SecurityContext{
					AllowPrivilegeEscalation: ptr.To(false), ReadOnlyRootFilesystem: ptr.To(true),
					Capabilities: &corev1.Capabilities{Drop: []corev1.Capability{"ALL"}},
				},
			}},
		},
	}
	if spec.Provider == v1alpha1.ProviderAzure && spec.CredentialsSecretRef == nil {
		pod.Labels[azureLabel] = "true"
	}
	if ref := spec.BucketSecretRef; ref != nil {
		pod.Spec.Containers[0].Env = []corev1.EnvVar{{Name: bucketVariable, ValueFrom: &corev1.EnvVarSource{
			SecretKeyRef: &corev1.SecretKeySelector{LocalObjectReference: corev1.LocalObjectReference{Name: ref.Name}, Key: ref.Key},
		}}}
	}
	if ref := spec.CredentialsSecretRef; ref != nil {
		mount(pod, "credentials", credentials, &corev1.SecretVolumeSource{SecretName: ref.Name})
	}
	if ref := spec.CASecretRef; ref != nil {
		mount(pod, "ca", certificates, &corev1.SecretVolumeSource{SecretName: ref.Name, Items: []corev1.KeyToPath{{Key: ref.Key, Path: certificate}}})
	}
	return pod
}

func podName(store *v1alpha1.BarqBackupStore, image, secrets string) string {
	sum := sha256.Sum256(fmt.Appendf(nil, "%s\x00%d\x00%s\x00%s", store.UID, store.Generation, image, secrets))
	name := strings.TrimRight(store.Name[:min(len(store.Name), longestName)], "-.")
	return name + "-probe-" + hex.EncodeToString(sum[:5])
}

func mount(pod *corev1.Pod, name, path string, secret *corev1.SecretVolumeSource) {
	pod.Spec.Volumes = append(pod.Spec.Volumes, corev1.Volume{Name: name, VolumeSource: corev1.VolumeSource{Secret: secret}})
	pod.Spec.Containers[0].VolumeMounts = append(pod.Spec.Containers[0].VolumeMounts,
		corev1.VolumeMount{Name: name, MountPath: path, ReadOnly: true})
}

// arguments returns those of barq-agent.
func arguments(spec *v1alpha1.BarqBackupStoreSpec) []string {
	found := []string{"probe", fmt.Sprintf("--timeout=%ds", probeSeconds), "--provider=" + string(spec.Provider)}
	add := func(flag, value string) {
		if value != "" {
			// Kubernetes would put a variable in place of $(NAME).
			found = append(found, "--"+flag+"="+strings.ReplaceAll(value, "$", "$$"))
		}
	}
	if spec.BucketSecretRef != nil {
		found = append(found, "--bucket=$("+bucketVariable+")", "--secret-bucket")
	}
	add("bucket", spec.Bucket)
	if spec.Prefix != "" {
		add("prefix", spec.Prefix+"/")
	}
	add("region", spec.Region)
	add("endpoint", spec.Endpoint)
	if spec.Provider == v1alpha1.ProviderS3 {
		found = append(found, fmt.Sprintf("--path-style=%t", spec.UsesPathStyle()))
	}
	if spec.CredentialsSecretRef != nil {
		add("credentials", credentials)
	}
	if spec.CASecretRef != nil {
		add("ca", certificates+"/"+certificate)
	}
	add("account", spec.StorageAccount)
	if encryption := spec.ServerSideEncryption; encryption != nil {
		add("encryption", encryptionOf[encryption.Type])
		add("kms-key", encryption.KMSKeyID)
	}
	return found
}

// encryptionOf are the words of S3.
var encryptionOf = map[v1alpha1.EncryptionType]string{
	v1alpha1.EncryptionAES256: "AES256",
	v1alpha1.EncryptionKMS:    "aws:kms",
}
