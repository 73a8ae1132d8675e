package programimage

import "time"

// Version says which build an image is of.
type Version struct {
	// Number is the semantic version, without a v.
	Number string
	// Commit it is built from.
	Commit string
	// Date of the commit, in RFC 3339; anything else counts as not known.
	Date string
}

// created gives the date, or zero. It is the commit's rather than that of the build,
// so that one commit gives one image.
func (v Version) created() time.Time {
	date, err := time.Parse(time.RFC3339, v.Date)
	if err != nil {
		return time.Time{}
	}
	return date.UTC()
}

// labels returns the labels of the image, which are the annotations of its index too, by
// the names of the OCI image specification.
func (p Program) labels(v Version) map[string]string {
	return map[string]string{
		"org.opencontainers.image.title":       p.Title,
		"org.opencontainers.image.description": p.Description,
		"org.opencontainers.image.source":      "https://github.com/barq-db/barq-operator",
		"org.opencontainers.image.licenses":    "Apache-2.0",
		"org.opencontainers.image.version":     v.Number,
		"org.opencontainers.image.revision":    v.Commit,
		"org.opencontainers.image.created":     v.Date,
	}
}
