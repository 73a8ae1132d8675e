package chaos

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"strconv"
	"strings"

	"github.com/barq-db/barq-operator/test/operatorprocess"
)

// operatorProcess is the operator, whose insides can be looked at.
type operatorProcess struct {
	operatorprocess.Process

	// profiles is the address of its profiles.
	profiles string
}

var (
	// group is one of the profile's: as many goroutines as its first line says, which all are at the same place.
	group = regexp.MustCompile(`(?m)^(\d+) @ `)
	// connection is a place of goroutines that serve one. Those without use are closed by time.
	connection = regexp.MustCompile(`net/http\.\(\*(persistConn|http2)|net/http/internal/http2|golang\.org/x/net/http2`)
	heapBytes  = regexp.MustCompile(`# HeapAlloc = (\d+)`)
)

// holdings are what the process holds after a collection of garbage.
func (o *operatorProcess) holdings(ctx context.Context) (Holdings, error) {
	running, err := o.profile(ctx, "goroutine?debug=1")
	if err != nil {
		return Holdings{}, err
	}
	heap, err := o.profile(ctx, "heap?gc=1&debug=1")
	if err != nil {
		return Holdings{}, err
	}
	size := heapBytes.FindStringSubmatch(heap)
	if size == nil {
		return Holdings{}, fmt.Errorf("the profile of the heap does not say %s", heapBytes)
	}
	bytes, err := strconv.Atoi(size[1])
	return Holdings{Goroutines: countGoroutines(running), HeapMiB: float64(bytes) / (1 << 20)}, err
}

// countGoroutines counts those of a profile that do not serve connections.
func countGoroutines(profile string) int {
	total := 0
	for part := range strings.SplitSeq(profile, "\n\n") {
		found := group.FindStringSubmatch(part)
		if found == nil || connection.MatchString(part) {
			continue
		}
		// The expression has digits alone, and an int has room for any number of goroutines.
		count, _ := strconv.Atoi(found[1])
		total += count
	}
	return total
}

// profile gives the text of a profile.
func (o *operatorProcess) profile(ctx context.Context, name string) (string, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+o.profiles+"/debug/pprof/"+name, nil)
	if err != nil {
		return "", err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return "", err
	}
	defer func() { _ = response.Body.Close() }()
	content, err := io.ReadAll(response.Body)
	return string(content), err
}
