package websitetest

import (
	"encoding/json"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/profilesync/profilesync/connectors/internal/simulate"
)

// document is the part of a PUT that is checked.
type document struct {
	ODSCode            string     `json:"ODSCode"`
	OrganisationName   *string    `json:"OrganisationName"`
	OrganisationTypeID *string    `json:"OrganisationTypeId"`
	OrganisationStatus *string    `json:"OrganisationStatus"`
	Contacts           []contact  `json:"Contacts"`
	OpeningTimes       []opening  `json:"OpeningTimes"`
	Services           []service  `json:"Services"`
	UecServices        []service  `json:"UecServices"`
	Facilities         []facility `json:"Facilities"`

	// What we may not write (CONTRACT.md "The record").
	Score           json.RawMessage `json:"@search.score"`
	SearchKey       json.RawMessage `json:"SearchKey"`
	Geocode         json.RawMessage `json:"Geocode"`
	Metrics         json.RawMessage `json:"Metrics"`
	GSD             json.RawMessage `json:"GSD"`
	Trusts          json.RawMessage `json:"Trusts"`
	RelatedIAPTCCGs json.RawMessage `json:"RelatedIAPTCCGs"`
	Staff           json.RawMessage `json:"Staff"`
}

type contact struct {
	ContactType             string `json:"ContactType"`
	ContactAvailabilityType string `json:"ContactAvailabilityType"`
	ContactMethodType       string `json:"ContactMethodType"`
	ContactValue            string `json:"ContactValue"`
}

type service struct {
	ServiceName *string `json:"ServiceName"`
	ServiceCode *string `json:"ServiceCode"`
}

type facility struct {
	ID                *int    `json:"Id"`
	Name              string  `json:"Name"`
	Value             *string `json:"Value"`
	FacilityGroupName *string `json:"FacilityGroupName"`
}

type opening struct {
	Weekday               string  `json:"Weekday"`
	OpeningTime           *string `json:"OpeningTime"`
	ClosingTime           *string `json:"ClosingTime"`
	OffsetOpeningTime     int     `json:"OffsetOpeningTime"`
	OffsetClosingTime     int     `json:"OffsetClosingTime"`
	OpeningTimeType       string  `json:"OpeningTimeType"`
	AdditionalOpeningDate string  `json:"AdditionalOpeningDate"`
	IsOpen                bool    `json:"IsOpen"`
}

func (d *document) visible() bool {
	return d.OrganisationStatus == nil || strings.EqualFold(*d.OrganisationStatus, "Visible")
}

// fault is one error of a 422, in the form of the sample.
type fault struct {
	Pointer string `json:"pointer"`
	Code    string `json:"code"`
	Message string `json:"message"`
}

func invalid(faults []fault) simulate.Answer {
	return simulate.Encoded(http.StatusUnprocessableEntity, problemType, map[string]any{
		"type": "about:blank", "title": "Validation failed", "status": http.StatusUnprocessableEntity, "errors": faults,
	})
}

// typeIDs are all types of version 1 (CONTRACT.md "Types and parents").
var typeIDs = strings.Fields(
	"CCG CLI DEN GDOS GPB GPP GSD HA HOS HWB LA LAT MIU OPT PHA RAT SCL SCP SHA STP TRU UC UNK IND")

// validate reads a document; it returns nil if the body is not JSON of one.
func validate(code string, body []byte) (*document, []fault) {
	var d document
	if json.Unmarshal(body, &d) != nil {
		return nil, nil
	}
	faults := d.unwritable()
	if d.ODSCode != code {
		faults = append(faults, fault{"/ODSCode", "NOT_THE_ADDRESSED", "ODSCode is not that of the address"})
	}
	if d.OrganisationName == nil || strings.TrimSpace(*d.OrganisationName) == "" {
		faults = append(faults, fault{"/OrganisationName", "REQUIRED", "OrganisationName is missing"})
	}
	if d.OrganisationTypeID == nil || !slices.Contains(typeIDs, *d.OrganisationTypeID) {
		faults = append(faults, fault{"/OrganisationTypeId", "UNKNOWN", "OrganisationTypeId is unknown"})
	}
	if s := d.OrganisationStatus; s != nil && !slices.Contains([]string{"Visible", "Hidden", "Closed"}, *s) {
		faults = append(faults, fault{"/OrganisationStatus", "UNKNOWN", "OrganisationStatus is unknown"})
	}
	for i, c := range d.Contacts {
		if !slices.Contains([]string{"Telephone", "Website", "Email", "Fax"}, c.ContactMethodType) || c.ContactValue == "" {
			faults = append(faults, fault{"/Contacts/" + strconv.Itoa(i), "INVALID", "a contact needs a method and a value"})
		}
	}
	return &d, append(faults, checkHours(d.OpeningTimes)...)
}

