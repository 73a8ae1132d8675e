package admission

import (
	"errors"
	"regexp"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// handedOn are the fields of objects that a spec has in Kubernetes' own words, and which the
// chart hands on as they are. Their rules are Kubernetes', differ between its versions, and
// are too many to be written again; the API server checks them when the objects are
// applied, and its message is in the status (docs/decisions.md).
var handedOn = regexp.MustCompile(`^spec\.(template\.spec\.)?(` +
	`affinity\.` +
	`|tolerations\[` +
	`|topologySpreadConstraints\[` +
	`|containers\[0\]\.env\[\d+\]\.valueFrom` +
	`|(initC|c)ontainers\[0\]\.resources` +
	`)|^spec\.ingress\[0\]\.from\[` +
	`|^spec\.ipFamilies\[`)

// BeyondHandedOn takes the error with which the API server refuses an object of a release,
// and gives what it refuses in fields that are not handed on. There should be nothing.
func BeyondHandedOn(err error) []string {
	if err == nil {
		return nil
	}
	var status apierrors.APIStatus
	if !errors.As(err, &status) || status.Status().Reason != metav1.StatusReasonInvalid || status.Status().Details == nil {
		return []string{err.Error()}
	}
	var beyond []string
	for _, cause := range status.Status().Details.Causes {
		if !handedOn.MatchString(cause.Field) {
			beyond = append(beyond, cause.Field+": "+cause.Message)
		}
	}
	return beyond
}
