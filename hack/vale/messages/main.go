// Command messages writes the messages in the source below its arguments into the folder in its first argument, for
// Vale to read.
package main

import (
	"log"
	"os"

	"github.com/barq-db/barq-operator/hack/vale"
)

func main() {
	log.SetFlags(0)
	if err := vale.WriteMessages(os.Args[1], os.Args[2:]...); err != nil {
		log.Fatal(err)
	}
}
