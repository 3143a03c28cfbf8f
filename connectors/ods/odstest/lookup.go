package odstest

import (
	"net/http"
	"slices"

	"github.com/profilesync/profilesync/connectors/internal/register"
)

// deletionLists are the lists of what was taken out as if it had never been
// (CONTRACT.md "Deletions"); only organisations ever are here.
var deletionLists = []string{"Organization", "OrganizationAffiliation", "Organization-role", "Organization-succession"}

type list struct {
	ResourceType string              `json:"resourceType"`
	ID           string              `json:"id"`
	Meta         meta                `json:"meta"`
	Status       string              `json:"status"`
	Mode         string              `json:"mode"`
	Title        string              `json:"title"`
	Date         string              `json:"date"`
	Note         []map[string]string `json:"note"`
	Entry        []listEntry         `json:"entry,omitempty"`
}

type listEntry struct {
	Date string   `json:"date"`
	Item listItem `json:"item"`
}

type listItem struct {
	Type       string     `json:"type"`
	Identifier identifier `json:"identifier"`
}

const midnight = "T00:00:00+00:00"

func (s *Server) deletions(w http.ResponseWriter, id string) {
	at := slices.IndexFunc(deletionLists, func(name string) bool { return id == name+"-deletion" })
	if at < 0 {
		notKnown(w, "List/"+id)
		return
	}
	asOf := s.reg.AsOf()
	l := list{
		ResourceType: "List", ID: id, Meta: metaOf(id, asOf), Status: "current", Mode: "working",
		Title: "List of " + deletionLists[at] + " Resource Deletions", Date: asOf.String() + midnight,
		Note: []map[string]string{{"text": "A list of complete Organisation records which have been deleted from the ODS Dataset"}},
	}
	if at == 0 {
		for _, d := range s.reg.Deletions() {
			l.Entry = append(l.Entry, listEntry{
				d.On.String() + midnight, listItem{"Organization", identifier{System: codeSystem, Value: d.Code}},
			})
		}
	}
	write(w, http.StatusOK, fhirType, l)
}

// part is one piece of a Parameters resource; which value it has is its kind.
type part map[string]any

// lookup answers CodeSystem/$lookup for an organisation: the only place of this
// API that tells the primary role and the succession.
func (s *Server) lookup(w http.ResponseWriter, r *http.Request) {
	query := r.URL.Query()
	o, found := s.reg.Get(query.Get("code"))
	switch {
	case query.Get("system") != codeSystem:
		hapi(w, http.StatusBadRequest, "HAPI-0000: the code system is not one of this simulator: "+query.Get("system"))
		return
	case !found || o.Archived():
		hapiCode(w, http.StatusNotFound, "not-found", "Unable to find code "+query.Get("code")+" in "+codeSystem)
		return
	}
	o = o.Clean()
	parameters := []part{
		{"name": "code", "valueCode": o.Code},
		{"name": "display", "valueString": o.Name},
		{"name": "name", "valueString": "ODS Organisation"},
		{"name": "system", "valueUri": codeSystem},
		{"name": "version", "valueString": s.reg.AsOf().String()},
		{"name": "designation", "part": []part{
			{"name": "use", "valueCoding": coding{System: "http://terminology.hl7.org/CodeSystem/designation-usage", Code: "display"}},
			{"name": "value", "valueString": o.Name},
		}},
	}
	write(w, http.StatusOK, fhirType, struct {
		ResourceType string `json:"resourceType"`
		Parameter    []part `json:"parameter"`
	}{"Parameters", append(parameters, properties(o)...)})
}

func properties(o register.Organisation) []part {
	status := "active"
	if !o.Open() {
		status = "inactive"
	}
	all := []part{code("status", status)}
	for _, rel := range o.Relationships() {
		if rel.Active {
			all = append(all, code(rel.Code, rel.Target))
		}
	}
	for _, s := range o.Successions {
		all = append(all, code(map[string]string{"Successor": "successor", "Predecessor": "predecessor"}[s.Type], s.Target))
	}
	all = append(all, value("inactive", "valueBoolean", !o.Open()), value("refOnly", "valueBoolean", false))
	dates := [][2]string{{"opStartDate", o.Opened.String()}, {"opEndDate", o.Closed.String()}, {"lastChangeDate", o.LastChange.String()}}
	texts := [][2]string{
		{"name", o.Name},
		{"address1", o.Address.Street},
		{"town", o.Address.Town},
		{"postcode", o.Postcode},
		{"country", country(o)},
		{"telephone", o.Phone},
		{"uprn", o.UPRN},
		{"assigningAuth", assigner(o.Report)},
	}
	all = append(append(all, values("valueDateTime", dates)...), values("valueString", texts)...)
	for i, role := range o.Roles {
		c := coding{System: odsSystem + "ODSOrganisationRole", Code: role}
		all = append(all, value("role", "valueCoding", c))
		if i == 0 {
			all = append(all, value("primaryRole", "valueCoding", c))
		}
	}
	class := coding{System: odsSystem + "ODSRecordClass", Code: recordClass(o).Coding[0].Code}
	all = append(all, value("orgRecordClass", "valueCoding", class))
	for _, place := range [][2]string{{"ICB", o.ICB}, {"NHSER", o.Region}, {"GOR", o.Area}} {
		if place[1] != "" {
			all = append(all, value(place[0], "valueCoding", coding{System: odsSystem + "geography-name", Code: place[1]}))
		}
	}
	return all
}

// values are the properties of one kind that have a value.
func values(kind string, pairs [][2]string) []part {
	var all []part
	for _, pair := range pairs {
		if pair[1] != "" {
			all = append(all, value(pair[0], kind, pair[1]))
		}
	}
	return all
}

func code(name, text string) part {
	return part{"name": "property", "part": []part{{"name": "code", "valueCode": name}, {"name": "value", "valueCode": text}}}
}

// value states its value twice, as the real answer does.
func value(name, kind string, v any) part {
	return part{"name": "property", "part": []part{{"name": "code", "valueCode": name}, {"name": kind, kind: v}, {"name": "value", kind: v}}}
}
