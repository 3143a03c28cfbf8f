package websitetest

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// Change changes a stored profile behind our back. That changes the entity tag but not
// the sequence number. Fields and their values:
//
//	name, postcode, address1, city, status   the text; status Visible, Hidden or Closed
//	phone, email, website                    the contact's value; empty removes it
//	weekly                                   lines like "mon 09:00-17:00"; empty removes all weekly hours
//	facility                                 "Wheelchair access: No", replaces the one of that name
//	service                                  "SRV0257 New medicine service", added
//	document                                 a JSON object whose keys replace those of the document
//
// The error names an organisation that is not stored, or an invalid field or value.
func (s *Server) Change(code, field, value string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	p := s.stored[code]
	if p == nil || p.removed {
		return fmt.Errorf("profile %q is not stored", code)
	}
	var document map[string]json.RawMessage
	if err := json.Unmarshal(p.document, &document); err != nil {
		return fmt.Errorf("profile %s: %w", code, err)
	}
	if err := alter(document, field, value); err != nil {
		return fmt.Errorf("profile %s: %w", code, err)
	}
	text, err := json.Marshal(document)
	if err != nil {
		return fmt.Errorf("profile %s: %w", code, err)
	}
	d, faults := validate(code, text)
	if d == nil || len(faults) > 0 {
		return fmt.Errorf("profile %s: %s %q would not be valid: %v", code, field, value, faults)
	}
	changed := *p
	changed.document, changed.etag, changed.visible = text, s.newTag(), d.visible()
	s.stored[code] = &changed
	return nil
}

// texts are the fields that are a single text in the document.
var texts = map[string]string{
	"name": "OrganisationName", "postcode": "Postcode", "address1": "Address1", "city": "City", "status": "OrganisationStatus",
}

func alter(document map[string]json.RawMessage, field, value string) error {
	if name, ok := texts[field]; ok {
		return set(document, name, value)
	}
	switch field {
	case "phone":
		return alterContact(document, "Telephone", value)
	case "email":
		return alterContact(document, "Email", value)
	case "website":
		return alterContact(document, "Website", value)
	case "weekly":
		return alterWeekly(document, value)
	case "facility":
		return alterFacility(document, value)
	case "service":
		return addService(document, value)
	case "document":
		return json.Unmarshal([]byte(value), &document) //nolint:wrapcheck // Change names the profile
	}
	return fmt.Errorf("field %q: there is none to change", field)
}

func set(document map[string]json.RawMessage, name string, value any) error {
	text, err := json.Marshal(value)
	document[name] = text
	return err
}

// list reads one of the document's lists; null is an empty one.
func list[T any](document map[string]json.RawMessage, name string) (rows []T, err error) {
	if raw, ok := document[name]; ok {
		err = json.Unmarshal(raw, &rows)
	}
	return rows, err
}

func alterContact(document map[string]json.RawMessage, method, value string) error {
	rows, err := list[contact](document, "Contacts")
	if err != nil {
		return err
	}
	rows = slices.DeleteFunc(rows, func(c contact) bool { return c.ContactMethodType == method && c.ContactType == "Primary" })
	if value != "" {
		rows = append(rows, contact{"Primary", "Office hours", method, value})
	}
	return set(document, "Contacts", append([]contact{}, rows...))
}

func alterWeekly(document map[string]json.RawMessage, value string) error {
	rows, err := list[opening](document, "OpeningTimes")
	if err != nil {
		return err
	}
	kind := "General"
	if i := slices.IndexFunc(rows, func(o opening) bool { return o.OpeningTimeType != "Additional" }); i >= 0 {
		kind = rows[i].OpeningTimeType
	}
	rows = slices.DeleteFunc(rows, func(o opening) bool { return o.OpeningTimeType != "Additional" })
	for line := range strings.SplitSeq(value, "\n") {
		if line == "" {
			continue
		}
		row, err := weekly(line, kind)
		if err != nil {
			return err
		}
		rows = append(rows, row)
	}
	return set(document, "OpeningTimes", append([]opening{}, rows...))
}

