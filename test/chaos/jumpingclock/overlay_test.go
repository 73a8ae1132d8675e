package jumpingclock

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// program says what became of its clocks while it slept for 1.2 seconds.
const program = `package main

import (
	"fmt"
	"time"
)

func main() {
	before := time.Now()
	time.Sleep(1200 * time.Millisecond)
	after := time.Now()
	fmt.Println("ahead:", after.Unix()-before.Unix() > 3000)
	fmt.Println("behind or right:", after.Unix()-before.Unix() < 5)
	fmt.Println("monotonic:", after.Sub(before) > time.Second && after.Sub(before) < 5*time.Second)
}
`

func TestTheWallClockJumps(t *testing.T) {
	folder := t.TempDir()
	overlay, err := Overlay(folder)
	require.NoError(t, err)
	source := filepath.Join(folder, "main.go")
	require.NoError(t, os.WriteFile(source, []byte(program), 0o600))
	built := filepath.Join(folder, "program")
	out, err := exec.Command("go", "build", overlay, "-o", built, source).CombinedOutput()
	require.NoError(t, err, "%s", out)

	const (
		right = "ahead: false\nbehind or right: true\nmonotonic: true"
		ahead = "ahead: true\nbehind or right: false\nmonotonic: true"
	)
	for schedule, want := range map[string]string{
		"":                                  right,
		Schedule(time.Second, 0, time.Hour): ahead,
		Schedule(time.Minute, 0, time.Hour): right,
		Schedule(time.Second, 2*time.Hour, -time.Hour): right,
	} {
		command := exec.Command(built)
		if schedule != "" {
			command.Env = append(os.Environ(), Variable+"="+schedule)
		}
		out, err := command.CombinedOutput()
		require.NoError(t, err, "%s", out)
		require.Equal(t, want, strings.TrimSpace(string(out)), schedule)
	}
}

func TestAnotherGoIsSeen(t *testing.T) {
	_, err := change([]byte("package time\n"))
	require.EqualError(t, err, `package time of this Go has not exactly one line "sec, nsec, mono := runtimeNow()", which is what is replaced`)
}
