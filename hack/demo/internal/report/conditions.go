package report

import metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

// Conditions describes each condition in a row.
func Conditions(conditions []metav1.Condition) [][]string {
	rows := [][]string{{"TYPE", "STATUS", "REASON", "MESSAGE"}}
	for _, condition := range conditions {
		rows = append(rows, []string{condition.Type, string(condition.Status), condition.Reason, condition.Message})
	}
	return rows
}
