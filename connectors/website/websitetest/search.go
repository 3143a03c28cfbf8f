package websitetest

import (
	"encoding/json"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/profilesync/profilesync/connectors/internal/simulate"
)

// search answers Service Search v3, GET and POST. It shows only visible
// organisations, each in the form of the real index: no UecServices, rows in no order,
// closed days without times, days of dated rows padded with spaces.
func (s *Server) search(r *http.Request, e *Entry) simulate.Answer {
	if a, ok := s.authorized(r); !ok {
		return a
	}
	if r.URL.Query().Get("api-version") != "3" {
		return noSuchPath(r, e)
	}
	q, err := readQuery(r)
	if err != nil {
		return badQuery(err)
	}
	all, err := terms(q.Filter)
	if err != nil {
		return badQuery(err)
	}
	records := s.records(q, all)
	q.sorted(records)
	count := len(records)
	records = records[min(q.Skip, count):]
	top := defaultTop
	if q.Top != nil {
		top = *q.Top
	}
	most := min(top, s.options.PageSize)
	shown := records[:min(most, len(records))]
	e.Outcome, e.Records = Searched, len(shown)
	page := map[string]any{
		"@odata.context": "https://" + r.Host + "/indexes('service-search-syndication-3-2')/$metadata#docs(*)",
		"value":          selection(shown, q.Select),
	}
	if q.Count {
		page["@odata.count"] = count
	}
	if more := len(records) > len(shown); more && (q.Top == nil || *q.Top > len(shown)) {
		page["@odata.nextLink"] = nextStart + r.Host + SearchPath + "?" + q.link(len(shown))
	}
	return simulate.JSON(http.StatusOK, page)
}

const nextStart = "http://"

func badQuery(err error) simulate.Answer {
	return simulate.JSON(http.StatusBadRequest, map[string]any{"statusCode": http.StatusBadRequest, "message": err.Error()})
}

// records returns the records that match a query, in no order.
func (s *Server) records(q query, all []term) (records []map[string]json.RawMessage) {
	codes, named := q.named(all)
	documents := s.shown(codes, named)
	for code, document := range documents {
		record := recordOf(code, document)
		if named || q.matches(record, all) {
			records = append(records, record)
		}
	}
	return records
}

// shown returns the documents of the given visible organisations, or of all.
func (s *Server) shown(codes []string, named bool) map[string][]byte {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !named {
		codes = slices.Collect(maps.Keys(s.stored))
	}
	documents := make(map[string][]byte, len(codes))
	for _, code := range codes {
		if p := s.stored[code]; p != nil && p.visible && !p.removed {
			documents[code] = p.document
		}
	}
	return documents
}

// recordOf returns the v3 record of a document (CONTRACT.md "The record"), always with
// all 33 keys, including the score.
func recordOf(code string, text []byte) map[string]json.RawMessage {
	record := make(map[string]json.RawMessage, 40)
	for key := range strings.FieldsSeq("OrganisationAliases Services OpeningTimes Contacts Facilities RelatedIAPTCCGs Trusts " +
		"Metrics ServiceOpeningTimes") {
		record[key] = json.RawMessage("[]")
	}
	for key := range strings.FieldsSeq("Geocode OrganisationSubType IsEpsEnabled ParentOrganisation GSD LastUpdatedDates " +
		"AcceptingPatients GPRegistration OrganisationType Latitude Longitude Country Address1 Address2 Address3 City County Postcode") {
		record[key] = json.RawMessage("null")
	}
	var document map[string]json.RawMessage
	if json.Unmarshal(text, &document) != nil { // it was read when it was stored
		panic("websitetest: a stored document cannot be read")
	}
	maps.Copy(record, document)
	delete(record, "UecServices")
	record["@search.score"] = json.RawMessage("1.0")
	record["SearchKey"] = json.RawMessage(`"` + searchKey(code) + `"`)
	record["OpeningTimes"] = shuffled(document["OpeningTimes"])
	record["Services"] = described(document["Services"])
	return record
}

// shuffled returns opening times in the form of the index.
func shuffled(raw json.RawMessage) json.RawMessage {
	var rows []opening
	if json.Unmarshal(raw, &rows) != nil || rows == nil {
		return json.RawMessage("null")
	}
	slices.Reverse(rows)
	for i := range rows {
		if date, err := time.Parse("Jan _2 2006", rows[i].AdditionalOpeningDate); err == nil && i%2 == 0 {
			rows[i].AdditionalOpeningDate = date.Format("Jan _2 2006")
		}
		if !rows[i].IsOpen {
			rows[i].OpeningTime, rows[i].ClosingTime = nil, nil
		}
	}
	return simulate.Marshal(rows)
}

// described returns services with all keys of a v3 service.
func described(raw json.RawMessage) json.RawMessage {
	var rows []map[string]json.RawMessage
	if json.Unmarshal(raw, &rows) != nil || rows == nil {
		return json.RawMessage("null")
	}
	for _, row := range rows {
		for key := range strings.FieldsSeq("Contacts Treatments OpeningTimes AgeRange Metrics KeyValueData") {
			row[key] = json.RawMessage("[]")
		}
		row["ServiceProvider"] = json.RawMessage(`{"ODSCode":null,"OrganisationName":null}`)
	}
	return simulate.Marshal(rows)
}

// selection keeps the given keys, and the score, which is always there.
func selection(records []map[string]json.RawMessage, names string) []map[string]json.RawMessage {
	if names == "" || names == "*" {
		return append([]map[string]json.RawMessage{}, records...)
	}
	some := make([]map[string]json.RawMessage, len(records))
	for i, record := range records {
		some[i] = map[string]json.RawMessage{"@search.score": record["@search.score"]}
		for name := range strings.SplitSeq(names, ",") {
			if value, ok := record[strings.TrimSpace(name)]; ok {
				some[i][strings.TrimSpace(name)] = value
			}
		}
	}
	return some
}
