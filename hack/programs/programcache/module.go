package programcache

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"regexp"
	"strings"
	"text/template"

	"sigs.k8s.io/yaml"
)

// optionsFile holds, beside go.mod, what go.mod cannot say about a build.
const optionsFile = "programs.yaml"

// Module is a Go module that pins programs with tool directives.
type Module struct {
	// Dir is the absolute path of the directory that holds go.mod.
	Dir string
	// Programs are in the order of the tool directives.
	Programs []Program

	// pins is what go.mod and go.sum say, for the cache key.
	pins []byte
}

// Program is one program that a module pins.
type Program struct {
	Name    string
	Package string
	Version string
	// LDFlags are passed to the linker besides those that every program gets.
	LDFlags string
	Tags    []string
}

// Open reads the module in dir and the programs it pins.
func Open(ctx context.Context, dir string) (*Module, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return nil, err
	}
	mod, err := os.ReadFile(filepath.Join(dir, "go.mod"))
	if err != nil {
		return nil, fmt.Errorf("read the module that pins the programs: %w", err)
	}
	sum, err := os.ReadFile(filepath.Join(dir, "go.sum"))
	if err != nil {
		return nil, fmt.Errorf("read the checksums of the module that pins the programs: %w", err)
	}
	options, err := readOptions(filepath.Join(dir, optionsFile))
	if err != nil {
		return nil, err
	}
	described, err := goCommand(ctx, dir, "mod", "edit", "-json")
	if err != nil {
		return nil, err
	}
	programs, err := parsePrograms(described, options)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", filepath.Join(dir, "go.mod"), err)
	}
	return &Module{Dir: dir, Programs: programs, pins: bytes.Join([][]byte{mod, sum}, []byte{0})}, nil
}

// Program returns the program called name.
func (m *Module) Program(name string) (Program, error) {
	names := make([]string, 0, len(m.Programs))
	for _, program := range m.Programs {
		if program.Name == name {
			return program, nil
		}
		names = append(names, program.Name)
	}
	return Program{}, fmt.Errorf("%s pins no program %q, only %s; add it with `go get -tool PACKAGE@VERSION` there",
		m.Dir, name, strings.Join(names, ", "))
}

// goModule is the part of `go mod edit -json` that is used here.
type goModule struct {
	Tool    []struct{ Path string }
	Require []moduleVersion
	Replace []struct{ Old, New moduleVersion }
}

type moduleVersion struct{ Path, Version string }

func parsePrograms(described []byte, options []buildOptions) ([]Program, error) {
	var module goModule
	if err := json.Unmarshal(described, &module); err != nil {
		return nil, fmt.Errorf("parse the output of go mod edit -json: %w", err)
	}
	programs := make([]Program, 0, len(module.Tool))
	for _, tool := range module.Tool {
		version, err := module.versionOf(tool.Path)
		if err != nil {
			return nil, err
		}
		program := Program{Name: programName(tool.Path), Package: tool.Path, Version: version}
		for _, option := range options {
			if !option.matches(tool.Path) {
				continue
			}
			if err := option.apply(&program); err != nil {
				return nil, err
			}
		}
		programs = append(programs, program)
	}
	return programs, nil
}

// versionOf returns the version of the module that holds the package: of the
// required modules, the one with the longest matching path, as Go chooses it.
func (m goModule) versionOf(pkg string) (string, error) {
	var found moduleVersion
	for _, required := range m.Require {
		holds := pkg == required.Path || strings.HasPrefix(pkg, required.Path+"/")
		if holds && len(required.Path) > len(found.Path) {
			found = required
		}
	}
	if found.Path == "" {
		return "", fmt.Errorf("no require directive provides tool %s; run go mod tidy there", pkg)
	}
	for _, replaced := range m.Replace {
		if replaced.Old.Path != found.Path || (replaced.Old.Version != "" && replaced.Old.Version != found.Version) {
			continue
		}
		if replaced.New.Version == "" {
			// The contents of a directory are in neither go.mod nor go.sum, so
			// the key would not change with them.
			return "", fmt.Errorf("tool %s is replaced by the directory %s; the cache holds pinned versions only",
				pkg, replaced.New.Path)
		}
		return replaced.New.Version, nil
	}
	return found.Version, nil
}

var majorVersionSuffix = regexp.MustCompile(`^v[0-9]+$`)

// programName is the name that `go install` would give the program.
func programName(pkg string) string {
	name := path.Base(pkg)
	if majorVersionSuffix.MatchString(name) {
		return path.Base(path.Dir(pkg))
	}
	return name
}

// buildOptions are what the programs.yaml beside go.mod says of some packages.
type buildOptions struct {
	// Packages is an import path, or one ending in /... for all below it.
	Packages string `json:"packages"`
	// Name is used where the import path does not end in the program's name.
	Name string   `json:"name,omitempty"`
	Tags []string `json:"tags,omitempty"`
	// LDFlags is a text/template over Version, Major and Minor.
	LDFlags string `json:"ldflags,omitempty"`
}

func readOptions(file string) ([]buildOptions, error) {
	data, err := os.ReadFile(file)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var content struct {
		Programs []buildOptions `json:"programs"`
	}
	if err := yaml.UnmarshalStrict(data, &content); err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	return content.Programs, nil
}

func (o buildOptions) matches(pkg string) bool {
	if prefix, isPattern := strings.CutSuffix(o.Packages, "/..."); isPattern {
		return pkg == prefix || strings.HasPrefix(pkg, prefix+"/")
	}
	return pkg == o.Packages
}

func (o buildOptions) apply(program *Program) error {
	if o.Name != "" {
		program.Name = o.Name
	}
	program.Tags = append(program.Tags, o.Tags...)
	if o.LDFlags == "" {
		return nil
	}
	parsed, err := template.New(o.Packages).Option("missingkey=error").Parse(o.LDFlags)
	if err != nil {
		return fmt.Errorf("%s: ldflags of %s: %w", optionsFile, o.Packages, err)
	}
	numbers := strings.SplitN(strings.TrimPrefix(program.Version, "v"), ".", 3)
	if len(numbers) < 2 {
		return fmt.Errorf("version %s of %s is not vMAJOR.MINOR.PATCH", program.Version, program.Package)
	}
	var flags strings.Builder
	err = parsed.Execute(&flags, struct{ Version, Major, Minor string }{program.Version, numbers[0], numbers[1]})
	if err != nil {
		return fmt.Errorf("%s: ldflags of %s: %w", optionsFile, o.Packages, err)
	}
	program.LDFlags = flags.String()
	return nil
}

// goCommand runs the go command inside the module and returns what it printed.
func goCommand(ctx context.Context, dir string, args ...string) ([]byte, error) {
	cmd := exec.CommandContext(ctx, "go", args...)
	cmd.Dir = dir
	cmd.Env = buildEnvironment()
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("go %s in %s: %w\n%s", strings.Join(args, " "), dir, err, stderr.Bytes())
	}
	return out, nil
}

// buildEnvironment keeps a workspace around the checkout, and a C compiler that
// one machine has and another lacks, from changing what is built.
func buildEnvironment() []string {
	return append(os.Environ(), "GOWORK=off", "CGO_ENABLED=0")
}
