// Package operator holds the tests of the chart barq-operator: that it installs what
// config/default does, and that its permissions are those that the code asks for. What
// installs it on a node is in test/e2e.
package operator
