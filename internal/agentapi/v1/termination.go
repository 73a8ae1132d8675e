package v1

import "encoding/json"

// TerminationSize is the largest termination message that Kubernetes keeps, in bytes.
const TerminationSize = 4096

// Reasons for which the agent does not start the server. The other reasons are the server's, and are in
// internal/barq/ending.
const (
	// ReasonNothingToRecover: the database to recover from has no archive, or several had its name.
	ReasonNothingToRecover = "NothingToRecover"
	// ReasonDataDirectoryInUse: another process has the lock of the data directory.
	ReasonDataDirectoryInUse = "DataDirectoryInUse"
	// ReasonLogNotIntact: the data directory has damage about which a person has to decide.
	ReasonLogNotIntact = "LogNotIntact"
)

// Termination is why a container of the database ended. The agent writes it as the termination
// message.
type Termination struct {
	// Reason is one word, such as Log.
	Reason string `json:"reason"`
	// Message says what happened and what to do.
	Message string `json:"message"`
	// File is the file in the data directory that is the cause, if one is. Line is the number of
	// its line, from 1, or 0.
	File string `json:"file,omitempty"`
	Line int    `json:"line,omitempty"`
	// Tenant and Collection are those of the file.
	Tenant     string `json:"tenant,omitempty"`
	Collection string `json:"collection,omitempty"`
}

// Encode returns the message as JSON, in at most TerminationSize bytes. It shortens Message if it
// must.
func (t Termination) Encode() []byte {
	for {
		content, err := json.Marshal(t)
		if err != nil || len(content) <= TerminationSize {
			return content
		}
		runes := []rune(t.Message)
		if len(runes) == 0 {
			return content[:0]
		}
		// A rune of the message takes at least one byte, and at most twelve where it is escaped.
		t.Message = string(runes[:max(0, len(runes)-max(1, (len(content)-TerminationSize)/12))])
	}
}

// DecodeTermination reads a termination message. It reports false if an agent did not write it.
func DecodeTermination(message string) (Termination, bool) {
	var found Termination
	if err := json.Unmarshal([]byte(message), &found); err != nil || found.Reason == "" {
		return Termination{}, false
	}
	return found, true
}
