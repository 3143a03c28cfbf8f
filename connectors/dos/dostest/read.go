package dostest

import (
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/profilesync/profilesync/connectors/internal/simulate"
)

type found struct {
	Code         int           `json:"code"`
	ServiceCount int           `json:"serviceCount"`
	Services     []readService `json:"services"`
}

type readService struct {
	ID           string       `json:"id"`
	Name         string       `json:"name"`
	ODSCode      string       `json:"odsCode"`
	Status       named        `json:"status"`
	Type         named        `json:"type"`
	Address      string       `json:"address"`
	Postcode     string       `json:"postcode"`
	Web          string       `json:"web"`
	Phone        readPhone    `json:"phone"`
	OpenAllHours bool         `json:"openAllHours"`
	OpeningTimes readOpenings `json:"openingTimes"`
	ZCodes       []readZCode  `json:"zCodes"`
}

type named struct {
	ID   int    `json:"id"`
	Name string `json:"name"`
}

type readPhone struct {
	Public    string `json:"public"`
	NonPublic string `json:"nonPublic"`
}

type readOpenings struct {
	Days        []readDay     `json:"days"`
	BankHoliday []readSession `json:"bankHoliday"`
	Specified   []readDate    `json:"specified"`
}

type readDay struct {
	Day      string        `json:"day"`
	Sessions []readSession `json:"sessions"`
}

type readDate struct {
	Date     string        `json:"date"`
	Closed   bool          `json:"closed"`
	Sessions []readSession `json:"sessions"`
}

type readSession struct {
	Start string `json:"start"`
	End   string `json:"end"`
}

type readZCode struct {
	SG int `json:"sg"`
	SD int `json:"sd"`
}

// byODSCode is the read API (CONTRACT.md "Reading back"). No public page shows the body;
// this one is our assumption.
func (s *Server) byODSCode(c *call) simulate.Answer {
	user, password, _ := c.request.BasicAuth()
	switch {
	case s.options.User != "" && (user != s.options.User || password != s.options.Password):
		return readError(http.StatusUnauthorized, "Unauthorized: wrong user name or password").
			With("WWW-Authenticate", `Basic realm="DoS"`)
	case c.request.Method != http.MethodGet:
		return readError(http.StatusMethodNotAllowed, "Method Not Allowed: "+c.request.Method)
	case c.Code == "" || strings.Contains(c.Code, "/"):
		return readError(http.StatusNotFound, "Not Found: "+c.request.URL.Path)
	}
	services := s.Services(c.Code)
	answer := found{Code: http.StatusOK, ServiceCount: len(services), Services: make([]readService, len(services))}
	for i := range services {
		answer.Services[i] = shown(&services[i])
	}
	return simulate.JSON(http.StatusOK, map[string]found{"success": answer})
}

func readError(status int, message string) simulate.Answer {
	if status == http.StatusUnauthorized && message == http.StatusText(status) {
		message += ": token expired"
	}
	return simulate.JSON(status, map[string]any{"error": map[string]any{"code": status, "message": message}})
}

var typeNames = map[int]string{
	TypePharmacy: "Pharmacy", TypeUrgent: "Pharmacy Urgent Medicines Supply", TypeEnhanced: "Pharmacy Enhanced",
	TypeDistance: "Pharmacy Distance Selling", TypePressure: "Pharmacy Blood Pressure Check", TypeContraception: "Pharmacy Contraception",
	100: "GP Practice",
}

var statusNames = map[int]string{StatusActive: "active", StatusClosed: "closed", StatusCommissioning: "commissioning"}

func shown(s *Service) readService {
	out := readService{
		ID: s.ID, Name: s.Name, ODSCode: s.ODSCode, Status: named{s.Status, statusNames[s.Status]}, Type: named{s.Type, typeNames[s.Type]},
		Address: s.Address, Postcode: s.Postcode, Web: s.Web, Phone: readPhone{Public: s.Phone}, ZCodes: []readZCode{},
		OpenAllHours: s.OpenAllHours,
		OpeningTimes: readOpenings{Days: shownDays(s.Weekly), BankHoliday: []readSession{}, Specified: shownDates(s.Specified)},
	}
	if s.BankHoliday != "" {
		out.OpeningTimes.BankHoliday = append(out.OpeningTimes.BankHoliday, session(s.BankHoliday))
	}
	for _, z := range s.ZCodes {
		var code readZCode
		if _, err := fmt.Sscanf(z, "%d=%d", &code.SG, &code.SD); err == nil {
			out.ZCodes = append(out.ZCodes, code)
		}
	}
	return out
}

// shownDays lists only days with sessions.
func shownDays(weekly string) []readDay {
	out := []readDay{}
	for line := range strings.Lines(weekly) {
		short, hours, _ := strings.Cut(strings.TrimSpace(line), " ")
		at := slices.IndexFunc(days, func(day string) bool { return short != "" && strings.HasPrefix(day, short) })
		if at < 0 {
			continue
		}
		name := strings.ToUpper(days[at][:1]) + days[at][1:]
		if len(out) == 0 || out[len(out)-1].Day != name {
			out = append(out, readDay{Day: name})
		}
		last := &out[len(out)-1]
		last.Sessions = append(last.Sessions, session(hours))
	}
	return out
}

func shownDates(specified string) []readDate {
	out := []readDate{}
	for line := range strings.Lines(specified) {
		date, hours, _ := strings.Cut(strings.TrimSpace(line), " ")
		if len(out) == 0 || out[len(out)-1].Date != date {
			out = append(out, readDate{Date: date, Sessions: []readSession{}})
		}
		last := &out[len(out)-1]
		if hours == "closed" {
			last.Closed = true
			continue
		}
		last.Sessions = append(last.Sessions, session(hours))
	}
	return out
}

func session(hours string) readSession {
	from, to, _ := strings.Cut(hours, "-")
	return readSession{from, to}
}
