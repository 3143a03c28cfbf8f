package notify

import (
	"github.com/profilesync/profilesync/connectors/internal/letters"
	"github.com/profilesync/profilesync/reconcile/people"
)

// Template returns a text to paste into Notify, with its ((placeholders)).
func Template(kind people.LetterKind) (subject, body string, err error) {
	return letters.NotifyTemplate(kind)
}
