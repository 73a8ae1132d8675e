package machine

import (
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/barq-db/barq-operator/test/cluster"
)

// Machine is what a run was made on and with.
type Machine struct {
	CPU      string            `json:"cpu"`
	Cores    int               `json:"cores"`
	Memory   int64             `json:"memory"`
	System   string            `json:"system"`
	Versions map[string]string `json:"versions"`
}

// Describe says what this run is made on and with; root is the top of the repository.
func Describe(root string) (Machine, error) {
	var system unix.Utsname
	if err := unix.Uname(&system); err != nil {
		return Machine{}, err
	}
	var info unix.Sysinfo_t
	if err := unix.Sysinfo(&info); err != nil {
		return Machine{}, err
	}
	versions, err := describeVersions(root)
	if err != nil {
		return Machine{}, err
	}
	processor, err := os.ReadFile("/proc/cpuinfo")
	if err != nil {
		return Machine{}, err
	}
	return Machine{
		CPU:      modelName(string(processor)),
		Cores:    runtime.NumCPU(),
		Memory:   int64(info.Totalram) * int64(info.Unit),
		System:   fmt.Sprintf("%s %s %s", unix.ByteSliceToString(system.Sysname[:]), unix.ByteSliceToString(system.Release[:]), runtime.GOARCH),
		Versions: versions,
	}, nil
}

// String says it in two lines.
func (m Machine) String() string {
	var text strings.Builder
	fmt.Fprintf(&text, "%s, %d cores shared with the control plane, %.0f GiB, %s.\n", m.CPU, m.Cores, float64(m.Memory)/(1<<30), m.System)
	for i, name := range slices.Sorted(maps.Keys(m.Versions)) {
		separator := ", "
		if i == 0 {
			separator = "Versions: "
		}
		fmt.Fprintf(&text, "%s%s %s", separator, name, m.Versions[name])
	}
	return text.String() + ".\n"
}

// modelName is what the kernel calls the first processor, or empty where it calls it nothing.
func modelName(info string) string {
	for line := range strings.Lines(info) {
		if name, found := strings.CutPrefix(line, "model name"); found {
			return strings.TrimLeft(strings.TrimSpace(name), ": \t")
		}
	}
	return ""
}

// describeVersions says of which versions the operators and the API server are.
func describeVersions(root string) (map[string]string, error) {
	versions := map[string]string{"Go": runtime.Version()}
	for module, programs := range map[string]map[string]string{
		"test/cluster/components": {"k8s.io/kubernetes": "Kubernetes", "sigs.k8s.io/kwok": "kwok", "go.etcd.io/etcd/server/v3": "etcd"},
		"test/bench/stock":        {"github.com/operator-framework/helm-operator-plugins": "stock helm-operator"},
	} {
		content, err := os.ReadFile(filepath.Join(root, module, "go.mod"))
		if err != nil {
			return nil, err
		}
		for line := range strings.Lines(string(content)) {
			fields := strings.Fields(strings.TrimPrefix(strings.TrimSpace(line), "require "))
			if len(fields) >= 2 && programs[fields[0]] != "" && strings.HasPrefix(fields[1], "v") {
				versions[programs[fields[0]]] = fields[1]
			}
		}
	}
	if chosen := os.Getenv(cluster.VersionVariable); chosen != "" {
		versions["Kubernetes"] = "v" + chosen
	}
	commit, err := exec.Command("git", "-C", root, "describe", "--always", "--dirty", "--abbrev=12").Output()
	if err != nil {
		return nil, fmt.Errorf("git describe: %w", err)
	}
	versions["operator"] = strings.TrimSpace(string(commit))
	return versions, nil
}
