package programimage

import (
	"bytes"
	"debug/buildinfo"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"runtime/debug"
	"strings"

	"github.com/CycloneDX/cyclonedx-go"
)

// materialsMediaType is that of a bill of materials in a registry.
const materialsMediaType = "application/vnd.cyclonedx+json"

// materials writes the bill of materials of a compiled binary, in CycloneDX: the Go
// release and the modules that the linker noted in it.
func (p Program) materials(binary string, version Version) ([]byte, error) {
	info, err := buildinfo.ReadFile(binary)
	if err != nil {
		return nil, fmt.Errorf("reading the modules of %s: %w", binary, err)
	}
	program := library(info.Main.Path, "v"+version.Number, "")
	program.Type, program.Name = cyclonedx.ComponentTypeApplication, p.Name
	program.Licenses = &cyclonedx.Licenses{{License: &cyclonedx.License{ID: "Apache-2.0"}}}

	components := []cyclonedx.Component{library("std", strings.TrimPrefix(info.GoVersion, "go"), "")}
	for _, dependency := range info.Deps {
		components = append(components, moduleOf(dependency))
	}
	references := make([]string, 0, len(components))
	for _, component := range components {
		references = append(references, component.BOMRef)
	}

	bill := cyclonedx.NewBOM()
	bill.Metadata = &cyclonedx.Metadata{Component: &program}
	if created := version.created(); !created.IsZero() {
		bill.Metadata.Timestamp = version.Date
	}
	bill.Components = &components
	// The linker knows which modules are in the binary, not which of them needs which.
	bill.Dependencies = &[]cyclonedx.Dependency{{Ref: program.BOMRef, Dependencies: &references}}
	var content bytes.Buffer
	if err := cyclonedx.NewBOMEncoder(&content, cyclonedx.BOMFileFormatJSON).SetPretty(true).
		EncodeVersion(bill, cyclonedx.SpecVersion1_6); err != nil {
		return nil, fmt.Errorf("writing the bill of materials: %w", err)
	}
	return content.Bytes(), nil
}

func moduleOf(module *debug.Module) cyclonedx.Component {
	if module.Replace != nil {
		module = module.Replace
	}
	return library(module.Path, module.Version, module.Sum)
}

func library(path, version, sum string) cyclonedx.Component {
	reference := "pkg:golang/" + path + "@" + strings.ReplaceAll(version, "+", "%2B")
	component := cyclonedx.Component{
		BOMRef: reference, PackageURL: reference,
		Type: cyclonedx.ComponentTypeLibrary, Name: path, Version: version,
	}
	// Go's sum is a SHA-256 over the sums of the module's files.
	if encoded, found := strings.CutPrefix(sum, "h1:"); found {
		if digest, err := base64.StdEncoding.DecodeString(encoded); err == nil {
			component.Hashes = &[]cyclonedx.Hash{{Algorithm: cyclonedx.HashAlgoSHA256, Value: hex.EncodeToString(digest)}}
		}
	}
	return component
}
