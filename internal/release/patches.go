package release

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"net/http"

	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/strategicpatch"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// changedBy tells whether a patch would change an object of the cache, as far as that can be told: Helm replaces
// some lists and selectors by themselves, with every upgrade. Helm made the patch for what the cache has, so a cache that
// lags behind costs no more here than there: what it does not show yet starts a pass when it does.
func changedBy(asked *http.Request, object client.Object) (bool, error) {
	if asked.Header.Get("Content-Type") != string(types.StrategicMergePatchType) {
		return true, nil
	}
	patch, err := io.ReadAll(asked.Body)
	if err = errors.Join(err, asked.Body.Close()); err != nil {
		return false, err
	}
	asked.Body = io.NopCloser(bytes.NewReader(patch))
	have, err := json.Marshal(object)
	if err != nil {
		return false, err
	}
	patched, err := strategicpatch.StrategicMergePatch(have, patch, object)
	if err != nil {
		// The API server says what is wrong with it.
		return true, nil //nolint:nilerr // An error here is an answer there.
	}
	same, err := sameJSON(have, patched)
	return !same, err
}
