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
}

type reference struct {
	Reference  string          `json:"reference"`
	Identifier fhir.Identifier `json:"identifier"`
}

func (r reference) code() profile.ODSCode {
	if r.Identifier.Value != "" {
		return canonical.Code(r.Identifier.Value)
	}
	return canonical.Code(r.Reference[strings.LastIndex(r.Reference, "/")+1:])
}

func (a affiliation) is(relation string) bool {
	return slices.ContainsFunc(a.Code, func(c fhir.Concept) bool { return slices.Contains(c.Coding, fhir.Coding{Code: relation}) })
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
		q := asked[e.Code]
		if target := found.target(e.Code, q.relation); target != "" || q.active {
			e.answer(q.relation, target)
		}
		if e.Successor, err = a.successor(ctx, *e); err != nil {
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

func (e *envelope) answer(relation, target string) {
	switch relation {
	case commissionedBy:
		e.Commissioner = &target
	case operatedBy:
		e.Parent = &target
	}
}

// relationships requests all at once. An active organisation without any
// relationship is so rare that it is requested again, alone: otherwise a server
// that does not read the comma as "or" would remove every parent.
func (a *API) relationships(ctx context.Context, asked map[profile.ODSCode]question) (related, error) {
	found := related{}
	if len(asked) == 0 {
		return found, nil
	}
	codes := slices.Sorted(maps.Keys(asked))
	if err := a.askRelationships(ctx, codes, found); err != nil {
		return nil, err
	}
	for _, code := range codes {
		if len(found[code]) > 0 || !asked[code].active || len(codes) == 1 {
			continue
		}
		if err := a.askRelationships(ctx, []profile.ODSCode{code}, found); err != nil {
			return nil, err
		}
	}
	return found, nil
}

func (a *API) askRelationships(ctx context.Context, codes []profile.ODSCode, found related) error {
	query := url.Values{"primary-organization": {joined(codes)}, "active": {"true"}}
	return a.search(ctx, "OrganizationAffiliation", query, func(e entry) error {
		var link affiliation
		if err := json.Unmarshal(e.Resource, &link); err != nil {
			return fmt.Errorf("relationships of %s: %w", joined(codes), err)
		}
		if link.ResourceType == "OrganizationAffiliation" && link.Active {
			found[link.Source.code()] = append(found[link.Source.code()], link)
		}
		return nil
	})
}

// target returns the organisation that the newest relationship of that kind
// leads to; empty if there is none. Of two that are equally new, it is the
// first by code.
func (r related) target(from profile.ODSCode, relation string) string {
	var newest affiliation
	for _, link := range r[from] {
		if !link.is(relation) {
			continue
		}
		later := strings.Compare(link.Period.Start, newest.Period.Start)
		if len(newest.Code) == 0 || later > 0 || later == 0 && link.Target.code() < newest.Target.code() {
			newest = link
		}
	}
	return newest.Target.code().String()
}

// successor requests what replaced a closed organisation; several are joined by
// a bar, in order. It is nil if nothing was requested or the register does not
// know: succession is a hint for people (CONTRACT.md "Succession"), and no
// reason to stop.
func (a *API) successor(ctx context.Context, e envelope) (*string, error) {
	record, bad := fhir.Decode(e.Organization)
	if bad != nil || record.Standing != profile.Inactive || record.Values.Get(profile.FieldType) == "" {
		return nil, nil //nolint:nilerr,nilnil // not asked
	}
	var answer lookup
	query := url.Values{"system": {fhir.CodeSystem}, "code": {e.Code.String()}, "property": {"*"}}
	err := a.get(ctx, a.address(query, "CodeSystem", "$lookup"), &answer)
	if status, ok := errors.AsType[*httpx.StatusError](err); ok && status.Permanent() {
		return nil, nil //nolint:nilnil // not known there
	}
	if err != nil {
		return nil, fmt.Errorf("successor of %s: %w", e.Code, err)
	}
	successors := strings.Join(answer.codes("successor"), "|")
	return &successors, nil
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

// codes returns the organisations that a property names, in order.
func (l lookup) codes(property string) []string {
	var codes []string
	for _, p := range l.Parameter {
		if p.Name != "property" || !named(p.Part, property) {
			continue
		}
		for _, value := range p.Part {
			if code := canonical.Code(value.ValueCode + value.ValueString + value.ValueCoding.Code); value.Name != "code" && code != "" {
				codes = append(codes, code.String())
			}
		}
	}
	return slices.Compact(slices.Sorted(slices.Values(codes)))
}

func named(parts []part, property string) bool {
	return slices.ContainsFunc(parts, func(p part) bool { return p.Name == "code" && strings.EqualFold(p.ValueCode, property) })
}