func (d *document) unwritable() (faults []fault) {
	for _, key := range []struct {
		name  string
		value json.RawMessage
	}{
		{"@search.score", d.Score},
		{"SearchKey", d.SearchKey},
		{"Geocode", d.Geocode},
		{"Metrics", d.Metrics},
		{"GSD", d.GSD},
		{"Trusts", d.Trusts},
		{"RelatedIAPTCCGs", d.RelatedIAPTCCGs},
		{"Staff", d.Staff},
	} {
		if key.value != nil {
			faults = append(faults, fault{"/" + key.name, "NOT_WRITABLE", key.name + " cannot be written"})
		}
	}
	return faults
}

// checkHours requires that periods open before they close, and that no two periods of
// a day overlap.
func checkHours(rows []opening) (faults []fault) {
	until := make(map[string][][2]int, 8)
	for i, row := range rows {
		at := "/OpeningTimes/" + strconv.Itoa(i)
		day, ok := dayOf(row)
		if !ok {
			faults = append(faults, fault{at + "/" + dayField(row), "BAD_DAY", "the day is invalid"})
		}
		if !row.IsOpen {
			continue
		}
		opens, okOpens := minutes(row.OpeningTime)
		closes, okCloses := minutes(row.ClosingTime)
		switch {
		case !okOpens:
			faults = append(faults, fault{at + "/OpeningTime", "BAD_TIME", "OpeningTime is not HH:MM"})
			continue
		case !okCloses:
			faults = append(faults, fault{at + "/ClosingTime", "BAD_TIME", "ClosingTime is not HH:MM"})
			continue
		case closes <= opens:
			faults = append(faults, fault{at + "/ClosingTime", "CLOSES_BEFORE_OPENS", "ClosingTime is before OpeningTime"})
		case row.OffsetOpeningTime != opens || row.OffsetClosingTime != closes:
			faults = append(faults, fault{at + "/OffsetOpeningTime", "BAD_OFFSET", "an offset does not match its time"})
		}
		for _, other := range until[day] {
			if opens < other[1] && other[0] < closes {
				faults = append(faults, fault{at, "OVERLAPS", "the period overlaps another of its day"})
				break
			}
		}
		until[day] = append(until[day], [2]int{opens, closes})
	}
	return faults
}

func dayField(row opening) string {
	if row.OpeningTimeType == "Additional" {
		return "AdditionalOpeningDate"
	}
	return "Weekday"
}

var weekdays = []string{"Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"}

// dayOf returns the unit in which periods must not overlap: a weekday of one kind of
// hours, or a date.
func dayOf(row opening) (string, bool) {
	switch row.OpeningTimeType {
	case "Additional":
		date, err := time.Parse("Jan _2 2006", row.AdditionalOpeningDate)
		return date.Format(time.DateOnly), err == nil && row.Weekday == ""
	case "General", "Reception", "Surgery":
		return row.OpeningTimeType + row.Weekday, slices.Contains(weekdays, row.Weekday) && row.AdditionalOpeningDate == ""
	}
	return "", false
}

// minutes reads HH:MM; every PUT calls it, so it must be fast.
func minutes(text *string) (int, bool) {
	if text == nil || len(*text) != 5 || (*text)[2] != ':' {
		return 0, false
	}
	hour, errHour := strconv.ParseUint((*text)[:2], 10, 8)
	minute, errMinute := strconv.ParseUint((*text)[3:], 10, 8)
	return int(hour)*60 + int(minute), errHour == nil && errMinute == nil && hour < 24 && minute < 60
}
