package main

import (
	"os/exec"
	"path/filepath"
	"strings"
)

// showHints says how to look at what runs, with some commands, and how to end it.
func (d *demo) showHints(commands ...string) {
	lines := []string{"export KUBECONFIG=" + d.record.Kubeconfig}
	if found, err := exec.LookPath("kubectl"); err != nil || found != d.kubectl {
		lines = append(lines, "export PATH="+filepath.Dir(d.kubectl)+":$PATH")
	}
	lines = append(lines, commands...)
	if d.operator != nil {
		lines = append(lines, "tail -f "+d.directory.operatorLog())
	}
	d.printf("%s\n\n%s To end this: make demo-down\n", indent(strings.Join(lines, "\n")), d.runs())
}

// runs says what goes on running after this run.
func (d *demo) runs() string {
	switch {
	case d.operator == nil:
		return "The cluster goes on running."
	case d.record.Started:
		return "The cluster and the operator go on running."
	default:
		return "The operator goes on running."
	}
}
