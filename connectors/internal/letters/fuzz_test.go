package letters_test

import (
	"strings"
	"testing"
	"unicode"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/profilesync/profilesync/connectors/internal/letters"
	"github.com/profilesync/profilesync/reconcile/people"
)

// FuzzRender: whatever people typed, a letter can be sent, keeps its layout and
// shows no placeholder.
func FuzzRender(f *testing.F) {
	f.Add("Sam Example", "https://profiles.example.org", "FA123 Example Pharmacy: services")
	f.Add("((name))\r\n\r\nSubject: x", "{{.name}}", "[a](https://evil.example)")
	f.Add("\xff\u202e", "(((", "\n* #")
	f.Fuzz(checkRender)
}

func TestRenderNeverFails(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		checkRender(t, rapid.String().Draw(rt, "name"), rapid.String().Draw(rt, "word"), rapid.String().Draw(rt, "line"))
	})
}

// checkRender puts an "x" before words and lines, so that no value is empty.
func checkRender(t *testing.T, name, word, line string) {
	t.Helper()
	for _, kind := range people.LetterKinds() {
		plain := filled(t, kind)
		wantSubject, wantBody, err := letters.Render(plain)
		require.NoError(t, err)

		l := filled(t, kind)
		l.Name = people.NewPersonName(name)
		l.Facts.Words["person"] = name
		for key := range l.Facts.Words {
			if key != "person" {
				l.Facts.Words[key] = "x" + word
			}
		}
		l.Facts.Lists["organisations"] = []string{"x" + line, "y" + line}
		subject, body, err := letters.Render(l)
		require.NoError(t, err)
		require.NotContains(t, subject+body, "<no value>")
		require.Equal(t, strings.Count(wantBody, "\n"), strings.Count(body, "\n"), "no value adds a line")
		require.NotContains(t, subject, "\n")
		require.Equal(t, strings.HasPrefix(wantSubject, " "), strings.HasPrefix(subject, " "))
		for _, r := range subject + body {
			require.True(t, r == '\n' || unicode.IsGraphic(r) && r != unicode.ReplacementChar, "%U", r)
		}
		checkValues(t, l)
	}
}

// checkValues checks that no value opens or closes a placeholder, and that typed
// text makes no link and no list.
func checkValues(t *testing.T, l people.Letter) {
	t.Helper()
	values, err := letters.Personalisation(l)
	require.NoError(t, err)
	typed, _ := values["organisations"].([]string)
	for name, value := range values {
		word, _ := value.(string)
		require.NotContains(t, word, "((")
		require.NotContains(t, word, "))")
		if name == "name" || name == "person" {
			typed = append(typed, word)
		}
	}
	for _, value := range typed {
		require.NotContains(t, value, "((")
		require.NotContains(t, value, "))")
		require.False(t, strings.ContainsAny(value, "[]{}<>*_`~#^|\\"))
		require.NotContains(t, value, "//")
	}
}
