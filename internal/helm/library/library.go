package library

import (
	"bytes"
	"context"
	"fmt"

	helmclient "github.com/operator-framework/helm-operator-plugins/pkg/client"
	"helm.sh/helm/v3/pkg/action"
	"helm.sh/helm/v3/pkg/release"
	"helm.sh/helm/v3/pkg/storage/driver"
	"k8s.io/apimachinery/pkg/api/meta"
	corev1client "k8s.io/client-go/kubernetes/typed/core/v1"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/barq-db/barq-operator/internal/clusters"
	"github.com/barq-db/barq-operator/internal/helm/capabilities"
	"github.com/barq-db/barq-operator/internal/helm/kubeclient"
	"github.com/barq-db/barq-operator/internal/helm/owned"
	"github.com/barq-db/barq-operator/internal/helm/storage"
	"github.com/barq-db/barq-operator/internal/helm/transport"
	"github.com/barq-db/barq-operator/internal/signing"
)

// Library opens Helm's actions as the library builds them, over the operator's own storage and client.
type Library struct {
	Config *rest.Config
	Mapper meta.RESTMapper
	// Secrets store the records, and Key signs them.
	Secrets corev1client.SecretsGetter
	Key     *signing.Key
	// Objects and StatefulSets are for the client, and so are Repairs.
	Objects      *owned.Objects
	StatefulSets *clusters.Versions
	Repairs      *kubeclient.Repairs
	Capabilities *capabilities.Cache
}

// Facts are what the parts of Helm's configuration for one reconcile have to know of each other.
type Facts struct {
	// Records are those of the storage, and Objects those of the client.
	Records storage.Facts
	Objects kubeclient.Facts
	// TrustsAbsence: the cache has every object of the release that exists.
	TrustsAbsence bool
}

// Open builds a configuration of Helm for one reconcile. The parts of that configuration share facts; no other
// reconcile uses them.
func (l *Library) Open(ctx context.Context, cluster client.Object, facts *Facts) (helmclient.ActionInterface, error) {
	configs, err := helmclient.NewActionConfigGetter(l.Config, l.Mapper,
		helmclient.StorageDriverMapper(func(_ context.Context, object client.Object, _ *rest.Config) (driver.Driver, error) {
			return storage.New(l.Secrets, l.Key, object, &facts.Records), nil
		}),
		helmclient.ClientRestConfigMapper(transport.ReadsFrom(l.Objects.Cache, func() bool { return facts.TrustsAbsence })),
	)
	if err != nil {
		return nil, fmt.Errorf("setting up Helm's configuration: %w", err)
	}
	getter, err := helmclient.NewActionClientGetter(remembering{&kubeclient.Configs{
		ActionConfigGetter: configs, Objects: l.Objects, StatefulSets: l.StatefulSets, Repairs: l.Repairs, Facts: &facts.Objects,
	}, l.Capabilities},
		// After a failed install, the library must not uninstall the database, and after a failed upgrade it must not
		// roll back. Both would delete pods that work. The next reconcile goes forward.
		helmclient.WithFailureRollbacks(false),

		// Validating against four OpenAPI documents is 99% of the time that a rendering takes, and the API server
		// validates what is applied anyhow. Half of the rest compiles the schema of the chart's values, which is for
		// people. The fuzz tests in test/fuzz show that the values of every spec which the CRD admits match that
		// schema.
		helmclient.AppendInstallOptions(func(install *action.Install) error {
			install.DisableHooks = true
			install.DisableOpenAPIValidation = true
			install.SkipSchemaValidation = true
			return nil
		}),
		helmclient.AppendUpgradeOptions(func(upgrade *action.Upgrade) error {
			upgrade.DisableHooks = true
			upgrade.DisableOpenAPIValidation = true
			upgrade.SkipSchemaValidation = true
			return nil
		}),
	)
	if err != nil {
		return nil, fmt.Errorf("setting up Helm's actions: %w", err)
	}
	opened, err := getter.ActionClientFor(ctx, cluster)
	return repairing{opened}, err
}

// remembering returns configurations with what the operator remembers of the API server.
type remembering struct {
	*kubeclient.Configs
	capabilities *capabilities.Cache
}

// ActionConfigFor returns Helm's configuration for one BarqCluster.
func (r remembering) ActionConfigFor(ctx context.Context, cluster client.Object) (*action.Configuration, error) {
	config, err := r.Configs.ActionConfigFor(ctx, cluster)
	if err != nil {
		return nil, err
	}
	return config, r.capabilities.Fill(config)
}

// repairing are the library's actions with another repair: the library's own would change any object that a manifest
// names.
type repairing struct{ helmclient.ActionInterface }

// Reconcile repairs the objects of a release, as far as kubeclient.Client may write them.
func (r repairing) Reconcile(found *release.Release) error {
	helm, ok := r.Config().KubeClient.(*kubeclient.Client)
	if !ok {
		return fmt.Errorf("repairing with %T: only a kubeclient.Client is expected here", r.Config().KubeClient)
	}
	wanted, err := helm.Build(bytes.NewBufferString(found.Manifest), false)
	if err != nil {
		return fmt.Errorf("reading the manifest of the release: %w", err)
	}
	return helm.Repair(wanted)
}
