package procfs

import (
	"bytes"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"
)

// tick is the unit of time of /proc, which is the same on all architectures that Go knows.
const tick = 10 * time.Millisecond

// CPU is the time for which the process has run, in its own code and in the kernel.
func CPU(pid int) (time.Duration, error) {
	file := fmt.Sprintf("/proc/%d/stat", pid)
	content, err := os.ReadFile(file)
	if err != nil {
		return 0, err
	}
	used, err := parseStat(content)
	if err != nil {
		return 0, fmt.Errorf("%s: %w", file, err)
	}
	return used, nil
}

func parseStat(content []byte) (time.Duration, error) {
	// The name of the program, in parentheses, may have blanks and parentheses in it.
	end := bytes.LastIndexByte(content, ')')
	if end < 0 {
		return 0, fmt.Errorf("no program name in %q", content)
	}
	// These begin with the third field; user and system time are the fourteenth and the next.
	fields := strings.Fields(string(content[end+1:]))
	const user, system = 14 - 3, 15 - 3
	if len(fields) <= system {
		return 0, fmt.Errorf("too few fields in %q", content)
	}
	var ticks int64
	for _, field := range []string{fields[user], fields[system]} {
		count, err := strconv.ParseInt(field, 10, 64)
		if err != nil {
			return 0, err
		}
		ticks += count
	}
	return time.Duration(ticks) * tick, nil
}

// Memory is what of a process is in memory, in bytes.
type Memory struct {
	// Resident is what is there now, and Peak the most that ever was.
	Resident, Peak int64
}

// ReadMemory reads how much of the process is in memory.
func ReadMemory(pid int) (Memory, error) {
	file := fmt.Sprintf("/proc/%d/status", pid)
	content, err := os.ReadFile(file)
	if err != nil {
		return Memory{}, err
	}
	memory, err := parseStatus(content)
	if err != nil {
		return Memory{}, fmt.Errorf("%s: %w", file, err)
	}
	return memory, nil
}

func parseStatus(content []byte) (Memory, error) {
	var memory Memory
	for name, value := range map[string]*int64{"VmRSS:": &memory.Resident, "VmHWM:": &memory.Peak} {
		_, rest, found := strings.Cut(string(content), "\n"+name)
		line, _, _ := strings.Cut(rest, "\n")
		size, isKilobytes := strings.CutSuffix(strings.TrimSpace(line), " kB")
		if !found || !isKilobytes {
			return Memory{}, fmt.Errorf("no line %q in kB", name)
		}
		count, err := strconv.ParseInt(size, 10, 64)
		if err != nil {
			return Memory{}, err
		}
		*value = count * 1024
	}
	return memory, nil
}
