package signing

import (
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"strings"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
)

const (
	// DigestAnnotation of a record is the SHA-256 sum of its content, in base64. With it, a reader that has only the
	// metadata can verify the signature.
	DigestAnnotation = "barq.db/record-digest"
	// SignatureAnnotation of a record is its HMAC-SHA256, in base64.
	SignatureAnnotation = "barq.db/record-signature"

	// contentKey is where Helm keeps a revision in its Secret.
	contentKey = "release"
	// purpose begins the signed text, so that a signature of one kind is never valid for another.
	purpose = "barq.db/record/v1"
	// labelPrefix begins the operator's own labels.
	labelPrefix = "barq.db/"
)

// helmLabels are the labels of a record that Helm writes. Labels that an admission webhook adds are not signed.
var helmLabels = []string{"createdAt", "modifiedAt", "name", "owner", "status", "version"}

// ownLabels are the labels of a record that the operator writes.
var ownLabels = []string{"adopted-secrets", "generation", "managed-by", "rollout"}

// Key signs records. A nil Key verifies none.
type Key struct{ secret []byte }

// New returns a key of the given bytes.
func New(secret []byte) *Key { return &Key{secret: secret} }

// Derive returns bytes for another purpose than signing records. The same key and purpose always give the same bytes, and
// nothing about the key follows from them.
func (k *Key) Derive(purpose string, length int) ([]byte, error) {
	return hkdf.Key(sha256.New, k.secret, nil, purpose, length)
}

// Sign writes the annotations with digest and signature into a record of the BarqCluster with the given UID. Name,
// namespace, labels and content must be final.
func (k *Key) Sign(record *corev1.Secret, cluster types.UID) {
	if record.Annotations == nil {
		record.Annotations = map[string]string{}
	}
	record.Annotations[DigestAnnotation] = digest(record.Data[contentKey])
	record.Annotations[SignatureAnnotation] = base64.StdEncoding.EncodeToString(k.sum(record, cluster))
}

// VerifyMetadata reports whether a record of the BarqCluster with the given UID has the metadata that Sign saw.
func (k *Key) VerifyMetadata(record metav1.Object, cluster types.UID) bool {
	if k == nil {
		return false
	}
	signature, err := base64.StdEncoding.DecodeString(record.GetAnnotations()[SignatureAnnotation])
	return err == nil && hmac.Equal(signature, k.sum(record, cluster))
}

// Verify reports whether a record has the metadata and the content that Sign saw.
func (k *Key) Verify(record *corev1.Secret, cluster types.UID) bool {
	return k.VerifyMetadata(record, cluster) && record.Annotations[DigestAnnotation] == digest(record.Data[contentKey])
}

func digest(content []byte) string {
	sum := sha256.Sum256(content)
	return base64.StdEncoding.EncodeToString(sum[:])
}

// sum returns the HMAC of the signed texts. Each text comes with its length, so that different lists of texts always
// result in different bytes.
func (k *Key) sum(record metav1.Object, cluster types.UID) []byte {
	texts := []string{purpose, record.GetNamespace(), record.GetName(), string(cluster), record.GetAnnotations()[DigestAnnotation]}
	labels := record.GetLabels()
	for _, name := range helmLabels {
		texts = append(texts, labels[name])
	}
	for _, name := range ownLabels {
		texts = append(texts, labels[labelPrefix+name])
	}
	mac := hmac.New(sha256.New, k.secret)
	for _, text := range texts {
		_ = binary.Write(mac, binary.BigEndian, uint64(len(text)))
		_, _ = mac.Write([]byte(text))
	}
	return mac.Sum(nil)
}

// StripAnnotations removes all annotations from the metadata of a record except those that VerifyMetadata reads.
func StripAnnotations(record metav1.Object) {
	annotations := record.GetAnnotations()
	if annotations[SignatureAnnotation] == "" {
		record.SetAnnotations(nil)
		return
	}
	record.SetAnnotations(map[string]string{
		// Cloning the text lets Go free the rest of the object.
		DigestAnnotation:    strings.Clone(annotations[DigestAnnotation]),
		SignatureAnnotation: strings.Clone(annotations[SignatureAnnotation]),
	})
}
