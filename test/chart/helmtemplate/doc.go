// Package helmtemplate renders charts for their tests, as helm template does. What a
// chart should render does not belong here.
package helmtemplate
