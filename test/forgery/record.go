package forgery

import (
	"bytes"
	"compress/gzip"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"strconv"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

const (
	// SecretType is the type of the Secrets in which Helm stores releases.
	SecretType corev1.SecretType = "helm.sh/release.v1"
	// recordKey is where Helm keeps the record in its Secret.
	recordKey = "release"
)

// Record is a stored revision of a release, taken apart.
type Record struct {
	// Secret has the name, the labels and the annotations. Its data are written by Seal.
	Secret *corev1.Secret
	// Release is the JSON that Helm reads. It is a map, so that it can hold what Helm would never write.
	Release map[string]any
	// Raw replaces the whole content of the record, if it is not nil.
	Raw []byte
}

// Open takes the Secret of a revision apart. The Secret stays as it is.
func Open(stored *corev1.Secret) (*Record, error) {
	packed, err := base64.StdEncoding.DecodeString(string(stored.Data[recordKey]))
	if err != nil {
		return nil, fmt.Errorf("decode the record in Secret %s: %w", stored.Name, err)
	}
	reader, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		return nil, fmt.Errorf("unpack the record in Secret %s: %w", stored.Name, err)
	}
	content, err := io.ReadAll(reader)
	if err != nil {
		return nil, fmt.Errorf("unpack the record in Secret %s: %w", stored.Name, err)
	}
	record := &Record{Secret: &corev1.Secret{
		ObjectMeta: metav1.ObjectMeta{
			Namespace: stored.Namespace, Name: stored.Name, Labels: map[string]string{}, Annotations: map[string]string{},
		},
		Type: SecretType,
	}}
	for key, value := range stored.Labels {
		record.Secret.Labels[key] = value
	}
	for key, value := range stored.Annotations {
		record.Secret.Annotations[key] = value
	}
	if err := json.Unmarshal(content, &record.Release); err != nil {
		return nil, fmt.Errorf("read the record in Secret %s: %w", stored.Name, err)
	}
	if record.Release == nil {
		return nil, fmt.Errorf("read the record in Secret %s: it is null", stored.Name)
	}
	return record, nil
}

// Seal gives the Secret that stores the record.
func (r *Record) Seal() (*corev1.Secret, error) {
	sealed := r.Secret.DeepCopy()
	if r.Raw != nil {
		sealed.Data = map[string][]byte{recordKey: r.Raw}
		return sealed, nil
	}
	content, err := json.Marshal(r.Release)
	if err != nil {
		return nil, err
	}
	packed, err := Pack(content)
	sealed.Data = map[string][]byte{recordKey: packed}
	return sealed, err
}

// Pack packs the content of a record as Helm does: gzip, base64.
func Pack(content []byte) ([]byte, error) {
	var packed bytes.Buffer
	writer, err := gzip.NewWriterLevel(&packed, gzip.BestCompression)
	if err != nil {
		return nil, err
	}
	if _, err := writer.Write(content); err != nil {
		return nil, err
	}
	if err := writer.Close(); err != nil {
		return nil, err
	}
	return base64.StdEncoding.AppendEncode(nil, packed.Bytes()), nil
}

// Forge gives the Secret of a stored revision after some edits.
func Forge(stored *corev1.Secret, edits ...Edit) (*corev1.Secret, error) {
	record, err := Open(stored)
	if err != nil {
		return nil, err
	}
	for _, edit := range edits {
		edit(record)
	}
	return record.Seal()
}

// SecretName is the name of the Secret in which Helm stores a revision.
func SecretName(release string, revision int64) string {
	return "sh.helm.release.v1." + release + ".v" + strconv.FormatInt(revision, 10)
}

// rename gives the Secret the name that goes with what the record says of itself.
func (r *Record) rename() {
	r.Secret.Name = "sh.helm.release.v1." + r.Secret.Labels["name"] + ".v" + r.Secret.Labels["version"]
}

// info is the part of the record about how the revision ended.
func (r *Record) info() map[string]any { return r.part("info") }

// metadata is the part of the record about the chart.
func (r *Record) metadata() map[string]any {
	chart := r.part("chart")
	metadata, ok := chart["metadata"].(map[string]any)
	if !ok {
		metadata = map[string]any{}
		chart["metadata"] = metadata
	}
	return metadata
}

func (r *Record) part(name string) map[string]any {
	part, ok := r.Release[name].(map[string]any)
	if !ok {
		part = map[string]any{}
		r.Release[name] = part
	}
	return part
}
