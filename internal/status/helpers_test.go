package status_test

import "github.com/barq-db/barq-operator/test/observation"

// now is when the status is computed.
var now = observation.Now

// generation is that of the BarqCluster.
const generation = observation.Generation
