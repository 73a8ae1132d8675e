package releasestatus

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/api/equality"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller/controllerutil"

	"github.com/barq-db/barq-operator/api/v1alpha1"
	"github.com/barq-db/barq-operator/internal/clusters"
)

// fieldOwner owns the fields of a BarqCluster that this client writes.
var fieldOwner = clusters.ReleasePart.Owner

// messageLimit is the most that the API allows in a condition's message, in bytes.
const messageLimit = 32768

// Conditions are those that the library writes.
var Conditions = clusters.ReleasePart.Conditions

// Client is the client for the library. The library writes a BarqCluster as a whole. This client takes the part that
// the library decides about, and merges it by server-side apply into what others wrote meanwhile.
type Client struct {
	client.Client

	// Written remembers what the client has written.
	Written *Written
	// Uninstalled has the BarqClusters with which the library has finished.
	Uninstalled *Uninstalled
	// Reasons has the reasons that are more exact than the library's.
	Reasons *Reasons
}

// Update sets or removes the library's finalizer, the only field outside the status that the library writes. A plain
// update would fail whenever the status controller wrote in between, and after a deletion for ever.
func (c *Client) Update(ctx context.Context, object client.Object, _ ...client.UpdateOption) error {
	if controllerutil.ContainsFinalizer(object, clusters.UninstallFinalizer) {
		apply := clusters.Onto(object)
		apply.SetFinalizers([]string{clusters.UninstallFinalizer})
		return clusters.Apply(ctx, c.Client, apply, fieldOwner)
	}
	c.Written.Forget(client.ObjectKeyFromObject(object))
	err := clusters.RemoveFinalizer(ctx, c.Client, object, clusters.UninstallFinalizer, fieldOwner)
	if err == nil {
		c.Uninstalled.Note(object)
	}
	return client.IgnoreNotFound(err)
}

// Status returns a writer that writes only the conditions of the release and its name. The library would replace the
// whole status, and so delete what the status controller wrote, and add the manifest of the release.
func (c *Client) Status() client.SubResourceWriter {
	return &statusWriter{SubResourceWriter: c.Client.Status(), reader: c.Client, written: c.Written, uninstalled: c.Uninstalled, reasons: c.Reasons}
}

type statusWriter struct {
	client.SubResourceWriter
	reader      client.Reader
	written     *Written
	uninstalled *Uninstalled
	reasons     *Reasons
}

// Status is the part of the status that the release controller owns. The library's own form of the status can be read
// into it, and loses its manifest.
type Status struct {
	Conditions      []metav1.Condition        `json:"conditions,omitempty"`
	DeployedRelease *v1alpha1.DeployedRelease `json:"deployedRelease,omitempty"`
}

// Update merges the status that the library computed into the stored one. It writes nothing if that changes nothing, as
// in every reconcile with nothing to do.
func (w *statusWriter) Update(ctx context.Context, object client.Object, _ ...client.SubResourceUpdateOption) error {
	cluster, ok := object.(*unstructured.Unstructured)
	if !ok {
		return fmt.Errorf("updating the status of %T: only BarqClusters are expected here", object)
	}
	computed, err := Of(cluster)
	if err != nil {
		return err
	}

	if w.uninstalled.Has(cluster) || goes(cluster, computed) {
		return nil
	}

	stored := &unstructured.Unstructured{}
	stored.SetGroupVersionKind(cluster.GroupVersionKind())
	if err := w.reader.Get(ctx, client.ObjectKeyFromObject(cluster), stored); err != nil {
		return err
	}
	if stored.GetUID() != cluster.GetUID() {
		// Another BarqCluster has the name now.
		return nil
	}
	before, err := w.written.orStored(stored)
	if err != nil {
		return err
	}

	failed := meta.FindStatusCondition(computed.Conditions, v1alpha1.ConditionIrreconcilable)
	if reason := w.reasons.Of(cluster.GetUID()); reason != "" && failed != nil && failed.Status == metav1.ConditionTrue {
		failed.Reason = reason
	}
	desired := merge(before, computed, cluster.GetGeneration())
	if equality.Semantic.DeepEqual(before, desired) {
		return nil
	}
	w.written.Expect(stored, desired)
	if err := clusters.ApplyStatus(ctx, w.SubResourceWriter, stored, clusters.ReleasePart, &desired); err != nil {
		return err
	}
	w.written.remember(stored, desired)
	return nil
}

// goes reports whether a BarqCluster is deleted as soon as the library has written the status. That is so if the
// release is uninstalled and only the library's finalizer is left, which the library removes next. It is too late for
// anyone to read the status.
func goes(cluster *unstructured.Unstructured, computed Status) bool {
	deployed := meta.FindStatusCondition(computed.Conditions, v1alpha1.ConditionDeployed)
	return cluster.GetDeletionTimestamp() != nil && slices.Equal(cluster.GetFinalizers(), []string{clusters.UninstallFinalizer}) &&
		deployed != nil && deployed.Reason == reasonUninstalled
}

