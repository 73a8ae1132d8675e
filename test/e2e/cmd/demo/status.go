package main

import (
	"context"
	"fmt"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/yaml"

	"github.com/barq-db/barq-operator/api/v1alpha1"
	"github.com/barq-db/barq-operator/test/wait"
)

// held is what the operator says at the end: the database works, and the line that the agent took out waits for a person.
var held = map[string]metav1.ConditionStatus{
	v1alpha1.ConditionReady:          metav1.ConditionTrue,
	v1alpha1.ConditionAgentReachable: metav1.ConditionTrue,
	v1alpha1.ConditionLogIntact:      metav1.ConditionFalse,
}

// status shows what the operator says, once it has heard from the agent of all documents. It asks every half minute.
func (d *demo) status(ctx context.Context) error {
	expected := v1alpha1.DatabaseStatus{Documents: int64(len(d.stored) + len(d.written)), QuarantinedWrites: 1}
	awaited := fmt.Sprintf("the status to have %d documents and %d write in quarantine", expected.Documents, expected.QuarantinedWrites)
	var cluster *v1alpha1.BarqCluster
	err := wait.For(ctx, awaited, func(ctx context.Context) (bool, error) {
		var err error
		cluster, err = d.cluster(ctx)
		if err != nil || cluster.Status.Database == nil {
			return false, err
		}
		found := cluster.Status.Database
		// Where a write had no answer, it may be there too.
		return found.Documents >= expected.Documents && found.QuarantinedWrites == expected.QuarantinedWrites, nil
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
		d.say("%-16s %-5s %-17s %s", condition.Type, condition.Status, condition.Reason, condition.Message)
	}
	d.say("")
	if err := d.kubectl(ctx, "events", "--for", "barqcluster/"+name); err != nil {
		return err
	}
	return requireConditions(cluster.Status.Conditions, held)
}

// requireConditions requires that each of the conditions has its status.
func requireConditions(conditions []metav1.Condition, wanted map[string]metav1.ConditionStatus) error {
	for name, status := range wanted {
		if !meta.IsStatusConditionPresentAndEqual(conditions, name, status) {
			return fmt.Errorf("the condition %s is not %s", name, status)
		}
	}
	return nil
}
