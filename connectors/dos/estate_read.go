package dos

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/profilesync/profilesync/connectors/dos/internal/estate"
	"github.com/profilesync/profilesync/reconcile/profile"
)

// readEstate reads the services whose code begins with the given one. If one of them
// makes no sense in anything but its hours, the answer is an error.
func (r *byODSCode) readEstate(ctx context.Context, code profile.ODSCode) ([]estate.Service, error) {
	const reading = "reading its services for the quality checks"
	content, err := r.fetch(ctx, code, reading)
	if err != nil {
		return nil, err
	}
	services, err := decodeEstate(content)
	if err != nil {
		return nil, asSinkError(code, reading, err)
	}
	return services, nil
}

// decodeEstate refuses what decodeServices names. Its errors never hold the content.
func decodeEstate(content []byte) ([]estate.Service, error) {
	rows, err := rowsIn(content)
	if err != nil {
		return nil, err
	}
	services := make([]estate.Service, 0, len(rows))
	for i, row := range rows {
		var wire wireEstateService
		if json.Unmarshal(row, &wire) != nil {
			return nil, fmt.Errorf("%w: %s is of another form", errMalformed, rowName(i, len(rows)))
		}
		s, ok := wire.service()
		if !ok {
			return nil, fmt.Errorf("%w: %s: %s", errMalformed, rowName(i, len(rows)), noHead)
		}
		services = append(services, s)
	}
	return services, nil
}

// wireEstateService is a row. What is null or missing is not stated.
type wireEstateService struct {
	wireHead

	Name         string  `json:"name"`
	Postcode     *string `json:"postcode"`
	Web          *string `json:"web"`
	OpenAllHours bool    `json:"openAllHours"`
	Phone        struct {
		Public *string `json:"public"`
	} `json:"phone"`
	Hours     json.RawMessage `json:"openingTimes"` // read by themselves: they may make no sense
	CodePairs []wireCodePair  `json:"zCodes"`
}

// service is not ok if the row does not say which service it is about.
func (w wireEstateService) service() (s estate.Service, ok bool) {
	id, ok := w.id()
	s = estate.Service{
		ID: id, Name: cleanText(w.Name), ODSCode: w.ODSCode, Type: w.Type.ID, Status: w.Status.ID, OpenAllHours: w.OpenAllHours,
		CodePairs: codePairs(w.CodePairs),
	}
	for f, text := range map[profile.Field]*string{
		profile.FieldPostcode: w.Postcode, profile.FieldPhone: w.Phone.Public, profile.FieldWebsite: w.Web,
	} {
		if text != nil {
			s.Values.Set(f, cleanText(*text))
		}
	}
	w.readHours(&s)
	return s, ok
}

// wireEstateHours are opening times, with those for bank holidays in general.
type wireEstateHours struct {
	Days        []wireDay     `json:"days"`
	BankHoliday []wireSession `json:"bankHoliday"`
	Specified   []wireDate    `json:"specified"`
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
	s.Weekly, s.Dated = strings.Join(weeklyLines(hours.Days), "\n"), strings.Join(datedLines(hours.Specified), "\n")
	s.BankHoliday = strings.Join(hours.holidayLines(), ", ")
	weekly, dated := profile.PublicHours(s.Weekly, s.Dated, profile.Date{})
	if _, err := profile.ParseWeek(s.Weekly); err == nil {
		s.Values.Set(profile.FieldOpeningTimes, weekly)
	}
	if _, err := profile.ParseDated(s.Dated); err == nil {
		s.Values.Set(profile.FieldDatedOpeningTimes, dated)
	}
}

// holidayLines are the hours for bank holidays in general.
func (h wireEstateHours) holidayLines() (lines []string) {
	for _, d := range append([]wireDay{{Day: bankHoliday, Sessions: h.BankHoliday}}, h.Days...) {
		if d.Day != bankHoliday {
			continue
		}
		for _, session := range d.Sessions {
			lines = append(lines, strings.TrimSpace(session.line("")))
		}
	}
	return lines
}
