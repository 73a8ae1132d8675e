package manifest

import (
	"errors"
	"strings"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
)

// Refusal gives what the API server said against an object, one line for each of the
// mistakes that it found.
func Refusal(err error) string {
	var status apierrors.APIStatus
	if !errors.As(err, &status) || status.Status().Details == nil || len(status.Status().Details.Causes) == 0 {
		return err.Error()
	}
	var lines []string
	for _, cause := range status.Status().Details.Causes {
		line := cause.Message
		if cause.Field != "" {
			line = cause.Field + ": " + line
		}
		lines = append(lines, line)
	}
	return strings.Join(lines, "\n")
}
