//go:build linux

package clients

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// language is one that Barq DB has a client in.
type language struct {
	name string
	// tools are the programs that build and run it.
	tools []string
	// build gives the command line of the program in testdata with the client. The workshop is its own folder.
	build func(w workshop) ([]string, error)
}

var languages = []language{
	{"go", []string{"go"}, buildGo},
	{"python", []string{"python3"}, buildPython},
	{"rust", []string{"cargo", "protoc"}, buildRust},
	{"typescript", []string{"node", "npm"}, buildTypeScript},
}

// fromPyPI is the client for Python, as it was published.
const fromPyPI = "barq-sdk-python==0.1.0"

// sources is the folder of a workshop with the copy of the sources.
const sources = "barq-db"

// buildClients builds the clients that are asked for. It fails only if what is asked for makes no sense.
func buildClients(folder string) (map[string]client, error) {
	asked := strings.FieldsFunc(os.Getenv(clientsVariable), func(r rune) bool { return r == ' ' || r == ',' })
	for _, name := range asked {
		if !slices.ContainsFunc(languages, func(l language) bool { return l.name == name }) {
			return nil, fmt.Errorf("%s names %q, and there is no such client", clientsVariable, name)
		}
	}
	clients := map[string]client{}
	for _, language := range languages {
		if len(asked) > 0 && !slices.Contains(asked, language.name) {
			clients[language.name] = client{Skipped: clientsVariable + " does not name it"}
			continue
		}
		command, err := language.make(folder)
		if err != nil {
			clients[language.name] = client{Failed: err.Error()}
			continue
		}
		clients[language.name] = client{Command: command}
	}
	return clients, nil
}

func (l language) make(folder string) ([]string, error) {
	for _, tool := range l.tools {
		if _, err := exec.LookPath(tool); err != nil {
			return nil, fmt.Errorf("%w; %s can name the other clients", err, clientsVariable)
		}
	}
	w := workshop{folder: filepath.Join(folder, l.name), name: l.name}
	begun := time.Now()
	w.say("build")
	if err := copyTree(os.Getenv(sourceVariable), filepath.Join(w.folder, sources)); err != nil {
		return nil, err
	}
	program := filepath.Join(w.folder, "program")
	if err := copyTree(filepath.Join("testdata", l.name), program); err != nil {
		return nil, err
	}
	command, err := l.build(w)
	if err != nil {
		return nil, err
	}
	w.say("built in %s", time.Since(begun).Round(time.Second))
	return command, nil
}

// workshop is where one client is built.
type workshop struct {
	folder, name string
}

func (w workshop) say(format string, values ...any) {
	fmt.Fprintf(os.Stderr, w.name+": "+format+"\n", values...)
}

func (w workshop) path(elements ...string) string {
	return filepath.Join(append([]string{w.folder}, elements...)...)
}

// run runs a command in a folder, and shows what it says.
func (w workshop) run(folder string, variables []string, name string, arguments ...string) error {
	w.say("%s %s", filepath.Base(name), strings.Join(arguments, " "))
	command := exec.Command(name, arguments...)
	command.Dir = folder
	command.Env = append(os.Environ(), variables...)
	command.Stdout, command.Stderr = os.Stderr, os.Stderr
	if err := command.Run(); err != nil {
		return fmt.Errorf("%s %s: %w", name, strings.Join(arguments, " "), err)
	}
	return nil
}

// goModule is that of the program in Go. It cannot lie in testdata, because it leads to sources that are not there.
const goModule = `module barqclients

go 1.24

require github.com/YASSERRMD/barq-db/barq-sdk-go v0.0.0

replace github.com/YASSERRMD/barq-db/barq-sdk-go => ../barq-db/barq-sdk-go
`

