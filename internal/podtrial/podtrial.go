package podtrial

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/barq-db/barq-operator/internal/workload"
)

// Trial finds out whether the API server admits the pods of a StatefulSet.
type Trial struct {
	Writer client.Writer
	// Live reads from the API server itself.
	Live client.Reader
}

// The dry run stores nothing, but RBAC has no verb for that. It adds nothing to what the operator may do: the operator
// may create StatefulSets, whose pods it can write as it likes.
// +kubebuilder:rbac:groups="",resources=pods,verbs=create;list

// Only after a quota had no room for one more pod, the operator reads whether it has room in place of another one.
// +kubebuilder:rbac:groups="",resources=resourcequotas,verbs=list

// Admits returns an error if the API server would refuse the pods of a wanted StatefulSet in place of the current pods.
// set has the UID of the current StatefulSet. Nothing is stored.
func (t Trial) Admits(ctx context.Context, set *appsv1.StatefulSet) error {
	replicas := ptr.Deref(set.Spec.Replicas, 1)
	if replicas == 0 {
		return nil
	}
	// Kubernetes replaces the last pod first.
	pod := podOf(set, replicas-1)
	err := t.Writer.Create(ctx, pod, client.DryRunAll)
	switch {
	case err == nil, cannotTry(err):
		return nil
	case apierrors.IsAlreadyExists(err):
		// The API server checks the name last, after everything that could refuse the pod.
		return nil
	case exceedsQuota(err):
		// The quota counts the current pod, which is deleted before the new one is created.
		return t.fits(ctx, set, pod)
	default:
		return refusedPod(pod, err.Error())
	}
}

// ErrRefused is the error of a change whose pods the API server would refuse.
var ErrRefused = errors.New("the API server would refuse")

func refusedPod(pod *corev1.Pod, reason string) error {
	return fmt.Errorf("%w pod %q, so the operator changed nothing and restarted no pod: %s; change the spec, or what refuses the pod",
		ErrRefused, pod.Name, reason)
}

// cannotTry reports whether the API server says that this operator may not create pods, or that a webhook has no dry
// run. Neither means that the pod is refused. Admission always names the pod that it forbids.
func cannotTry(err error) bool {
	if apierrors.IsBadRequest(err) {
		return true
	}
	var status apierrors.APIStatus
	if !apierrors.IsForbidden(err) || !errors.As(err, &status) {
		return false
	}
	details := status.Status().Details
	return details != nil && details.Kind == "pods" && details.Name == ""
}

// exceedsQuota reports whether a quota has no room. Kubernetes has no reason for that, and has used the same words
// since its first version with quotas.
func exceedsQuota(err error) bool {
	return apierrors.IsForbidden(err) && strings.Contains(err.Error(), "exceeded quota: ")
}

// podOf returns the pod that the StatefulSet controller would create.
func podOf(set *appsv1.StatefulSet, ordinal int32) *corev1.Pod {
	template := set.Spec.Template.DeepCopy()
	pod := &corev1.Pod{ObjectMeta: template.ObjectMeta, Spec: template.Spec}
	pod.Namespace, pod.Name = set.Namespace, workload.PodName(set.Name, ordinal)
	// The reference does not block the deletion of its owner, which would need a right on StatefulSets that the
	// operator does not have.
	pod.OwnerReferences = []metav1.OwnerReference{{
		APIVersion: appsv1.SchemeGroupVersion.String(), Kind: "StatefulSet", Name: set.Name, UID: set.UID, Controller: ptr.To(true),
	}}
	if pod.Labels == nil {
		pod.Labels = map[string]string{}
	}
	pod.Labels[appsv1.StatefulSetPodNameLabel] = pod.Name
	pod.Labels[appsv1.PodIndexLabel] = strconv.Itoa(int(ordinal))
	pod.Spec.Hostname, pod.Spec.Subdomain = pod.Name, set.Spec.ServiceName
	for _, template := range set.Spec.VolumeClaimTemplates {
		pod.Spec.Volumes = slices.DeleteFunc(pod.Spec.Volumes, func(volume corev1.Volume) bool { return volume.Name == template.Name })
		pod.Spec.Volumes = append(pod.Spec.Volumes, corev1.Volume{Name: template.Name, VolumeSource: corev1.VolumeSource{
			PersistentVolumeClaim: &corev1.PersistentVolumeClaimVolumeSource{ClaimName: template.Name + "-" + pod.Name},
		}})
	}
	return pod
}

