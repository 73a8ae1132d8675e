// Package serverimage packs a barq-server, or its stand-in, into an image that a pod of the database can run.
//
// What must not live here: what is shipped, which is in hack/image/programimage, and where images are pushed to.
package serverimage

import (
	"fmt"
	"os/exec"
	"strings"

	"github.com/barq-db/barq-operator/hack/image"
)

// Of returns an image with a barq-server, what it is linked with, and the shell that the chart's preStop hook takes.
func Of(server string, labels map[string]string) (image.Image, error) {
	shell, err := exec.LookPath("busybox")
	if err != nil {
		return image.Image{}, fmt.Errorf("no busybox for the image's shell: run apt-get install busybox-static: %w", err)
	}
	files := map[string]string{"/usr/local/bin/barq-server": server, "/bin/sh": shell}
	libraries, err := linkedLibraries(server)
	if err != nil {
		return image.Image{}, err
	}
	for _, library := range libraries {
		files[library] = library
	}
	return image.Image{
		Files: files, Entrypoint: []string{"/usr/local/bin/barq-server"},
		Labels: labels,
	}, nil
}

// linkedLibraries lists the shared libraries that a program needs, its loader
// included; none if it is static.
func linkedLibraries(program string) ([]string, error) {
	out, err := exec.Command("ldd", program).CombinedOutput()
	if strings.Contains(string(out), "not a dynamic executable") {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("ldd %s: %w\n%s", program, err, out)
	}
	var libraries []string
	for word := range strings.FieldsSeq(string(out)) {
		if strings.HasPrefix(word, "/") {
			libraries = append(libraries, word)
		}
	}
	return libraries, nil
}
