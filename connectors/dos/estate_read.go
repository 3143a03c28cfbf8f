package dos

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/profilesync/profilesync/connectors/dos/internal/estate"
	"github.com/profilesync/profilesync/connectors/dos/internal/lines"
	"github.com/profilesync/profilesync/reconcile/profile"
	"github.com/profilesync/profilesync/reconcile/push"
	"github.com/profilesync/profilesync/reconcile/quality"
)

// readEstate reads the services whose code begins with the given one. If some rows make
// no sense, it returns the others and badRowsError, as reader does.
func (r *byODSCode) readEstate(ctx context.Context, code profile.ODSCode) ([]estate.Service, error) {
	content, err := r.fetch(ctx, code, readingEstate)
	if err != nil {
		return nil, err
	}
	services, err := decodeEstate(content)
	if err != nil {
		return services, asSinkError(code, readingEstate, err)
	}
	return services, nil
}

const readingEstate = "reading its services for the quality checks"

// decodeEstate returns the services that say which they are, each once, and is an error
// if there are others that may be a pharmacy's. Its errors never hold the content.
func decodeEstate(content []byte) ([]estate.Service, error) {
	rows, err := rowsIn(content)
	if err != nil {
		return nil, err
	}
	services := make([]estate.Service, 0, len(rows))
	var bad badRowsError
	for i, raw := range rows {
		head, id, err := readHead(raw)
		switch {
		case errors.Is(err, errNoHead):
			bad.parts = append(bad.parts, push.Unreadable{Part: rowName(i, len(rows)), Reason: err.Error()})
		case err != nil || slices.ContainsFunc(services, func(s estate.Service) bool { return s.ID == id }):
		default:
			services = append(services, estateService(head, id, raw))
		}
	}
	if len(bad.parts) > 0 {
		return services, fmt.Errorf("%w: %w", errMalformed, bad)
	}
	return services, nil
}

// estateService reads a row, each field by itself: one that makes no sense leaves only
// the checks unmade that look at it. What is null or missing is not stated.
func estateService(head wireHead, id int64, raw json.RawMessage) estate.Service {
	s := estate.Service{ID: id, ODSCode: head.ODSCode, Type: head.Type.ID, Status: head.Status.ID}
	var w wireService
	var phone struct {
		Public json.RawMessage `json:"public"`
	}
	read := func(raw json.RawMessage, into any, needing ...quality.Kind) {
		if raw != nil && json.Unmarshal(raw, into) != nil {
			s.Unchecked = append(s.Unchecked, needing...)
		}
	}
	read(raw, &w)
	read(w.Name, &s.Name)
	s.Name = cleanText(s.Name)
	read(w.OpenAllHours, &s.OpenAllHours, quality.OpenAllHours)
	read(w.Phone, &phone, quality.PostcodeUnknown, quality.Contradiction)
	for _, row := range []struct {
		field   profile.Field
		raw     json.RawMessage
		needing []quality.Kind
	}{
		{profile.FieldPostcode, w.Postcode, []quality.Kind{quality.PostcodeUnknown}},
		{profile.FieldPhone, phone.Public, []quality.Kind{quality.PostcodeUnknown, quality.Contradiction}},
		{profile.FieldWebsite, w.Web, []quality.Kind{quality.PostcodeUnknown, quality.Contradiction}},
	} {
		var text *string
		if read(row.raw, &text, row.needing...); text != nil {
			s.Values.Set(row.field, cleanText(*text))
		}
	}
	var pairs []wireCodePair
	read(w.CodePairs, &pairs, quality.WrongZCode)
	s.CodePairs = codePairs(pairs)
	readEstateHours(w.Hours, &s)
	return s
}

// wireEstateHours are opening times, with those for bank holidays in general.
type wireEstateHours struct {
	Days        []lines.Day     `json:"days"`
	BankHoliday []lines.Session `json:"bankHoliday"`
	Specified   []lines.Date    `json:"specified"`
}

// readEstateHours keeps the lines as they are, and states hours of which all lines can be
// read. Hours of another form are one line that cannot be read.
func readEstateHours(raw json.RawMessage, s *estate.Service) {
	var hours wireEstateHours
	if raw == nil {
		return
	}
	if json.Unmarshal(raw, &hours) != nil {
		s.Weekly = "hours of another form"
		return
	}
	s.Weekly, s.Dated = strings.Join(lines.Weekly(hours.Days), "\n"), strings.Join(lines.Dated(hours.Specified), "\n")
	s.BankHoliday = strings.Join(lines.BankHoliday(hours.BankHoliday, hours.Days), ", ")
	weekly, dated := profile.PublicHours(s.Weekly, s.Dated, profile.Date{})
	if _, err := profile.ParseWeek(s.Weekly); err == nil {
		s.Values.Set(profile.FieldOpeningTimes, weekly)
	}
	if _, err := profile.ParseDated(s.Dated); err == nil {
		s.Values.Set(profile.FieldDatedOpeningTimes, dated)
	}
}
