package release

import "context"

// passFacts are what the parts of Helm's configuration for one pass have to know of each
// other. The library makes the parts, and hands on nothing but a context.
type passFacts struct {
	// nothingStored: there is no revision of the release.
	nothingStored bool
	// trustsAbsence: an object that the cache does not have is not there.
	trustsAbsence bool
	// conflicted: an object that was not there according to the cache is there.
	conflicted bool
}

type passFactsKey struct{}

func withPassFacts(ctx context.Context, facts *passFacts) context.Context {
	return context.WithValue(ctx, passFactsKey{}, facts)
}

// passFactsIn gives the facts of a pass; those of an unknown one trust nothing.
func passFactsIn(ctx context.Context) *passFacts {
	if facts, ok := ctx.Value(passFactsKey{}).(*passFacts); ok {
		return facts
	}
	return &passFacts{}
}
