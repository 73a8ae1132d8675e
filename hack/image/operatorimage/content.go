package operatorimage

import (
	"path/filepath"

	"github.com/barq-db/barq-operator/hack/image"
)

// Content is what the operator's image consists of, for a binary that is compiled
// already. Certificates of public authorities are in the binary itself.
func Content(repository, binary string) image.Image {
	return image.Image{
		Files: map[string]string{
			"/barq-operator":       binary,
			"/helm-charts/barq-db": filepath.Join(repository, "helm-charts", "barq-db"),
			"/watches.yaml":        filepath.Join(repository, "watches.yaml"),
			"/licenses/LICENSE":    filepath.Join(repository, "LICENSE"),
		},
		Entrypoint:  []string{"/barq-operator"},
		Environment: []string{"PATH=/"},
		User:        "65532:65532",
	}
}
