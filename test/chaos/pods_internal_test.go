package chaos

import (
	"testing"

	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
)

func TestNeedlessPods(t *testing.T) {
	o := &podObserver{seen: map[string]map[types.UID]bool{}, needed: map[string]int{}}
	see := func(name string, uid types.UID) {
		o.add(&corev1.Pod{ObjectMeta: metav1.ObjectMeta{Name: name, UID: uid}})
	}
	o.need("a")
	o.need("b")
	o.need("b")
	see("a", "1")
	see("a", "1")
	see("b", "2")
	see("b", "3")
	require.Empty(t, o.needless())
	see("a", "4")
	see("a", "5")
	see("c", "6")
	require.ElementsMatch(t, []string{"a", "a", "c"}, o.needless())
	require.Equal(t, 3, o.names())
}
