package main

import (
	"context"
	"fmt"
	"time"

	coordinationv1 "k8s.io/api/coordination/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// leaseName is the Lease of every operator of this kind.
const leaseName = "barq-operator.barq.db"

// refuseSecondOperator fails when an operator is at work in the cluster already: the
// demo would change its CRD and permissions, and take them away afterwards.
func (d *demo) refuseSecondOperator(ctx context.Context) error {
	leases := &coordinationv1.LeaseList{}
	if err := d.kubernetes.List(ctx, leases); err != nil {
		return fmt.Errorf("look for an operator that is at work already: %w", err)
	}
	for _, lease := range leases.Items {
		if lease.Name == leaseName && isHeld(lease.Spec, time.Now()) {
			return fmt.Errorf("an operator is at work in this cluster already (%s holds the Lease %s/%s, renewed %s ago): "+
				"stop it, and if it has just ended try again in %d s",
				*lease.Spec.HolderIdentity, lease.Namespace, lease.Name,
				time.Since(lease.Spec.RenewTime.Time).Round(time.Second), *lease.Spec.LeaseDurationSeconds)
		}
	}
	return nil
}

// isHeld tells whether a Lease is held by somebody who has renewed it in time.
func isHeld(lease coordinationv1.LeaseSpec, now time.Time) bool {
	if lease.HolderIdentity == nil || *lease.HolderIdentity == "" || lease.RenewTime == nil || lease.LeaseDurationSeconds == nil {
		return false
	}
	return now.Before(lease.RenewTime.Add(time.Duration(*lease.LeaseDurationSeconds) * time.Second))
}

// rememberLease records the Lease, which the operator makes and nobody removes.
func (d *demo) rememberLease(ctx context.Context) error {
	lease := &unstructured.Unstructured{}
	lease.SetGroupVersionKind(coordinationv1.SchemeGroupVersion.WithKind("Lease"))
	lease.SetNamespace(operatorNamespace)
	lease.SetName(leaseName)
	return d.rememberIfAbsent(ctx, lease)
}
