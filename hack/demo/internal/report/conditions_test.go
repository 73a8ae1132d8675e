package report

import (
	"testing"

	"github.com/stretchr/testify/require"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

func TestConditionsAreAligned(t *testing.T) {
	require.Equal(t, ""+
		"TYPE       STATUS   REASON      MESSAGE\n"+
		"Ready      True     Ready       1 of 1 pods answer\n"+
		"Deployed   True     Installed\n",
		Table(Conditions([]metav1.Condition{
			{Type: "Ready", Status: metav1.ConditionTrue, Reason: "Ready", Message: "1 of 1 pods answer"},
			{Type: "Deployed", Status: metav1.ConditionTrue, Reason: "Installed"},
		})))
}
