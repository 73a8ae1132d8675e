package chaos

import (
	"context"
	"fmt"
	"sync"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/cache"
)

// podObserver sees each pod of a namespace that ever was, because one that was replaced leaves no trace.
type podObserver struct {
	lock sync.Mutex
	// seen has the UIDs of all pods that there were, by name.
	seen map[string]map[types.UID]bool
	// needed is how many pods of a name the work of the stage makes.
	needed map[string]int
	stop   func()
}

func observePods(ctx context.Context, config *rest.Config, namespace string) (*podObserver, error) {
	client, err := kubernetes.NewForConfig(config)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithCancel(ctx)
	o := &podObserver{seen: map[string]map[types.UID]bool{}, needed: map[string]int{}}
	factory := informers.NewSharedInformerFactoryWithOptions(client, 0, informers.WithNamespace(namespace))
	_, err = factory.Core().V1().Pods().Informer().AddEventHandler(cache.ResourceEventHandlerFuncs{
		AddFunc: o.add,
		// A pod that was replaced while a watch was away is an update here.
		UpdateFunc: func(_, object any) { o.add(object) },
	})
	if err != nil {
		cancel()
		return nil, err
	}
	factory.Start(ctx.Done())
	o.stop = func() { cancel(); factory.Shutdown() }
	for kind, synced := range factory.WaitForCacheSync(ctx.Done()) {
		if !synced {
			o.stop()
			return nil, fmt.Errorf("watch %s: %w", kind, context.Cause(ctx))
		}
	}
	return o, nil
}

func (o *podObserver) add(object any) {
	pod, isPod := object.(*corev1.Pod)
	if !isPod {
		return
	}
	o.lock.Lock()
	defer o.lock.Unlock()
	if o.seen[pod.Name] == nil {
		o.seen[pod.Name] = map[types.UID]bool{}
	}
	o.seen[pod.Name][pod.UID] = true
}

// need says that the work makes a pod, the first one or one in its place.
func (o *podObserver) need(name string) {
	o.lock.Lock()
	defer o.lock.Unlock()
	o.needed[name]++
}

// needless gives the names of the pods that were made more often than needed, once for each time.
func (o *podObserver) needless() []string {
	o.lock.Lock()
	defer o.lock.Unlock()
	var found []string
	for name, uids := range o.seen {
		for range len(uids) - o.needed[name] {
			found = append(found, name)
		}
	}
	return found
}

// names is how many pods there were, each counted once however often it was made.
func (o *podObserver) names() int {
	o.lock.Lock()
	defer o.lock.Unlock()
	return len(o.seen)
}
