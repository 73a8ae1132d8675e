package podtrial

import (
	"context"
	"errors"
	"testing"

	"github.com/stretchr/testify/require"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"
	"sigs.k8s.io/controller-runtime/pkg/client/interceptor"
)

var podResource = schema.GroupResource{Resource: "pods"}

// triedSet returns a StatefulSet whose pods request a whole CPU.
func triedSet() *appsv1.StatefulSet {
	set := &appsv1.StatefulSet{ObjectMeta: metav1.ObjectMeta{Namespace: "team", Name: "db", UID: "uid of the set"}}
	set.Spec.Replicas = ptr.To[int32](2)
	set.Spec.ServiceName = "db-headless"
	set.Spec.Selector = &metav1.LabelSelector{MatchLabels: map[string]string{"app.kubernetes.io/instance": "db"}}
	set.Spec.Template.Labels = map[string]string{"app.kubernetes.io/instance": "db"}
	set.Spec.Template.Annotations = map[string]string{"note": "kept"}
	set.Spec.Template.Spec.Containers = []corev1.Container{{Name: "barq-db", Resources: corev1.ResourceRequirements{
		Requests: corev1.ResourceList{corev1.ResourceCPU: resource.MustParse("1")},
	}}}
	set.Spec.VolumeClaimTemplates = []corev1.PersistentVolumeClaim{{ObjectMeta: metav1.ObjectMeta{Name: "data"}}}
	return set
}

// trialOn returns a trial on an API server with some objects. Each create on it returns answer. trialOn also returns a
// function with the pod that was tried.
func trialOn(t *testing.T, answer error, objects ...client.Object) (Trial, func() *corev1.Pod) {
	t.Helper()
	store := fake.NewClientBuilder().WithScheme(clientgoscheme.Scheme).WithObjects(objects...).Build()
	var tried *corev1.Pod
	writer := interceptor.NewClient(store, interceptor.Funcs{
		Create: func(_ context.Context, _ client.WithWatch, object client.Object, opts ...client.CreateOption) error {
			asked := &client.CreateOptions{}
			asked.ApplyOptions(opts)
			require.Equal(t, []string{metav1.DryRunAll}, asked.DryRun, "nothing is stored")
			tried = object.(*corev1.Pod).DeepCopy()
			return answer
		},
	})
	return Trial{Writer: writer, Live: store}, func() *corev1.Pod { return tried }
}

func TestThePodOfAStatefulSet(t *testing.T) {
	trial, tried := trialOn(t, nil)
	require.NoError(t, trial.Admits(t.Context(), triedSet()))
	require.Equal(t, &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{
			Namespace: "team", Name: "db-1",
			Labels: map[string]string{
				"app.kubernetes.io/instance": "db", "statefulset.kubernetes.io/pod-name": "db-1", "apps.kubernetes.io/pod-index": "1",
			},
			Annotations: map[string]string{"note": "kept"},
			OwnerReferences: []metav1.OwnerReference{{
				APIVersion: "apps/v1", Kind: "StatefulSet", Name: "db", UID: "uid of the set", Controller: ptr.To(true),
			}},
		},
		Spec: corev1.PodSpec{
			Containers: triedSet().Spec.Template.Spec.Containers,
			Hostname:   "db-1", Subdomain: "db-headless",
			Volumes: []corev1.Volume{{Name: "data", VolumeSource: corev1.VolumeSource{
				PersistentVolumeClaim: &corev1.PersistentVolumeClaimVolumeSource{ClaimName: "data-db-1"},
			}}},
		},
	}, tried())
}

func TestWhatTheAPIServerSaysOfAPod(t *testing.T) {
	const refused = `the API server would refuse pod "db-1", so the operator changed nothing and restarted no pod: `
	const advice = "; change the spec, or what refuses the pod"
	policy := apierrors.NewForbidden(podResource, "db-1", errors.New("policy says no"))
	policy.ErrStatus.Reason, policy.ErrStatus.Code = metav1.StatusReasonInvalid, 422
	webhook := &apierrors.StatusError{ErrStatus: metav1.Status{Reason: metav1.StatusReasonForbidden, Code: 403, Message: "admission webhook \"w\" denied the request: no"}}
	for name, test := range map[string]struct {
		answer error
		want   string
	}{
		"it takes it":               {nil, ""},
		"it takes it, and has it":   {apierrors.NewAlreadyExists(podResource, "db-1"), ""},
		"the operator may not try":  {apierrors.NewForbidden(podResource, "", errors.New("no rights")), ""},
		"a webhook has no dry run":  {apierrors.NewBadRequest("admission webhook \"w\" does not support dry run"), ""},
		"a missing priority class":  {apierrors.NewForbidden(podResource, "db-1", errors.New("no PriorityClass")), `pods "db-1" is forbidden: no PriorityClass`},
		"an invalid pod":            {apierrors.NewInvalid(schema.GroupKind{Kind: "Pod"}, "db-1", nil), `Pod "db-1" is invalid`},
		"a policy":                  {policy, `pods "db-1" is forbidden: policy says no`},
		"a webhook":                 {webhook, `admission webhook "w" denied the request: no`},
		"a webhook does not answer": {apierrors.NewInternalError(errors.New("failed calling webhook")), "Internal error occurred: failed calling webhook"},
	} {
		t.Run(name, func(t *testing.T) {
			trial, _ := trialOn(t, test.answer)
			err := trial.Admits(t.Context(), triedSet())
			if test.want == "" {
				require.NoError(t, err)
				return
			}
			require.EqualError(t, err, refused+test.want+advice)
		})
	}
}

