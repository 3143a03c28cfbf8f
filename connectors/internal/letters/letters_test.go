package letters_test

import (
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/profilesync/profilesync/connectors/internal/letters"
	"github.com/profilesync/profilesync/reconcile/people"
)

// `go test ./connectors/internal/letters -update` rewrites the golden files.
var update = flag.Bool("update", false, "rewrite the golden files")

// filled returns a letter of a kind with everything a text may ask for.
func filled(tb testing.TB, kind people.LetterKind) people.Letter {
	tb.Helper()
	to, err := people.ParseEmailAddress("sam.example@example.org")
	require.NoError(tb, err)
	return people.Letter{
		Reference: "example/1", Kind: kind, To: to, Name: people.NewPersonName("Sam Example"),
		Facts: people.LetterFacts{
			Words: map[string]string{
				"person": "Alex O'Example", "quarter": "October to December 2026", "deadline": "31 December 2026",
				"ends": "18 November 2026", "last_active": "12 May 2026", "sign_in": "https://profiles.example.org/sign-in?from=mail",
				"reactivate": "Ask the account manager of your organisation.", "day": "12 November 2026", "region": "NHS Example ICB",
				"changes": "1,204", "link": "https://profiles.example.org/reports/2026-11-12",
			},
			Lists: map[string][]string{"organisations": {
				"FA123 Example Pharmacy (pharmacy, every quarter): opening hours, bank-holiday hours for 25 December 2026",
				"A12345 Example Surgery (GP practice, within 12 months; last reviewed 3 May 2026): contact details",
			}, "cases": {
				"New: etr of 30 November 2026 changes the integrated care board in 55 of 205 trust profiles (case 12, by 30 November 2026).",
				"Ended: Pushes to dos by change-event are paused (case 7).",
			}},
		},
	}
}

func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		require.NoError(t, os.WriteFile(path, []byte(got), 0o644))
	}
	want, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Equal(t, string(want), got)
}

func TestGoldenLetters(t *testing.T) {
	t.Parallel()
	for _, kind := range people.LetterKinds() {
		t.Run(string(kind), func(t *testing.T) {
			t.Parallel()
			subject, body, err := letters.Render(filled(t, kind))
			require.NoError(t, err)
			golden(t, string(kind)+".txt", "Subject: "+subject+"\n\n"+body)

			subject, body, err = letters.NotifyTemplate(kind)
			require.NoError(t, err)
			golden(t, string(kind)+".notify.txt", "Subject: "+subject+"\n\n"+body)

			values, err := letters.Personalisation(filled(t, kind))
			require.NoError(t, err)
			encoded, err := json.MarshalIndent(values, "", "  ")
			require.NoError(t, err)
			golden(t, string(kind)+".notify.json", string(encoded)+"\n")
		})
	}
}

func TestNoFileWithoutAKind(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("templates/*.txt")
	require.NoError(t, err)
	require.Len(t, files, len(people.LetterKinds()))
	files, err = filepath.Glob("testdata/*.txt")
	require.NoError(t, err)
	require.Len(t, files, 2*len(people.LetterKinds()))
}

// Filling Notify's template with its personalisation, as Notify does, gives the
// same text as SMTP sends.
func TestBothWaysSayTheSame(t *testing.T) {
	t.Parallel()
	for _, kind := range people.LetterKinds() {
		subject, body, err := letters.NotifyTemplate(kind)
		require.NoError(t, err)
		values, err := letters.Personalisation(filled(t, kind))
		require.NoError(t, err)
		var pairs []string
		for name, value := range values {
			if list, isList := value.([]string); isList {
				value = "* " + strings.Join(list, "\n* ")
				require.Contains(t, body, "\n\n(("+name+"))\n\n", "%s: a list stands alone", kind)
			}
			pairs = append(pairs, "(("+name+"))", value.(string))
		}
		wantSubject, wantBody, err := letters.Render(filled(t, kind))
		require.NoError(t, err)
		require.Equal(t, wantSubject, strings.NewReplacer(pairs...).Replace(subject))
		require.Equal(t, wantBody, strings.NewReplacer(pairs...).Replace(body))
	}
}

func TestSubjectsNameNobody(t *testing.T) {
	t.Parallel()
	allowed := []string{"((deadline))", "((ends))", "((day))", "((region))"}
	for _, kind := range people.LetterKinds() {
		subject, _, err := letters.NotifyTemplate(kind)
		require.NoError(t, err)
		for _, fit := range allowed {
			subject = strings.ReplaceAll(subject, fit, "")
		}
		require.NotContains(t, subject, "((", kind)
	}
}

