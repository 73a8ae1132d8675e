package programimage

import (
	"path/filepath"

	"github.com/barq-db/barq-operator/hack/image"
)

// Program is a command that is shipped in an image of its own.
type Program struct {
	// Name is that of its folder in cmd/, and of its file in the image.
	Name string
	// Title and Description are labels of the image.
	Title, Description string
	// Stamped: version, commit and date are linked into the program. Otherwise its sources have its version, and a
	// commit that leaves them alone gives the same program.
	Stamped bool
	// files of the repository that are in the image too, by their path there.
	files map[string]string
}

// The programs that are shipped.
var (
	Operator = Program{
		Name: "barq-operator", Title: "Barq DB operator", Description: "Runs Barq DB, a vector database, on Kubernetes",
		Stamped: true,
		files:   map[string]string{"/helm-charts/barq-db": "helm-charts/barq-db", "/watches.yaml": "watches.yaml"},
	}
	Agent = Program{
		Name: "barq-agent", Title: "Barq DB agent", Description: "Starts, stops and keeps Barq DB and its log",
	}
)

// Content is what the image of the program consists of, for a binary that is compiled already. Certificates of public
// authorities are in the binary itself.
func (p Program) Content(repository, binary string) image.Image {
	files := map[string]string{"/" + p.Name: binary, "/licenses/LICENSE": filepath.Join(repository, "LICENSE")}
	for target, source := range p.files {
		files[target] = filepath.Join(repository, source)
	}
	return image.Image{
		Files:       files,
		Entrypoint:  []string{"/" + p.Name},
		Environment: []string{"PATH=/"},
		User:        "65532:65532",
	}
}
