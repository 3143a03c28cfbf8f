package letters

import (
	"embed"
	"errors"
	"fmt"
	"slices"
	"strings"
	"text/template"
	"text/template/parse"

	"github.com/profilesync/profilesync/reconcile/people"
)

// version is that of all texts together. A test fails when a text changes and
// this does not: a new version goes to few people first.
const version = 1

//go:embed templates/*.txt
var templates embed.FS

// Placeholder is a hole in a text.
type Placeholder struct {
	Name  string
	List  bool // becomes bullets
	Typed bool // written by people: connectors/notify/CONTRACT.md "Typed text"
}

// known are all placeholders. A letter's own name may be missing, every other
// one may not.
var known = []Placeholder{
	{Name: "name", Typed: true},                      // Letter.Name
	{Name: "person", Typed: true},                    // whose account ended
	{Name: "organisations", List: true, Typed: true}, // finished lines
	{Name: "quarter"},                                // "October to December 2026"
	{Name: "deadline"},                               // "31 December 2026"
	{Name: "ends"},                                   // "18 November 2026"
	{Name: "last_active"},                            // "12 May 2026"
	{Name: "sign_in"},                                // an address of the web
	{Name: "reactivate"},                             // a sentence, or an address of the web
	{Name: "day"},                                    // "12 May 2026"
	{Name: "region"},                                 // "NHS Example ICB"
	{Name: "changes"},                                // a number
	{Name: "link"},                                   // an address of the web
}

// Version is the version of the texts, all of them together; it grows with
// each change.
func Version() int { return version }

// NotifyTemplate is a kind's text to be pasted into GOV.UK Notify.
func NotifyTemplate(kind people.LetterKind) (subject, body string, err error) {
	text, err := read(kind)
	if err != nil {
		return "", "", err
	}
	values := make(map[string]string, len(text.holes))
	for _, hole := range text.holes {
		values[hole.Name] = "((" + hole.Name + "))"
	}
	return text.fill(values)
}

// Personalisation is what fills a kind's text in Notify: texts, and lists of
// texts. It fails when something is missing; the error names what, and no value.
func Personalisation(l people.Letter) (map[string]any, error) {
	text, err := read(l.Kind)
	if err != nil {
		return nil, err
	}
	values := make(map[string]any, len(text.holes))
	for _, hole := range text.holes {
		if values[hole.Name], err = value(l, hole); err != nil {
			return nil, err
		}
	}
	return values, nil
}

// Render is the whole letter as plain text, lines ending in "\n". It fails as
// Personalisation does.
func Render(l people.Letter) (subject, body string, err error) {
	text, err := read(l.Kind)
	if err != nil {
		return "", "", err
	}
	filled, err := Personalisation(l)
	if err != nil {
		return "", "", err
	}
	values := make(map[string]string, len(filled))
	for name, value := range filled {
		switch value := value.(type) {
		case string:
			values[name] = value
		case []string:
			values[name] = "* " + strings.Join(value, "\n* ")
		}
	}
	return text.fill(values)
}

// errMissing is the only thing that can be wrong with a letter of a known kind.
var errMissing = errors.New("nothing is given for it")

// value is what a letter says for a placeholder, cleaned: a string or a list.
func value(l people.Letter, hole Placeholder) (any, error) {
	if hole.Name == "name" { // a list of addresses has none, and people may not have typed one
		return cleanTyped(l.Name.Reveal(), maxWord), nil
	}
	if hole.List {
		lines := make([]string, 0, len(l.Facts.Lists[hole.Name]))
		for _, line := range l.Facts.Lists[hole.Name] {
			if line = cleanTyped(line, maxLine); line != "" {
				lines = append(lines, line)
			}
		}
		if len(lines) > 0 {
			return lines, nil
		}
		return nil, fmt.Errorf("text %s, placeholder %s: %w", l.Kind, hole.Name, errMissing)
	}
	word, given := l.Facts.Words[hole.Name]
	if hole.Name == "person" && given {
		return personOr(cleanTyped(word, maxWord)), nil
	}
	if word = clean(word, maxLine); word != "" {
		return word, nil
	}
	return nil, fmt.Errorf("text %s, placeholder %s: %w", l.Kind, hole.Name, errMissing)
}

// personOr lets a sentence stand whose person typed nothing that can be shown.
func personOr(name string) string {
	if name == "" {
		return "somebody"
	}
	return name
}

// text is a parsed file: the subject on its first line, an empty one, the body.
type text struct {
	subject *template.Template
	body    *template.Template
	holes   []Placeholder
}

func read(kind people.LetterKind) (text, error) {
	if !slices.Contains(people.LetterKinds(), kind) {
		return text{}, errors.New("no text of that kind")
	}
	content, err := templates.ReadFile("templates/" + string(kind) + ".txt")
	if err != nil {
		return text{}, err
	}
	subject, body, found := strings.Cut(string(content), "\n\n")
	if !found || strings.Contains(subject, "\n") {
		return text{}, fmt.Errorf("text %s: want a subject, an empty line and a body", kind)
	}
	t := text{subject: template.New("subject"), body: template.New("body")}
	for part, content := range map[*template.Template]string{t.subject: subject, t.body: body} {
		if _, err := part.Option("missingkey=error").Parse(content); err != nil {
			return text{}, fmt.Errorf("text %s: %w", kind, err)
		}
	}
	t.holes, err = placeholders(t.subject, t.body)
	if err != nil {
		return text{}, fmt.Errorf("text %s: %w", kind, err)
	}
	return t, nil
}

// placeholders reads the placeholders from what was parsed, so that nobody has to
// list them twice.
func placeholders(parts ...*template.Template) (found []Placeholder, err error) {
	for _, part := range parts {
		for _, node := range part.Root.Nodes {
			if node.Type() == parse.NodeText {
				continue
			}
			name, isField := strings.CutPrefix(strings.Trim(node.String(), "{}"), ".")
			at := slices.IndexFunc(known, func(p Placeholder) bool { return p.Name == name })
			if !isField || at < 0 {
				return nil, fmt.Errorf("%s: want a known placeholder", node)
			}
			if !slices.Contains(found, known[at]) {
				found = append(found, known[at])
			}
		}
	}
	return found, nil
}

// fill writes the two parts. Lines end without spaces: "Hello " of a letter
// without a name.
func (t text) fill(values map[string]string) (subject, body string, err error) {
	var written strings.Builder
	if err := t.subject.Execute(&written, values); err != nil {
		return "", "", err
	}
	subject = strings.TrimSpace(written.String())
	written.Reset()
	if err := t.body.Execute(&written, values); err != nil {
		return "", "", err
	}
	lines := strings.Split(written.String(), "\n")
	for i, line := range lines {
		lines[i] = strings.TrimRight(line, " ")
	}
	return subject, strings.Join(lines, "\n"), nil
}
