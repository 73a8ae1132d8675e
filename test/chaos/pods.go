package chaos

import (
	"context"
	"sync"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/tools/cache"

	"github.com/barq-db/barq-operator/test/testbed"
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

func observePods(ctx context.Context, bed *testbed.Testbed, namespace string) (_ *podObserver, err error) {
	o := &podObserver{seen: map[string]map[types.UID]bool{}, needed: map[string]int{}}
	o.stop, err = bed.Watch(ctx, namespace, cache.ResourceEventHandlerFuncs{
		AddFunc: o.add,
		// A pod that was replaced while a watch was away is an update here.
		UpdateFunc: func(_, object any) { o.add(object) },
	}, func(factory informers.SharedInformerFactory) []cache.SharedIndexInformer {
		return []cache.SharedIndexInformer{factory.Core().V1().Pods().Informer()}
	})
	return o, err
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
