package programcache

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// described is what `go mod edit -json` prints, cut to what matters.
const described = `{
	"Module": {"Path": "example.com/tools"},
	"Tool": [
		{"Path": "example.com/kube/cmd/apiserver"},
		{"Path": "example.com/kube/cmd/client/v2"},
		{"Path": "example.com/store/server/v3"},
		{"Path": "example.com/tidy"}
	],
	"Require": [
		{"Path": "example.com/kube", "Version": "v1.36.3"},
		{"Path": "example.com/kube/cmd/client/v2", "Version": "v2.0.1"},
		{"Path": "example.com/store/server/v3", "Version": "v3.6.8"},
		{"Path": "example.com/tidy", "Version": "v0.1.0"},
		{"Path": "example.com/tid", "Version": "v9.9.9"}
	],
	"Replace": [
		{"Old": {"Path": "example.com/tidy"}, "New": {"Path": "example.com/fork", "Version": "v0.2.0"}}
	]
}`

func TestProgramsOfAModule(t *testing.T) {
	programs, err := parsePrograms([]byte(described), []buildOptions{
		{Packages: "example.com/kube/...", LDFlags: "-X v={{.Version}} -X major={{.Major}} -X minor={{.Minor}}"},
		{Packages: "example.com/kube/cmd/apiserver", Tags: []string{"tiny"}},
		{Packages: "example.com/store/server/v3", Name: "store"},
	})
	require.NoError(t, err)
	require.Equal(t, []Program{
		{
			Name: "apiserver", Package: "example.com/kube/cmd/apiserver", Version: "v1.36.3",
			LDFlags: "-X v=v1.36.3 -X major=1 -X minor=36", Tags: []string{"tiny"},
		},
		{
			Name: "client", Package: "example.com/kube/cmd/client/v2", Version: "v2.0.1",
			LDFlags: "-X v=v2.0.1 -X major=2 -X minor=0",
		},
		{Name: "store", Package: "example.com/store/server/v3", Version: "v3.6.8"},
		{Name: "tidy", Package: "example.com/tidy", Version: "v0.2.0"},
	}, programs)
}

func TestProgramsThatCannotBeCached(t *testing.T) {
	for name, test := range map[string]struct{ described, message string }{
		"code of a directory": {
			described: `{
				"Tool": [{"Path": "example.com/tidy"}],
				"Require": [{"Path": "example.com/tidy", "Version": "v0.1.0"}],
				"Replace": [{"Old": {"Path": "example.com/tidy"}, "New": {"Path": "../tidy"}}]
			}`,
			message: "tool example.com/tidy is replaced by the directory ../tidy; the cache holds pinned versions only",
		},
		"code of the module itself": {
			described: `{"Module": {"Path": "example.com/tools"}, "Tool": [{"Path": "example.com/tools/own"}]}`,
			message:   "no require directive provides tool example.com/tools/own; run go mod tidy there",
		},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := parsePrograms([]byte(test.described), nil)
			require.EqualError(t, err, test.message)
		})
	}
}

func TestOptionsAreReadStrictly(t *testing.T) {
	file := filepath.Join(t.TempDir(), optionsFile)
	options, err := readOptions(file)
	require.NoError(t, err)
	require.Empty(t, options, "a module without the file has no options")

	require.NoError(t, os.WriteFile(file, []byte("programs:\n- packages: example.com/tidy\n  tags: [a, b]\n"), 0o600))
	options, err = readOptions(file)
	require.NoError(t, err)
	require.Equal(t, []buildOptions{{Packages: "example.com/tidy", Tags: []string{"a", "b"}}}, options)

	require.NoError(t, os.WriteFile(file, []byte("programs:\n- packages: example.com/tidy\n  tag: a\n"), 0o600))
	_, err = readOptions(file)
	require.ErrorContains(t, err, optionsFile+`: error unmarshaling JSON: while decoding JSON: json: unknown field "tag"`)
}

// The modules of this repository must be readable, or nothing else is built.
func TestModulesOfThisRepository(t *testing.T) {
	for dir, names := range map[string][]string{
		"test/cluster/components": {
			"etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler", "kubectl", "kwok",
		},
		"test/cluster/components/1.30": {"kube-apiserver", "kube-controller-manager", "kube-scheduler", "kubectl"},
		"hack/tools":                   {"golangci-lint", "helm", "controller-gen", "kustomize"},
		"hack/tools/operator-sdk":      {"operator-sdk"},
	} {
		t.Run(dir, func(t *testing.T) {
			module, err := Open(t.Context(), filepath.Join("..", "..", "..", dir))
			require.NoError(t, err)
			for _, name := range names {
				_, err := module.Program(name)
				require.NoError(t, err)
			}
		})
	}
}
