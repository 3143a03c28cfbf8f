package push

import (
	"slices"

	"github.com/profilesync/profilesync/reconcile/profile"
)

// PreviewRow is what a push would do to one field of one entry of a sink, or to the
// entry as a whole.
type PreviewRow struct {
	Entry  string `json:"entry"` // empty if the sink has one, or for all
	Field  string `json:"field"` // empty for the whole entry
	Is     string `json:"is"`
	WillBe string `json:"will_be"`
	Why    string `json:"why"` // why it changes, or stays
	// OnlyLogged says that the sink shows the field nowhere.
	OnlyLogged bool `json:"-"`
}

// Rows says what would happen to each field of each entry, and why, if the sink does
// this with the delivery (RULES.md "Preview").
func (p Preview) Rows(e Effects) (rows []PreviewRow) {
	for _, f := range p.Route.OnlyLogged {
		if p.isStated(f) {
			rows = append(rows, PreviewRow{Field: f.String(), Why: "the sink only logs it, and shows it nowhere", OnlyLogged: true})
		}
	}
	for _, entry := range e.Entries {
		if entry.LeftAlone != "" {
			rows = append(rows, PreviewRow{Entry: entry.Entry, Why: "left alone: " + entry.LeftAlone})
		}
		for _, f := range entry.Fields {
			row := PreviewRow{Entry: entry.Entry, Field: f.Field.String(), Is: f.Before, WillBe: f.After, Why: p.why(entry.Entry, f)}
			if !p.IsSent() {
				row.WillBe = f.Before
			}
			rows = append(rows, row)
		}
	}
	for _, u := range e.Unreadable {
		rows = append(rows, PreviewRow{Entry: u.Part, Is: NotVisible, WillBe: NotVisible, Why: "makes no sense there: " + u.Reason})
	}
	return rows
}

// IsSent reports whether the push would be sent now, or as soon as its route works.
func (p Preview) IsSent() bool { return p.State == Wanted && !p.Later }

func (p Preview) isStated(f profile.Field) bool {
	return p.Delivery.Values.States(f) && !slices.Contains(p.Delivery.Filled, f)
}

// why says why a field changes or stays.
func (p Preview) why(entry string, f FieldEffect) string {
	why := p.whyIfSent(entry, f)
	if p.IsSent() || f.Before == f.After {
		return why
	}
	return p.whyNotSent() + "; it would become " + shortened(f.After) + ": " + why
}

func (p Preview) whyNotSent() string {
	switch p.State {
	case Waits:
		return "the push waits for a person"
	case Wanted:
		return "the push waits until the sink can be read"
	case Held:
		return "a person holds the push"
	case Accepted:
		return "accepted before, and not sent again"
	}
	return "nothing is sent"
}

func (p Preview) whyIfSent(entry string, f FieldEffect) string {
	source := p.source(f.Field)
	switch isStated := source == stated; {
	case f.After == NotVisible && f.Kept == "":
		return "nobody can know: " + source + "; " + f.Note
	case f.Kept != "" && isStated:
		return "left alone: " + f.Kept
	case f.Kept != "" || f.Before == f.After && !isStated:
		return "left alone: " + source
	case f.Before == f.After:
		return "as " + stated
	}
	why := p.whyChanged(entry, f.Field, source)
	if f.Note != "" {
		why += "; " + f.Note
	}
	return why
}

func (p Preview) whyChanged(entry string, f profile.Field, source string) string {
	switch overwritten := p.overwrites(entry, f); {
	case source == stated:
		return stated
	case overwritten && p.Composition.Urgent:
		return "overwritten, since opening times do not wait: " + source
	case overwritten:
		return "overwritten: " + source
	case f == profile.FieldDatedOpeningTimes && p.Push.Desired.SetsHolidays(p.Route):
		if p.Push.Desired.holidays() == "" {
			return "bank holidays taken away: " + source
		}
		return "bank holidays added: " + source
	}
	return "sent back, in the sink's own form: " + source
}

// stated is the source of a value that the profile states.
const stated = "stated"

// source says where the value of a field comes from, for people.
func (p Preview) source(f profile.Field) string {
	left := slices.IndexFunc(p.LeftOut, func(l LeftOut) bool { return l.Field == f })
	switch {
	case left >= 0:
		return "the sink does not take it: " + p.LeftOut[left].Reason
	case p.isStated(f):
		return stated
	}
	return p.Push.Desired.whyLeftAlone(f)
}

func (p Preview) overwrites(entry string, f profile.Field) bool {
	return slices.ContainsFunc(p.Composition.Overwrites, func(o Overwrite) bool {
		return (o.Entry == entry || o.Entry == "") && o.Field == f // the sink may not be visible
	})
}
