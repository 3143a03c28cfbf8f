package profile

// Canonical is appendCanonical for tests, which compare keys as texts.
func Canonical(f Field, value string) string { return string(appendCanonical(nil, f, value)) }
