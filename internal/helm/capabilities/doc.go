// Package capabilities remembers the version and the kinds of the API server, for which Helm asks before each action.
//
// It does not decide what they mean for a chart.
package capabilities
