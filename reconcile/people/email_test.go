package people_test

import (
	"bytes"
	"encoding/gob"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"text/template"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/profilesync/profilesync/reconcile/people"
)

// requireNoLeak writes a value in every way that we know of, and checks that no
// secret shows.
func requireNoLeak(t *testing.T, value any) {
	t.Helper()
	for form, text := range forms(value) {
		for _, secret := range []string{"canary", "secret", "Canary", "Secret"} {
			require.NotContains(t, text, secret, form)
		}
	}
}

// inside holds a value in a field where fmt does not call its methods.
type inside struct {
	hidden any
	Shown  any
}

func forms(value any) map[string]string {
	texts := make(map[string]string)
	var boxed any = inside{value, value}
	for name, v := range map[string]any{
		"itself": value, "pointer": &value, "slice": []any{value}, "map": map[string]any{"k": value}, "struct": boxed,
		"struct pointer": &inside{value, value}, "array": [1]any{value}, "errors": errors.Join(fmt.Errorf("of %v", value)),
	} {
		for _, verb := range []string{
			"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d", "%t", "%T", "%c", "%U", "%e", "%10.3s", "% x", "%p",
			"%w", "%z",
		} {
			texts[name+" "+verb] = fmt.Sprintf(verb, v)
			texts[name+" error "+verb] = fmt.Errorf("reading: "+verb, v).Error()
		}
		texts[name+" print"], texts[name+" println"] = fmt.Sprint(v), fmt.Sprintln(v)
		texts[name+" logged"] = logOutput(v)
		encoded, err := json.Marshal(v)
		texts[name+" json"] = fmt.Sprint(string(encoded), err)
		encoded, err = xml.Marshal(v)
		texts[name+" xml"] = fmt.Sprint(string(encoded), err)
		var b bytes.Buffer
		err = gob.NewEncoder(&b).Encode(v)
		texts[name+" gob"] = fmt.Sprint(b.String(), err)
		b.Reset()
		err = template.Must(template.New("").Parse("{{.}} {{print .}} {{printf `%s` .}}")).Execute(&b, v)
		texts[name+" template"] = fmt.Sprint(b.String(), err)
	}
	return texts
}

func logOutput(v any) string {
	var b bytes.Buffer
	for _, h := range []slog.Handler{slog.NewTextHandler(&b, nil), slog.NewJSONHandler(&b, nil)} {
		log := slog.New(h)
		log.With("with", v).WithGroup("g").Info("x", "v", v, "h", slog.GroupValue(slog.Any("v", v)), "error", fmt.Errorf("of %v", v))
	}
	return b.String()
}

func TestAddressesAndNamesNeverLeak(t *testing.T) {
	t.Parallel()
	address, name := canaryEmail(), people.NewPersonName(canaryName)
	requireNoLeak(t, address)
	requireNoLeak(t, name)
	requireNoLeak(t, map[people.EmailAddress]people.PersonName{address: name})
	requireNoLeak(t, []*people.EmailAddress{&address})
	type nested struct {
		address people.EmailAddress
		name    *people.PersonName
		all     map[string][]people.EmailAddress
	}
	requireNoLeak(t, nested{address, &name, map[string][]people.EmailAddress{"to": {address}}})
	require.Equal(t, canaryAddress, address.Reveal())
	require.Equal(t, canaryName, name.Reveal())
}

func TestAddressesPrintAPlaceholder(t *testing.T) {
	t.Parallel()
	require.Equal(t, "to [redacted], [redacted]", fmt.Sprintf("to %s, %v", canaryEmail(), people.NewPersonName(canaryName)))
	encoded, err := json.Marshal(map[people.EmailAddress]people.PersonName{canaryEmail(): people.NewPersonName(canaryName)})
	require.NoError(t, err)
	require.JSONEq(t, `{"[redacted]":"[redacted]"}`, string(encoded))
}

func TestAddressesCompare(t *testing.T) {
	t.Parallel()
	other, err := people.ParseEmailAddress("other@example.nhs.test")
	require.NoError(t, err)
	known := map[people.EmailAddress]bool{canaryEmail(): true}
	require.True(t, known[canaryEmail()])
	require.False(t, known[other])
	require.Equal(t, people.NewPersonName("A"), people.NewPersonName(" A "))
	require.NotEqual(t, people.NewPersonName("A"), people.NewPersonName("B"))
}

func TestZeroAddress(t *testing.T) {
	t.Parallel()
	require.Empty(t, people.EmailAddress{}.Reveal())
	require.Empty(t, people.PersonName{}.Reveal())
	require.Empty(t, people.NewPersonName("  ").Reveal())
	require.Equal(t, "[redacted]", fmt.Sprint(people.EmailAddress{}))
	require.NotPanics(t, func() { forms(people.EmailAddress{}); forms(people.PersonName{}) })
}

