package dos

import (
	"encoding/json"
	"errors"
	"net/http"
	"strings"

	"github.com/google/uuid"

	"github.com/profilesync/profilesync/connectors/dos/internal/roles"
	"github.com/profilesync/profilesync/connectors/internal/httpx"
	"github.com/profilesync/profilesync/reconcile/profile"
	"github.com/profilesync/profilesync/reconcile/push"
)

const odsSystem = "https://fhir.nhs.uk/Id/ods-organization-code"

// The telecom systems that correspond to our fields, in the order in which new ones
// are written.
var telecomFields = []struct {
	system string
	field  profile.Field
}{
	{"phone", profile.FieldPhone},
	{"email", profile.FieldEmail},
	{"url", profile.FieldWebsite},
}

// practice is an Organization as DoS shows it, with everything that a PUT must send
// back.
type practice struct {
	ID         string `json:"id"`
	Identifier []struct {
		System string `json:"system"`
		Value  string `json:"value"`
	} `json:"identifier"`
	Meta struct {
		Profile []string `json:"profile"`
	} `json:"meta"`
	Active    *bool             `json:"active"`
	Name      string            `json:"name"`
	Telecom   []telecom         `json:"telecom"`
	Extension []json.RawMessage `json:"extension"`
}

// telecom is one ContactPoint with the bytes from which it was read.
type telecom struct {
	System string
	Value  string
	raw    json.RawMessage
}

func (t *telecom) UnmarshalJSON(text []byte) error {
	var point struct {
		System string `json:"system"`
		Value  string `json:"value"`
	}
	if err := json.Unmarshal(text, &point); err != nil {
		return err
	}
	*t = telecom{System: point.System, Value: point.Value, raw: append(json.RawMessage(nil), text...)}
	return nil
}

var (
	errNoBundle       = errors.New("its answer is not a bundle of organisations")
	errNoOrganisation = errors.New("an organisation in its answer makes no sense")
)

// readPractice reads the answer to a search; nil if DoS does not know the code.
func readPractice(code profile.ODSCode, answer *httpx.Answer) (*practice, error) {
	if answer.Status >= http.StatusBadRequest {
		var details outcome
		if err := json.Unmarshal(answer.Body, &details); err == nil && answer.Status == http.StatusNotFound && details.isNotFound() {
			return nil, nil //nolint:nilnil // finding nothing is not an error
		}
		return nil, refusedBy(code, answer.Status, details)
	}
	return decodePractice(code, answer.Body)
}

// decodePractice returns the first organisation with the code, and ignores others in
// the bundle. An entry that makes no sense is an error only if no other entry has the
// code: then it may be the one. Its errors hold nothing of the answer.
func decodePractice(code profile.ODSCode, content []byte) (*practice, error) {
	var bundle struct {
		ResourceType string `json:"resourceType"`
		Entry        []struct {
			Resource json.RawMessage `json:"resource"`
		} `json:"entry"`
	}
	if err := json.Unmarshal(content, &bundle); err != nil || bundle.ResourceType != "Bundle" {
		return nil, errNoBundle
	}
	unread := false
	for _, entry := range bundle.Entry {
		var kind struct {
			ResourceType string `json:"resourceType"`
		}
		if err := json.Unmarshal(entry.Resource, &kind); err != nil || kind.ResourceType != "Organization" {
			continue
		}
		var found practice
		if err := json.Unmarshal(entry.Resource, &found); err != nil {
			unread = true
			continue
		}
		if !found.hasCode(code) {
			continue
		}
		if len(found.ID) != len(uuid.Nil.String()) || uuid.Validate(found.ID) != nil {
			return nil, errors.New("its organisation has an id that is not a UUID")
		}
		return &found, nil
	}
	if unread {
		return nil, errNoOrganisation
	}
	return nil, nil //nolint:nilnil // finding nothing is not an error
}

func (p *practice) hasCode(code profile.ODSCode) bool {
	for _, identifier := range p.Identifier {
		if identifier.System == odsSystem && strings.EqualFold(strings.TrimSpace(identifier.Value), code.String()) {
			return true
		}
	}
	return false
}

// show states the values that can be read and that a push can correct: a push cannot
// rewrite roles without a legal period.
func (p *practice) show(code profile.ODSCode) push.Shown {
	var entry push.Entry
	if p.Name != "" {
		entry.Values.Set(profile.FieldName, p.Name)
	}
	if p.Active != nil {
		status := profile.StatusClosed
		if *p.Active {
			status = profile.StatusOpen
		}
		entry.Values.Set(profile.FieldStatus, string(status))
	}
	for _, row := range telecomFields {
		first, _ := p.first(row.system)
		entry.Values.Set(row.field, first.Value)
	}
	if shown := roles.In(p.Extension); shown.Period() != nil {
		entry.Values.Set(profile.FieldRoles, strings.Join(shown.Codes(), "|"))
	} else {
		entry.NotVisible = []profile.Field{profile.FieldRoles} // no push can correct them without a period
	}
	return push.Shown{Code: code, Entries: []push.Entry{entry}}
}

// first returns the first contact of a system, which counts as the field's value.
func (p *practice) first(system string) (telecom, bool) {
	for _, t := range p.Telecom {
		if t.System == system && t.Value != "" {
			return t, true
		}
	}
	return telecom{}, false
}
