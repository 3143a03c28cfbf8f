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

// receivedParts holds the parts of a document that we own only in part, as they were
// received. The rows of each list are in the order of the same list in organisation.
type receivedParts struct {
	Contacts         []json.RawMessage
	OpeningTimes     []json.RawMessage
	Services         []json.RawMessage
	UecServices      []json.RawMessage
	Facilities       []json.RawMessage
	LastUpdatedDates map[string]json.RawMessage
}

// unwritable lists the keys that are never sent, even if the website shows them
// (CONTRACT.md "The record").
var unwritable = []string{"SearchKey", "Geocode", "Metrics", "GSD", "Trusts", "RelatedIAPTCCGs", "Staff"}

// updatedDocument returns the document of an update: the one that the website shows, with
// those values replaced in which the delivery differs. A PUT replaces the whole
// document, so all else is sent back unchanged: parts that our profiles do not have,
// contacts and hours of other kinds, and whatever a service has besides its name.
// Values that are already the same are not rewritten either. The same delivery and
// the same document always give the same bytes.
func updatedDocument(d push.Delivery, ours organisation, now shownDocument) (body []byte, err error) {
	var document map[string]json.RawMessage
	var c receivedParts
	for _, into := range []any{&document, &c} {
		if err := json.Unmarshal(now.body, into); err != nil {
			return nil, fmt.Errorf("reading the current document: %w", err)
		}
	}
	shown := now.values(d.Type)
	news := differing(d.Values, shown)
	parts := ours.changedTexts(news, parentField(d.Type))
	if news.States(profile.FieldStatus) || news.States(profile.FieldHidden) {
		parts["OrganisationStatus"] = statusOver(d.Values, shown)
	}
	if parts["LastUpdatedDates"], err = c.newerStamps(d); err != nil {
		return nil, err
	}
	c.replaceLists(parts, kinds[typeIn(d)].hours, news, ours, now.organisation)
	maps.DeleteFunc(document, func(key string, _ json.RawMessage) bool {
		return strings.HasPrefix(key, "@") ||
			slices.ContainsFunc(unwritable, func(name string) bool { return strings.EqualFold(key, name) })
	})
	return replaceParts(document, parts)
}

// replaceParts replaces parts of a document. Keys are read in any case, so a part replaces
// its key in every spelling.
func replaceParts(document map[string]json.RawMessage, parts map[string]any) ([]byte, error) {
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

// differing returns the values that differ from those shown.
func differing(v, shown profile.Values) profile.Values {
	for _, f := range profile.Fields() {
		if shown.States(f) && shown.Get(f) == v.Get(f) {
			v.Forget(f)
		}
	}
	return v
}

// changedTexts returns the changed parts that are not lists.
func (p organisation) changedTexts(news profile.Values, parent profile.Field) map[string]any {
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
		parts["OrganisationSubType"] = p.OrganisationSubType // distance sellers are recognised by their services
	}
	return parts
}

// statusOver returns the status word for both fields; a field that is not stated
// keeps the value shown.
func statusOver(v, shown profile.Values) *string {
	for _, f := range []profile.Field{profile.FieldStatus, profile.FieldHidden} {
		if !v.States(f) {
			v.Keep([]profile.Field{f}, shown)
		}
	}
	return text(statusWord(v))
}

// replaceLists adds the lists that have changed.
func (c receivedParts) replaceLists(parts map[string]any, hours string, news profile.Values, ours, now organisation) {
	if rows, changed := c.replaceContacts(news, ours.Contacts, now.Contacts); changed {
		parts["Contacts"] = rows
	}
	if rows, changed := c.replaceOpeningTimes(hours, news, ours.OpeningTimes, now.OpeningTimes); changed {
		parts["OpeningTimes"] = rows
	}
	if news.States(profile.FieldServices) || news.States(profile.FieldERSServices) {
		general, urgent := splitByList(ours, now.UecServices)
		parts["Services"] = mergeRows(general, now.Services, c.Services)
		parts["UecServices"] = mergeRows(urgent, now.UecServices, c.UecServices)
	}
	if news.States(profile.FieldFacilities) {
		parts["Facilities"] = mergeRows(ours.Facilities, now.Facilities, c.Facilities)
	}
}

// replaceContacts replaces the contacts of changed fields.
func (c receivedParts) replaceContacts(news profile.Values, ours, now []contact) (rows []any, changed bool) {
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

// replaceOpeningTimes replaces the kinds of hours that have changed. Weekly hours also
// replace those of the other kind, which we read if our own kind is missing. If both
// kinds were there, the other kind belongs to somebody else and stays, as long as
// there are rows of ours, which are read first.
func (c receivedParts) replaceOpeningTimes(hours string, news profile.Values, ours, now []opening) (rows []any, changed bool) {
	replaced := map[string]bool{
		additional: news.States(profile.FieldDatedOpeningTimes), hours: news.States(profile.FieldOpeningTimes),
	}
	stays := hasRows(ours, hours) && hasRows(now, hours)
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

func hasRows(rows []opening, kind string) bool {
	return slices.ContainsFunc(rows, func(row opening) bool { return row.kind() == kind })
}

// newerStamps returns those of the website, or ours if they are later: an older edit must
// not undo a later check on the website.
func (c receivedParts) newerStamps(d push.Delivery) (map[string]json.RawMessage, error) {
	text, err := json.Marshal(stampsOf(d))
	if err != nil {
		return nil, fmt.Errorf("writing times: %w", err)
	}
	var ours map[string]json.RawMessage
	if err := json.Unmarshal(text, &ours); err != nil {
		return nil, fmt.Errorf("writing times: %w", err)
	}
	for section, shown := range c.LastUpdatedDates {
		if !isLater(ours[section], shown) {
			ours[section] = shown
		}
	}
	return ours, nil
}

// isLater reports whether one time is after another. Null, and anything that is not a
// time, is before all times.
func isLater(one, other json.RawMessage) bool {
	var at, before time.Time
	if json.Unmarshal(one, &at) != nil || at.IsZero() {
		return false
	}
	return json.Unmarshal(other, &before) != nil || at.After(before)
}
