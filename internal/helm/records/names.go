package records

import (
	"strconv"
	"strings"

	helmstorage "helm.sh/helm/v3/pkg/storage"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// A Secret in which Helm stores a release is named sh.helm.release.v1.NAME.vVERSION.
const (
	keyStart     = helmstorage.HelmStorageType + "."
	versionStart = ".v"
)

// keyOf returns the name of the Secret of a revision.
func keyOf(release string, version int) string {
	return keyStart + release + versionStart + strconv.Itoa(version)
}

// ReleaseOf returns the name of the release that a Secret stores; none if it stores no release.
func ReleaseOf(secret client.Object) []string {
	rest, stores := strings.CutPrefix(secret.GetName(), keyStart)
	if end := strings.LastIndex(rest, versionStart); stores && end >= 0 {
		return []string{rest[:end]}
	}
	return nil
}

// NumberOf returns the number of the revision that a Secret of that name stores. It returns 0 for any other name, and
// for a number that no operator reaches.
func NumberOf(secret string) int {
	text := secret[strings.LastIndex(secret, versionStart)+len(versionStart):]
	number, err := strconv.Atoi(text)
	if err != nil || number < 1 || number >= revisionLimit || strconv.Itoa(number) != text {
		return 0
	}
	return number
}
