package cases

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/profilesync/profilesync/reconcile/people"
	"github.com/profilesync/profilesync/reconcile/profile"
)

// Kind names what is wrong. Each has one entry in of_*.go, a query in
// connectors/postgres/casestore, and a page in runbook of its name.
type Kind string

// Owner is a group of people who act on cases.
type Owner string

// The owners. Who belongs to them is looked up when they are told (Directory.Of).
const (
	Managers     Owner = "managers"      // the account managers of the organisation; its editors if there is none
	Board        Owner = "board"         // the leads of the board, and its mailing list
	ServiceDesk  Owner = "service-desk"  // the list of that name
	RegisterDesk Owner = "register-desk" // whoever writes to the register: the list of that name
	Operations   Owner = "operations"    // the administrators, and the list of that name
)

// Owners lists every owner.
func Owners() []Owner { return []Owner{Managers, Board, ServiceDesk, RegisterDesk, Operations} }

// Signal is what the tables show of something that may need a person. It holds ids
// and values, and nothing about people.
type Signal struct {
	Subject string            // ODS code; ods edispensary; dos pharmacy; u-4711, or all for accounts that end together; or a day
	About   string            // tells several of one kind and subject apart; empty where there can be one
	Code    profile.ODSCode   // the organisation; empty if it is about none
	Board   profile.ODSCode   // the board that oversees it; empty for none
	Since   time.Time         // since when the tables show it
	Facts   map[string]string // what the texts of its kind name
}

// The facts that every case about an organisation with a profile has.
const (
	FactName     = "name"     // what the profile calls it
	FactUnmanned = "unmanned" // yes: nobody of it can be told
)

// Key says which case it is.
type Key struct {
	Kind    Kind
	Subject string
	About   string
}

// Case is something that a person has to do something about.
type Case struct {
	Kind Kind
	Signal
}

// Key says which case it is.
func (c Case) Key() Key { return Key{c.Kind, c.Subject, c.About} }

// Order compares two cases in the order of lists: what holds up most comes first.
func (c Case) Order(other Case) int {
	return cmp.Or(cmp.Compare(c.Kind.place(), other.Kind.place()), cmp.Compare(c.Subject, other.Subject), cmp.Compare(c.About, other.About))
}

// Title says in one line what is wrong.
func (c Case) Title() string { return c.fill(c.Kind.rule().title) }

// Next says what to do next, with the command for it.
func (c Case) Next() string { return c.fill(c.Kind.rule().next) }

// fill puts facts in the place of {their names}.
func (c Case) fill(text string) string {
	pairs := []string{
		"{subject}", c.Subject, "{about}", c.About, "{code}", string(c.Code), "{board}", string(c.Board),
		"{organisation}", c.organisation(), "{sort}", profile.OrgType(c.Facts["type"]).Words(), "{what}", fieldWords(c.Facts["field"]),
	}
	if c.Facts["field"] == profile.FieldERSServices.String() {
		pairs = append(pairs, "{things}", "services of the e-Referral Service")
	} else {
		pairs = append(pairs, "{things}", profile.OrgType(c.Facts["type"]).Words()+" profiles")
	}
	if sink := c.Facts["sink"]; sink != "" {
		pairs = append(pairs, "{place}", placeWords(sink))
	}
	for name, value := range c.Facts {
		pairs = append(pairs, "{"+name+"}", harmless(value))
	}
	return strings.NewReplacer(pairs...).Replace(text)
}

// harmless keeps what others wrote, such as the name of a service, from being a link in a
// letter, and on one line, so that it is no item of its own either.
func harmless(text string) string { return harmful.Replace(text) }

var harmful = strings.NewReplacer("\r\n", " ", "\n", " ", "\r", " ", "\v", " ", "\f", " ",
	"\u0085", " ", "\u2028", " ", "\u2029", " ", "](", "] (")

// organisation names what the case is about as people do: Example Pharmacy (FA001).
func (c Case) organisation() string {
	if name := c.Facts[FactName]; name != "" {
		return harmless(name) + " (" + string(c.Code) + ")"
	}
	return string(c.Code)
}

// placeWords names a sink in a sentence.
func placeWords(sink string) string {
	return map[string]string{"dos": "DoS", "website": "the website"}[sink]
}

// fieldWords names a field in a sentence.
func fieldWords(name string) string {
	field, err := profile.ParseField(name)
	switch {
	case err != nil:
		return name
	case field == profile.FieldParent:
		return "who runs it"
	default:
		return "the " + strings.ToLower(field.Label())
	}
}

// Moment is when cases are looked at, by which calendar, and what has to be checked.
type Moment struct {
	Now      time.Time
	Calendar people.Calendar
	Rules    people.CheckRules
}

// Today is the day in London.
func (m Moment) Today() profile.Date { return profile.DateIn(m.Now, profile.London()) }

// ParseKind returns the kind with a name, or an error that lists all.
func ParseKind(name string) (Kind, error) {
	if kinds := Kinds(); !slices.Contains(kinds, Kind(name)) {
		return "", fmt.Errorf("kind of case %q: want one of %v", name, kinds)
	}
	return Kind(name), nil
}

// ParseOwner returns the owner with a name, or an error that lists all.
func ParseOwner(name string) (Owner, error) {
	if owners := Owners(); !slices.Contains(owners, Owner(name)) {
		return "", fmt.Errorf("owner %q: want one of %v", name, owners)
	}
	return Owner(name), nil
}
