package notifytest

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
)

// Template is a text with ((placeholders)).
type Template struct {
	ID            string // a UUID
	Version       int    // assigned by SetTemplate
	Subject, Body string
	Deleted       bool
}

var placeholderShape = regexp.MustCompile(`\(\(([^()]+)\)\)`)

// SetTemplate adds a template, or a new version of it.
func (s *Server) SetTemplate(t Template) {
	if !uuidShape.MatchString(t.ID) {
		panic(fmt.Sprintf("notifytest: the template id %q is no UUID", t.ID))
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	t.ID = strings.ToLower(t.ID)
	versions := s.templates[t.ID]
	t.Version = len(versions) + 1
	s.templates[t.ID] = append(versions, t)
}

// template returns the newest version.
func (s *Server) template(id string) (t Template, found bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	versions := s.templates[strings.ToLower(id)]
	if len(versions) == 0 {
		return Template{}, false
	}
	return versions[len(versions)-1], true
}

// missing returns the placeholders without a value, in the order of the text. Notify
// ignores case, spaces, hyphens and underscores in their names.
func (t Template) missing(values map[string]any) (names []string) {
	have := folded(values)
	for _, found := range placeholderShape.FindAllStringSubmatch(t.Subject+"\n"+t.Body, -1) {
		if have[fold(found[1])] == nil && !slices.Contains(names, found[1]) {
			names = append(names, found[1])
		}
	}
	return names
}

// render fills a text. Lists become bullets.
func render(text string, values map[string]any) string {
	have := folded(values)
	return placeholderShape.ReplaceAllStringFunc(text, func(found string) string {
		switch value := have[fold(strings.Trim(found, "()"))].(type) {
		case []any:
			var lines strings.Builder
			for _, line := range value {
				fmt.Fprintf(&lines, "\n* %v", line)
			}
			return "\n" + lines.String()
		default:
			return fmt.Sprint(value)
		}
	})
}

func folded(values map[string]any) map[string]any {
	have := make(map[string]any, len(values))
	for _, name := range slices.Sorted(maps.Keys(values)) {
		have[fold(name)] = values[name]
	}
	return have
}

func fold(name string) string {
	return strings.NewReplacer(" ", "", "-", "", "_", "").Replace(strings.ToLower(name))
}

var (
	linkShape   = regexp.MustCompile(`(?i)\b(https?://|www\.)[^\s()<>]+`)
	markupShape = regexp.MustCompile("[\\[\\]()*#_`>^]")
)

// sanitise removes links and markup from a text, as sanitise_content_for requires.
func sanitise(text string) string {
	return markupShape.ReplaceAllString(linkShape.ReplaceAllString(text, ""), `\$0`)
}