func TestWhatEachTextTakes(t *testing.T) {
	t.Parallel()
	check := []string{"deadline", "name", "organisations", "quarter", "sign_in"}
	inactive := []string{"ends", "last_active", "name", "organisations", "sign_in"}
	want := map[people.LetterKind][]string{
		people.LetterOpening: check, people.LetterFourWeeks: check, people.LetterTwoWeeks: check,
		people.LetterThreeDays: check, people.LetterOverdue: check,
		people.LetterInactive30: inactive, people.LetterInactive7: inactive,
		people.LetterDeactivated: {"last_active", "name", "organisations", "reactivate"},
		people.LetterMemberEnded: {"name", "organisations", "person"},
		people.LetterLastManager: {"ends", "organisations"},
		people.LetterReport:      {"changes", "day", "link", "region"},
		people.LetterCaseUrgent:  {"cases"}, people.LetterCases: {"cases"},
	}
	for _, kind := range people.LetterKinds() {
		holes, err := letters.Placeholders(kind)
		require.NoError(t, err)
		var names []string
		for _, placeholder := range holes {
			names = append(names, placeholder.Name)
			require.Equal(t, slices.Contains([]string{"organisations", "cases"}, placeholder.Name), placeholder.List)
			require.Equal(t, slices.Contains([]string{"organisations", "cases", "name", "person"}, placeholder.Name), placeholder.Typed)
		}
		slices.Sort(names)
		require.Equal(t, want[kind], names, kind)
	}
}

func TestMissing(t *testing.T) {
	t.Parallel()
	for _, kind := range people.LetterKinds() {
		holes, err := letters.Placeholders(kind)
		require.NoError(t, err)
		for _, placeholder := range holes {
			l := filled(t, kind)
			if placeholder.Name == "name" {
				l.Name = people.PersonName{}
				_, body, err := letters.Render(l)
				require.NoError(t, err)
				require.True(t, strings.HasPrefix(body, "Hello\n"), kind)
				continue
			}
			delete(l.Facts.Words, placeholder.Name)
			delete(l.Facts.Lists, placeholder.Name)
			_, _, err := letters.Render(l)
			require.EqualError(t, err, "text "+string(kind)+", placeholder "+placeholder.Name+": nothing is given for it")
			l.Facts.Words[placeholder.Name], l.Facts.Lists[placeholder.Name] = " \x00\n", []string{"", "\u200b"}
			_, _, err = letters.Render(l)
			require.Equal(t, placeholder.Name == "person", err == nil, "nothing is left of it")
		}
	}
	for _, kind := range []people.LetterKind{"", "check", "../letters"} {
		_, _, err := letters.Render(filled(t, kind))
		require.EqualError(t, err, "no text of that kind")
	}
}

func TestHostileValues(t *testing.T) {
	t.Parallel()
	for typed, want := range map[string]string{
		"Sam\r\nBcc: all@example.org": "Sam Bcc: all@example.org",
		"((sign-in))":                 "( (sign-in) )",
		"[[sign-in]]":                 "( (sign-in) )",
		"{{.sign_in}}":                "( (.sign in) )",
		"[Sign in here](https://evil.example/?a=1)": "(Sign in here)(https: evil.example/?a=1)",
		"h\u200bttps:/*/evil.example":               "https: evil.example",
		"<a href='x'>y</a>":                         "(a href='x')y(/a)",
		"# Heading":                                 "Heading",
		"- * 1":                                     "1",
		"**Sam** _Example_":                         "Sam Example",
		"a\u202eb\u2066c\ufeffd\xffe\u2028f\x7fg\ufffe":      "abcde f g",
		"Siân Ó Catháin-D’Arcy (née O'Neill), Dr. 李":         "Siân Ó Catháin-D’Arcy (née O'Neill), Dr. 李",
		strings.Repeat("a ", 100):                            strings.Repeat("a ", 49) + "a…",
		"FA123 Example (Leeds (North)) (pharmacy): services": "FA123 Example (Leeds (North) ) (pharmacy): services",
	} {
		l := filled(t, people.LetterMemberEnded)
		l.Name, l.Facts.Words["person"] = people.NewPersonName(typed), typed
		values, err := letters.Personalisation(l)
		require.NoError(t, err)
		require.Equal(t, want, values["name"])
		require.Equal(t, want, values["person"])
	}
	l := filled(t, people.LetterDeactivated)
	l.Facts.Words["reactivate"] = "https://profiles.example.org/a_b#c\nor ask ((us))"
	values, err := letters.Personalisation(l)
	require.NoError(t, err)
	require.Equal(t, "https://profiles.example.org/a_b#c or ask ( (us) )", values["reactivate"], "addresses of our own stay whole")
}
