package docs_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"sigs.k8s.io/yaml"
)

// workflow is what is looked at of a workflow of GitHub.
type workflow struct {
	Permissions map[string]string `json:"permissions"`
	Jobs        map[string]struct {
		Permissions map[string]string `json:"permissions"`
		Steps       []struct {
			Uses string         `json:"uses"`
			With map[string]any `json:"with"`
		} `json:"steps"`
	} `json:"jobs"`
}

func workflows(t *testing.T) map[string]string {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join(root, ".github", "workflows", "*"))
	require.NoError(t, err)
	require.NotEmpty(t, paths)
	found := map[string]string{}
	for _, path := range paths {
		text, err := os.ReadFile(path)
		require.NoError(t, err)
		found[filepath.Base(path)] = string(text)
	}
	return found
}

var (
	usesPattern   = regexp.MustCompile(`(?m)^ *(?:- )?uses: *(.*)$`)
	pinnedPattern = regexp.MustCompile(`^[a-z-]+/[a-z-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$`)
)

// A tag of an action can be moved to another commit, a hash cannot.
func TestActionsAreNamedByCommit(t *testing.T) {
	for name, text := range workflows(t) {
		uses := usesPattern.FindAllStringSubmatch(text, -1)
		require.NotEmpty(t, uses, name)
		for _, match := range uses {
			require.Regexp(t, pinnedPattern, match[1], name)
		}
	}
}

// No job may do more than read the repository, and no program that it runs finds its token.
func TestWorkflowsMayOnlyRead(t *testing.T) {
	for name, text := range workflows(t) {
		var parsed workflow
		require.NoError(t, yaml.Unmarshal([]byte(text), &parsed), name)
		require.NotNil(t, parsed.Permissions, name)
		require.Empty(t, parsed.Permissions, name)
		require.NotEmpty(t, parsed.Jobs, name)
		for job, does := range parsed.Jobs {
			require.Equal(t, map[string]string{"contents": "read"}, does.Permissions, "%s: %s", name, job)
			for _, step := range does.Steps {
				if strings.HasPrefix(step.Uses, "actions/checkout@") {
					require.Equal(t, false, step.With["persist-credentials"], "%s: %s", name, job)
				}
			}
		}
	}
}

var fromPattern = regexp.MustCompile(`(?m)^FROM (?:--platform=\S+ )?(\S+)`)

// The image that compiles the operator and the agent is named by digest, and by the tag that people read.
func TestImagesOfTheDockerfileAreNamedByDigest(t *testing.T) {
	for _, file := range []string{"Dockerfile", "agent.Dockerfile"} {
		from := fromPattern.FindAllStringSubmatch(read(t, file).text, -1)
		require.NotEmpty(t, from)
		for _, match := range from {
			if match[1] != "scratch" {
				require.Regexp(t, `^[a-z0-9./-]+:[a-z0-9.-]+@sha256:[0-9a-f]{64}$`, match[1])
			}
		}
	}
}

// New versions are looked for in every Go module, and of the actions, the images and the program of npm.
func TestDependabotLooksEverywhere(t *testing.T) {
	var config struct {
		Updates []struct {
			Ecosystem   string   `json:"package-ecosystem"`
			Directory   string   `json:"directory"`
			Directories []string `json:"directories"`
		} `json:"updates"`
	}
	require.NoError(t, yaml.Unmarshal([]byte(read(t, ".github/dependabot.yml").text), &config))
	looked := map[string][]string{}
	for _, update := range config.Updates {
		folders := update.Directories
		if update.Directory != "" {
			folders = append(folders, update.Directory)
		}
		looked[update.Ecosystem] = append(looked[update.Ecosystem], folders...)
	}

	var modules []string
	require.NoError(t, filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.IsDir() && path != root && strings.HasPrefix(entry.Name(), "."):
			return fs.SkipDir
		case entry.Name() != "go.mod":
			return nil
		}
		folder, err := filepath.Rel(root, filepath.Dir(path))
		if strings.HasPrefix(folder, "test/cluster/components/") {
			// An older Kubernetes stays what it was.
			return err
		}
		modules = append(modules, strings.TrimSuffix("/"+folder, "."))
		return err
	}))
	require.ElementsMatch(t, modules, looked["gomod"])
	require.Equal(t, []string{"/"}, looked["github-actions"])
	require.Equal(t, []string{"/"}, looked["docker"])
	require.Equal(t, []string{"/hack/tools/azurite"}, looked["npm"])
}
