package chaos

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestGoroutinesThatServeConnectionsAreNotCounted(t *testing.T) {
	const profile = `goroutine profile: total 9
4 @ 0x1 0x2
#	0x1	sigs.k8s.io/controller-runtime/pkg/controller.(*Controller).Start+0x1	controller.go:1

3 @ 0x3
#	0x3	net/http.(*persistConn).readLoop+0x1	transport.go:1

2 @ 0x4
#	0x4	main.main+0x1	main.go:1
`
	require.Equal(t, 6, countGoroutines(profile))
}
