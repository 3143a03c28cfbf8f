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

// version is the version of all texts together. A test fails if a text changes and
// this does not: a new version goes to a few people first.
const version = 1

//go:embed templates/*.txt
var templates embed.FS

// Placeholder is a placeholder in a text.
type Placeholder struct {
	Name  string
	List  bool // becomes bullets
	Typed bool // written by people: connectors/notify/CONTRACT.md "Typed text"
}

// known lists all placeholders. Only the letter's own name may be missing.
var known = []Placeholder{
	{Name: "name", Typed: true},                      // Letter.Name
	{Name: "person", Typed: true},                    // whose account ended
	{Name: "organisations", List: true, Typed: true}, // finished lines
	{Name: "cases", List: true, Typed: true},         // likewise
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

// NotifyTemplate returns a kind's text to paste into GOV.UK Notify.
func NotifyTemplate(kind people.LetterKind) (subject, body string, err error) {
	text, err := read(kind)
	if err != nil {
		return "", "", err
	}
	values := make(map[string]string, len(text.placeholders))
	for _, placeholder := range text.placeholders {
		values[placeholder.Name] = "((" + placeholder.Name + "))"
	}
	return text.fill(values)
}

// Personalisation returns what fills a kind's text in Notify: texts, and lists of
// texts. It fails if something is missing; the error names it, and holds no value.
func Personalisation(l people.Letter) (map[string]any, error) {
	text, err := read(l.Kind)
	if err != nil {
		return nil, err
	}
	values := make(map[string]any, len(text.placeholders))
	for _, placeholder := range text.placeholders {
		if values[placeholder.Name], err = value(l, placeholder); err != nil {
			return nil, err
		}
	}
	return values, nil
}

// Render returns the whole letter as plain text, with lines ending in "\n". It
// fails as Personalisation does.
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

// value returns what a letter has for a placeholder, cleaned: a string or a list.
func value(l people.Letter, placeholder Placeholder) (any, error) {
	if placeholder.Name == "name" { // a mailing list has none, and people may not have typed one
		return cleanTyped(l.Name.Reveal(), maxWord), nil
	}
	if placeholder.List {
		lines := make([]string, 0, len(l.Facts.Lists[placeholder.Name]))
		for _, line := range l.Facts.Lists[placeholder.Name] {
			if line = cleanTyped(line, maxLine); line != "" {
				lines = append(lines, line)
			}
		}
		if len(lines) > 0 {
			return lines, nil
		}
		return nil, fmt.Errorf("text %s, placeholder %s: %w", l.Kind, placeholder.Name, errMissing)
	}
	word, given := l.Facts.Words[placeholder.Name]
	if placeholder.Name == "person" && given {
		return personOr(cleanTyped(word, maxWord)), nil
	}
	if word = clean(word, maxLine); word != "" {
		return word, nil
	}
	return nil, fmt.Errorf("text %s, placeholder %s: %w", l.Kind, placeholder.Name, errMissing)
}

// personOr keeps a sentence whole if the person typed no name that can be shown.
func personOr(name string) string {
	if name == "" {
		return "somebody"
	}
	return name
}

// text is a parsed file: the subject on its first line, an empty one, the body.
type text struct {
	subject      *template.Template
	body         *template.Template
	placeholders []Placeholder
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
	t.placeholders, err = placeholders(t.subject, t.body)
	if err != nil {
		return text{}, fmt.Errorf("text %s: %w", kind, err)
	}
	return t, nil
}

// placeholders reads the placeholders from the parsed text, so that nobody has to list
// them twice.
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

// fill writes the two parts. It trims spaces at the end of lines, as in "Hello " of
// a letter without a name.
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
