package ownership

import (
	"context"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/builder"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/handler"
)

// Watch adds to a controller of BarqClusters the watches of their StatefulSets, pods and PVCs. cluster is an empty BarqCluster.
func Watch(of *builder.Builder, mgr ctrl.Manager, cluster client.Object) *builder.Builder {
	return of.
		Watches(&appsv1.StatefulSet{}, handler.EnqueueRequestForOwner(
			mgr.GetScheme(), mgr.GetRESTMapper(), cluster, handler.OnlyControllerOwner())).
		Watches(&corev1.Pod{}, handler.EnqueueRequestsFromMapFunc(Enqueue)).
		Watches(&corev1.PersistentVolumeClaim{}, handler.EnqueueRequestsFromMapFunc(Enqueue))
}

// Enqueue maps a pod or a PVC to its BarqCluster.
func Enqueue(_ context.Context, object client.Object) []ctrl.Request {
	name := object.GetLabels()[instanceLabel]
	if name == "" {
		return nil
	}
	return []ctrl.Request{{NamespacedName: client.ObjectKey{Namespace: object.GetNamespace(), Name: name}}}
}
