package main

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

const manifests = `
kind: Deployment
spec:
  template:
    spec:
      initContainers:
        - {name: first, image: example.com/first:1}
      containers:
        - name: manager
          image: example.com/operator:1
          env:
            - {name: RELATED_IMAGE_DATABASE, value: example.com/database:1}
            - {name: RELATED_IMAGE_ELSEWHERE, valueFrom: {configMapKeyRef: {name: images, key: other}}}
            - {name: OTHER, value: not-an-image}
---
kind: Pod
spec: {containers: [{name: test, image: "example.com/database:1"}]}
---
kind: CustomResourceDefinition
spec: {properties: {containers: {type: array}, image: {type: string}}}
`

func TestList(t *testing.T) {
	images, err := list(strings.NewReader(manifests))
	require.NoError(t, err)
	require.Equal(t, []string{"example.com/database:1", "example.com/first:1", "example.com/operator:1"}, images)
}

func TestListOfNothing(t *testing.T) {
	_, err := list(strings.NewReader("kind: Namespace\n"))
	require.EqualError(t, err, "the manifests name no image; pipe the output of kustomize build or helm template into this")
}

func TestListOfWhatIsNoManifest(t *testing.T) {
	_, err := list(strings.NewReader("{"))
	require.ErrorContains(t, err, "reading manifests: ")
}
