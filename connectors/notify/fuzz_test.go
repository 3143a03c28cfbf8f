package notify

import (
	"encoding/json"
	"slices"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/require"

	"github.com/profilesync/profilesync/reconcile/people"
)

// FuzzBody: whatever people typed, a request holds it as they typed it, says which
// words they typed, and has no property that Notify does not know.
func FuzzBody(f *testing.F) {
	f.Add("someone@example.org", "Sam Example", "deadline", "31 December", "a/b")
	f.Add("zoë@example.org", "\",\"template_id\":\"x", "name", "<&>\u2028", "\x00")
	f.Add("zo\xab@example.org", "Sam", "deadline", "x", "a/b")
	f.Add("a@example.org", "", "person", "\xff", "")
	c := &Client{options: Options{Templates: map[people.LetterKind]string{people.LetterOpening: someID}}}
	f.Fuzz(func(t *testing.T, address, name, placeholder, word, reference string) {
		to, err := people.ParseEmailAddress(address)
		invalid := func(s string) bool { return !utf8.ValidString(s) }
		if err != nil || slices.ContainsFunc([]string{name, placeholder, word, reference}, invalid) { // JSON has no other text
			return
		}
		l := people.Letter{
			Reference: reference, Kind: people.LetterOpening, To: to, Name: people.NewPersonName(name),
			Facts: people.LetterFacts{
				Words: map[string]string{placeholder: word}, Lists: map[string][]string{"organisations": {word, name}, "none": nil},
			},
		}
		body, err := c.body(l)
		if err != nil {
			require.Nil(t, body)
			return
		}
		var sent map[string]json.RawMessage
		require.NoError(t, json.Unmarshal(body, &sent))
		for property := range sent {
			require.Contains(t, []string{"email_address", "template_id", "personalisation", "reference", "sanitise_content_for"}, property)
		}
		var m message
		require.NoError(t, json.Unmarshal(body, &m))
		require.Equal(t, []string{to.Reveal(), someID, reference}, []string{m.EmailAddress, m.TemplateID, m.Reference})
		require.Equal(t, map[string]any{
			"name": l.Name.Reveal(), placeholder: word, "organisations": []any{word, name}, "none": []any{},
		}, m.Personalisation)
		require.Contains(t, m.SanitiseContentFor, "name")
		require.Equal(t, placeholder == "person", len(m.SanitiseContentFor) == 2)
	})
}
