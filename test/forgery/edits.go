package forgery

import (
	"encoding/base64"
	"encoding/json"
	"maps"
	"strconv"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// operatorPrefix begins the labels and annotations by which the operator knows its own records.
const operatorPrefix = "barq.db/"

// Edit changes one part of a record.
type Edit func(*Record)

// Manifest replaces the manifest.
func Manifest(text string) Edit { return func(r *Record) { r.Release["manifest"] = text } }

// Append adds documents to the end of the manifest.
func Append(text string) Edit {
	return func(r *Record) {
		before, _ := r.Release["manifest"].(string)
		r.Release["manifest"] = before + "\n---\n" + text
	}
}

// Prepend adds documents before the manifest.
func Prepend(text string) Edit {
	return func(r *Record) {
		before, _ := r.Release["manifest"].(string)
		r.Release["manifest"] = text + "\n---\n" + before
	}
}

// Replace changes a text of the manifest wherever it stands.
func Replace(old, text string) Edit {
	return func(r *Record) {
		before, _ := r.Release["manifest"].(string)
		r.Release["manifest"] = strings.ReplaceAll(before, old, text)
	}
}

// Hook adds a hook for an event of Helm, such as pre-delete.
func Hook(event, manifest string) Edit {
	return func(r *Record) {
		hooks, _ := r.Release["hooks"].([]any)
		r.Release["hooks"] = append(hooks, map[string]any{
			"name": "forged", "kind": "Forged", "path": "barq-db/templates/forged.yaml", "manifest": manifest,
			"events": []any{event}, "last_run": map[string]any{"started_at": "", "completed_at": "", "phase": ""},
		})
	}
}

// Status says how the revision ended, in the record and in the label.
func Status(status string) Edit {
	return func(r *Record) {
		r.info()["status"] = status
		r.Secret.Labels["status"] = status
	}
}

// StatusLabel says in the label alone how the revision ended.
func StatusLabel(status string) Edit {
	return func(r *Record) { r.Secret.Labels["status"] = status }
}

// Deployed says when the revision was made, as RFC 3339 writes it.
func Deployed(moment string) Edit {
	return func(r *Record) {
		r.info()["first_deployed"] = moment
		r.info()["last_deployed"] = moment
	}
}

// Revision makes it another revision.
func Revision(number int64) Edit {
	return func(r *Record) {
		r.Release["version"] = number
		r.Secret.Labels["version"] = strconv.FormatInt(number, 10)
		r.rename()
	}
}

// Name makes it a revision of another release.
func Name(release string) Edit {
	return func(r *Record) {
		r.Release["name"] = release
		r.Secret.Labels["name"] = release
		r.rename()
	}
}

// InnerName says in the record alone that it is of another release.
func InnerName(release string) Edit { return func(r *Record) { r.Release["name"] = release } }

// InnerRevision says in the record alone that it is another revision.
func InnerRevision(number int64) Edit { return func(r *Record) { r.Release["version"] = number } }

// InnerNamespace says that the release is of another namespace.
func InnerNamespace(namespace string) Edit {
	return func(r *Record) { r.Release["namespace"] = namespace }
}

// StoredAs gives the Secret a name.
func StoredAs(name string) Edit { return func(r *Record) { r.Secret.Name = name } }

// Chart says that another chart made the release.
func Chart(name string) Edit { return func(r *Record) { r.metadata()["name"] = name } }

// SubChart says that the chart has a sub-chart, which made some documents.
func SubChart(name, manifest string) Edit {
	return func(r *Record) {
		r.metadata()["dependencies"] = []any{map[string]any{"name": name, "version": "1.0.0", "repository": "", "enabled": true}}
		Append("# Source: barq-db/charts/" + name + "/templates/forged.yaml\n" + manifest)(r)
	}
}

// Template adds a template to the chart that the record holds.
func Template(content []byte) Edit {
	return func(r *Record) {
		chart := r.part("chart")
		// JSON has bytes in base64, as the encoder writes them.
		chart["templates"] = []any{map[string]any{"name": "templates/forged.yaml", "data": content}}
	}
}

// Config replaces the values from which the release was rendered.
func Config(values map[string]any) Edit { return func(r *Record) { r.Release["config"] = values } }

// Notes gives the record notes of a size in bytes, which take next to no room when they are packed.
func Notes(size int) Edit {
	return func(r *Record) { r.info()["notes"] = strings.Repeat("a", size) }
}

// Without removes a part of the record, such as info or chart.
func Without(part string) Edit { return func(r *Record) { delete(r.Release, part) } }

// Label sets a label of the Secret.
func Label(key, value string) Edit { return func(r *Record) { r.Secret.Labels[key] = value } }

// Unmarked takes off the labels and annotations by which the operator knows its own records. What is left is a record of Helm's.
func Unmarked() Edit {
	return func(r *Record) {
		for _, marks := range []map[string]string{r.Secret.Labels, r.Secret.Annotations} {
			maps.DeleteFunc(marks, func(key, _ string) bool { return strings.HasPrefix(key, operatorPrefix) })
		}
	}
}

// Unsigned takes off the annotations by which the operator knows that a record is as it stored it.
func Unsigned() Edit {
	return func(r *Record) {
		maps.DeleteFunc(r.Secret.Annotations, func(key, _ string) bool { return strings.HasPrefix(key, operatorPrefix) })
	}
}

// SignedWith replaces all values of those annotations, and adds the two that the operator writes.
func SignedWith(value string) Edit {
	return func(r *Record) {
		for key := range r.Secret.Annotations {
			if strings.HasPrefix(key, operatorPrefix) {
				r.Secret.Annotations[key] = value
			}
		}
		r.Secret.Annotations[operatorPrefix+"record-digest"] = value
		r.Secret.Annotations[operatorPrefix+"record-signature"] = value
	}
}

// OwnedBy gives the Secret owners.
func OwnedBy(owners ...metav1.OwnerReference) Edit {
	return func(r *Record) { r.Secret.OwnerReferences = owners }
}

// Raw replaces all that Helm reads by other bytes.
func Raw(content []byte) Edit { return func(r *Record) { r.Raw = content } }

// Plain leaves the record without compression, which Helm reads too.
func Plain() Edit {
	return func(r *Record) {
		content, err := json.Marshal(r.Release)
		if err == nil {
			r.Raw = base64.StdEncoding.AppendEncode(nil, content)
		}
	}
}

// Again says a part of the record once more, under a key that a reader who does not tell upper case from lower takes for the same.
func Again(key string, value any) Edit {
	return func(r *Record) {
		content, err := json.Marshal(r.Release)
		more, moreErr := json.Marshal(map[string]any{key: value})
		if err != nil || moreErr != nil {
			return
		}
		packed, err := Pack(append(append(content[:len(content)-1], ','), more[1:]...))
		if err == nil {
			r.Raw = packed
		}
	}
}

// Content replaces the JSON of the record by another text.
func Content(text string) Edit {
	return func(r *Record) {
		if packed, err := Pack([]byte(text)); err == nil {
			r.Raw = packed
		}
	}
}
