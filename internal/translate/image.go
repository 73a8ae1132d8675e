package translate

import (
	"fmt"

	"github.com/distribution/reference"

	"github.com/barq-db/barq-operator/api/v1alpha1"
)

// toImage takes the image's reference apart. It gives nil when neither the spec
// nor the operator names an image or a pull policy, which leaves the chart's own.
func toImage(spec *v1alpha1.BarqClusterSpec, defaultImage string) (*Image, error) {
	written, origin := spec.Image, "spec.image"
	if written == "" {
		written, origin = defaultImage, "the operator's RELATED_IMAGE_BARQ_DB"
	}
	image := &Image{PullPolicy: string(spec.ImagePullPolicy)}
	if written == "" {
		if image.PullPolicy == "" {
			return nil, nil
		}
		return image, nil
	}

	parsed, err := reference.Parse(written)
	if err != nil {
		return nil, fmt.Errorf("%s: %q is not an image reference: %w", origin, written, err)
	}
	named, ok := parsed.(reference.Named)
	if !ok {
		return nil, fmt.Errorf("%s: %q names no repository; write for instance registry.example.com/barq-db:0.1.0", origin, written)
	}
	image.Repository = named.Name()
	if tagged, ok := parsed.(reference.Tagged); ok {
		image.Tag = tagged.Tag()
	}
	if digested, ok := parsed.(reference.Digested); ok {
		if algorithm := digested.Digest().Algorithm(); algorithm != "sha256" {
			return nil, fmt.Errorf("%s: %q has a digest of %s; write one of sha256", origin, written, algorithm)
		}
		image.Digest = digested.Digest().String()
	}
	if image.Tag == "" && image.Digest == "" {
		// The chart would put its own version behind a repository without a tag, which
		// is not what this reference means anywhere else.
		image.Tag = "latest"
	}
	return image, nil
}
