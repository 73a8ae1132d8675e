package adversary

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"testing"

	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/barq-db/barq-operator/test/operatorprocess"
	"github.com/barq-db/barq-operator/test/testbed"
)

// root is the top of the repository.
const root = "../.."

var (
	forgeries = flag.Int("forgeries", 150, "how many records are forged")
	seed      = flag.Uint64("seed", rand.Uint64(), "makes the choices of an earlier run again; random if not given")
)

// What the test works with.
var (
	admin       client.WithWatch
	adminConfig *rest.Config
	kubernetes  operatorprocess.Kubernetes
	operator    *operatorprocess.Process
	auditLog    string
)

func TestMain(m *testing.M) {
	flag.Parse()
	code, err := run(m)
	if err != nil {
		fmt.Fprintln(os.Stderr, "adversary:", err)
		os.Exit(1)
	}
	os.Exit(code)
}

func run(m *testing.M) (code int, err error) {
	folder, err := os.MkdirTemp("", "barq-adversary-")
	if err != nil {
		return 1, err
	}
	defer func() {
		if code == 0 && err == nil {
			_ = os.RemoveAll(folder)
			return
		}
		fmt.Fprintln(os.Stderr, "the logs of this run are in", folder)
	}()
	ctx := context.Background()
	bed, err := testbed.Start(ctx, testbed.Options{
		Root: root, Folder: folder, Out: os.Stderr, Manifests: []string{"../integration/testdata/monitors.yaml"},
		Audited: []string{operatorprocess.User(operatorprocess.Account)},
	})
	if err != nil {
		return 1, err
	}
	defer func() { err = errors.Join(err, bed.Control.Stop()) }()
	admin, adminConfig, kubernetes, auditLog = bed.Admin, bed.Config, bed.Kubernetes, bed.AuditLog
	if operator, err = bed.Operator(ctx); err != nil {
		return 1, err
	}
	if err := operator.Start(); err != nil {
		return 1, err
	}
	code = m.Run()
	operator.Stop()
	// What is no JSON is a panic, or a message of the Go runtime.
	return code, operator.CheckLog()
}
