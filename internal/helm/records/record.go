package records

import (
	"bytes"
	"compress/gzip"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"math"

	"helm.sh/helm/v3/pkg/chart"
	"helm.sh/helm/v3/pkg/release"
	helmtime "helm.sh/helm/v3/pkg/time"
	corev1 "k8s.io/api/core/v1"

	"github.com/barq-db/barq-operator/internal/helm/labels"
)

const (
	// recordKey is where Helm keeps a record in its Secret.
	recordKey = "release"
	// unsignedLimit is the most bytes to which an unsigned record may unpack. A record of the chart has about 10 KiB,
	// and one of the largest spec that the CRD admits about 1 MiB.
	unsignedLimit = 2 << 20
	// manifestLimit is the most bytes that the manifest of an unsigned record may have. Reading YAML takes a hundred
	// times the memory of the text.
	manifestLimit = 512 << 10
	// signedLimit is the most bytes to which a signed record may unpack. The operator stores none that does not fit a
	// Secret.
	signedLimit = 16 << 20
	// revisionLimit is the largest revision number that is believed, so that there is always a next one.
	revisionLimit = math.MaxInt32
)

// Record is a stored revision, as far as it was read.
type Record struct {
	// Secret is the name of its Secret, and Number that of the revision, which is in the name.
	Secret string
	Number int
	// Release is what Helm gets.
	Release *release.Release
	// text is what an unsigned record says. It is stored again unchanged, and never signed.
	text *recordText
}

// recordText is an unsigned record, parsed only as far as needed.
type recordText struct {
	Name      json.RawMessage `json:"name,omitempty"`
	Info      json.RawMessage `json:"info,omitempty"`
	Chart     json.RawMessage `json:"chart,omitempty"`
	Config    json.RawMessage `json:"config,omitempty"`
	Manifest  json.RawMessage `json:"manifest,omitempty"`
	Hooks     json.RawMessage `json:"hooks,omitempty"`
	Version   json.RawMessage `json:"version,omitempty"`
	Namespace json.RawMessage `json:"namespace,omitempty"`
}

// unsignedInfo has the fields that are read of an unsigned record's state.
type unsignedInfo struct {
	FirstDeployed helmtime.Time  `json:"first_deployed"`
	LastDeployed  helmtime.Time  `json:"last_deployed"`
	Deleted       helmtime.Time  `json:"deleted"`
	Description   string         `json:"description,omitempty"`
	Status        release.Status `json:"status,omitempty"`
	Notes         string         `json:"notes,omitempty"`
}

var (
	// errTooLarge is the error of a record that unpacks to more than its limit.
	errTooLarge = errors.New("it unpacks to more than a release of this chart has")
	// errUnreadable is the error of a record that Helm could not read either.
	errUnreadable = errors.New("it cannot be read")
)

// unpack returns what is packed in a record, or errTooLarge if that has more bytes than the limit. It never holds more
// than that in memory.
func unpack(packed []byte, limit int64) ([]byte, error) {
	unpacking, err := gzip.NewReader(base64.NewDecoder(base64.StdEncoding, bytes.NewReader(packed)))
	if err != nil {
		return nil, errUnreadable
	}
	content, err := io.ReadAll(io.LimitReader(unpacking, limit+1))
	switch {
	case int64(len(content)) > limit:
		return nil, errTooLarge
	case err != nil:
		return nil, errUnreadable
	default:
		return content, nil
	}
}

// signedRecord reads a record that the operator has signed.
func signedRecord(stored *corev1.Secret, number int) (*Record, error) {
	content, err := unpack(stored.Data[recordKey], signedLimit)
	if err != nil {
		return nil, err
	}
	found := &release.Release{}
	if err := json.Unmarshal(content, found); err != nil || found.Info == nil || found.Chart == nil || found.Chart.Metadata == nil {
		return nil, errUnreadable
	}
	// Helm runs hooks. The chart has only one, for `helm test`, which a person runs.
	found.Hooks = nil
	found.Labels = withoutHelmLabels(stored.Labels)
	return &Record{Secret: stored.Name, Number: number, Release: found}, nil
}

