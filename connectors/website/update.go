package website

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/profilesync/profilesync/reconcile/profile"
	"github.com/profilesync/profilesync/reconcile/push"
)

// carried are the parts of a document that we own in part, as they came. The
// rows of a list stand in the order of those of the same list of a profile.
type carried struct {
	Contacts         []json.RawMessage
	OpeningTimes     []json.RawMessage
	Services         []json.RawMessage
	UecServices      []json.RawMessage
	Facilities       []json.RawMessage
	LastUpdatedDates map[string]json.RawMessage
}

// unwritable are never sent, also when the website shows them
// (CONTRACT.md "The record").
var unwritable = []string{"SearchKey", "Geocode", "Metrics", "GSD", "Trusts", "RelatedIAPTCCGs", "Staff"}

// updated is the document of an update: the one that the website shows, with
// what the delivery says otherwise put in its place. A PUT replaces the whole
// document, so all else goes back as it came: parts that our profiles do not
// have, contacts and hours of other kinds, what a service has beside its name.
// What is shown in exactly our words is not rewritten either. The same delivery
// over the same document makes the same bytes.
func updated(d push.Delivery, ours organisation, now found) (body []byte, err error) {
	var document map[string]json.RawMessage
	var c carried
	for _, into := range []any{&document, &c} {
		if err := json.Unmarshal(now.body, into); err != nil {
			return nil, fmt.Errorf("reading the current document: %w", err)
		}
	}
	shown := now.values(d.Type)
	news := differing(d.Values, shown)
	parts := ours.texts(news, parentField(d.Type))
	if news.States(profile.FieldStatus) || news.States(profile.FieldHidden) {
		parts["OrganisationStatus"] = statusOver(d.Values, shown)
	}
	if parts["LastUpdatedDates"], err = c.stamps(d); err != nil {
		return nil, err
	}
	c.lists(parts, kinds[typeIn(d)].hours, news, ours, now.organisation)
	maps.DeleteFunc(document, func(key string, _ json.RawMessage) bool {
		return strings.HasPrefix(key, "@") ||
			slices.ContainsFunc(unwritable, func(name string) bool { return strings.EqualFold(key, name) })
	})
	return written(document, parts)
}

// written puts parts in their places in a document. Keys are read in any case,
// so a part takes the place of its key in every case.
func written(document map[string]json.RawMessage, parts map[string]any) ([]byte, error) {
	for part := range parts {
		maps.DeleteFunc(document, func(key string, _ json.RawMessage) bool { return strings.EqualFold(key, part) })
	}
	for key, part := range parts {
		text, err := json.Marshal(part)
		if err != nil {
			return nil, fmt.Errorf("writing %s: %w", key, err)
		}
		document[key] = text
	}
	return json.Marshal(document)
}

// differing are the values that are not shown just so.
func differing(v, shown profile.Values) profile.Values {
	for _, f := range profile.Fields() {
		if shown.States(f) && shown.Get(f) == v.Get(f) {
			v.Forget(f)
		}
	}
	return v
}

// texts are the parts that are no lists, as far as there is news of them.
func (p organisation) texts(news profile.Values, parent profile.Field) map[string]any {
	parts := map[string]any{"ODSCode": p.ODSCode}
	if news.States(profile.FieldName) {
		parts["OrganisationName"] = p.OrganisationName
	}
	if news.States(profile.FieldPostcode) {
		parts["Postcode"] = p.Postcode
	}
	if news.States(profile.FieldAddress) {
		parts["Address1"], parts["Address2"], parts["Address3"] = p.Address1, p.Address2, p.Address3
		parts["City"], parts["County"] = p.City, p.County
	}
	if news.States(parent) {
		parts["ParentOrganisation"] = p.ParentOrganisation
	}
	if news.States(profile.FieldType) {
		parts["OrganisationTypeId"], parts["OrganisationType"] = p.OrganisationTypeID, p.OrganisationType
		parts["OrganisationSubType"] = p.OrganisationSubType
	} else if *p.OrganisationTypeID == kinds[profile.Pharmacy].id && news.States(profile.FieldServices) {
		parts["OrganisationSubType"] = p.OrganisationSubType // distance sellers are told by their services
	}
	return parts
}

