package letters

import "github.com/profilesync/profilesync/reconcile/people"

// Placeholders are the holes of a kind's text, each once, in the order they
// come. They fail for a kind without a text.
func Placeholders(kind people.LetterKind) ([]Placeholder, error) {
	text, err := read(kind)
	return text.holes, err
}
