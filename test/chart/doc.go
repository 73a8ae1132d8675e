// Package chart holds the tests of the Helm chart helm-charts/barq-db.
//
// They render the chart with Helm's own library, for one fixed release and
// without a Kubernetes cluster, and compare what comes out as a whole: manifests
// with golden files, environments with complete lists, refusals with their
// complete messages. What needs an API server is tested in test/integration;
// how a BarqCluster becomes values, in internal/translate.
//
// After a wanted change of the chart, renew the golden files and read the
// difference:
//
//	go test ./test/chart -update
package chart
