package interning

// lately remembers values by a key: the last ones that were remembered or found, at least as many as kept says, and at
// most twice of that.
type lately[K comparable, V any] struct {
	// recent takes what is seen until it is full, and takes the place of former then.
	recent, former map[K]V
}

func (l *lately[K, V]) find(key K) (V, bool) {
	if known, ok := l.recent[key]; ok {
		return known, true
	}
	known, ok := l.former[key]
	if ok {
		l.remember(key, known)
	}
	return known, ok
}

func (l *lately[K, V]) remember(key K, value V) {
	if l.recent == nil || len(l.recent) >= kept {
		l.former, l.recent = l.recent, make(map[K]V)
	}
	l.recent[key] = value
}
