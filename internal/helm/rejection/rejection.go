package rejection

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"helm.sh/helm/v3/pkg/kube"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/barq-db/barq-operator/internal/helm/owned"
	"github.com/barq-db/barq-operator/internal/helm/records"
	"github.com/barq-db/barq-operator/internal/podtrial"
)

// Is reports whether the API server understood what was asked, and refused it: an invalid object, a policy, a webhook, a quota.
func Is(err error) bool {
	return errors.Is(err, records.ErrTooLongSpec) || errors.Is(err, podtrial.ErrRefused) || slices.ContainsFunc(answers(err), func(answer error) bool {
		return apierrors.IsInvalid(answer) || apierrors.IsForbidden(answer) || apierrors.IsBadRequest(answer) || apierrors.IsRequestEntityTooLargeError(answer)
	})
}

// answers returns the errors that an error joins, each of them about another object. apierrors looks at the first one
// only.
func answers(err error) []error {
	// Helm joins the errors of what it creates.
	var helms interface{ WrappedErrors() []error }
	if errors.As(err, &helms) {
		return helms.WrappedErrors()
	}
	// A repair joins its own.
	var joined interface{ Unwrap() []error }
	if errors.As(err, &joined) {
		return joined.Unwrap()
	}
	return []error{err}
}

// ObjectsIn returns the names of those objects of the manifest that the cache has, with their UIDs and versions.
func ObjectsIn(ctx context.Context, cache client.Reader, builder kube.Interface, manifest string) (string, error) {
	expected, err := builder.Build(bytes.NewBufferString(manifest), false)
	if err != nil {
		return "", fmt.Errorf("reading the manifest of the release: %w", err)
	}
	var there strings.Builder
	for _, object := range expected {
		name := owned.NameOf(object)
		existing, err := owned.Cached(ctx, cache, name)
		if err != nil {
			return "", err
		}
		if existing == nil {
			continue
		}
		version, err := owned.VersionOf(existing)
		if err != nil {
			return "", err
		}
		fmt.Fprintf(&there, "%s %s %s %x\n", name.Kind.Kind, existing.GetName(), existing.GetUID(), version)
	}
	return there.String(), nil
}
