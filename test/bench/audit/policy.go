package audit

import "sigs.k8s.io/yaml"

// Policy gives a policy that logs the requests of the given users, without what is in them,
// and nothing of others: the controllers of Kubernetes make more requests than those who are measured.
func Policy(users ...string) ([]byte, error) {
	return yaml.Marshal(map[string]any{
		"apiVersion": "audit.k8s.io/v1",
		"kind":       "Policy",
		"omitStages": []string{"RequestReceived"},
		"rules": []map[string]any{
			{"level": "Metadata", "users": users},
			{"level": "None"},
		},
	})
}
