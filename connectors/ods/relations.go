package ods

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"

	"github.com/profilesync/profilesync/connectors/internal/httpx"
	"github.com/profilesync/profilesync/connectors/ods/internal/canonical"
	"github.com/profilesync/profilesync/connectors/ods/internal/fhir"
	"github.com/profilesync/profilesync/reconcile/profile"
)

// batchSize is how many organisations one request asks about: a comma means
// "or" in a search (CONTRACT.md "Searching and paging"), and fifty codes make an
// address of 400 bytes.
const batchSize = 50

// The relationships that a profile shows (CONTRACT.md "Relationships").
const (
	commissionedBy = "RE4"
	operatedBy     = "RE6"
)

// relationOf says which relationship a profile of each primary role shows: the
// one in column 15 of its report. Other roles have relationships too, but no
// file confirms them: a practice's RE6 repeats its commissioner.
var relationOf = map[string]string{
	"RO177": commissionedBy, "RO110": commissionedBy,
	"RO182": operatedBy, "RO94": operatedBy, "RO96": operatedBy, "RO198": operatedBy, "RO167": operatedBy,
}

// affiliation holds the parts of an OrganizationAffiliation that are used: its
// organization is, for example, operated by its participating organization.
type affiliation struct {
	ResourceType string         `json:"resourceType"`
	Active       bool           `json:"active"`
	Period       fhir.Period    `json:"period"`
	Source       reference      `json:"organization"`
	Target       reference      `json:"participatingOrganization"`
	Code         []fhir.Concept `json:"code"`

	odd string // why it cannot be read; empty if it can
}

type reference struct {
	Reference  string          `json:"reference"`
	Identifier fhir.Identifier `json:"identifier"`
}

// code returns the code of the organisation, or what stands in its place.
func (r reference) code() string {
	if r.Identifier.Value != "" {
		return canonical.CodeOrText(r.Identifier.Value)
	}
	return canonical.CodeOrText(r.Reference[strings.LastIndex(r.Reference, "/")+1:])
}

func (a affiliation) is(relation string) bool {
	return slices.ContainsFunc(a.Code, func(c fhir.Concept) bool { return slices.Contains(c.Coding, fhir.Coding{Code: relation}) })
}

// mayBe reports whether it is that relationship, or does not say which it is.
func (a affiliation) mayBe(relation string) bool {
	unsaid := func(c fhir.Concept) bool { return len(c.Coding) == 0 || slices.Contains(c.Coding, fhir.Coding{}) }
	return a.is(relation) || len(a.Code) == 0 || slices.ContainsFunc(a.Code, unsaid)
}

// related are the active relationships of a batch, by the organisation that
// they start from.
type related map[profile.ODSCode][]affiliation

// fillRelations fills in parent, commissioner and successor of a batch. Those
// of a closed organisation without an active relationship stay unstated,
// because the files go on naming the last one.
func (a *API) fillRelations(ctx context.Context, batch []envelope) error {
	asked := make(map[profile.ODSCode]question)
	for _, e := range batch {
		record, bad := fhir.Decode(e.Organization)
		if bad != nil {
			continue
		}
		primary, _, _ := strings.Cut(record.Values.Get(profile.FieldRoles), "|")
		if relation := relationOf[primary]; relation != "" {
			asked[e.Code] = question{relation, record.Standing == profile.Active}
		}
	}
	found, err := a.relationships(ctx, asked)
	if err != nil {
		return err
	}
	for i := range batch {
		e := &batch[i]
		e.relate(asked[e.Code], found)
		if err := a.findSuccessor(ctx, e); err != nil {
			return err
		}
	}
	return nil
}

// question is what is requested about one organisation.
type question struct {
	relation string
	active   bool
}

// relate fills in what a question found. A relationship that cannot be read leaves
// its field unstated, with a note: it may be the newest.
func (e *envelope) relate(q question, found related) {
	if q.relation == "" {
		return
	}
	field, answer := profile.FieldCommissioner, &e.Commissioner
	if q.relation == operatedBy {
		field, answer = profile.FieldParent, &e.Parent
	}
	target, odd := found.target(e.Code, q.relation)
	switch {
	case odd != "":
		e.leaveOut(field, "a relationship cannot be read: "+odd)
	case target != "" || q.active:
		*answer = &target
	}
}

// relationships requests all at once. An active organisation without any
// relationship is so rare that it is requested again, alone: otherwise a server
// that does not read the comma as "or" would remove every parent. If one of the
// relationships does not say whose it is, all are requested again, alone.
func (a *API) relationships(ctx context.Context, asked map[profile.ODSCode]question) (related, error) {
	found := related{}
	if len(asked) == 0 {
		return found, nil
	}
	codes := slices.Sorted(maps.Keys(asked))
	if err := a.askRelationships(ctx, codes, found); err != nil {
		return nil, err
	}
	if len(codes) == 1 {
		return found, nil
	}
	someones := len(found[""]) > 0
	for _, code := range codes {
		if !someones && (len(found[code]) > 0 || !asked[code].active) {
			continue
		}
		if err := a.askRelationships(ctx, []profile.ODSCode{code}, found); err != nil {
			return nil, err
		}
	}
	return found, nil
}

