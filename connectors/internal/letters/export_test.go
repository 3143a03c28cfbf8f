package letters

import "github.com/profilesync/profilesync/reconcile/people"

// Placeholders returns the placeholders of a kind's text, each once, in order. It
// fails for a kind without a text.
func Placeholders(kind people.LetterKind) ([]Placeholder, error) {
	text, err := read(kind)
	return text.placeholders, err
}