func TestParseEmailAddress(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("a", 254-len("@example.org")) + "@example.org"
	for _, text := range []string{
		"a@b.c", "first.last+tag@nhs.net", "o'brien@example.nhs.uk", "zoë@example.org", "A_b-c@sub.example.org",
		long,
	} {
		address, err := people.ParseEmailAddress(" " + text + "\n")
		require.NoError(t, err)
		require.Equal(t, text, address.Reveal())
	}
	for name, text := range map[string]string{
		"nothing": "", "spaces": "  ", "no at": "secret.example.org", "no name": "@example.org", "no domain": "secret@",
		"no dot":         "secret@example",
		"dot at the end": "secret@example.", "dot at the beginning": "secret@.example", "two": "secret@a.b@c.d", "list": "secret@a.b,x@c.d",
		"other list": "secret@a.b;x@c.d", "shown name": "Secret <secret@a.b>", "new line": "secret@a.b\nBcc: x@c.d", "return": "se\rcret@a.b",
		"space": "sec ret@a.b", "hard space": "sec\u00a0ret@a.b", "zero": "sec\x00ret@a.b", "quotes": `"secret"@a.b`,
		"backslash": `sec\ret@a.b`,
		"ip":        "secret@[127.0.0.1]", "comment": "secret(x)@a.b", "too long": "a" + long,
	} {
		address, err := people.ParseEmailAddress(text)
		require.ErrorIs(t, err, people.ErrEmailAddress, name)
		require.Zero(t, address, name)
		require.NotContains(t, err.Error(), "secret", name)
	}
}

// FuzzParseEmailAddress: an accepted address is one line and parses to itself
// again, and the error is the same for every text.
func FuzzParseEmailAddress(f *testing.F) {
	for _, seed := range []string{"a@b.c", "@", "a@b", "a b@c.d", "a@b.c\nBcc: d@e.f", "\xff@b.c", canaryAddress} {
		f.Add(seed)
	}
	f.Fuzz(checkParseEmailAddress)
}

func TestParseEmailAddressOfAnything(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		checkParseEmailAddress(t, rapid.OneOf(rapid.String(), rapid.StringMatching(`[ a-c@.,<\n]{0,12}`)).Draw(rt, "text"))
	})
}

func checkParseEmailAddress(t *testing.T, text string) {
	t.Helper()
	address, err := people.ParseEmailAddress(text)
	if err != nil {
		require.Equal(t, "not an e-mail address: want name@domain, at most 254 characters", err.Error())
		require.Zero(t, address)
		return
	}
	require.Equal(t, strings.TrimSpace(text), address.Reveal())
	require.LessOrEqual(t, len(address.Reveal()), 254)
	require.Equal(t, 1, strings.Count(address.Reveal(), "@"))
	require.False(t, strings.ContainsAny(address.Reveal(), " \t\r\n\x00<>,;:\"()[]\\"))
	again, err := people.ParseEmailAddress(address.Reveal())
	require.NoError(t, err)
	require.Equal(t, address, again)
}

func TestALetterPrintsItsReferenceAlone(t *testing.T) {
	t.Parallel()
	l := people.Letter{
		Reference: "idle/u-7/2026-05-12/account-ended-cc/u-8", Kind: people.LetterMemberEnded, To: canaryEmail(),
		Name:  people.NewPersonName(canaryName),
		Facts: people.LetterFacts{Words: map[string]string{"person": canaryName}, Lists: map[string][]string{"x": {canaryName}}},
	}
	want := "letter idle/u-7/2026-05-12/account-ended-cc/u-8 (account-ended-cc)"
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
		require.Equal(t, want, fmt.Sprintf(verb, l))
	}
	encoded, err := json.Marshal(l)
	require.NoError(t, err)
	require.JSONEq(t, `"`+want+`"`, string(encoded))
	for form, value := range map[string]any{"letter": l, "pointer": &l, "slice": []people.Letter{l}, "facts": l.Facts} {
		require.NotContains(t, fmt.Sprintf("%v %+v %#v", value, value, value), "Canary", form)
		require.NotContains(t, logOutput(value), "Canary", form)
		encoded, err := json.Marshal(value)
		require.NoError(t, err)
		require.NotContains(t, string(encoded), "Canary", form)
	}
}

func TestMailErrorsSayWhatHappened(t *testing.T) {
	t.Parallel()
	cause := errors.New("x")
	err := error(&people.MailError{Answer: people.MailRefused, Status: 400, Reason: "BadRequestError: deadline", Err: cause})
	require.EqualError(t, err, "sending mail: refused (400): BadRequestError: deadline")
	require.ErrorIs(t, err, cause)
	require.EqualError(t, &people.MailError{Answer: people.MailUnclear}, "sending mail: unclear")
}
