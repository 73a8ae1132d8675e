package cluster

import (
	"crypto/rand"
	"fmt"
	"net"
	"os"
	"strings"

	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"
	"k8s.io/client-go/util/cert"
	"k8s.io/client-go/util/keyutil"
)

// user is a client of the API server that a token tells apart.
type user struct {
	name   string
	groups []string
}

// The groups and roles of these are made by the API server itself.
var (
	administrator         = user{name: "administrator", groups: []string{"system:masters"}}
	controllerManagerUser = user{name: "system:kube-controller-manager"}
	schedulerUser         = user{name: "system:kube-scheduler"}
	simulatorUser         = user{name: "kwok", groups: []string{"system:masters"}}
	proxyUser             = user{name: "system:kube-proxy"}
)

// kubeletUser is the kubelet of a node, as the API server's node authorizer knows it.
func kubeletUser(node string) user {
	return user{name: "system:node:" + node, groups: []string{"system:nodes"}}
}

// credentials are the files by which the programs of a cluster know one another.
type credentials struct {
	directory directory
	server    string
	authority []byte
	tokens    map[string]string
}

// Files in the state directory.
const (
	servingCertificateFile = "apiserver.crt"
	servingKeyFile         = "apiserver.key"
	serviceAccountKeyFile  = "service-account.key"
	tokensFile             = "tokens.csv"
)

// newCredentials writes the key pairs that the API server needs, and the tokens of
// the users.
func newCredentials(d directory, server string, users []user) (*credentials, error) {
	// The certificate comes with that of the authority which signed it, so one
	// file serves as both.
	certificate, key, err := cert.GenerateSelfSignedCertKey("kubernetes",
		[]net.IP{net.IPv4(127, 0, 0, 1), firstServiceAddress},
		[]string{"localhost", "kubernetes.default", "kubernetes.default.svc", "kubernetes.default.svc.cluster.local"})
	if err != nil {
		return nil, err
	}
	serviceAccountKey, err := keyutil.MakeEllipticPrivateKeyPEM()
	if err != nil {
		return nil, err
	}
	c := &credentials{directory: d, server: server, authority: certificate, tokens: map[string]string{}}
	var lines strings.Builder
	for _, user := range users {
		token := rand.Text()
		c.tokens[user.name] = token
		fmt.Fprintf(&lines, "%s,%s,%s,%q\n", token, user.name, user.name, strings.Join(user.groups, ","))
	}
	for name, data := range map[string][]byte{
		servingCertificateFile: certificate,
		servingKeyFile:         key,
		serviceAccountKeyFile:  serviceAccountKey,
		tokensFile:             []byte(lines.String()),
	} {
		if err := os.WriteFile(d.state(name), data, 0o600); err != nil {
			return nil, err
		}
	}
	return c, nil
}

// kubeconfig gives the user access to the API server.
func (c *credentials) kubeconfig(user user) *clientcmdapi.Config {
	const name = "barq-test"
	config := clientcmdapi.NewConfig()
	config.Clusters[name] = &clientcmdapi.Cluster{Server: c.server, CertificateAuthorityData: c.authority}
	config.AuthInfos[user.name] = &clientcmdapi.AuthInfo{Token: c.tokens[user.name]}
	config.Contexts[name] = &clientcmdapi.Context{Cluster: name, AuthInfo: user.name}
	config.CurrentContext = name
	return config
}

// writeKubeconfig writes the user's kubeconfig to file, whole or not at all.
func (c *credentials) writeKubeconfig(user user, file string) error {
	unfinished := file + ".unfinished"
	if err := clientcmd.WriteToFile(*c.kubeconfig(user), unfinished); err != nil {
		return err
	}
	return os.Rename(unfinished, file)
}

// componentKubeconfig writes the user's kubeconfig to the state directory and
// returns where.
func (c *credentials) componentKubeconfig(user user) (string, error) {
	file := c.directory.state(strings.ReplaceAll(user.name, ":", "-") + ".kubeconfig")
	return file, c.writeKubeconfig(user, file)
}
