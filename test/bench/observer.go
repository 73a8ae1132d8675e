package bench

import (
	"context"
	"fmt"
	"sync"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/tools/cache"

	"github.com/barq-db/barq-operator/test/testbed"
)

// observer sees the StatefulSets and Services of a namespace, as the API server tells their changes.
type observer struct {
	lock     sync.Mutex
	sets     map[string]*appsv1.StatefulSet
	services map[string]*corev1.Service
	// changed is closed, and replaced, at each change.
	changed chan struct{}
	stop    func()
}

func observe(ctx context.Context, bed *testbed.Testbed, namespace string) (_ *observer, err error) {
	o := &observer{sets: map[string]*appsv1.StatefulSet{}, services: map[string]*corev1.Service{}, changed: make(chan struct{})}
	o.stop, err = bed.Watch(ctx, namespace, cache.ResourceEventHandlerFuncs{
		AddFunc:    func(object any) { o.put(object, false) },
		UpdateFunc: func(_, object any) { o.put(object, false) },
		DeleteFunc: func(object any) { o.put(object, true) },
	}, func(factory informers.SharedInformerFactory) []cache.SharedIndexInformer {
		return []cache.SharedIndexInformer{factory.Apps().V1().StatefulSets().Informer(), factory.Core().V1().Services().Informer()}
	})
	return o, err
}

func (o *observer) put(object any, deleted bool) {
	if unknown, ok := object.(cache.DeletedFinalStateUnknown); ok {
		object = unknown.Obj
	}
	o.lock.Lock()
	defer o.lock.Unlock()
	switch object := object.(type) {
	case *appsv1.StatefulSet:
		o.sets[object.Name] = object
		if deleted {
			delete(o.sets, object.Name)
		}
	case *corev1.Service:
		o.services[object.Name] = object
		if deleted {
			delete(o.services, object.Name)
		}
	}
	close(o.changed)
	o.changed = make(chan struct{})
}

// await returns when what was seen is as it should be, and the moment when it was.
func (o *observer) await(ctx context.Context, awaited string, is func(*observer) bool) (time.Time, error) {
	for {
		o.lock.Lock()
		done, changed := is(o), o.changed
		o.lock.Unlock()
		if done {
			return time.Now(), nil
		}
		select {
		case <-ctx.Done():
			return time.Time{}, fmt.Errorf("wait for %s: %w", awaited, context.Cause(ctx))
		case <-changed:
		}
	}
}

// allReady tells whether that many StatefulSets are Ready, and no other is there.
func (o *observer) allReady(count int) bool {
	if len(o.sets) != count {
		return false
	}
	for _, set := range o.sets {
		if !isReady(set) {
			return false
		}
	}
	return true
}

// countReady is how many StatefulSets are Ready.
func (o *observer) countReady() int {
	o.lock.Lock()
	defer o.lock.Unlock()
	ready := 0
	for _, set := range o.sets {
		if isReady(set) {
			ready++
		}
	}
	return ready
}

func isReady(set *appsv1.StatefulSet) bool {
	return set.Status.ObservedGeneration == set.Generation && set.Status.ReadyReplicas == *set.Spec.Replicas &&
		set.Status.UpdatedReplicas == *set.Spec.Replicas
}

// generation is that of a StatefulSet, or 0 when it does not exist.
func (o *observer) generation(name string) int64 {
	o.lock.Lock()
	defer o.lock.Unlock()
	if set := o.sets[name]; set != nil {
		return set.Generation
	}
	return 0
}
