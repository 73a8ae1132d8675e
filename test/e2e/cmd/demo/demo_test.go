package main

import (
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	barq "github.com/barq-db/barq-operator/test/barqserver/client"
	"github.com/barq-db/barq-operator/test/e2e/digits"
)

// blank is an image that has one pixel of a shade.
func blank(pixel float32) []float32 { return append([]float32{pixel}, make([]float32, 63)...) }

func TestJudge(t *testing.T) {
	stored := []digits.Digit{{Pixels: blank(1), Value: 7}, {Pixels: blank(9), Value: 3}}
	query := digits.Digit{Pixels: blank(2), Value: 7}
	hit := func(numbers ...uint64) (hits []barq.Hit) {
		for _, number := range numbers {
			hits = append(hits, barq.Hit{ID: barq.Number(number)})
		}
		return hits
	}
	right, err := judge(query, hit(1), stored)
	require.NoError(t, err)
	require.True(t, right)

	other := query
	other.Value = 1
	right, err = judge(other, hit(1), stored)
	require.NoError(t, err)
	require.False(t, right)

	_, err = judge(query, hit(2), stored)
	require.EqualError(t, err, "document 2 has the distance 7.00, and the nearest has 1.00")
	for _, hits := range [][]barq.Hit{nil, hit(0), hit(3), hit(1, 2), {{ID: barq.Name("one")}}} {
		_, err = judge(query, hits, stored)
		require.ErrorContains(t, err, "a search for one digit found ")
	}
}

func TestDrawing(t *testing.T) {
	found := []barq.Document{{Vector: blank(0), Payload: map[string]any{"digit": 7.0}}}
	lines := drawing(digits.Digit{Pixels: blank(16), Value: 1}, found, []barq.Hit{{Score: -2.25}})
	require.Len(t, lines, 10)
	require.Equal(t, "asked: a 1         found: a 7", lines[0])
	require.Equal(t, "                   score -2.2", lines[1])
	require.Equal(t, "██"+strings.Repeat(" ", 33), lines[2])
}

func TestWhatIsShownOfARequest(t *testing.T) {
	require.Equal(t, "12", shortened("12"))
	require.Equal(t, strings.Repeat("a", 36)+" ... "+strings.Repeat("b", 36), shortened(strings.Repeat("a", 50)+strings.Repeat("b", 50)))
	require.Equal(t, "no such thing", message(`{"error":"no such thing"}`))
	require.Equal(t, "no JSON", message("no JSON"))
	for number, text := range map[int]string{0: "0", 999: "999", 1000: "1,000", 1234567: "1,234,567"} {
		require.Equal(t, text, thousands(number))
	}
	for _, each := range poisons(2) {
		require.NotEqual(t, http.StatusOK, each.status, each.words)
	}
	require.Equal(t, `POST /collections/digits/documents {"id":999999,"vector":[1e39,0,0]}`, poisons(3)[0].String())
	require.Equal(t, "DELETE /collections/things%2F", poisons(3)[2].String())
}

func TestIdentity(t *testing.T) {
	running := func(uid types.UID, container string) *corev1.Pod {
		pod := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{UID: uid}}
		pod.Status.ContainerStatuses = []corev1.ContainerStatus{{ContainerID: container}}
		return pod
	}
	require.NotEqual(t, identity(running("1", "a")), identity(running("1", "b")), "a container that was restarted")
	require.NotEqual(t, identity(running("1", "a")), identity(running("2", "a")), "a pod that was replaced")
}

func TestIsReady(t *testing.T) {
	pod := &corev1.Pod{}
	require.False(t, isReady(pod))
	pod.Status.Conditions = []corev1.PodCondition{{Type: corev1.PodReady, Status: corev1.ConditionTrue}}
	require.True(t, isReady(pod))
	pod.DeletionTimestamp = &metav1.Time{}
	require.False(t, isReady(pod), "it is being deleted")
}

func TestRequireConditions(t *testing.T) {
	conditions := []metav1.Condition{{Type: "Ready", Status: metav1.ConditionTrue}}
	require.NoError(t, requireConditions(conditions, map[string]metav1.ConditionStatus{"Ready": metav1.ConditionTrue}))
	require.EqualError(t, requireConditions(conditions, map[string]metav1.ConditionStatus{"Ready": metav1.ConditionFalse}), "the condition Ready is not False")
	require.EqualError(t, requireConditions(nil, map[string]metav1.ConditionStatus{"Ready": metav1.ConditionTrue}), "the condition Ready is not True")
}

// A cluster that others gave needs images, and the message says which.
func TestWhatAGivenClusterNeeds(t *testing.T) {
	for _, variable := range []string{registryVariable, operatorImage, agentImage, databaseImage} {
		t.Setenv(variable, "")
	}
	_, err := (&demo{}).images(t.Context())
	require.ErrorContains(t, err, "this cluster needs images: name those of this checkout in IMG and AGENT_IMG")
	t.Setenv(operatorImage, "example.com/operator:1")
	t.Setenv(agentImage, "example.com/agent:1")
	images, err := (&demo{}).images(t.Context())
	require.NoError(t, err)
	require.Equal(t, "example.com/operator:1", images.Operator)
	require.Empty(t, images.Database, "that of config/default")
}
