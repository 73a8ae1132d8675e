package programimage

import (
	"context"
	"fmt"
	"os"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/layout"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/partial"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/static"
	"github.com/google/go-containerregistry/pkg/v1/types"

	"github.com/barq-db/barq-operator/hack/image"
)

// attach makes of a bill of materials an artifact that refers to its image, so that
// a registry tells of the one to who asks about the other.
func attach(subject v1.Image, file string, content []byte) (v1.Image, error) {
	described, err := partial.Descriptor(subject)
	if err != nil {
		return nil, err
	}
	artifact := mutate.ConfigMediaType(mutate.MediaType(empty.Image, types.OCIManifestSchema1), materialsMediaType)
	artifact, err = mutate.Append(artifact, mutate.Addendum{
		Layer:       static.NewLayer(content, materialsMediaType),
		Annotations: map[string]string{"org.opencontainers.image.title": file},
	})
	if err != nil {
		return nil, err
	}
	return mutate.Subject(artifact, *described).(v1.Image), nil
}

// writeLayout writes an image and what refers to it as an OCI layout, in place of what
// is there.
func writeLayout(folder, version string, index v1.ImageIndex, bills []v1.Image) error {
	if err := os.RemoveAll(folder); err != nil {
		return err
	}
	path, err := layout.Write(folder, empty.Index)
	if err != nil {
		return fmt.Errorf("writing the OCI layout %s: %w", folder, err)
	}
	if err := path.AppendIndex(index, layout.WithAnnotations(map[string]string{"org.opencontainers.image.ref.name": "v" + version})); err != nil {
		return fmt.Errorf("writing the image into %s: %w", folder, err)
	}
	for _, bill := range bills {
		if err := path.AppendImage(bill); err != nil {
			return fmt.Errorf("writing a bill of materials into %s: %w", folder, err)
		}
	}
	return nil
}

// Push puts what Build wrote into a registry, the image under the reference, and gives
// the reference by digest.
func Push(ctx context.Context, folder, reference string) (string, error) {
	tag, err := name.NewTag(reference)
	if err != nil {
		return "", fmt.Errorf("image reference %q: %w", reference, err)
	}
	root, err := layout.ImageIndexFromPath(folder)
	if err != nil {
		return "", fmt.Errorf("reading the OCI layout %s; run make image or make agent-image: %w", folder, err)
	}
	manifest, err := root.IndexManifest()
	if err != nil {
		return "", err
	}
	var pushed string
	for _, entry := range manifest.Manifests {
		digest := tag.Context().Digest(entry.Digest.String())
		if entry.MediaType.IsIndex() {
			var index v1.ImageIndex
			if index, err = root.ImageIndex(entry.Digest); err == nil {
				err = remote.WriteIndex(tag, index, image.Access(ctx)...)
			}
			pushed = digest.String()
		} else {
			var bill v1.Image
			if bill, err = root.Image(entry.Digest); err == nil {
				err = remote.Write(digest, bill, image.Access(ctx)...)
			}
		}
		if err != nil {
			return "", fmt.Errorf("pushing %s: %w", digest, err)
		}
	}
	if pushed == "" {
		return "", fmt.Errorf("the OCI layout %s holds no image; run make image or make agent-image", folder)
	}
	return pushed, nil
}
