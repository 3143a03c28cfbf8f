package dostest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/mail"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"
)

// resource is an Organization as the ingest accepts and shows it. It forbids all other
// fields, even type and address, which its own documentation offers.
type resource struct {
	ResourceType string         `json:"resourceType"`
	ID           string         `json:"id"`
	Meta         map[string]any `json:"meta"`
	Extension    []extension    `json:"extension,omitempty"`
	Identifier   []identifier   `json:"identifier"`
	Active       *bool          `json:"active"`
	Name         *string        `json:"name"`
	Telecom      []contactPoint `json:"telecom"`
}

type identifier struct {
	Use    string `json:"use,omitempty"`
	System string `json:"system"`
	Value  string `json:"value"`
}

type contactPoint struct {
	System string          `json:"system"`
	Value  string          `json:"value"`
	Use    string          `json:"use,omitempty"`
	Rank   int             `json:"rank,omitempty"`
	Period json.RawMessage `json:"period,omitempty"`
}

type extension struct {
	URL                  string      `json:"url"`
	Extension            []extension `json:"extension,omitempty"`
	ValueInteger         *int        `json:"valueInteger,omitempty"`
	ValueBoolean         *bool       `json:"valueBoolean,omitempty"`
	ValueString          *string     `json:"valueString,omitempty"`
	ValueCoding          *coding     `json:"valueCoding,omitempty"`
	ValueCodeableConcept *concept    `json:"valueCodeableConcept,omitempty"`
	ValuePeriod          *datePeriod `json:"valuePeriod,omitempty"`
}

type datePeriod struct {
	Start string `json:"start,omitempty"`
	End   string `json:"end,omitempty"`
}

func (e *extension) part(address string) *extension {
	at := slices.IndexFunc(e.Extension, func(part extension) bool { return part.URL == address })
	if at < 0 {
		return nil
	}
	return &e.Extension[at]
}

// parseResource validates a body by the rules of the code
// (CONTRACT.md "The Organization body"). Its errors are those of the service: 422.
func parseResource(body []byte) (Organization, error) {
	var in resource
	decoder := json.NewDecoder(bytes.NewReader(body))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&in); err != nil {
		if field, unknown := strings.CutPrefix(err.Error(), "json: unknown field "); unknown {
			return Organization{}, fmt.Errorf("body %s: Extra inputs are not permitted", strings.Trim(field, `"`))
		}
		return Organization{}, fmt.Errorf("body: %w", err)
	}
	code, err := in.check()
	if err != nil {
		return Organization{}, err
	}
	out := Organization{Code: code, Name: title(*in.Name), Active: *in.Active}
	for _, t := range in.Telecom {
		if err := t.check(); err != nil {
			return Organization{}, err
		}
		out.Telecom = append(out.Telecom, Telecom{t.System, t.Value})
	}
	return out, in.roles(&out)
}

// refusalError is an error in the service's own words, which begin with a capital.
type refusalError string

func (e refusalError) Error() string { return string(e) }

// check checks the required fields and returns the ODS code.
func (r *resource) check() (string, error) {
	switch {
	case r.ResourceType != "Organization":
		return "", refusalError("body resourceType: Input should be 'Organization'")
	case r.ID == "":
		return "", refusalError("body id: Field required")
	case r.Meta == nil:
		return "", refusalError("body meta: Field required")
	case r.Active == nil:
		return "", refusalError("body active: Active field is required and cannot be null.")
	case r.Name == nil || strings.TrimSpace(*r.Name) == "":
		return "", refusalError("body name: Name cannot be empty.")
	case utf8.RuneCountInString(*r.Name) > 100:
		return "", refusalError("body name: String should have at most 100 characters")
	}
	for _, id := range r.Identifier {
		if id.System != codeSystem {
			continue
		}
		if !codePattern.MatchString(id.Value) {
			return "", fmt.Errorf("body identifier: invalid ODS code format: '%s' must follow format ^[A-Za-z0-9]{1,12}$", id.Value)
		}
		return id.Value, nil
	}
	return "", fmt.Errorf("body identifier: at least one identifier must have system '%s'", codeSystem)
}

