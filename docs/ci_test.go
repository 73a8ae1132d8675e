package docs_test

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// ci is the script of everything that a change has to pass.
const ci = ".ci/run"

var (
	rulePattern = regexp.MustCompile(`(?m)^([a-z][a-z0-9/-]*): *([^#\n=]*)`)
	goalPattern = regexp.MustCompile(`\bmake ([a-z0-9-]+)`)
)

// goalsOfCI are the goals of make that CI asks for, and their prerequisites.
func goalsOfCI(t *testing.T) map[string]bool {
	t.Helper()
	rules := map[string][]string{}
	for _, rule := range rulePattern.FindAllStringSubmatch(read(t, "Makefile").text, -1) {
		rules[rule[1]] = append(rules[rule[1]], strings.Fields(rule[2])...)
	}
	run := map[string]bool{}
	var reach func(goal string)
	reach = func(goal string) {
		if run[goal] {
			return
		}
		run[goal] = true
		for _, next := range rules[goal] {
			reach(next)
		}
	}
	for _, match := range goalPattern.FindAllStringSubmatch(read(t, ci).text, -1) {
		reach(match[1])
	}
	// CI runs the suites of make test one by one, so that it can say how long each took.
	run["test"] = len(rules["test"]) > 0 && !slices.ContainsFunc(rules["test"], func(suite string) bool { return !run[suite] })
	return run
}

// notInCI says which of the commands CI does not run, or nothing.
func notInCI(t *testing.T, commands string) string {
	t.Helper()
	run := goalsOfCI(t)
	for line := range strings.Lines(commands) {
		command, _, _ := strings.Cut(line, "#")
		command = strings.TrimSpace(command)
		if command == "" || command == ci {
			continue
		}
		goals := madeBy([]string{strings.TrimPrefix(command, "sudo -E ")})
		if len(goals) == 0 {
			return fmt.Sprintf("%s runs goals of make, and not %q", ci, command)
		}
		for _, goal := range goals {
			if !run[goal] {
				return fmt.Sprintf("%s does not run make %s", ci, goal)
			}
		}
	}
	return ""
}
