package programcache

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestKeyChangesWithEveryInput(t *testing.T) {
	program := Program{
		Name: "hello", Package: "example.com/hello", Version: "v1.0.0", LDFlags: "-X main.a=b", Tags: []string{"one", "two"},
	}
	tools := toolchain{
		GOVERSION: "go1.26.3", GOOS: "linux", GOARCH: "amd64", GOAMD64: "v1", GOARM64: "v8.0", GOFLAGS: "-p=1", GOEXPERIMENT: "",
	}
	pins := []byte("the go.mod\x00the go.sum")
	original := key(pins, program, tools)
	require.Equal(t, original, key([]byte("the go.mod\x00the go.sum"), program, tools), "the same inputs have one key")

	keys := map[string]string{original: "the original"}
	differs := func(input, changed string) {
		t.Helper()
		require.NotContains(t, keys, changed, "the key after a change of %s is that of %s", input, keys[changed])
		keys[changed] = input
	}
	differs("the pins", key([]byte("the go.mod\x00another go.sum"), program, tools))
	for input, change := range map[string]func(*Program){
		"the package":     func(p *Program) { p.Package = "example.com/other" },
		"the version":     func(p *Program) { p.Version = "v1.0.1" },
		"the ldflags":     func(p *Program) { p.LDFlags = "-X main.a=c" },
		"the tags":        func(p *Program) { p.Tags = []string{"one"} },
		"the tags' edges": func(p *Program) { p.Tags = []string{"onetwo"} },
	} {
		changed := program
		change(&changed)
		differs(input, key(pins, changed, tools))
	}
	for input, change := range map[string]func(*toolchain){
		"GOVERSION":    func(c *toolchain) { c.GOVERSION = "go1.26.4" },
		"GOOS":         func(c *toolchain) { c.GOOS = "darwin" },
		"GOARCH":       func(c *toolchain) { c.GOARCH = "arm64" },
		"GOAMD64":      func(c *toolchain) { c.GOAMD64 = "v3" },
		"GOARM64":      func(c *toolchain) { c.GOARM64 = "v9.0" },
		"GOFLAGS":      func(c *toolchain) { c.GOFLAGS = "-race" },
		"GOEXPERIMENT": func(c *toolchain) { c.GOEXPERIMENT = "greenteagc" },
	} {
		changed := tools
		change(&changed)
		differs(input, key(pins, program, changed))
	}
}
