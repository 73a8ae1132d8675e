// Package access waits until permissions are in force. The API server learns of a role and of a binding by a watch, so what was granted
// can be refused for a moment.
//
// What must not live here: roles and bindings themselves.
package access

import (
	"context"

	authorizationv1 "k8s.io/api/authorization/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/barq-db/barq-operator/test/wait"
)

// Await returns when the user of each review may do what it asks. The client has all permissions.
func Await(ctx context.Context, admin client.Client, asked ...authorizationv1.SubjectAccessReviewSpec) error {
	for _, spec := range asked {
		err := wait.For(ctx, "the permissions of "+spec.User, func(ctx context.Context) (bool, error) {
			review := &authorizationv1.SubjectAccessReview{Spec: spec}
			err := admin.Create(ctx, review)
			return review.Status.Allowed, err
		})
		if err != nil {
			return err
		}
	}
	return nil
}
