package forgery

import (
	"fmt"
	"strings"
)

// Target is an object that a manifest names.
type Target struct{ APIVersion, Kind, Namespace, Name string }

// Document names the target in the way that all read alike.
func (t Target) Document() string {
	return fmt.Sprintf("apiVersion: %s\nkind: %s\nmetadata:\n  name: %s\n  namespace: %s\n", t.APIVersion, t.Kind, t.Name, t.Namespace)
}

// flow is the document on one line.
func (t Target) flow() string {
	return fmt.Sprintf("{apiVersion: %s, kind: %s, metadata: {name: %s, namespace: %s}}", t.APIVersion, t.Kind, t.Name, t.Namespace)
}

// JSON is the document as JSON.
func (t Target) JSON() string {
	return fmt.Sprintf(`{"apiVersion":%q,"kind":%q,"metadata":{"name":%q,"namespace":%q}}`, t.APIVersion, t.Kind, t.Name, t.Namespace)
}

// unplaced is the document without a namespace.
func (t Target) unplaced() string {
	return fmt.Sprintf("apiVersion: %s\nkind: %s\nmetadata:\n  name: %s\n", t.APIVersion, t.Kind, t.Name)
}

// A Spelling is one way to name a target in a manifest. Readers of YAML differ about some of them.
type Spelling struct {
	Name  string
	Write func(Target) string
}

