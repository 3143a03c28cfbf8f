package push

import (
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/profilesync/profilesync/reconcile/profile"
)

// WhyWaits says what the push would overwrite, for people: each field with what the
// entries show, and what to do. Shown is nil if the sink cannot be read.
func (p Push) WhyWaits(route Route, c Composition, shown *Shown) string {
	var sentences, fields []string
	for _, o := range c.Overwrites {
		if slices.Contains(fields, o.Field.String()) {
			continue
		}
		fields = append(fields, o.Field.String())
		sentences = append(sentences, whatIsShown(route, o.Field, c.Values, shown)+"; "+p.Desired.whyLeftAlone(o.Field)+".")
	}
	it := "it"
	if len(fields) > 1 {
		it = "them"
	}
	return fmt.Sprintf("%s State %s in the profile, or `push retry %s --overwrite`", strings.Join(sentences, " "), it, p.Code())
}

// mostNamed is how many entries a reason names.
const mostNamed = 5

// whatIsShown says what the entries that a push changes show of a field.
func whatIsShown(route Route, f profile.Field, values profile.Values, shown *Shown) string {
	if shown == nil {
		return f.String() + " is " + NotVisible
	}
	var shows []string
	for _, e := range shown.ChangedBy(values) {
		switch value := e.Values.Get(f); {
		case f == profile.FieldServices && !e.keepsServices(route):
		case !e.shows(route, f):
			shows = append(shows, strings.TrimSpace(e.Name+" does not show it"))
		default:
			shows = append(shows, strings.TrimSpace(e.Name+" shows "+shortened(value)))
		}
	}
	if more := len(shows) - mostNamed; more > 0 {
		shows = append(shows[:mostNamed], fmt.Sprintf("and %d more", more))
	}
	return f.String() + " differs: " + strings.Join(shows, ", ")
}

// keepsServices reports whether the entry shows a service that no push can leave out.
func (e Entry) keepsServices(route Route) bool {
	never := slices.Concat(e.NeverShown, route.OmittableServices)
	return slices.ContainsFunc(route.Services, func(code string) bool { return !slices.Contains(never, code) })
}

// shortened returns a value on one line, of at most 80 characters.
func shortened(value string) string {
	const most = 80
	value = strings.Join(strings.Split(value, "\n"), " / ")
	switch {
	case value == "":
		return "nothing"
	case utf8.RuneCountInString(value) > most:
		return string([]rune(value)[:most]) + "…"
	}
	return value
}