func TestWithoutPodsNothingIsTried(t *testing.T) {
	trial, tried := trialOn(t, errors.New("must not be asked"))
	set := triedSet()
	set.Spec.Replicas = ptr.To[int32](0)
	require.NoError(t, trial.Admits(t.Context(), set))
	require.Nil(t, tried())
}

// A quota counts the current pod, which is deleted before the next one is created.
func TestAQuotaIsHeldToThePodsInPlaceOfThoseThatThereAre(t *testing.T) {
	pod := func(ordinal int32, cpu string) *corev1.Pod {
		set := triedSet()
		pod := podOf(set, ordinal)
		pod.Spec.Containers[0].Resources.Requests[corev1.ResourceCPU] = resource.MustParse(cpu)
		return pod
	}
	quota := func(hard, used corev1.ResourceList) *corev1.ResourceQuota {
		made := &corev1.ResourceQuota{ObjectMeta: metav1.ObjectMeta{Namespace: "team", Name: "few"}}
		made.Spec.Hard, made.Status.Hard, made.Status.Used = hard, hard, used
		return made
	}
	cpu := func(name corev1.ResourceName, amount string) corev1.ResourceList {
		return corev1.ResourceList{name: resource.MustParse(amount)}
	}
	scoped := quota(cpu("requests.cpu", "2"), cpu("requests.cpu", "2"))
	scoped.Spec.Scopes = []corev1.ResourceQuotaScope{corev1.ResourceQuotaScopeBestEffort}
	leaving := pod(0, "1")
	leaving.Finalizers, leaving.DeletionTimestamp = []string{"example.com/hold"}, ptr.To(metav1.Now())
	foreign := pod(0, "100m")
	foreign.OwnerReferences = nil

	for name, test := range map[string]struct {
		quota *corev1.ResourceQuota
		pods  []client.Object
		want  string
	}{
		"as many pods as before":   {quota(cpu("pods", "2"), cpu("pods", "2")), []client.Object{pod(0, "1"), pod(1, "1")}, ""},
		"as much as before":        {quota(cpu("requests.cpu", "2"), cpu("requests.cpu", "2")), []client.Object{pod(0, "1"), pod(1, "1")}, ""},
		"less than before":         {quota(cpu("cpu", "4"), cpu("cpu", "4")), []client.Object{pod(0, "2"), pod(1, "2")}, ""},
		"more, and there is room":  {quota(cpu("cpu", "2"), cpu("cpu", "1")), []client.Object{pod(0, "500m"), pod(1, "500m")}, ""},
		"half of it is there":      {quota(cpu("cpu", "2"), cpu("cpu", "1500m")), []client.Object{pod(0, "500m"), pod(1, "1")}, ""},
		"more, and there is none":  {quota(cpu("requests.cpu", "1900m"), cpu("requests.cpu", "1")), []client.Object{pod(0, "500m"), pod(1, "500m")}, `quota "few" allows 1900m of requests.cpu, of which 1 is used, and the pods would use 1 more than now`},
		"one that counts some":     {scoped, []client.Object{pod(0, "500m"), pod(1, "500m")}, ""},
		"a pod that goes":          {quota(cpu("cpu", "2"), cpu("cpu", "2")), []client.Object{leaving, pod(1, "1")}, ""},
		"a pod of another":         {quota(cpu("cpu", "1"), cpu("cpu", "1")), []client.Object{foreign, pod(1, "1")}, ""},
		"what no pod uses is full": {quota(cpu("services", "1"), cpu("services", "2")), []client.Object{pod(0, "500m")}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			trial, _ := trialOn(t, apierrors.NewForbidden(podResource, "db-1", errors.New("exceeded quota: few, requested: x")), append(test.pods, test.quota)...)
			err := trial.Admits(t.Context(), triedSet())
			if test.want == "" {
				require.NoError(t, err)
				return
			}
			require.EqualError(t, err, `the API server would refuse pod "db-1", so the operator changed nothing and restarted no pod: `+test.want+
				"; change the spec, or what refuses the pod")
		})
	}
	t.Run("the pods ask for too little", func(t *testing.T) {
		trial, _ := trialOn(t, apierrors.NewForbidden(podResource, "db-1", errors.New("failed quota: few: must specify memory")))
		require.ErrorContains(t, trial.Admits(t.Context(), triedSet()), "must specify memory")
	})
}

func TestWhatAPodUsesOfAQuota(t *testing.T) {
	pod := podOf(triedSet(), 0)
	pod.Spec.Containers[0].Resources.Limits = corev1.ResourceList{corev1.ResourceCPU: resource.MustParse("2"), corev1.ResourceMemory: resource.MustParse("1Gi")}
	pod.Spec.Containers = append(pod.Spec.Containers, pod.Spec.Containers[0])
	got := map[corev1.ResourceName]string{}
	for name, amount := range usageOf(pod) {
		got[name] = amount.String()
	}
	require.Equal(t, map[corev1.ResourceName]string{
		"cpu": "2", "requests.cpu": "2", "limits.cpu": "4", "memory": "2Gi", "requests.memory": "2Gi", "limits.memory": "2Gi",
	}, got)
}
