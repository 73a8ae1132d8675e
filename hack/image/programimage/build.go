package programimage

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"

	"github.com/barq-db/barq-operator/hack/image"
)

// Build compiles and packs the program for all architectures, and writes into the
// output folder the OCI layout image, which has them all, and each one's bill of
// materials. It gives the digest of the whole.
func (p Program) Build(ctx context.Context, repository, output string, version Version) (v1.Hash, error) {
	binaries, err := os.MkdirTemp("", p.Name+"-")
	if err != nil {
		return v1.Hash{}, err
	}
	defer func() { _ = os.RemoveAll(binaries) }()
	if err := os.MkdirAll(output, 0o750); err != nil {
		return v1.Hash{}, err
	}

	index := mutate.Annotations(empty.Index, p.labels(version)).(v1.ImageIndex)
	var bills []v1.Image
	for _, architecture := range Architectures {
		binary := filepath.Join(binaries, architecture)
		if err := p.compile(ctx, repository, binary, architecture, version); err != nil {
			return v1.Hash{}, err
		}
		packed, err := p.pack(repository, binary, architecture, version)
		if err != nil {
			return v1.Hash{}, err
		}
		index = mutate.AppendManifests(index, mutate.IndexAddendum{
			Add: packed, Descriptor: v1.Descriptor{Platform: &v1.Platform{OS: "linux", Architecture: architecture}},
		})

		content, err := p.materials(binary, version)
		if err != nil {
			return v1.Hash{}, err
		}
		file := fmt.Sprintf("%s_%s_linux_%s.cdx.json", p.Name, version.Number, architecture)
		// Public, like the image that it describes.
		if err := os.WriteFile(filepath.Join(output, file), content, 0o644); err != nil { //nolint:gosec // others may read it
			return v1.Hash{}, err
		}
		bill, err := attach(packed, file, content)
		if err != nil {
			return v1.Hash{}, err
		}
		bills = append(bills, bill)
	}
	if err := writeLayout(filepath.Join(output, "image"), version.Number, index, bills); err != nil {
		return v1.Hash{}, err
	}
	return index.Digest()
}

func (p Program) pack(repository, binary, architecture string, version Version) (v1.Image, error) {
	content := p.Content(repository, binary)
	content.Architecture, content.Created, content.Labels = architecture, version.created(), p.labels(version)
	packed, err := image.Pack(content)
	if err != nil {
		return nil, fmt.Errorf("packing %s for linux/%s: %w", p.Name, architecture, err)
	}
	return packed, nil
}