// fits returns an error if a quota has no room for the wanted pods of a StatefulSet in place of the current ones. It
// leaves out quotas that count only some pods, because it does not know which ones they count.
func (t Trial) fits(ctx context.Context, set *appsv1.StatefulSet, wanted *corev1.Pod) error {
	var quotas corev1.ResourceQuotaList
	if err := t.Live.List(ctx, &quotas, client.InNamespace(set.Namespace)); err != nil {
		return fmt.Errorf("listing the quotas of namespace %s: %w", set.Namespace, err)
	}
	var pods corev1.PodList
	if err := t.Live.List(ctx, &pods, client.InNamespace(set.Namespace), client.MatchingLabels(set.Spec.Selector.MatchLabels)); err != nil {
		return fmt.Errorf("listing the pods of StatefulSet %s: %w", set.Name, err)
	}
	more := map[corev1.ResourceName]resource.Quantity{}
	for i := range pods.Items {
		if owner := metav1.GetControllerOfNoCopy(&pods.Items[i]); owner == nil || owner.UID != set.UID || isGoing(&pods.Items[i]) {
			continue
		}
		for name, amount := range usageOf(wanted) {
			sum := more[name]
			sum.Add(amount)
			more[name] = sum
		}
		for name, amount := range usageOf(&pods.Items[i]) {
			sum := more[name]
			sum.Sub(amount)
			more[name] = sum
		}
	}
	for i := range quotas.Items {
		quota := &quotas.Items[i]
		if len(quota.Spec.Scopes) > 0 || quota.Spec.ScopeSelector != nil {
			continue
		}
		for _, name := range slices.Sorted(maps.Keys(quota.Status.Hard)) {
			hard, used, added := quota.Status.Hard[name], quota.Status.Used[name], more[name]
			after := used.DeepCopy()
			after.Add(added)
			if added.Sign() > 0 && after.Cmp(hard) > 0 {
				return refusedPod(wanted, fmt.Sprintf("quota %q allows %s of %s, of which %s is used, and the pods would use %s more than now",
					quota.Name, hard.String(), name, used.String(), added.String()))
			}
		}
	}
	return nil
}

// isGoing reports whether a quota no longer counts a pod, or will soon stop counting it.
func isGoing(pod *corev1.Pod) bool {
	return pod.DeletionTimestamp != nil || pod.Status.Phase == corev1.PodFailed || pod.Status.Phase == corev1.PodSucceeded
}

// usageOf returns what a pod uses of a quota, under the names that quotas have for it. Init containers run before the
// others and request less in every pod of the chart.
func usageOf(pod *corev1.Pod) map[corev1.ResourceName]resource.Quantity {
	usage := map[corev1.ResourceName]resource.Quantity{}
	add := func(name corev1.ResourceName, amount resource.Quantity) {
		sum := usage[name]
		sum.Add(amount)
		usage[name] = sum
	}
	for i := range pod.Spec.Containers {
		resources := &pod.Spec.Containers[i].Resources
		for name, amount := range resources.Requests {
			add(corev1.DefaultResourceRequestsPrefix+name, amount)
			add(name, amount)
		}
		for name, amount := range resources.Limits {
			add("limits."+name, amount)
			// A missing request is as large as the limit.
			if _, asked := resources.Requests[name]; !asked {
				add(corev1.DefaultResourceRequestsPrefix+name, amount)
				add(name, amount)
			}
		}
	}
	return usage
}
