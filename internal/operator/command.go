package operator

import (
	"fmt"
	"os"
	"time"

	"github.com/go-logr/zapr"
	helmmanager "github.com/operator-framework/helm-operator-plugins/pkg/manager"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	uberzap "go.uber.org/zap"
	"go.uber.org/zap/zapcore"
	"k8s.io/klog/v2"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/log/zap"

	"github.com/barq-db/barq-operator/internal/protection"
	"github.com/barq-db/barq-operator/internal/version"
)

// Settings are what flags and environment variables set.
type Settings struct {
	// WatchesFile is the path of watches.yaml.
	WatchesFile string
	// MetricsAddress is where metrics are served over HTTPS to callers that the API
	// server authorizes; "0" turns them off.
	MetricsAddress string
	// HealthAddress is where /healthz and /readyz are served over HTTP.
	HealthAddress string
	// ProfilesAddress is where /debug/pprof is served over HTTP, to all who can reach it; "0" or empty turns it off.
	ProfilesAddress string
	// LeaderElection lets only one of several operators work at a time.
	LeaderElection bool
	// LeaderElectionNamespace holds the Lease; empty is the operator's own namespace.
	LeaderElectionNamespace string
	// LogLevel is debug, info or error.
	LogLevel string
	// DefaultImage is the image of a BarqCluster without spec.image, from RELATED_IMAGE_BARQ_DB. If it is empty, the
	// chart's image is used.
	DefaultImage string
	// AgentImage is the image of the agent, from RELATED_IMAGE_BARQ_AGENT. If it is empty, Barq DB runs without one.
	AgentImage string
	// UnrequestedRollouts is how many BarqClusters may restart their pods at a time for a change that no spec asks for.
	// With 0, none may.
	UnrequestedRollouts int
	// DeletionPolicy is the name of the ValidatingAdmissionPolicy that spec.deletionProtection needs, and of its
	// binding. If it is empty, the operator does not look for them.
	DeletionPolicy string
}

// NewCommand returns the command barq-operator.
func NewCommand() *cobra.Command {
	settings := Settings{DefaultImage: os.Getenv("RELATED_IMAGE_BARQ_DB"), AgentImage: os.Getenv("RELATED_IMAGE_BARQ_AGENT")}
	command := &cobra.Command{
		Use:   "barq-operator",
		Short: "Runs Barq DB on Kubernetes",
		Long: "barq-operator runs a Barq DB for every BarqCluster.\n\n" +
			"Environment:\n" +
			"  " + helmmanager.WatchNamespaceEnvVar + "            namespaces to watch, separated by commas; empty watches all.\n" +
			"  RELATED_IMAGE_BARQ_DB      image of a BarqCluster that names none; empty leaves it to the chart.\n" +
			"  RELATED_IMAGE_BARQ_AGENT   image of the agent; empty runs Barq DB without one.",
		Version:       version.String(),
		Args:          cobra.NoArgs,
		SilenceUsage:  true,
		SilenceErrors: true,
		RunE: func(command *cobra.Command, _ []string) error {
			if settings.UnrequestedRollouts < 0 {
				return fmt.Errorf("--max-unrequested-rollouts: %d is negative; write 0 to hold all of them back", settings.UnrequestedRollouts)
			}
			if err := setUpLogging(settings.LogLevel); err != nil {
				return err
			}
			return Run(command.Context(), settings)
		},
	}
	settings.bind(command.Flags())
	command.CompletionOptions.DisableDefaultCmd = true
	command.AddCommand(newCheckCommand())
	return command
}

func (s *Settings) bind(flags *pflag.FlagSet) {
	flags.StringVar(&s.WatchesFile, "watches-file", "watches.yaml", "file that names the chart of each kind")
	flags.StringVar(&s.MetricsAddress, "metrics-bind-address", ":8443", "address of the metrics (HTTPS, authorized by the API server); 0 turns them off")
	flags.StringVar(&s.HealthAddress, "health-probe-bind-address", ":8081", "address of /healthz and /readyz (HTTP); 0 turns them off")
	flags.StringVar(&s.ProfilesAddress, "pprof-bind-address", "0", "address of /debug/pprof (HTTP, without authorization: write a loopback address); 0 turns it off")
	flags.BoolVar(&s.LeaderElection, "leader-elect", false, "let only one of several operators work at a time")
	flags.StringVar(&s.LeaderElectionNamespace, "leader-election-namespace", "", "namespace of the Lease (default the operator's own)")
	flags.IntVar(&s.UnrequestedRollouts, "max-unrequested-rollouts", 1, "how many BarqClusters may restart their pods at a time for a change that the operator brings; 0 holds all of them back")
	flags.StringVar(&s.DeletionPolicy, "deletion-protection-policy", protection.DefaultName, "name of the ValidatingAdmissionPolicy that spec.deletionProtection needs, and of its binding; with an empty one the operator does not look for them")
	flags.StringVar(&s.LogLevel, "log-level", "info", "debug, info or error")
}

func setUpLogging(name string) error {
	level, err := zapcore.ParseLevel(name)
	if err != nil {
		return fmt.Errorf("--log-level: %q is unknown; write debug, info or error", name)
	}
	logger := zap.NewRaw(
		zap.Level(level),
		zap.JSONEncoder(func(config *zapcore.EncoderConfig) {
			config.EncodeTime = zapcore.TimeEncoderOfLayout(time.RFC3339Nano)
		}),
		// Errors are about BarqClusters and come from a few known places. A stack of the work queue under each would
		// only hide them.
		zap.StacktraceLevel(zapcore.PanicLevel),
	)
	// Leader election logs through klog, and the metrics server through the standard library. Their lines must be JSON
	// like all others.
	ctrl.SetLogger(zapr.NewLogger(logger))
	klog.SetLogger(ctrl.Log.WithName("klog"))
	if _, err := uberzap.RedirectStdLogAt(logger, zapcore.InfoLevel); err != nil {
		return fmt.Errorf("redirecting the standard log: %w", err)
	}
	return nil
}