// weekly reads "mon 09:00-17:00".
func weekly(line, kind string) (opening, error) {
	name, times, _ := strings.Cut(line, " ")
	from, to, _ := strings.Cut(times, "-")
	day := slices.IndexFunc(weekdays, func(d string) bool { return len(name) == 3 && strings.EqualFold(d[:3], name) })
	opens, okOpens := minutes(&from)
	closes, okCloses := minutes(&to)
	if day < 0 || !okOpens || !okCloses {
		return opening{}, fmt.Errorf("weekly %q: want lines like mon 09:00-17:00", line)
	}
	return opening{
		Weekday: weekdays[day], OpeningTime: &from, ClosingTime: &to, OffsetOpeningTime: opens, OffsetClosingTime: closes,
		OpeningTimeType: kind, IsOpen: true,
	}, nil
}

func alterFacility(document map[string]json.RawMessage, value string) error {
	name, text, ok := strings.Cut(value, ": ")
	rows, err := list[facility](document, "Facilities")
	if err != nil || !ok {
		return fmt.Errorf("facility %q: want Name: Value: %w", value, err)
	}
	if i := slices.IndexFunc(rows, func(f facility) bool { return f.Name == name }); i >= 0 {
		rows[i].Value = &text
	} else {
		rows = append(rows, facility{Name: name, Value: &text})
	}
	return set(document, "Facilities", rows)
}

func addService(document map[string]json.RawMessage, value string) error {
	code, name, _ := strings.Cut(value, " ")
	rows, err := list[service](document, "Services")
	if err != nil {
		return err
	}
	return set(document, "Services", append(rows, service{&name, &code}))
}

// Remove makes the website answer 410 for an organisation from now on. The error
// names an organisation that is not stored.
func (s *Server) Remove(code string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	p := s.stored[code]
	if p == nil {
		return fmt.Errorf("profile %q is not stored", code)
	}
	gone := *p
	gone.removed = true
	s.stored[code] = &gone
	return nil
}

// Wipe forgets every profile, sequence number and key, so that the website shows
// nothing. The ledger stays; storing the same number again is then not a repeat.
func (s *Server) Wipe() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.empty()
	s.order.Restart()
}

// State is what is stored of one organisation.
type State struct {
	Code     string `json:"code"`
	Sequence int64  `json:"sequence"`
	ETag     string `json:"etag"`
	Key      string `json:"key"`    // of the PUT that stored it
	Digest   string `json:"digest"` // of the document: SHA-256 in hexadecimal
	Removed  bool   `json:"removed,omitempty"`
	// Document is set only if organisations were named.
	Document json.RawMessage `json:"document,omitempty"`
}

// States returns what is stored, sorted by code: of the given organisations, with
// their documents, or of all.
func (s *Server) States(codes ...string) []State {
	s.mu.Lock()
	defer s.mu.Unlock()
	whole := len(codes) > 0
	if !whole {
		codes = slices.Collect(maps.Keys(s.stored))
	}
	states := make([]State, 0, len(codes))
	for _, code := range slices.Sorted(slices.Values(codes)) {
		p := s.stored[code]
		if p == nil {
			continue
		}
		sum := sha256.Sum256(p.document)
		state := State{
			Code: code, Sequence: p.sequence, ETag: p.etag, Key: p.key, Digest: hex.EncodeToString(sum[:]), Removed: p.removed,
		}
		if whole {
			state.Document = p.document
		}
		states = append(states, state)
	}
	return states
}

// searchKey returns the index's own key of an organisation.
func searchKey(code string) string {
	sum := sha256.Sum256([]byte(code))
	return "X" + strconv.Itoa(int(sum[0])<<16|int(sum[1])<<8|int(sum[2]))
}
