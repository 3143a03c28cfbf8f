package erstest

import (
	"archive/zip"
	"bytes"
	"encoding/csv"
	"fmt"
	"strconv"
	"time"

	"github.com/profilesync/profilesync/reconcile/profile"
	"github.com/profilesync/profilesync/reconcile/services"
)

// ExtractColumns is the header of the extract. The names are a third party's: the
// official list is not known (CONTRACT.md "The EBSX05 extract").
func ExtractColumns() []string {
	return []string{
		"service_id", "service_name", "Provider_Org_Id", "Location_Org_Id", "Specialty_Cd",
		"Min_Age_Treated", "Min_Age_Treated_Unit", "Max_Age_Treated", "Max_Age_Treated_Unit", "Gender_Treated",
		"Publish_Ind", "Unpublished_Dt_Tm", "Beg_Effective_Dt", "End_Effective_Dt",
		"Appt_Type_Cd", "Directly_Bookable_Ind",
		"Accepts_Appointment_Requests", "Accepts_Triage_Requests", "Accepts_Advice_Requests",
	}
}

// Extract writes the EBSX05 zip of the month that contains a day: every service as it
// is now, including unpublished and hidden ones. Of removed services it has those with
// an even number, as if they had activity. A service at several sites has a row for
// each. Dates are as stored, including dirt. The same world and month give the same
// bytes.
func (w *World) Extract(month profile.Date) []byte {
	var archive bytes.Buffer
	writer := zip.NewWriter(&archive)
	end := month.Time().AddDate(0, 1, -month.Time().Day()) // the month's last day
	file, err := writer.CreateHeader(&zip.FileHeader{
		Name: "EBSX05_" + end.Format("200601") + ".csv", Method: zip.Deflate, Modified: end,
	})
	must(err)
	table := csv.NewWriter(file)
	table.UseCRLF = true
	must(table.Write(ExtractColumns()))
	for _, s := range w.Services() {
		if s.Removed && (s.ID[len(s.ID)-1]-'0')%2 == 1 {
			continue
		}
		for _, site := range s.Sites {
			must(table.Write(s.row(site)))
		}
	}
	table.Flush()
	must(table.Error())
	must(writer.Close())
	return archive.Bytes()
}

// must panics on an error, which cannot happen since all is written to memory.
func must(err error) {
	if err != nil {
		panic(fmt.Sprintf("erstest: writing an extract: %v", err))
	}
}

func (s *Service) row(site profile.ODSCode) []string {
	maxAge, unit := "", ""
	if s.MaxAge > 0 {
		maxAge, unit = strconv.Itoa(s.MaxAge), "YEARS"
	}
	appointment := ""
	if len(s.AppointmentTypes) > 0 {
		appointment = s.AppointmentTypes[0].Code
	}
	return []string{
		string(s.ID), s.Name, string(s.Provider), string(site), s.Specialty,
		strconv.Itoa(s.MinAge), "YEARS", maxAge, unit, s.Gender,
		flag(s.Published && !s.Removed), stamp(s.Unpublished, "2006-01-02 15:04:05"),
		stamp(s.Begin, time.DateOnly), stamp(s.End, time.DateOnly),
		appointment, flag(has(s.Bookable, directly)),
		flag(has(s.RequestFlows, bookable)), flag(has(s.RequestFlows, reviewing)), flag(has(s.RequestFlows, advising)),
	}
}

func has(list []services.Coding, wanted services.Coding) bool {
	for _, c := range list {
		if c.Code == wanted.Code {
			return true
		}
	}
	return false
}

func flag(on bool) string {
	if on {
		return "Y"
	}
	return "N"
}

func stamp(day profile.Date, layout string) string {
	if day.IsZero() {
		return ""
	}
	return day.Time().Format(layout)
}
