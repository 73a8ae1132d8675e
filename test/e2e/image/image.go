package image

import (
	"archive/tar"
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"path"
	"path/filepath"
	"runtime"
	"slices"
	"strings"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
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
}

// Push packs the image for this machine's architecture, puts it into a registry
// under the reference, and gives the reference by digest. It takes plain HTTP for
// registries on loopback, and the credentials of Docker's configuration for others.
func Push(ctx context.Context, reference string, image Image) (string, error) {
	packed, err := pack(image)
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
	original, err := remote.Image(from, remote.WithContext(ctx))
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
	if err := remote.Write(tag, image, remote.WithContext(ctx)); err != nil {
		return "", fmt.Errorf("pushing %s: %w", reference, err)
	}
	digest, err := image.Digest()
	if err != nil {
		return "", err
	}
	return tag.Context().Digest(digest.String()).String(), nil
}

func pack(image Image) (v1.Image, error) {
	content, err := archive(image.Files)
	if err != nil {
		return nil, err
	}
	layer, err := tarball.LayerFromOpener(func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(content)), nil })
	if err != nil {
		return nil, err
	}
	packed, err := mutate.AppendLayers(empty.Image, layer)
	if err != nil {
		return nil, err
	}
	file, err := packed.ConfigFile()
	if err != nil {
		return nil, err
	}
	file = file.DeepCopy()
	file.Architecture, file.OS = runtime.GOARCH, "linux"
	file.Config.Entrypoint, file.Config.User = image.Entrypoint, image.User
	file.Config.Env, file.Config.Labels = image.Environment, image.Labels
	return mutate.ConfigFile(packed, file)
}

// archive is a tar of the files and the folders above them, without times, so that the
// same files always give the same image.
func archive(files map[string]string) ([]byte, error) {
	var buffer bytes.Buffer
	writer := &archiver{tar: tar.NewWriter(&buffer), folders: map[string]bool{}}
	targets := make([]string, 0, len(files))
	for target := range files {
		targets = append(targets, target)
	}
	slices.Sort(targets)
	for _, target := range targets {
		if err := writer.add(target, files[target]); err != nil {
			return nil, err
		}
	}
	if err := writer.tar.Close(); err != nil {
		return nil, err
	}
	return buffer.Bytes(), nil
}

type archiver struct {
	tar     *tar.Writer
	folders map[string]bool
}

func (a *archiver) add(target, source string) error {
	info, err := os.Stat(source)
	if err != nil {
		return err
	}
	if !info.IsDir() {
		return a.addFile(target, source, info)
	}
	entries, err := os.ReadDir(source)
	if err != nil {
		return err
	}
	for _, entry := range entries {
		if err := a.add(path.Join(target, entry.Name()), filepath.Join(source, entry.Name())); err != nil {
			return err
		}
	}
	return nil
}

func (a *archiver) addFile(target, source string, info os.FileInfo) error {
	if err := a.addFolder(path.Dir(target)); err != nil {
		return err
	}
	// Readable for whatever user the pod runs as, executable if it is here.
	mode := int64(0o644)
	if info.Mode()&0o100 != 0 {
		mode = 0o755
	}
	header := &tar.Header{Typeflag: tar.TypeReg, Name: strings.TrimPrefix(target, "/"), Mode: mode, Size: info.Size()}
	if err := a.tar.WriteHeader(header); err != nil {
		return err
	}
	file, err := os.Open(source)
	if err != nil {
		return err
	}
	defer func() { _ = file.Close() }()
	_, err = io.Copy(a.tar, file)
	return err
}

func (a *archiver) addFolder(folder string) error {
	if folder == "/" || folder == "." || a.folders[folder] {
		return nil
	}
	if err := a.addFolder(path.Dir(folder)); err != nil {
		return err
	}
	a.folders[folder] = true
	return a.tar.WriteHeader(&tar.Header{Typeflag: tar.TypeDir, Name: strings.TrimPrefix(folder, "/") + "/", Mode: 0o755})
}