// statusOver is the status word of both fields, the one that is not stated as
// it is shown.
func statusOver(v, shown profile.Values) *string {
	for _, f := range []profile.Field{profile.FieldStatus, profile.FieldHidden} {
		if !v.States(f) {
			v.Keep([]profile.Field{f}, shown)
		}
	}
	return text(statusWord(v))
}

// lists adds the lists that there is news of.
func (c carried) lists(parts map[string]any, hours string, news profile.Values, ours, now organisation) {
	if rows, changed := c.contacts(news, ours.Contacts, now.Contacts); changed {
		parts["Contacts"] = rows
	}
	if rows, changed := c.openingTimes(hours, news, ours.OpeningTimes, now.OpeningTimes); changed {
		parts["OpeningTimes"] = rows
	}
	if news.States(profile.FieldServices) || news.States(profile.FieldERSServices) {
		general, urgent := splitByList(ours, now.UecServices)
		parts["Services"] = laid(general, now.Services, c.Services)
		parts["UecServices"] = laid(urgent, now.UecServices, c.UecServices)
	}
	if news.States(profile.FieldFacilities) {
		parts["Facilities"] = laid(ours.Facilities, now.Facilities, c.Facilities)
	}
}

// contacts replaces those of the fields that there is news of.
func (c carried) contacts(news profile.Values, ours, now []contact) (rows []any, changed bool) {
	rows = []any{}
	for _, row := range ours {
		if news.States(row.field()) {
			rows = append(rows, row)
		}
	}
	for i, row := range now {
		if f := row.field(); f == profile.NoField || !news.States(f) {
			rows = append(rows, c.Contacts[i])
		}
	}
	for _, m := range methods {
		changed = changed || news.States(m.field)
	}
	return rows, changed
}

// openingTimes replaces the kinds of hours that there is news of. Weekly hours
// also replace those of the other kind that we read in the absence of our own;
// where both were there the others are somebody else's word, which stays as
// long as ours is read before it.
func (c carried) openingTimes(hours string, news profile.Values, ours, now []opening) (rows []any, changed bool) {
	replaced := map[string]bool{
		additional: news.States(profile.FieldDatedOpeningTimes), hours: news.States(profile.FieldOpeningTimes),
	}
	stays := readWeekly(ours, hours) != nil && readWeekly(now, hours) != nil
	replaced[otherKind[hours]] = replaced[hours] && !stays
	rows = []any{}
	for _, row := range ours {
		if replaced[row.OpeningTimeType] {
			rows = append(rows, row)
		}
	}
	for i, row := range now {
		if !replaced[row.kind()] {
			rows = append(rows, c.OpeningTimes[i])
		}
	}
	return rows, replaced[hours] || replaced[additional]
}

// stamps are those of the website, and ours where they are later: what somebody
// checked there since is not undone by an older edit.
func (c carried) stamps(d push.Delivery) (map[string]json.RawMessage, error) {
	text, err := json.Marshal(stampsOf(d))
	if err != nil {
		return nil, fmt.Errorf("writing times: %w", err)
	}
	var ours map[string]json.RawMessage
	if err := json.Unmarshal(text, &ours); err != nil {
		return nil, fmt.Errorf("writing times: %w", err)
	}
	for section, was := range c.LastUpdatedDates {
		if !isLater(ours[section], was) {
			ours[section] = was
		}
	}
	return ours, nil
}

// isLater compares two times; null is before all, and so is what is none.
func isLater(is, was json.RawMessage) bool {
	var at, before time.Time
	if json.Unmarshal(is, &at) != nil || at.IsZero() {
		return false
	}
	return json.Unmarshal(was, &before) != nil || at.After(before)
}
