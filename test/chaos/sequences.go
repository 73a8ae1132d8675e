package chaos

import (
	"context"
	"fmt"
	"math/rand/v2"
	"time"

	"golang.org/x/sync/errgroup"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	policyv1 "k8s.io/api/policy/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/barq-db/barq-operator/test/chaos/apiproxy"
	"github.com/barq-db/barq-operator/test/testbed"
	"github.com/barq-db/barq-operator/test/wait"
)

// randomSequences edits each BarqCluster again and again, spoils and corrects it, deletes it and creates it again, and changes and
// deletes what was made for it, while the operator is killed, refused and robbed of its releases. Whatever has happened, in
// the end there is what the last spec renders to from scratch.
func randomSequences() *fault {
	return &fault{
		name: "random-sequences", proxied: true, inject: everything,
		does: "Random edits, bad specs, deletions, and changes of what was made, while the operator is killed, gets errors and loses releases.",
		work: func(s *stage) []work {
			return []work{
				{"install", func(ctx context.Context) error { return s.install(ctx, s.parameters.Clusters) }, s.unready},
				{"sequences", s.runSequences, s.unready},
				{"delete", func(ctx context.Context) error { return s.deleteAll(ctx, s.parameters.Clusters) }, s.undeleted},
			}
		},
		afterwards: damagedReleases().afterwards,
	}
}

// everything does one after the other.
func everything(ctx context.Context, s *stage) error {
	defer s.proxy.Set(apiproxy.Fault{})
	for wait.Sleep(ctx, time.Duration(s.random.IntN(2000))*time.Millisecond) == nil {
		s.proxy.Set(apiproxy.Fault{})
		switch s.random.IntN(5) {
		case 0:
			s.operators[0].Kill()
			if err := s.operators[0].Start(); err != nil {
				return err
			}
		case 1:
			s.proxy.Set(apiproxy.Fault{Refused: 1. / 5, Refusal: apiproxy.InternalError})
		case 2:
			s.proxy.Set(apiproxy.Fault{Lost: 1. / 5, Lag: time.Second})
		case 3:
			s.proxy.CutWatches()
		default:
			if err := damageRelease(context.WithoutCancel(ctx), s); err != nil {
				return err
			}
		}
		s.injected.Add(1)
	}
	return nil
}

// sequence is what is done with one BarqCluster.
type sequence struct {
	*stage

	name   string
	random *rand.Rand
	// replicas are those that the spec asks for.
	replicas int
}

// runSequences goes on with all BarqClusters at the same time.
func (s *stage) runSequences(ctx context.Context) error {
	group, ctx := errgroup.WithContext(ctx)
	for i := range s.parameters.Clusters {
		run := &sequence{stage: s, name: testbed.ClusterName(i), random: rand.New(rand.NewPCG(s.parameters.Seed, uint64(1+i))), replicas: 1}
		group.Go(func() error {
			for range s.parameters.Steps {
				if err := run.step(ctx); err != nil {
					return fmt.Errorf("a step of %s: %w", run.name, err)
				}
				if err := wait.Sleep(ctx, time.Duration(run.random.IntN(3000))*time.Millisecond); err != nil {
					return err
				}
			}
			return nil
		})
	}
	return group.Wait()
}

// step does one of what people do to a database.
func (r *sequence) step(ctx context.Context) error {
	switch r.random.IntN(10) {
	case 0, 1:
		return r.scale(ctx)
	case 2, 3:
		return r.replacePods(ctx)
	case 4:
		return r.edit(ctx, fmt.Sprintf(`{"spec":{"service":{"annotations":{"example.com/number":"%d"}}}}`, r.random.IntN(1000)))
	case 5:
		return r.spoilAndCorrect(ctx)
	case 6:
		return r.deleteDependent(ctx)
	case 7:
		return r.changeDependent(ctx)
	case 8:
		return r.deleteStatefulSet(ctx)
	default:
		return r.createAgain(ctx)
	}
}

// edit insists on a patch of the spec.
func (r *sequence) edit(ctx context.Context, patch string) error {
	return insist(ctx, func() error { return r.patch(ctx, r.name, patch) })
}

func (r *sequence) scale(ctx context.Context) error {
	wanted := 1 + r.random.IntN(3)
	for ordinal := r.replicas; ordinal < wanted; ordinal++ {
		r.pods.need(podName(r.name, ordinal))
	}
	r.replicas = wanted
	return r.edit(ctx, fmt.Sprintf(`{"spec":{"replicas":%d}}`, wanted))
}

// needPods says that every pod is made once more.
func (r *sequence) needPods() {
	for ordinal := range r.replicas {
		r.pods.need(podName(r.name, ordinal))
	}
}

func (r *sequence) replacePods(ctx context.Context) error {
	r.needPods()
	level := []string{"info", "debug", "warn"}[r.random.IntN(3)]
	return r.edit(ctx, fmt.Sprintf(`{"spec":{"logLevel":%q,"podAnnotations":{"example.com/number":"%d"}}}`, level, r.random.IntN(1000)))
}

// spoilAndCorrect names a Secret that does not exist, and no longer names it.
func (r *sequence) spoilAndCorrect(ctx context.Context) error {
	const spoiled = `{"spec":{"tiering":{"enabled":true,"warm":{"provider":"s3","bucket":"warm","credentialsSecretRef":{"name":"absent"}}}}}`
	if err := r.edit(ctx, spoiled); err != nil {
		return err
	}
	if err := wait.Sleep(ctx, time.Duration(r.random.IntN(1500))*time.Millisecond); err != nil {
		return err
	}
	return r.edit(ctx, `{"spec":{"tiering":null}}`)
}

// dependents are what may be deleted or changed without a pod's notice.
func (r *sequence) dependents() []client.Object {
	meta := metav1.ObjectMeta{Namespace: r.namespace, Name: r.name}
	return []client.Object{&corev1.Service{ObjectMeta: meta}, &policyv1.PodDisruptionBudget{ObjectMeta: meta}}
}

func (r *sequence) deleteDependent(ctx context.Context) error {
	dependent := r.dependents()[r.random.IntN(2)]
	return insist(ctx, func() error { return client.IgnoreNotFound(r.Admin.Delete(ctx, dependent)) })
}

func (r *sequence) changeDependent(ctx context.Context) error {
	choice := r.random.IntN(2)
	patch := []string{`{"spec":{"selector":{"app.kubernetes.io/instance":"another"}}}`, `{"spec":{"maxUnavailable":2}}`}[choice]
	return insist(ctx, func() error {
		return client.IgnoreNotFound(r.Admin.Patch(ctx, r.dependents()[choice], client.RawPatch(types.MergePatchType, []byte(patch))))
	})
}

// deleteStatefulSet takes the pods with it.
func (r *sequence) deleteStatefulSet(ctx context.Context) error {
	r.needPods()
	set := &appsv1.StatefulSet{ObjectMeta: metav1.ObjectMeta{Namespace: r.namespace, Name: r.name}}
	return insist(ctx, func() error { return client.IgnoreNotFound(r.Admin.Delete(ctx, set)) })
}

// createAgain deletes the BarqCluster and makes it again when it is gone, on the volumes that it had.
func (r *sequence) createAgain(ctx context.Context) error {
	cluster := testbed.NewCluster(r.namespace, r.name)
	if err := insist(ctx, func() error { return r.delete(ctx, r.name) }); err != nil {
		return err
	}
	err := insist(ctx, func() error { return r.Admin.Create(ctx, cluster.DeepCopy()) })
	r.replicas = 1
	r.needPods()
	return err
}
