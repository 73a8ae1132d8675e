package hostile

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"sync"
	"time"
)

// Target is where requests go.
type Target struct {
	// HTTP and RPC are the addresses of both doors of a database.
	HTTP, RPC string
	// Collection is one of two-dimensional vectors that is there.
	Collection string
}

// patience is how long an answer is waited for. The agent cuts off a header after 10 s, and a machine may have much else to do.
const patience = time.Minute

// request is one that is sent as it is written here.
type request struct {
	name string
	// to tells which door.
	rpc bool
	// send writes what it writes and returns. It may take its time.
	send func(ctx context.Context, to net.Conn) error
	// silent tells that no answer is waited for: the connection is closed or reset at once.
	silent bool
}

// Send makes so many requests, of each kind in turn, so many at a time. The error names each kind that was answered as if it were
// good, or at all where the answer has to be a refusal.
func Send(ctx context.Context, target Target, count, atATime int) error {
	kinds := requests(target.Collection)
	numbers := make(chan int)
	var lock sync.Mutex
	wrong := map[string]error{}
	var group sync.WaitGroup
	for range atATime {
		group.Go(func() {
			for number := range numbers {
				kind := kinds[number%len(kinds)]
				if err := kind.make(ctx, target); err != nil {
					lock.Lock()
					wrong[kind.name] = fmt.Errorf("%s: %w", kind.name, err)
					lock.Unlock()
				}
			}
		})
	}
	for number := range count {
		numbers <- number
	}
	close(numbers)
	group.Wait()
	var all []error
	for _, err := range wrong {
		all = append(all, err)
	}
	return errors.Join(all...)
}

// make sends a request and looks at what comes back. A connection that is refused or cut off is a good answer.
func (r request) make(ctx context.Context, target Target) error {
	address := target.HTTP
	if r.rpc {
		address = target.RPC
	}
	dialer := net.Dialer{Timeout: patience}
	connection, err := dialer.DialContext(ctx, "tcp", address)
	if err != nil {
		// The database may be busy with the others.
		return nil
	}
	defer func() { _ = connection.Close() }()
	_ = connection.SetDeadline(time.Now().Add(patience))
	// It is cut off while it sends, which the answer says too.
	_ = r.send(ctx, connection)
	if r.silent {
		if reset, is := connection.(*net.TCPConn); is {
			// The end is a reset, in the middle of an answer.
			_ = reset.SetLinger(0)
		}
		return nil
	}
	if r.rpc {
		_, err := io.Copy(io.Discard, io.LimitReader(connection, 1<<20))
		if errors.Is(err, os.ErrDeadlineExceeded) {
			return errors.New("the connection is still open")
		}
		return nil
	}
	return refused(connection)
}

// refused requires that a request is answered with a refusal, or cut off.
func refused(connection net.Conn) error {
	answer, err := http.ReadResponse(bufio.NewReader(connection), nil)
	if errors.Is(err, os.ErrDeadlineExceeded) {
		return fmt.Errorf("neither answered nor cut off within %s", patience)
	}
	if err != nil {
		return nil //nolint:nilerr // It was cut off.
	}
	content, _ := io.ReadAll(io.LimitReader(answer.Body, 1000))
	_ = answer.Body.Close()
	if answer.StatusCode < http.StatusBadRequest {
		return fmt.Errorf("answered with %s: %s", answer.Status, content)
	}
	return nil
}

// text is a request that is sent at once.
func text(name string, parts ...string) request {
	return request{name: name, send: func(_ context.Context, to net.Conn) error {
		_, err := io.WriteString(to, strings.Join(parts, ""))
		return err
	}}
}

// slowly sends a part of a text each half second, until the other side has had enough.
func slowly(to net.Conn, parts ...string) error {
	for _, part := range parts {
		if _, err := io.WriteString(to, part); err != nil {
			return err
		}
		time.Sleep(500 * time.Millisecond)
	}
	return nil
}
