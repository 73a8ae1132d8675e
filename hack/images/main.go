// The command images lists the container images that manifests name, for those who copy
// them to a registry of their own. `make manifests` runs it.
package main

import (
	"fmt"
	"os"
)

func main() {
	images, err := list(os.Stdin)
	if err != nil {
		fmt.Fprintln(os.Stderr, "images:", err)
		os.Exit(1)
	}
	for _, image := range images {
		fmt.Println(image)
	}
}
