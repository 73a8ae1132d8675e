package bundle

import (
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"sigs.k8s.io/yaml"
)

// catalogTemplate is what is looked at of config/catalog/template.yaml; the whole of the
// catalog is validated by `make catalog`.
type catalogTemplate struct {
	Entries []struct {
		Schema         string `json:"schema"`
		Name           string `json:"name"`
		Package        string `json:"package"`
		DefaultChannel string `json:"defaultChannel"`
		Entries        []struct {
			Name     string `json:"name"`
			Replaces string `json:"replaces"`
		} `json:"entries"`
	} `json:"entries"`
}

// The channels that the bundle claims to be in are those in which the catalog offers it,
// as the newest version.
func TestCatalogOffersTheBundle(t *testing.T) {
	content, err := os.ReadFile("../../config/catalog/template.yaml")
	require.NoError(t, err)
	var template catalogTemplate
	require.NoError(t, yaml.Unmarshal(content, &template))
	bundle := load(t)
	metadata, err := os.ReadFile("../../bundle/metadata/annotations.yaml")
	require.NoError(t, err)
	var claimed struct {
		Annotations map[string]string `json:"annotations"`
	}
	require.NoError(t, yaml.Unmarshal(metadata, &claimed))

	var channels, offering []string
	for _, entry := range template.Entries {
		switch entry.Schema {
		case "olm.package":
			require.Equal(t, bundle.Package, entry.Name)
			require.Equal(t, claimed.Annotations["operators.operatorframework.io.bundle.channel.default.v1"], entry.DefaultChannel)
		case "olm.channel":
			require.Equal(t, bundle.Package, entry.Package)
			channels = append(channels, entry.Name)
			replaced := map[string]bool{}
			for _, version := range entry.Entries {
				replaced[version.Replaces] = true
			}
			for _, version := range entry.Entries {
				if version.Name == bundle.CSV.Name {
					require.False(t, replaced[version.Name], "%s is not the newest of channel %s", version.Name, entry.Name)
					offering = append(offering, entry.Name)
				}
			}
		}
	}

	require.ElementsMatch(t, []string{"candidate", "stable"}, channels)
	require.ElementsMatch(t, strings.Split(claimed.Annotations["operators.operatorframework.io.bundle.channels.v1"], ","), offering)
}
