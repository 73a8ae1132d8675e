package rejection

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"regexp"
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
	return apierrors.IsInvalid(err) || apierrors.IsForbidden(err) || apierrors.IsBadRequest(err) || apierrors.IsRequestEntityTooLargeError(err) ||
		errors.Is(err, records.ErrTooLongSpec) || errors.Is(err, podtrial.ErrRefused) || err != nil && invalidText.MatchString(err.Error())
}

// invalidText is how apierrors.NewInvalid begins: StatefulSet.apps "db" is invalid. Helm passes on only the text of
// some errors.
var invalidText = regexp.MustCompile(`\S+ "[^"]+" is invalid: `)

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
