package push

import (
	"slices"

	"github.com/profilesync/profilesync/reconcile/profile"
)

// Effects are what a sink does with a delivery, as its contract says
// (RULES.md "Preview").
type Effects struct {
	Entries []Effect // all that the sink has of the organisation, also what no push changes
	// Nothing says why the sink changes nothing at all; empty if it may.
	Nothing string
	// Unreadable names what is there and makes no sense.
	Unreadable []Unreadable
}

// Effect is what a delivery does to one entry of a sink.
type Effect struct {
	Entry     string // its name; empty if the sink has one
	LeftAlone string // why it stays as it is; empty if the delivery may change it
	Fields    []FieldEffect
}

// FieldEffect is what a delivery does to one field of an entry.
type FieldEffect struct {
	Field  profile.Field
	Before string // NotVisible if it cannot be read
	After  string // as the sink will show it; NotVisible if nobody can know
	Kept   string // why the sink keeps its own value whatever is sent; empty if it does not
	Note   string // what else happens with it, for people
}

// EffectsUnseen are the effects of a delivery on a sink that cannot be read: what is
// sent, over what is not visible.
func EffectsUnseen(route Route, values profile.Values) Effects {
	var e Effect
	for _, f := range route.Fields {
		if values.States(f) {
			e.Fields = append(e.Fields, FieldEffect{Field: f, Before: NotVisible, After: values.Get(f)})
		}
	}
	return Effects{Entries: []Effect{e}}
}

// Changes are the differences between what an entry shows before a delivery and after
// it, with the fields that stay.
func Changes(fields []profile.Field, before, after Entry) []FieldEffect {
	changes := make([]FieldEffect, len(fields))
	for i, f := range fields {
		changes[i] = FieldEffect{Field: f, Before: before.text(f), After: after.text(f)}
	}
	return changes
}

// text returns what an entry shows of a field.
func (e Entry) text(f profile.Field) string {
	if slices.Contains(e.NotVisible, f) {
		return NotVisible
	}
	return e.Values.Get(f)
}