// askRelationships adds the relationships of some organisations. One that does not
// say whose it is belongs to the only one that was asked about, else to nobody.
func (a *API) askRelationships(ctx context.Context, codes []profile.ODSCode, found related) error {
	query := url.Values{"primary-organization": {joined(codes)}, "active": {"true"}}
	return a.search(ctx, "OrganizationAffiliation", query, func(e entry) error {
		link, isOne := readAffiliation(e.Resource)
		if !isOne {
			return nil
		}
		from := canonical.Code(link.Source.code())
		if from == "" && len(codes) == 1 {
			from = codes[0]
		}
		found[from] = append(found[from], link)
		return nil
	})
}

// readAffiliation reads a relationship as far as it can be read, and reports whether
// it is one in force.
func readAffiliation(raw json.RawMessage) (link affiliation, isOne bool) {
	err := json.Unmarshal(raw, &link)
	switch {
	case link.ResourceType != "OrganizationAffiliation" && (err == nil || link.ResourceType != ""):
		return link, false // an outcome, for example
	case err != nil:
		link.odd = fhir.Mistyped(err)
	case !link.Active:
		return link, false
	case len(link.Code) == 0:
		link.odd = "it does not say what kind it is"
	case link.Target.code() == "":
		link.odd = "it names no participatingOrganization"
	case !canonical.IsCode(link.Source.code()):
		link.odd = fmt.Sprintf("its organization %q is no code", link.Source.code())
	}
	return link, true
}

// target returns the organisation that the newest relationship of that kind
// leads to; empty if there is none. Of two that are equally new, it is the
// first by code. If one of that kind cannot be read, it says why.
func (r related) target(from profile.ODSCode, relation string) (code, odd string) {
	var newest affiliation
	for _, link := range r[from] {
		if link.odd != "" && link.mayBe(relation) {
			return "", link.odd
		}
		if link.odd != "" || !link.is(relation) {
			continue
		}
		later := strings.Compare(link.Period.Start, newest.Period.Start)
		if len(newest.Code) == 0 || later > 0 || later == 0 && link.Target.code() < newest.Target.code() {
			newest = link
		}
	}
	return newest.Target.code(), ""
}

// findSuccessor requests what replaced a closed organisation; several are joined by
// a bar, in order. It fills in nothing if nothing was requested or the register does
// not know: succession is a hint for people (CONTRACT.md "Succession"), and no
// reason to stop.
func (a *API) findSuccessor(ctx context.Context, e *envelope) error {
	record, bad := fhir.Decode(e.Organization)
	if bad != nil || record.Standing != profile.Inactive || record.Values.Get(profile.FieldType) == "" {
		return nil //nolint:nilerr // not asked
	}
	var answer lookup
	query := url.Values{"system": {fhir.CodeSystem}, "code": {e.Code.String()}, "property": {"*"}}
	err := a.get(ctx, a.address(query, "CodeSystem", "$lookup"), &answer)
	if status, ok := errors.AsType[*httpx.StatusError](err); ok && status.Permanent() {
		return nil // not known there
	}
	if odd := fhir.Mistyped(err); odd != "" {
		e.leaveOut(profile.FieldSuccessor, "the answer cannot be read: "+odd)
		return nil
	}
	if err != nil {
		return fmt.Errorf("successor of %s: %w", e.Code, err)
	}
	successors := strings.Join(answer.codes("successor"), "|")
	e.Successor = &successors
	return nil
}

// lookup holds the parts of a $lookup that are used: properties as lists of
// named parts.
type lookup struct {
	Parameter []struct {
		Name string `json:"name"`
		Part []part `json:"part"`
	} `json:"parameter"`
}

type part struct {
	Name        string      `json:"name"`
	ValueCode   string      `json:"valueCode"`
	ValueString string      `json:"valueString"`
	ValueCoding fhir.Coding `json:"valueCoding"`
}

// codes returns the organisations that a property names, in order; in place of a code
// that is none, what stands there.
func (l lookup) codes(property string) []string {
	var codes []string
	for _, p := range l.Parameter {
		if p.Name != "property" || !named(p.Part, property) {
			continue
		}
		for _, value := range p.Part {
			code := canonical.CodeOrText(value.ValueCode + value.ValueString + value.ValueCoding.Code)
			if value.Name == "value" && code != "" {
				codes = append(codes, code)
			}
		}
	}
	return slices.Compact(slices.Sorted(slices.Values(codes)))
}

func named(parts []part, property string) bool {
	return slices.ContainsFunc(parts, func(p part) bool { return p.Name == "code" && strings.EqualFold(p.ValueCode, property) })
}
