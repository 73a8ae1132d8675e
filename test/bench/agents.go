package bench

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"strconv"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/client-go/informers"
	informersv1 "k8s.io/client-go/informers/core/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/cache"

	"github.com/barq-db/barq-operator/internal/agent/api"
	agentapi "github.com/barq-db/barq-operator/internal/agentapi/v1"
	"github.com/barq-db/barq-operator/test/wait"
)

const (
	// agentImage is what the operator gives the pods, which run nothing.
	agentImage = "registry.example.com/barq-agent:v0.1.0"
	// interval is the time between two questions to an agent.
	interval = 30 * time.Second
	// questionCPU is more than a question takes of the operator's CPU. An operator that does no more than ask is quiet.
	questionCPU = 2 * time.Millisecond
)

// agents answers for the agents of all pods, with the API of the real ones. All pods have the same address, and
// the operator says in each handshake which BarqCluster it asks about. The answers come from this process, whose CPU does not
// count as the operator's.
type agents struct {
	// said is the answer, always the same.
	said agentapi.Status
	end  func() error

	lock sync.Mutex
	// certificates has what the Secrets of the operator say, by the name of the server.
	certificates map[string]*tls.Config
	asked        questions
}

// questions counts what agents were asked.
type questions struct {
	total int
	// busiest is the most in one second since the last look, and inSecond that of the present one.
	busiest, inSecond int
	second            int64
}

func (q *questions) count(at time.Time) {
	if second := at.Unix(); second != q.second {
		q.second, q.inSecond = second, 0
	}
	q.total++
	q.inSecond++
	q.busiest = max(q.busiest, q.inSecond)
}

// podAddress returns the address of this machine at which agents are asked. Kubernetes has no loopback address in an
// EndpointSlice, and would try again and again.
func podAddress() (string, error) {
	found, err := net.InterfaceAddrs()
	if err != nil {
		return "", fmt.Errorf("looking for an address of this machine that pods can have: %w", err)
	}
	for _, address := range found {
		if network, ok := address.(*net.IPNet); ok && network.IP.To4() != nil && network.IP.IsGlobalUnicast() {
			return network.IP.String(), nil
		}
	}
	return "", fmt.Errorf("this machine has no IPv4 address that pods can have, among %v; leave out the contender %s", found, Asking)
}

// startAgents begins to answer.
func (e *environment) startAgents(ctx context.Context) (*agents, error) {
	served := time.Now().Add(-time.Minute).UTC()
	a := &agents{certificates: map[string]*tls.Config{}, said: agentapi.Status{
		Agent: "0.1.0", Started: served.Add(-3 * time.Second), Served: &served,
		Data: agentapi.Data{Tenants: 1, Collections: 2, Documents: 100}, Log: agentapi.Log{Bytes: 4096, Segments: 1},
		Disk: agentapi.Disk{Size: 1 << 30, Free: 1 << 29}, Memory: agentapi.Memory{Limit: 1 << 30, Used: 1 << 28},
	}}
	unwatch, err := e.Watch(ctx, metav1.NamespaceAll, cache.ResourceEventHandlerFuncs{
		AddFunc: a.learn, UpdateFunc: func(_, object any) { a.learn(object) },
	}, certificateSecrets)
	if err != nil {
		return nil, err
	}
	serving, cancel := context.WithCancel(context.WithoutCancel(ctx))
	ended := make(chan error, 1)
	a.end = func() error {
		cancel()
		unwatch()
		return <-ended
	}
	at := net.JoinHostPort(e.podAddress, strconv.Itoa(agentapi.Port))
	go func() { ended <- api.Serve(serving, at, a.certificate, a.answer) }()
	err = wait.For(ctx, "the agents to listen", func(context.Context) (bool, error) {
		if len(ended) > 0 {
			return false, errors.New("they do not")
		}
		connection, refused := net.Dial("tcp", at)
		if refused == nil {
			return true, connection.Close()
		}
		return false, nil
	})
	if err != nil {
		return nil, errors.Join(err, a.stop())
	}
	return a, nil
}

// certificateSecrets watches the Secrets of the kind that agents have. Those of releases are much larger.
func certificateSecrets(factory informers.SharedInformerFactory) []cache.SharedIndexInformer {
	return []cache.SharedIndexInformer{factory.InformerFor(&corev1.Secret{}, func(client kubernetes.Interface, resync time.Duration) cache.SharedIndexInformer {
		return informersv1.NewFilteredSecretInformer(client, metav1.NamespaceAll, resync, cache.Indexers{}, func(options *metav1.ListOptions) {
			options.FieldSelector = fields.OneTermEqualSelector("type", string(corev1.SecretTypeTLS)).String()
		})
	})}
}

// learn remembers the certificates in a Secret.
func (a *agents) learn(object any) {
	secret, ok := object.(*corev1.Secret)
	if !ok {
		return
	}
	owner := metav1.GetControllerOf(secret)
	config, err := api.Configuration(secret.Data)
	if owner == nil || err != nil {
		return
	}
	a.lock.Lock()
	defer a.lock.Unlock()
	a.certificates[agentapi.ServerName(string(owner.UID))] = config
}

func (a *agents) certificate(hello *tls.ClientHelloInfo) (*tls.Config, error) {
	a.lock.Lock()
	defer a.lock.Unlock()
	if config := a.certificates[hello.ServerName]; config != nil {
		return config, nil
	}
	return nil, fmt.Errorf("there is no Secret for %s", hello.ServerName)
}

func (a *agents) answer() agentapi.Status {
	a.lock.Lock()
	defer a.lock.Unlock()
	a.asked.count(time.Now())
	return a.said
}

// stop ends the answers, if there are any.
func (a *agents) stop() error {
	if a == nil {
		return nil
	}
	return a.end()
}

// questions returns what was asked so far, and begins to look for the busiest second anew.
func (a *agents) questions() questions {
	if a == nil {
		return questions{}
	}
	a.lock.Lock()
	defer a.lock.Unlock()
	found := a.asked
	a.asked.busiest, a.asked.inSecond = 0, 0
	return found
}

// recordQuestions records what the agents were asked since a moment, for each of a number of minutes or clusters.
func (s *session) recordQuestions(phase, each string, number float64, before questions) {
	if s.agents == nil {
		return
	}
	now := s.agents.questions()
	s.record(phase+"/questions-per-"+each, float64(now.total-before.total)/number)
	s.record(phase+"/questions-in-the-busiest-second", float64(now.busiest))
}
