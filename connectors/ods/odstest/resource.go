package odstest

import (
	"fmt"
	"hash/fnv"
	"strconv"
	"strings"

	"github.com/profilesync/profilesync/connectors/internal/register"
	"github.com/profilesync/profilesync/reconcile/profile"
)

// The shapes are those of the recorded bodies, field by field and in their
// order (CONTRACT.md "FHIR API").

const (
	england     = "https://fhir.nhs.uk/England/"
	structure   = england + "StructureDefinition/"
	odsSystem   = "https://digital.nhs.uk/services/organisation-data-service/CodeSystem/"
	codeSystem  = "https://fhir.nhs.uk/Id/ods-organization-code"
	ukStructure = "https://fhir.hl7.org.uk/StructureDefinition/"
)

type coding struct {
	System  string `json:"system,omitempty"`
	Code    string `json:"code"`
	Display string `json:"display,omitempty"`
}

type concept struct {
	Coding []coding `json:"coding"`
}

type period struct {
	Start string `json:"start"`
	End   string `json:"end,omitempty"`
}

type extension struct {
	URL                  string      `json:"url"`
	Extension            []extension `json:"extension,omitempty"`
	ValueInteger         int         `json:"valueInteger,omitempty"`
	ValueCodeableConcept *concept    `json:"valueCodeableConcept,omitempty"`
	ValueCoding          *coding     `json:"valueCoding,omitempty"`
	ValuePeriod          *period     `json:"valuePeriod,omitempty"`
	ValueBoolean         *bool       `json:"valueBoolean,omitempty"`
	ValueDateTime        string      `json:"valueDateTime,omitempty"`
	ValueString          string      `json:"valueString,omitempty"`
}

type meta struct {
	VersionID   string   `json:"versionId,omitempty"`
	LastUpdated string   `json:"lastUpdated"`
	Source      string   `json:"source,omitempty"`
	Profile     []string `json:"profile,omitempty"`
}

type display struct {
	Display string `json:"display"`
}

type identifier struct {
	Use      string   `json:"use,omitempty"`
	System   string   `json:"system"`
	Value    string   `json:"value"`
	Assigner *display `json:"assigner,omitempty"`
}

type telecom struct {
	System string `json:"system"`
	Value  string `json:"value"`
}

type address struct {
	Extension  []extension `json:"extension,omitempty"`
	Line       []string    `json:"line,omitempty"`
	City       string      `json:"city,omitempty"`
	District   string      `json:"district,omitempty"`
	PostalCode string      `json:"postalCode,omitempty"`
	Country    string      `json:"country"`
}

type organization struct {
	ResourceType string       `json:"resourceType"`
	ID           string       `json:"id"`
	Meta         meta         `json:"meta"`
	Extension    []extension  `json:"extension"`
	Identifier   []identifier `json:"identifier"`
	Active       bool         `json:"active"`
	Type         []concept    `json:"type"`
	Name         string       `json:"name"`
	Telecom      []telecom    `json:"telecom,omitempty"`
	Address      []address    `json:"address"`
}

type reference struct {
	Reference  string     `json:"reference"`
	Identifier identifier `json:"identifier"`
}

type affiliation struct {
	ResourceType  string       `json:"resourceType"`
	ID            string       `json:"id"`
	Meta          meta         `json:"meta"`
	Extension     []extension  `json:"extension"`
	Identifier    []identifier `json:"identifier"`
	Active        bool         `json:"active"`
	Period        period       `json:"period"`
	Organization  reference    `json:"organization"`
	Participating reference    `json:"participatingOrganization"`
	Code          []concept    `json:"code"`
}