// buildGo builds the client as it is, if it can be. That of Barq DB 0.1.0 imports proto/barq, and the files are in proto. So the
// compiler is told to look for them there, and no file is changed.
func buildGo(w workshop) ([]string, error) {
	if err := os.WriteFile(w.path("program", "go.mod"), []byte(goModule), 0o600); err != nil {
		return nil, err
	}
	variables := []string{"GOFLAGS=-mod=mod", "GOWORK=off"}
	contract, program := w.path(sources, "barq-sdk-go", "proto"), w.path("barqclients")
	if _, err := os.Stat(filepath.Join(contract, "barq")); err == nil {
		return []string{program}, w.run(w.path("program"), variables, "go", "build", "-o", program, ".")
	}
	w.say("the client does not build as it is, because it imports proto/barq and the files are in proto")
	replaced := map[string]string{}
	for _, file := range []string{"barq.pb.go", "barq_grpc.pb.go"} {
		replaced[filepath.Join(contract, "barq", file)] = filepath.Join(contract, file)
	}
	overlay, err := json.Marshal(map[string]any{"Replace": replaced})
	if err != nil {
		return nil, err
	}
	if err := os.WriteFile(w.path("overlay.json"), overlay, 0o600); err != nil {
		return nil, err
	}
	err = w.run(w.path("program"), variables, "go", "build", "-overlay", w.path("overlay.json"), "-o", program, ".")
	return []string{program}, err
}

func buildPython(w workshop) ([]string, error) {
	python := w.path("environment", "bin", "python")
	if err := w.run(w.folder, nil, "python3", "-m", "venv", w.path("environment")); err != nil {
		return nil, err
	}
	err := w.run(w.folder, nil, python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", fromPyPI)
	return []string{python, w.path("program", "main.py")}, err
}

// buildRust takes the versions of the libraries that Barq DB itself is built with.
func buildRust(w workshop) ([]string, error) {
	lock, err := os.ReadFile(w.path(sources, "Cargo.lock"))
	if err != nil {
		return nil, err
	}
	if err := os.WriteFile(w.path("program", "Cargo.lock"), lock, 0o600); err != nil {
		return nil, err
	}
	err = w.run(w.path("program"), []string{"CARGO_TARGET_DIR=" + w.path("target")}, "cargo", "build")
	return []string{w.path("target", "debug", "barq-clients")}, err
}

func buildTypeScript(w workshop) ([]string, error) {
	source, program := w.path(sources, "barq-sdk-ts"), w.path("program")
	if err := w.run(source, nil, "npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"); err != nil {
		return nil, err
	}
	if err := w.run(source, nil, "npm", "run", "build"); err != nil {
		return nil, err
	}
	modules := filepath.Join(program, "node_modules")
	if err := os.MkdirAll(modules, 0o750); err != nil {
		return nil, err
	}
	if err := os.Symlink(source, filepath.Join(modules, "barq-sdk-ts")); err != nil && !errors.Is(err, fs.ErrExist) {
		return nil, err
	}
	err := w.run(program, nil, filepath.Join(source, "node_modules", ".bin", "tsc"), "--strict", "--target", "ES2020", "--module", "commonjs",
		"--types", "node", "--typeRoots", filepath.Join(source, "node_modules", "@types"), "main.ts")
	return []string{"node", filepath.Join(program, "main.js")}, err
}

// copyTree copies the sources, with their times, so that what was built from them before is not built again.
func copyTree(from, to string) error {
	return filepath.WalkDir(from, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		relative, err := filepath.Rel(from, path)
		if err != nil {
			return err
		}
		target := filepath.Join(to, relative)
		switch {
		case entry.IsDir() && slices.Contains([]string{".git", "node_modules", "target"}, entry.Name()):
			return filepath.SkipDir
		case entry.IsDir():
			return os.MkdirAll(target, 0o750)
		case !entry.Type().IsRegular():
			return nil
		}
		return copyFile(path, target)
	})
}

func copyFile(from, to string) error {
	about, err := os.Stat(from)
	if err != nil {
		return err
	}
	data, err := os.ReadFile(from)
	if err != nil {
		return err
	}
	if err := os.WriteFile(to, data, 0o600); err != nil {
		return err
	}
	return os.Chtimes(to, about.ModTime(), about.ModTime())
}
