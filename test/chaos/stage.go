package chaos

import (
	"context"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"sync"
	"sync/atomic"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/barq-db/barq-operator/api/v1alpha1"
	"github.com/barq-db/barq-operator/test/operatorprocess"
	"github.com/barq-db/barq-operator/test/testbed"
)

// stage is where one fault is made: a namespace with BarqClusters, and the operator.
type stage struct {
	*environment

	parameters *Parameters
	fault      *fault
	row        *Row
	namespace  string
	random     *rand.Rand
	pods       *podObserver
	// operators are the processes, of which the first is the one that is looked at.
	operators []*operatorProcess
	injected  atomic.Int64
	// lock is for the violations of the row.
	lock sync.Mutex
}

// newStage starts the operator in the way that the fault needs, on an empty namespace.
func (e *environment) newStage(ctx context.Context, parameters *Parameters, f *fault, row *Row) (_ *stage, err error) {
	s := &stage{
		environment: e, parameters: parameters, fault: f, row: row,
		namespace: "chaos-" + f.name,
		random:    rand.New(rand.NewPCG(parameters.Seed, 0)),
	}
	if err := e.NewNamespace(ctx, s.namespace); err != nil {
		return nil, err
	}
	if s.pods, err = observePods(ctx, e.Testbed, s.namespace); err != nil {
		return nil, err
	}
	for range 1 + f.further {
		started, err := s.startOperator()
		if err != nil {
			s.pods.stop()
			return nil, err
		}
		s.operators = append(s.operators, started)
	}
	return s, nil
}

// startOperator starts one more process.
func (s *stage) startOperator() (*operatorProcess, error) {
	profiles, err := operatorprocess.FreeAddress()
	if err != nil {
		return nil, err
	}
	o := &operatorProcess{
		Process: operatorprocess.Process{
			Program: s.program, Root: s.Root, Kubeconfig: s.direct,
			Log:         filepath.Join(s.Folder, fmt.Sprintf("%s-%d.log", s.fault.name, len(s.operators)+1)),
			Arguments:   append([]string{"--pprof-bind-address", profiles}, s.fault.arguments...),
			Environment: s.fault.environment,
		},
		profiles: profiles,
	}
	if s.fault.proxied {
		o.Kubeconfig = s.proxied
	}
	if s.fault.jumping {
		o.Program = s.jumping
	}
	return o, o.Start()
}

// end stops what was started, and removes what was made. After a failure that stays, because the run is over and the
// cluster goes with it.
func (s *stage) end(ctx context.Context, failed bool) error {
	s.pods.stop()
	for _, o := range s.operators {
		if o.HasEnded() {
			s.row.Exits++
			s.violation("the operator ended by itself; its log is %s", o.Log)
		}
		o.Stop()
		// What is no JSON is a panic, or a message of the Go runtime.
		if err := o.CheckLog(); err != nil {
			s.violation("%v", err)
		}
	}
	if failed {
		return nil
	}
	return s.RemoveNamespace(ctx, s.namespace)
}

func (s *stage) violation(format string, arguments ...any) {
	s.lock.Lock()
	defer s.lock.Unlock()
	s.row.Violations = append(s.row.Violations, fmt.Sprintf(format, arguments...))
}

// each does something for each index below count, several at a time, and again where it fails.
func each(ctx context.Context, count int, do func(ctx context.Context, index int) error) error {
	return testbed.Each(ctx, count, func(ctx context.Context, i int) error {
		return insist(ctx, func() error { return do(ctx, i) })
	})
}

// create makes a BarqCluster. One that is there was made by a request whose answer was lost.
func (s *stage) create(ctx context.Context, cluster *v1alpha1.BarqCluster) error {
	err := s.Admin.Create(ctx, cluster)
	if apierrors.IsAlreadyExists(err) {
		return nil
	}
	return err
}

// patch changes a BarqCluster.
func (s *stage) patch(ctx context.Context, name, patch string) error {
	cluster := &v1alpha1.BarqCluster{}
	cluster.Namespace, cluster.Name = s.namespace, name
	return s.Admin.Patch(ctx, cluster, client.RawPatch(types.MergePatchType, []byte(patch)))
}

// clusters gives all BarqClusters of the stage.
func (s *stage) clusters(ctx context.Context) ([]v1alpha1.BarqCluster, error) {
	list := &v1alpha1.BarqClusterList{}
	err := s.Admin.List(ctx, list, client.InNamespace(s.namespace))
	return list.Items, err
}