// asOrganization states an organisation the way the API does. Relationships and
// successions are not in it, nor which role is the primary one.
func asOrganization(o register.Organisation, asOf profile.Date) organization {
	o = o.Clean()
	resource := organization{
		ResourceType: "Organization", ID: o.Code,
		Meta:       metaOf(o.Code, asOf, structure+"England-Organization-ODS", ukStructure+"UKCore-Organization"),
		Identifier: []identifier{{"official", codeSystem, o.Code, &display{assigner(o.Report)}}},
		Active:     o.Open(),
		Type:       []concept{one(england+"CodeSystem/England-ODSRecordUseType", "Full", "Full"), recordClass(o)},
		Name:       o.Name,
		Address:    []address{addressOf(o)},
	}
	for _, role := range o.RoleInstances() {
		resource.Extension = append(resource.Extension, roleExtension(role))
	}
	resource.Extension = append(resource.Extension, extension{URL: structure + "Extension-England-TypedDateTime", Extension: []extension{
		{URL: "type", ValueCoding: &coding{england + "CodeSystem/England-ODSDateTime", "LastChangeDate", "Last Change Date"}},
		{URL: "dateTime", ValueDateTime: o.LastChange.String()},
	}})
	if o.Phone != "" {
		resource.Telecom = append(resource.Telecom, telecom{"phone", o.Phone})
	}
	if o.Website != "" {
		resource.Telecom = append(resource.Telecom, telecom{"url", o.Website})
	}
	return resource
}

func metaOf(id string, asOf profile.Date, profiles ...string) meta {
	h := fnv.New64a()
	h.Write([]byte(id + asOf.String())) // never fails
	return meta{VersionID: "1", LastUpdated: timestamp(loaded(asOf)), Source: fmt.Sprintf("#%016x", h.Sum64()), Profile: profiles}
}

func one(system, code, text string) concept { return concept{[]coding{{system, code, text}}} }

func recordClass(o register.Organisation) concept {
	if o.Site() {
		return one(odsSystem+"ODSRecordClass", "RC2", "HSCSite")
	}
	return one(odsSystem+"ODSRecordClass", "RC1", "HSCOrg")
}

func assigner(report register.Report) string {
	switch report {
	case register.Practices, register.Dispensaries, register.Dentists:
		return "NHS BUSINESS SERVICES AUTHORITY"
	case register.Trusts, register.TrustSites:
		return "HSCIC"
	}
	return "NHS ENGLAND"
}

func roleExtension(role register.Role) extension {
	system := one(odsSystem+"ODSOrganisationRole", role.Code, roleNames[role.Code])
	parts := []extension{{URL: "instanceID", ValueInteger: role.ID}, {URL: "roleCode", ValueCodeableConcept: &system}}
	if role.Legal {
		parts = append(parts, typedPeriod("Legal", role.From, role.To))
	}
	parts = append(parts, typedPeriod("Operational", role.From, role.To), extension{URL: "active", ValueBoolean: &role.Active})
	return extension{URL: structure + "Extension-England-OrganisationRole", Extension: parts}
}

func typedPeriod(kind string, from, to profile.Date) extension {
	return extension{URL: structure + "Extension-England-TypedPeriod", Extension: []extension{
		{URL: "dateType", ValueCoding: &coding{england + "CodeSystem/England-PeriodType", kind, kind}},
		{URL: "period", ValuePeriod: &period{from.String(), to.String()}},
	}}
}

// addressOf drops a building that repeats the name; one record in five still
// has its county.
func addressOf(o register.Organisation) address {
	a := address{City: o.Address.Town, PostalCode: o.Postcode, Country: country(o)}
	for _, line := range []string{o.Address.Building, o.Address.Street, o.Address.Locality} {
		if line != "" && line != o.Name {
			a.Line = append(a.Line, line)
		}
	}
	if strings.HasSuffix(o.UPRN, "0") || strings.HasSuffix(o.UPRN, "5") {
		a.District = o.Address.County
	}
	if o.UPRN != "" {
		kind := one("https://fhir.hl7.org.uk/CodeSystem/UKCore-AddressKeyType", "UPRN", "Unique Property Reference Number")
		a.Extension = []extension{{URL: ukStructure + "Extension-UKCore-AddressKey", Extension: []extension{
			{URL: "type", ValueCodeableConcept: &kind}, {URL: "value", ValueString: o.UPRN},
		}}}
	}
	return a
}