// Spellings gives all there are. Home is the namespace of the release.
func Spellings(home string) []Spelling {
	decoy := func(t Target) string {
		return fmt.Sprintf("{name: %s, namespace: %s}", t.Name, home)
	}
	placed := func(t Target) string {
		return fmt.Sprintf("{name: %s, namespace: %s}", t.Name, t.Namespace)
	}
	header := func(t Target) string { return fmt.Sprintf("apiVersion: %s\nkind: %s\n", t.APIVersion, t.Kind) }
	return []Spelling{
		{"plain", Target.Document},
		{"list", func(t Target) string { return "apiVersion: v1\nkind: List\nitems:\n- " + t.flow() + "\n" }},
		{"list-at-home", func(t Target) string {
			return "apiVersion: v1\nkind: List\nmetadata: {namespace: " + home + "}\nitems:\n- " + t.flow() + "\n"
		}},
		{"list-of-a-kind", func(t Target) string {
			return fmt.Sprintf("apiVersion: %s\nkind: %sList\nitems:\n- %s\n", t.APIVersion, t.Kind, t.flow())
		}},
		{"list-in-a-list", func(t Target) string {
			return "apiVersion: v1\nkind: List\nitems:\n- {apiVersion: v1, kind: List, items: [" + t.flow() + "]}\n"
		}},
		{"items-beside-an-object", func(t Target) string {
			return "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: decoy, namespace: " + home + "}\nitems:\n- " + t.flow() + "\n"
		}},
		{"metadata-twice", func(t Target) string { return header(t) + "metadata: " + decoy(t) + "\nmetadata: " + placed(t) + "\n" }},
		{"metadata-twice-reversed", func(t Target) string { return header(t) + "metadata: " + placed(t) + "\nmetadata: " + decoy(t) + "\n" }},
		{"namespace-twice-in-json", func(t Target) string {
			return fmt.Sprintf(`{"apiVersion":%q,"kind":%q,"metadata":{"name":%q,"namespace":%q,"namespace":%q}}`, t.APIVersion, t.Kind, t.Name, home, t.Namespace)
		}},
		{"upper-case-keys", func(t Target) string {
			return fmt.Sprintf("ApiVersion: %s\nKind: %s\nMetadata: {Name: %s, Namespace: %s}\n", t.APIVersion, t.Kind, t.Name, t.Namespace)
		}},
		{"upper-case-metadata-beside", func(t Target) string {
			return header(t) + "metadata: " + decoy(t) + "\nMetadata: {Namespace: " + t.Namespace + "}\n"
		}},
		{"upper-case-version", func(t Target) string {
			return strings.Replace(t.Document(), "apiVersion: "+t.APIVersion, "apiVersion: "+strings.ToUpper(t.APIVersion), 1)
		}},
		{"anchor", func(t Target) string {
			return "x: &there " + t.Namespace + "\n" + header(t) + "metadata:\n  name: " + t.Name + "\n  namespace: *there\n"
		}},
		{"merge-key", func(t Target) string {
			return "x: &base " + placed(t) + "\n" + header(t) + "metadata:\n  <<: *base\n"
		}},
		{"json", func(t Target) string { return t.JSON() + "\n" }},
		{"json-after-json", func(t Target) string {
			return `{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"decoy","namespace":"` + home + `"}}` + t.JSON() + "\n"
		}},
		{"byte-order-mark", func(t Target) string { return "\ufeff" + t.Document() }},
		{"carriage-returns", func(t Target) string { return strings.ReplaceAll(t.Document(), "\n", "\r\n") }},
		{"directive", func(t Target) string { return "%YAML 1.1\n---\n" + t.Document() }},
		{"tags", func(t Target) string {
			return "--- !!map\n" + header(t) + "metadata: !!map\n  name: !!str " + t.Name + "\n  namespace: !!str " + t.Namespace + "\n"
		}},
		{"on-the-line-of-the-separator", func(t Target) string { return "--- " + t.flow() + "\n" }},
		{"separator-with-a-comment", func(t Target) string { return "# a\n--- # b\n" + t.Document() }},
		{"separator-with-blanks", func(t Target) string { return "#\n---   \t\n" + t.Document() }},
		{"document-end", func(t Target) string {
			return "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: decoy, namespace: " + home + "}\n...\n" + t.Document()
		}},
		{"separator-in-a-text", func(t Target) string {
			return "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: decoy, namespace: " + home + "}\ndata:\n  text: |\n    a\n---\n" + t.Document()
		}},
		{"empty-documents-before", func(t Target) string { return "---\n---\n\n---\n# nothing\n---\n" + t.Document() }},
		{"broken-document-before", func(t Target) string { return "a: b: c\n  - }\n---\n" + t.Document() }},
		{"long-document-before", func(t Target) string {
			return "# " + strings.Repeat("x", 70_000) + "\n---\n" + t.Document()
		}},
		{"namespace-null", func(t Target) string { return header(t) + "metadata:\n  name: " + t.Name + "\n  namespace: null\n" }},
		{"namespace-empty", func(t Target) string { return header(t) + "metadata:\n  name: " + t.Name + "\n  namespace: \"\"\n" }},
		{"namespace-absent", Target.unplaced},
		{"namespace-with-a-blank", func(t Target) string {
			return header(t) + "metadata:\n  name: " + t.Name + "\n  namespace: \"" + t.Namespace + " \"\n"
		}},
		{"name-as-a-path", func(t Target) string {
			return header(t) + "metadata:\n  name: ../../" + t.Namespace + "/configmaps/" + t.Name + "\n  namespace: " + home + "\n"
		}},
		{"namespace-as-a-path", func(t Target) string {
			return header(t) + "metadata:\n  name: " + t.Name + "\n  namespace: " + home + "/../" + t.Namespace + "\n"
		}},
		{"kept-by-policy", func(t Target) string {
			return t.Document() + "  annotations: {helm.sh/resource-policy: keep}\n"
		}},
		{"owned-by-another", func(t Target) string {
			return t.Document() + "  ownerReferences: [{apiVersion: v1, kind: ConfigMap, name: other, uid: 00000000-0000-0000-0000-000000000000, controller: true}]\n"
		}},
		{"generated-name", func(t Target) string {
			return header(t) + "metadata:\n  generateName: " + t.Name + "-\n  namespace: " + t.Namespace + "\n"
		}},
	}
}
