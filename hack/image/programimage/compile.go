package programimage

import (
	"context"
	"fmt"
	"os"
	"os/exec"
)

// Architectures that the images are made for.
var Architectures = []string{"amd64", "arm64"}

// compile builds the program for Linux on an architecture.
func (p Program) compile(ctx context.Context, repository, binary, architecture string, version Version) error {
	const variables = "github.com/barq-db/barq-operator/internal/version"
	flags := "-s -w"
	if p.Stamped {
		flags += fmt.Sprintf(" -X %[1]s.Version=%[2]s -X %[1]s.Commit=%[3]s -X %[1]s.Date=%[4]s",
			variables, version.Number, version.Commit, version.Date)
	}
	// Neither the folder nor what git knows of it may be in the program, or the same
	// sources would give another one elsewhere.
	command := exec.CommandContext(ctx, "go", "build", "-trimpath", "-buildvcs=false", "-ldflags", flags, "-o", binary, "./cmd/"+p.Name)
	command.Dir = repository
	command.Env = append(os.Environ(),
		"GOOS=linux", "GOARCH="+architecture, "CGO_ENABLED=0",
		// What a person has set for builds of their own must not end in an image.
		"GOFLAGS=", "GOWORK=off", "GOEXPERIMENT=", "GOAMD64=v1", "GOARM64=v8.0")
	if out, err := command.CombinedOutput(); err != nil {
		return fmt.Errorf("compiling %s for linux/%s: %w\n%s", p.Name, architecture, err, out)
	}
	return nil
}