func country(o register.Organisation) string {
	if o.Area == "W" {
		return "WALES"
	}
	return "ENGLAND"
}

func asAffiliation(code string, rel register.Relationship, asOf profile.Date) affiliation {
	id := strconv.Itoa(rel.ID)
	party := func(code string) reference {
		return reference{"Organization/" + code, identifier{System: codeSystem, Value: code}}
	}
	return affiliation{
		ResourceType: "OrganizationAffiliation", ID: id,
		Meta:         metaOf(id, asOf, ukStructure+"UKCore-OrganizationAffiliation", structure+"England-OrganizationAffiliation-ODS"),
		Extension:    []extension{typedPeriod("Operational", rel.From, rel.To)},
		Identifier:   []identifier{{System: odsSystem + "organization-relationship-instance", Value: id}},
		Active:       rel.Active,
		Period:       period{rel.From.String(), rel.To.String()},
		Organization: party(code), Participating: party(rel.Target),
		Code: []concept{one(odsSystem+"ODSRelationship", rel.Code, relationshipNames[rel.Code])},
	}
}

var relationshipNames = map[string]string{
	"RE4": "IS COMMISSIONED BY", "RE5": "IS LOCATED IN THE GEOGRAPHY OF", "RE6": "IS OPERATED BY",
}

var roleNames = map[string]string{
	"RO57": "FOUNDATION TRUST", "RO65": "PRIVATE DENTAL PRACTICE", "RO72": "OTHER PRESCRIBING COST CENTRE", "RO76": "GP PRACTICE",
	"RO80": "OUT OF HOURS COST CENTRE",
	"RO82": "PRISON PRESCRIBING COST CENTRE", "RO87": "WALK IN CENTRE", "RO94": "APPLIANCE CONTRACTOR",
	"RO96": "BRANCH SURGERY", "RO98": "CLINICAL COMMISSIONING GROUP", "RO110": "GENERAL DENTAL PRACTICE", "RO166": "OPTICAL HEADQUARTERS",
	"RO167": "OPTICAL SITE", "RO177": "PRESCRIBING COST CENTRE", "RO181": "PHARMACY HEADQUARTER", "RO182": "PHARMACY", "RO197": "NHS TRUST",
	"RO198": "NHS TRUST SITE", "RO209": "NHS ENGLAND (REGION)", "RO246": "CARE HOME/NURSING HOME PRESCRIBING COST CENTRE",
	"RO247": "COMMUNITY HEALTH SERVICE PRESCRIBING COST CENTRE", "RO248": "COURT PRESCRIBING COST CENTRE",
	"RO249": "HOSPICE PRESCRIBING COST CENTRE",
	"RO250": "HOSPITAL SERVICE PRESCRIBING COST CENTRE", "RO251": "IMMIGRATION REMOVAL CENTRE PRESCRIBING COST CENTRE",
	"RO252": "OPTOMETRY SERVICE PRESCRIBING COST CENTRE", "RO255": "PUBLIC HEALTH SERVICE PRESCRIBING COST CENTRE",
	"RO256": "SECURE CHILDREN'S HOME PRESCRIBING COST CENTRE", "RO257": "SECURE TRAINING CENTRE PRESCRIBING COST CENTRE",
	"RO258": "SEXUAL ASSAULT REFERRAL CENTRE PRESCRIBING COST CENTRE", "RO259": "URGENT & EMERGENCY CARE PRESCRIBING COST CENTRE",
	"RO260": "YOUNG OFFENDER INSTITUTION PRESCRIBING COST CENTRE", "RO261": "STRATEGIC PARTNERSHIP", "RO318": "INTEGRATED CARE BOARD",
	"RO319": "SUB ICB LOCATION", "RO321": "PRIMARY CARE NETWORK PRESCRIBING COST CENTRE",
	"RO323": "COMMUNITY PHARMACY PRESCRIBING COST CENTRE",
}
