package image

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"maps"
	"runtime"
	"time"

	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
	"github.com/google/go-containerregistry/pkg/v1/types"
)

// Image says what is in an image.
type Image struct {
	// Files are those of this machine to copy, by their absolute path in the image. A
	// folder is copied with all that is in it, a link as what it leads to.
	Files map[string]string
	// Entrypoint is the program to run, with its first arguments.
	Entrypoint []string
	// User to run as; empty for root.
	User string
	// Environment variables, as NAME=value.
	Environment []string
	// Labels tell images apart whose files are equal.
	Labels map[string]string
	// Architecture that the programs are for; empty for this machine's.
	Architecture string
	// Created is when the image was made. It is zero unless that has to be told,
	// because the same files should give the same image.
	Created time.Time
}

// Pack makes the image.
func Pack(image Image) (v1.Image, error) {
	content, err := archive(image.Files)
	if err != nil {
		return nil, err
	}
	layer, err := tarball.LayerFromOpener(
		func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(content)), nil },
		tarball.WithMediaType(types.OCILayer),
		// It is compressed once, and not again for its digest and for each upload.
		tarball.WithCompressedCaching)
	if err != nil {
		return nil, err
	}
	base := mutate.ConfigMediaType(mutate.MediaType(empty.Image, types.OCIManifestSchema1), types.OCIConfigJSON)
	packed, err := mutate.AppendLayers(base, layer)
	if err != nil {
		return nil, err
	}
	file, err := packed.ConfigFile()
	if err != nil {
		return nil, err
	}
	file = file.DeepCopy()
	file.OS, file.Architecture, file.Created = "linux", image.Architecture, v1.Time{Time: image.Created}
	if file.Architecture == "" {
		file.Architecture = runtime.GOARCH
	}
	file.Config = v1.Config{
		Entrypoint: image.Entrypoint, User: image.User, Env: image.Environment,
		Labels: maps.Clone(image.Labels), WorkingDir: "/",
	}
	return mutate.ConfigFile(packed, file)
}

// Access is how registries are spoken to: with the credentials of Docker's
// configuration, and over plain HTTP to those on loopback.
func Access(ctx context.Context) []remote.Option {
	return []remote.Option{remote.WithContext(ctx), remote.WithAuthFromKeychain(authn.DefaultKeychain)}
}

// Push packs the image, puts it into a registry under the reference, and gives the
// reference by digest.
func Push(ctx context.Context, reference string, image Image) (string, error) {
	packed, err := Pack(image)
	if err != nil {
		return "", fmt.Errorf("packing %s: %w", reference, err)
	}
	return push(ctx, reference, packed)
}

// Copy copies an image that is in a registry to another place, with other labels, and
// gives the copy's reference by digest.
func Copy(ctx context.Context, source, target string, labels map[string]string) (string, error) {
	from, err := name.ParseReference(source)
	if err != nil {
		return "", fmt.Errorf("image reference %q: %w", source, err)
	}
	original, err := remote.Image(from, Access(ctx)...)
	if err != nil {
		return "", fmt.Errorf("reading %s: %w", source, err)
	}
	file, err := original.ConfigFile()
	if err != nil {
		return "", err
	}
	file = file.DeepCopy()
	file.Config.Labels = labels
	labelled, err := mutate.ConfigFile(original, file)
	if err != nil {
		return "", err
	}
	return push(ctx, target, labelled)
}

func push(ctx context.Context, reference string, image v1.Image) (string, error) {
	tag, err := name.NewTag(reference)
	if err != nil {
		return "", fmt.Errorf("image reference %q: %w", reference, err)
	}
	if err := remote.Write(tag, image, Access(ctx)...); err != nil {
		return "", fmt.Errorf("pushing %s: %w", reference, err)
	}
	digest, err := image.Digest()
	if err != nil {
		return "", err
	}
	return tag.Context().Digest(digest.String()).String(), nil
}
