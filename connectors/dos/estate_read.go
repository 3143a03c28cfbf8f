package dos

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/profilesync/profilesync/connectors/dos/internal/estate"
	"github.com/profilesync/profilesync/connectors/internal/httpx"
	"github.com/profilesync/profilesync/reconcile/profile"
)

// readEstate reads the services whose code begins with the given one. If one of them
// makes no sense in anything but its hours, the answer is an error.
func (r *byODSCode) readEstate(ctx context.Context, code profile.ODSCode) ([]estate.Service, error) {
	const reading = "reading its services for the quality checks"
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, r.address+url.PathEscape(code.String()), nil)
	if err != nil {
		return nil, asSinkError(code, reading, err)
	}
	password, err := secret(r.password)
	if err != nil {
		return nil, unauthorized(code, 0, "the password for reading: "+err.Error())
	}
	req.SetBasicAuth(r.user, password)
	req.Header.Set("Accept", "application/json")
	answer, err := r.client.Fetch(req)
	if err != nil {
		return nil, asSinkError(code, reading, err)
	}
	services, err := decodeEstate(answer.Body)
	if err != nil {
		return nil, asSinkError(code, reading, err)
	}
	return services, nil
}

// wireEstate is an answer of byOdsCode whose rows are read one by one.
type wireEstate struct {
	Success *struct {
		Count    *int              `json:"serviceCount"`
		Services []json.RawMessage `json:"services"`
	} `json:"success"`
	Error *struct {
		Code int `json:"code"`
	} `json:"error"`
}

// decodeEstate never holds the content of the answer in its errors.
func decodeEstate(content []byte) ([]estate.Service, error) {
	var answer wireEstate
	if err := json.Unmarshal(content, &answer); err != nil {
		return nil, fmt.Errorf("%w: not the JSON of byOdsCode", errMalformed)
	}
	if answer.Error != nil && answer.Error.Code >= http.StatusBadRequest {
		return nil, &httpx.StatusError{Status: answer.Error.Code, Method: http.MethodGet, URL: "byOdsCode, in a successful answer"}
	}
	if answer.Success == nil || answer.Success.Count == nil || *answer.Success.Count != len(answer.Success.Services) {
		return nil, fmt.Errorf("%w: the number of services differs from its count", errMalformed)
	}
	services := make([]estate.Service, 0, len(answer.Success.Services))
	for i, row := range answer.Success.Services {
		var wire wireEstateService
		if json.Unmarshal(row, &wire) != nil {
			return nil, fmt.Errorf("%w: service %d of %d is of another form", errMalformed, i+1, len(answer.Success.Services))
		}
		s, err := wire.service()
		if err != nil {
			return nil, fmt.Errorf("%w: service %d of %d: %w", errMalformed, i+1, len(answer.Success.Services), err)
		}
		services = append(services, s)
	}
	return services, nil
}

// wireEstateService is a row. What is null or missing is not stated.
type wireEstateService struct {
	ID           string   `json:"id"`
	Name         string   `json:"name"`
	ODSCode      string   `json:"odsCode"`
	Status       wireName `json:"status"`
	Type         wireName `json:"type"`
	Postcode     *string  `json:"postcode"`
	Web          *string  `json:"web"`
	OpenAllHours bool     `json:"openAllHours"`
	Phone        struct {
		Public *string `json:"public"`
	} `json:"phone"`
	Hours  json.RawMessage `json:"openingTimes"` // read by themselves: they may make no sense
	ZCodes []wireZCode     `json:"zCodes"`
}

func (w wireEstateService) service() (s estate.Service, err error) {
	id, err := strconv.ParseInt(w.ID, 10, 64)
	if err != nil || w.ODSCode == "" || w.Status.ID == 0 || w.Type.ID == 0 {
		return s, errors.New("no id, ODS code, status or type")
	}
	s = estate.Service{
		ID: id, Name: cleanText(w.Name), ODSCode: w.ODSCode, Type: w.Type.ID, Status: w.Status.ID, OpenAllHours: w.OpenAllHours,
	}
	for f, text := range map[profile.Field]*string{
		profile.FieldPostcode: w.Postcode, profile.FieldPhone: w.Phone.Public, profile.FieldWebsite: w.Web,
	} {
		if text != nil {
			s.Values.Set(f, cleanText(*text))
		}
	}
	for _, z := range w.ZCodes {
		s.ZCodes = append(s.ZCodes, estate.ZCode(z))
	}
	w.readHours(&s)
	return s, nil
}

// wireEstateHours are opening times, with those for bank holidays in general.
type wireEstateHours struct {
	Days []struct {
		Day      string        `json:"day"`
		Sessions []wireSession `json:"sessions"`
	} `json:"days"`
	BankHoliday []wireSession `json:"bankHoliday"`
	Specified   []struct {
		Date     string        `json:"date"`
		Closed   bool          `json:"closed"`
		Sessions []wireSession `json:"sessions"`
	} `json:"specified"`
}

// readHours keeps the lines as they are, and states hours of which all lines can be
// read. Hours of another form are one line that cannot be read.
func (w wireEstateService) readHours(s *estate.Service) {
	var hours wireEstateHours
	if w.Hours == nil {
		return
	}
	if json.Unmarshal(w.Hours, &hours) != nil {
		s.Weekly = "hours of another form"
		return
	}
	s.Weekly, s.Dated, s.BankHoliday = hours.lines()
	weekly, dated := profile.PublicHours(s.Weekly, s.Dated, profile.Date{})
	if _, err := profile.ParseWeek(s.Weekly); err == nil {
		s.Values.Set(profile.FieldOpeningTimes, weekly)
	}
	if _, err := profile.ParseDated(s.Dated); err == nil {
		s.Values.Set(profile.FieldDatedOpeningTimes, dated)
	}
}

// lines returns the hours as lines, and those for bank holidays on one.
func (w wireEstateHours) lines() (weekly, dated, bankHoliday string) {
	var week, dates, holidays []string
	for _, d := range w.Days {
		if d.Day == "BankHoliday" {
			w.BankHoliday = append(w.BankHoliday, d.Sessions...)
			continue
		}
		for _, session := range d.Sessions {
			week = append(week, session.line(weekdays[d.Day]))
		}
	}
	for _, d := range w.Specified {
		if d.Closed || len(d.Sessions) == 0 {
			dates = append(dates, strings.ReplaceAll(d.Date, "\n", "?")+" closed")
			continue
		}
		for _, session := range d.Sessions {
			dates = append(dates, session.line(d.Date))
		}
	}
	for _, session := range w.BankHoliday {
		holidays = append(holidays, strings.TrimSpace(session.line("")))
	}
	return strings.Join(week, "\n"), strings.Join(dates, "\n"), strings.Join(holidays, ", ")
}