// reasonUninstalled is the library's reason for a release that it has uninstalled.
const reasonUninstalled = "UninstallSuccessful"

// Of returns that part of a status, with the conditions sorted by type. It leaves out those that say nothing, so a
// status that a former operator has stored with them differs in nothing. They go with the next write.
func Of(cluster *unstructured.Unstructured) (Status, error) {
	status, err := read(cluster)
	if err != nil {
		return status, err
	}
	status.Conditions = slices.DeleteFunc(status.Conditions, func(c metav1.Condition) bool {
		return !slices.Contains(Conditions, c.Type) || saysNothing(c)
	})
	slices.SortFunc(status.Conditions, func(a, b metav1.Condition) int {
		return slices.Index(Conditions, a.Type) - slices.Index(Conditions, b.Type)
	})
	return status, nil
}

// saysNothing reports whether a condition says only that all is well, or that it is not known. The library always
// writes such ones. A reason of another program shows that the condition is not the operator's, so it has to go.
func saysNothing(condition metav1.Condition) bool {
	return condition.Type != v1alpha1.ConditionDeployed && condition.Status != metav1.ConditionTrue &&
		(condition.Reason == "" || condition.Reason == reasonFor(condition))
}

// ConditionsOf returns all conditions of a BarqCluster, also those of other controllers.
func ConditionsOf(cluster *unstructured.Unstructured) ([]metav1.Condition, error) {
	status, err := read(cluster)
	return status.Conditions, err
}

func read(cluster *unstructured.Unstructured) (status Status, err error) {
	stored, ok := cluster.Object["status"].(map[string]any)
	if !ok {
		return status, nil
	}
	if err := runtime.DefaultUnstructuredConverter.FromUnstructured(stored, &status); err != nil {
		return status, fmt.Errorf("reading the status of %s: %w", client.ObjectKeyFromObject(cluster), err)
	}
	return status, nil
}

// merge returns the status to store after a reconcile of the given generation.
//
// Every condition has the generation that it is about, which tells the status controller that the generation was
// handled. A reconcile of a paused BarqCluster looks at nothing, so it changes only Paused. The library would remove
// the release from the status.
func merge(before, computed Status, generation int64) Status {
	conditions := make([]metav1.Condition, 0, len(computed.Conditions))
	for _, condition := range computed.Conditions {
		// The library removes a failure at the beginning of each reconcile, and finds it again.
		if was := meta.FindStatusCondition(before.Conditions, condition.Type); was != nil && was.Status == condition.Status && !was.LastTransitionTime.IsZero() {
			condition.LastTransitionTime = was.LastTransitionTime
		}
		conditions = append(conditions, complete(condition, generation))
	}
	paused := slices.ContainsFunc(conditions, func(c metav1.Condition) bool {
		return c.Type == v1alpha1.ConditionPaused && c.Status == metav1.ConditionTrue
	})
	if !paused {
		return Status{Conditions: conditions, DeployedRelease: computed.DeployedRelease}
	}

	kept := slices.DeleteFunc(slices.Clone(before.Conditions), func(c metav1.Condition) bool {
		return c.Type == v1alpha1.ConditionPaused
	})
	for _, condition := range conditions {
		if condition.Type == v1alpha1.ConditionPaused {
			kept = append(kept, condition)
		}
	}
	return Status{Conditions: kept, DeployedRelease: before.DeployedRelease}
}

// complete fills in what the library leaves out and the API requires.
func complete(condition metav1.Condition, generation int64) metav1.Condition {
	condition.ObservedGeneration = generation
	switch {
	case condition.Type == v1alpha1.ConditionPaused && condition.Status == metav1.ConditionTrue:
		condition.Reason = v1alpha1.ReasonPaused
		condition.Message = "spec.paused is true: the operator changes nothing until it is false"
	case condition.Type == v1alpha1.ConditionDeployed && condition.Status == metav1.ConditionTrue:
		// The library writes the chart's notes here, which are for a person who runs Helm.
		condition.Message = "a Helm release is stored; whether the database answers is in the condition Ready"
	}
	condition.Message = plain(condition.Message)
	if condition.Reason == "" {
		condition.Reason = reasonFor(condition)
	}
	if len(condition.Message) > messageLimit {
		condition.Message = condition.Message[:messageLimit]
	}
	return condition
}

// plain removes from an error's text what is for programs: the mark of an error that is not retried, and the lines of
// Helm's lists.
func plain(message string) string {
	return strings.Join(strings.Fields(strings.TrimPrefix(message, terminalPrefix)), " ")
}

// terminalPrefix begins the text of every reconcile.TerminalError.
const terminalPrefix = "terminal error: "

// reasonFor returns a reason where the library has none: NotDeployed, DeployedUnknown and the like.
func reasonFor(condition metav1.Condition) string {
	switch condition.Status {
	case metav1.ConditionTrue:
		return condition.Type
	case metav1.ConditionFalse:
		return "Not" + condition.Type
	default:
		return condition.Type + "Unknown"
	}
}