// unsignedRecord reads a record that anyone may have written. If it carries the operator's mark, it is forged, or from
// an operator with another key, and only its number is used. Any other is of a release that a person installed with
// Helm. Its manifest is compared and never applied.
func unsignedRecord(stored *corev1.Secret, number int, name, namespace string, limit int64) (*Record, int64, error) {
	content, err := unpack(stored.Data[recordKey], min(limit, unsignedLimit))
	if err != nil {
		return nil, 0, err
	}
	size := int64(len(content))
	text := &recordText{}
	var info unsignedInfo
	var of struct {
		Metadata struct {
			Name       string `json:"name"`
			Version    string `json:"version"`
			AppVersion string `json:"appVersion"`
		} `json:"metadata"`
	}
	if err := json.Unmarshal(content, text); err != nil || len(text.Info) == 0 || len(text.Chart) == 0 {
		return nil, size, errUnreadable
	}
	if err := errors.Join(json.Unmarshal(text.Info, &info), json.Unmarshal(text.Chart, &of)); err != nil {
		return nil, size, errUnreadable
	}
	found := &release.Release{
		Name: name, Namespace: namespace, Version: number,
		Info:   &release.Info{Status: release.StatusDeployed},
		Chart:  &chart.Chart{Metadata: &chart.Metadata{Name: of.Metadata.Name, Version: of.Metadata.Version, AppVersion: of.Metadata.AppVersion}},
		Labels: withoutHelmLabels(stored.Labels),
	}
	if first := info.FirstDeployed; first.Year() > 1970 && first.Before(helmtime.Now()) {
		found.Info.FirstDeployed = first
	}
	read := &Record{Secret: stored.Name, Number: number, Release: found, text: text}
	if labels.IsOurs(found) {
		found.Labels = map[string]string{labels.ManagedBy: labels.Operator}
		if secrets := stored.Labels[labels.AdoptedSecrets]; secrets != "" {
			// The label decides only about restarts of this BarqCluster's own pods.
			found.Labels[labels.AdoptedSecrets] = secrets
		}
		return read, size, nil
	}
	var config struct {
		SecretsChecksum any `json:"secretsChecksum"`
	}
	if found.Manifest, err = read.Manifest(); err != nil {
		return nil, size, err
	}
	if err := json.Unmarshal(orNull(text.Config), &config); err != nil {
		return nil, size, errUnreadable
	}
	if checksum, ok := config.SecretsChecksum.(string); ok {
		found.Config = map[string]any{"secretsChecksum": checksum}
	}
	found.Info.Status = info.Status
	return read, size, nil
}

// Manifest returns the manifest of a record, signed or not. It refuses an unsigned one that is longer than
// manifestLimit.
func (r *Record) Manifest() (string, error) {
	if r.text == nil {
		return r.Release.Manifest, nil
	}
	var manifest string
	if len(r.text.Manifest) > manifestLimit {
		return "", errTooLarge
	}
	if err := json.Unmarshal(orNull(r.text.Manifest), &manifest); err != nil {
		return "", errUnreadable
	}
	return manifest, nil
}

// Signed reports whether the operator has signed the record.
func (r *Record) Signed() bool { return r.text == nil }

// SetManifest replaces the manifest of a record, signed or not.
func (r *Record) SetManifest(manifest string) (err error) {
	r.Release.Manifest = manifest
	if r.text != nil {
		r.text, err = r.text.withManifest(manifest)
	}
	return err
}

// orNull returns the text, or JSON's null if there is none.
func orNull(text json.RawMessage) json.RawMessage {
	if len(text) == 0 {
		return json.RawMessage("null")
	}
	return text
}

// withStatus returns the text of an unsigned record in another state.
func (t recordText) withStatus(of *release.Info) (*recordText, error) {
	var info unsignedInfo
	if err := json.Unmarshal(t.Info, &info); err != nil {
		return nil, err
	}
	info.Status, info.Description = of.Status, of.Description
	var err error
	t.Info, err = json.Marshal(&info)
	return &t, err
}

// withManifest returns the text of an unsigned record with another manifest.
func (t recordText) withManifest(manifest string) (*recordText, error) {
	var err error
	t.Manifest, err = json.Marshal(manifest)
	return &t, err
}

// withoutHelmLabels returns the labels of a record without those of Helm, as Helm's own storage does.
func withoutHelmLabels(marks map[string]string) map[string]string {
	left := make(map[string]string, len(marks))
	for name, value := range marks {
		switch name {
		case "name", "owner", "status", "version", "createdAt", "modifiedAt":
		default:
			left[name] = value
		}
	}
	return left
}

// ErrForeign is the error of records that are not the operator's and cannot be read.
var ErrForeign = errors.New("restore it, or delete it")
