package e2e

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// artifacts is the folder for what a failed run leaves: logs, events and objects.
func artifacts() string {
	if folder := os.Getenv("BARQ_E2E_ARTIFACTS"); folder != "" {
		return folder
	}
	return filepath.Join(os.TempDir(), "barq-e2e")
}

// collect writes what a person would look at first, about one namespace and the
// operator, into one folder.
func collect(name, namespace string) {
	folder := filepath.Join(artifacts(), strings.ReplaceAll(name, "/", "-"))
	if err := os.MkdirAll(folder, 0o750); err != nil {
		fmt.Fprintln(os.Stderr, "collecting what failed:", err)
		return
	}
	const kinds = "barqclusters,statefulsets,pods,persistentvolumeclaims,services,configmaps,networkpolicies,poddisruptionbudgets"
	for file, args := range map[string][]string{
		"overview.txt": {"-n", namespace, "get", kinds, "-o", "wide"},
		"objects.yaml": {"-n", namespace, "get", kinds, "-o", "yaml"},
		"describe.txt": {"-n", namespace, "describe", kinds},
		"events.txt":   {"-n", namespace, "get", "events", "--sort-by=.lastTimestamp"},
		"logs.txt":     {"-n", namespace, "logs", "--selector=app.kubernetes.io/name=barq-db", "--all-containers", "--prefix", "--tail=-1"},
		"previous-logs.txt": {
			"-n", namespace, "logs", "--selector=app.kubernetes.io/name=barq-db", "--all-containers", "--prefix", "--tail=-1", "--previous",
		},
		"operator.log": {"-n", operatorNamespace, "logs", "deployment/" + operatorName, "--tail=-1"},
		"nodes.yaml":   {"get", "nodes,persistentvolumes,storageclasses", "-o", "yaml"},
	} {
		// What is not there says so in its file.
		out, _ := exec.Command("kubectl", args...).CombinedOutput()
		if err := os.WriteFile(filepath.Join(folder, file), out, 0o600); err != nil {
			fmt.Fprintln(os.Stderr, "collecting what failed:", err)
		}
	}
	fmt.Fprintf(os.Stderr, "what was left of %s is in %s\n", name, folder)
}