func (t contactPoint) check() error {
	switch t.System {
	case "phone":
		if trouble := phoneError(t.Value); trouble != "" {
			return fmt.Errorf("body telecom: Telecom value field contains an invalid phone number: %s", trouble)
		}
	case "email":
		if address, err := mail.ParseAddress(t.Value); err != nil || address.Address != t.Value {
			return fmt.Errorf("body telecom: Telecom value field contains an invalid email address: %s", t.Value)
		}
	case "url":
		if u, err := url.Parse(t.Value); err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
			return fmt.Errorf("body telecom: Telecom value field contains an invalid url: %s", t.Value)
		}
	default:
		return fmt.Errorf("body telecom: system %q: want phone, email or url", t.System)
	}
	return nil
}

var rolePattern = regexp.MustCompile(`^RO\d+$`)

// roles checks the extensions and fills in roles and legal dates. Without any, the
// stored ones are wiped, like everything that a body leaves out.
func (r *resource) roles(out *Organization) error {
	if len(r.Extension) == 0 {
		return nil
	}
	for i := range r.Extension {
		role, legal, err := r.Extension[i].role()
		if err != nil {
			return err
		}
		out.Roles = append(out.Roles, role)
		if i == 0 {
			out.LegalStart, out.LegalEnd = legal.Start, legal.End
		}
	}
	primary := 0
	for i, role := range out.Roles {
		switch {
		case role == rolePrescribing:
			primary++
		case slices.Contains(out.Roles[:i], role):
			return refusalError("Duplicate non-primary roles are not allowed")
		}
	}
	switch {
	case primary == 0:
		return refusalError("Valid primary role code (RO177) must be provided")
	case primary > 1:
		return refusalError("Only one primary role is allowed per organisation")
	case !slices.Contains(out.Roles, rolePractice):
		return refusalError("RO177 must have RO76 as one of the non-primary roles")
	}
	out.Roles = sortedRoles(out.Roles)
	return nil
}

// role reads one OrganisationRole: a role code, and a legal period, which its
// own documentation calls optional.
func (e *extension) role() (string, datePeriod, error) {
	if e.URL != roleURL {
		return "", datePeriod{}, fmt.Errorf("invalid extension URL: %s", e.URL)
	}
	code := e.part("roleCode")
	if code == nil || code.ValueCodeableConcept == nil || len(code.ValueCodeableConcept.Coding) == 0 {
		return "", datePeriod{}, refusalError("OrganisationRole extension must contain at least one roleCode extension")
	}
	role := code.ValueCodeableConcept.Coding[0].Code
	if !rolePattern.MatchString(role) {
		return "", datePeriod{}, fmt.Errorf("invalid role code format: '%s'", role)
	}
	for i := range e.Extension {
		if e.Extension[i].URL != periodURL {
			continue
		}
		legal, period, err := e.Extension[i].period()
		if legal || err != nil {
			return role, period, err
		}
	}
	return "", datePeriod{}, refusalError("OrganisationRole extension must contain at least one TypedPeriod extension containing legal dates")
}

// period reads one TypedPeriod and reports whether it is the legal one.
func (e *extension) period() (legal bool, period datePeriod, err error) {
	kind, dates := e.part("dateType"), e.part("period")
	switch {
	case kind == nil || dates == nil:
		return false, period, refusalError("TypedPeriod extension must contain dateType and period")
	case kind.ValueCoding == nil || kind.ValueCoding.System != periodSystem:
		return false, period, fmt.Errorf("dateType system must be '%s'", periodSystem)
	case dates.ValuePeriod == nil:
		return false, period, refusalError("TypedPeriod extension must have a valuePeriod")
	case kind.ValueCoding.Code != "Legal":
		return false, period, nil
	}
	period = *dates.ValuePeriod
	switch period.Start {
	case "":
		return true, period, refusalError("Legal period start date is required when TypedPeriod extension is present")
	case period.End:
		return true, period, refusalError("Legal period start and end dates must not be equal")
	}
	return true, period, nil
}
