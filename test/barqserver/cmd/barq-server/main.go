// Command barq-server is the stand-in for Barq DB's server: see package barqserver.
package main

import (
	"os"

	"github.com/barq-db/barq-operator/test/barqserver"
)

func main() {
	os.Exit(barqserver.Main(os.Args[1:], os.LookupEnv, os.Stdout, os.Stderr))
}
