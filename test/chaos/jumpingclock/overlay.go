package jumpingclock

import (
	"bytes"
	_ "embed"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// Variable tells a program that was built so how its clock jumps; see Schedule. Without it the clock is right.
const Variable = "JUMPING_CLOCK"

// reading is where package time reads both clocks, once for all that it says of the present.
const reading = "	sec, nsec, mono := runtimeNow()\n"

//go:embed jump.go.txt
var jump []byte

// Overlay writes what is replaced into a folder, and gives the argument of go build that has it so.
func Overlay(folder string) (argument string, err error) {
	root, err := exec.Command("go", "env", "GOROOT").Output()
	if err != nil {
		return "", fmt.Errorf("go env GOROOT: %w", err)
	}
	replaced := filepath.Join(strings.TrimSpace(string(root)), "src", "time")
	source, err := os.ReadFile(filepath.Join(replaced, "time.go"))
	if err != nil {
		return "", err
	}
	changed, err := change(source)
	if err != nil {
		return "", err
	}
	overlay := map[string]map[string]string{"Replace": {}}
	for name, content := range map[string][]byte{"time.go": changed, "jump.go": jump} {
		// Not as Go files: the folder may be in the tree of a module, of which they are no package.
		file := filepath.Join(folder, name+".txt")
		if err := os.WriteFile(file, content, 0o600); err != nil {
			return "", err
		}
		overlay["Replace"][filepath.Join(replaced, name)] = file
	}
	description, err := json.Marshal(overlay)
	if err != nil {
		return "", err
	}
	file := filepath.Join(folder, "overlay.json")
	return "-overlay=" + file, os.WriteFile(file, description, 0o600)
}

// change makes Now add what the clock has jumped by.
func change(source []byte) ([]byte, error) {
	if bytes.Count(source, []byte(reading)) != 1 {
		return nil, fmt.Errorf("package time of this Go has not exactly one line %q, which is what is replaced", strings.TrimSpace(reading))
	}
	return bytes.Replace(source, []byte(reading), []byte(reading+"	sec += jumped(mono)\n"), 1), nil
}

// Schedule is a value for Variable: after each period the clock is off by the next of the offsets, and by the
// first again after the last. Both are whole seconds.
func Schedule(period time.Duration, offsets ...time.Duration) string {
	parts := []string{fmt.Sprint(int(period.Seconds()))}
	for _, offset := range offsets {
		parts = append(parts, fmt.Sprint(int(offset.Seconds())))
	}
	return strings.Join(parts, ",")
}
