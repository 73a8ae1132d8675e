package main

import (
	"context"
	"fmt"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/yaml"

	"github.com/barq-db/barq-operator/api/v1alpha1"
	"github.com/barq-db/barq-operator/test/wait"
)

// status shows what the operator says, once it has heard from the agent of all documents. It asks every half minute.
func (d *demo) status(ctx context.Context) error {
	d.progress("the operator asks the agent every half minute")
	var cluster *v1alpha1.BarqCluster
	err := wait.For(ctx, "the status to have what the agent counts", func(ctx context.Context) (bool, error) {
		var err error
		cluster, err = d.cluster(ctx)
		if err != nil || cluster.Status.Database == nil {
			return false, err
		}
		return cluster.Status.Database.Documents >= int64(len(d.stored)+len(d.written)), nil
	})
	if err != nil {
		return err
	}
	text, err := yaml.Marshal(cluster.Status.Database)
	if err != nil {
		return err
	}
	d.say("status.database:\n%s", text)
	for _, condition := range cluster.Status.Conditions {
		d.say("%-18s %-6s %-22s %s", condition.Type, condition.Status, condition.Reason, condition.Message)
	}
	d.say("")
	if err := d.kubectl(ctx, "events", "--for", "barqcluster/"+name); err != nil {
		return err
	}
	return requireTrue(cluster.Status.Conditions, v1alpha1.ConditionReady, v1alpha1.ConditionLogIntact, v1alpha1.ConditionAgentReachable)
}

// requireTrue requires that the conditions are there and True.
func requireTrue(conditions []metav1.Condition, names ...string) error {
	status := map[string]metav1.ConditionStatus{}
	for _, condition := range conditions {
		status[condition.Type] = condition.Status
	}
	for _, name := range names {
		if status[name] != metav1.ConditionTrue {
			return fmt.Errorf("the condition %s is %q", name, status[name])
		}
	}
	return nil
}
