// Package podtrial finds out, by a dry run, whether the API server takes the pods of a StatefulSet. A StatefulSet is taken whatever
// its template refers to. That a priority class or an account is missing, or that a LimitRange, a quota, a pod security standard or
// an admission policy forbids the pod, Kubernetes finds out only after it has deleted the pod before.
//
// What is done about a refusal is the business of its callers.
package podtrial
