//go:build linux

package clients

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/barq-db/barq-operator/test/privatenetwork"
)

// Variables of the environment.
const (
	// sourceVariable names the sources of Barq DB, and with them the clients.
	sourceVariable = "BARQ_SOURCE"
	// serverVariable names the real server.
	serverVariable = "BARQ_SERVER_BIN"
	// clientsVariable names the clients to run; without it all.
	clientsVariable = "CLIENTS"
	// cacheVariable names the folder of what is built; without it a temporary one.
	cacheVariable = "CLIENTS_CACHE"
	// builtVariable is set for the process that runs the tests in a network of its own.
	builtVariable = "CLIENTS_BUILT"
)

// built is what was built before the tests are run in a network from which nothing can be fetched.
type built struct {
	Agent, Server string
	IsStandIn     bool
	Clients       map[string]client
}

// client is a program that makes the calls of a file with a client, or why there is none.
type client struct {
	Command []string
	// Skipped is why it is not run, and Failed why it was not built.
	Skipped, Failed string
}

// programs are those under test.
var programs built

func TestMain(m *testing.M) {
	code, err := run(m)
	if err != nil {
		fmt.Fprintln(os.Stderr, "tests of the clients:", err)
		code = 1
	}
	os.Exit(code)
}

func run(m *testing.M) (int, error) {
	if privatenetwork.Inside() {
		if err := json.Unmarshal([]byte(os.Getenv(builtVariable)), &programs); err != nil {
			return 1, err
		}
		if err := privatenetwork.Start(); err != nil {
			return 1, err
		}
		return m.Run(), nil
	}
	if os.Getenv(sourceVariable) == "" || !privatenetwork.Possible() {
		// Each test says what it needs.
		return m.Run(), nil
	}
	folder, remove, err := folderOfWhatIsBuilt()
	if err != nil {
		return 1, err
	}
	defer remove()
	if err := build(folder); err != nil {
		return 1, err
	}
	variable, err := json.Marshal(programs)
	if err != nil {
		return 1, err
	}
	return privatenetwork.Run(builtVariable + "=" + string(variable))
}

func folderOfWhatIsBuilt() (folder string, remove func(), err error) {
	if folder = os.Getenv(cacheVariable); folder != "" {
		folder, err = filepath.Abs(folder)
		return folder, func() {}, err
	}
	folder, err = os.MkdirTemp("", "barq-clients-")
	return folder, func() { _ = os.RemoveAll(folder) }, err
}

// build builds the agent, the server if none is named, and the clients.
func build(folder string) error {
	programs.Agent = filepath.Join(folder, "bin", "barq-agent")
	if err := buildProgram(programs.Agent, "../../cmd/barq-agent"); err != nil {
		return err
	}
	var err error
	if named := os.Getenv(serverVariable); named != "" {
		if programs.Server, err = filepath.Abs(named); err != nil {
			return err
		}
	} else {
		programs.Server, programs.IsStandIn = filepath.Join(folder, "bin", "barq-server"), true
		if err := buildProgram(programs.Server, "../barqserver/cmd/barq-server"); err != nil {
			return err
		}
	}
	programs.Clients, err = buildClients(folder)
	return err
}

func buildProgram(program, source string) error {
	command := exec.Command("go", "build", "-o", program, source)
	command.Stdout, command.Stderr = os.Stderr, os.Stderr
	return command.Run()
}
