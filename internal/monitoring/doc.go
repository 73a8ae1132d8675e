// Package monitoring says whether Kubernetes can have the monitor that a BarqCluster asks for.
//
// What must not live here: which kinds Kubernetes knows, which is observed by the operator, and the monitors, which the chart makes.
package monitoring
