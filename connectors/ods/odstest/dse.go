package odstest

import (
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/profilesync/profilesync/connectors/internal/register"
	"github.com/profilesync/profilesync/connectors/internal/simulate"
	"github.com/profilesync/profilesync/reconcile/profile"
)

// getReport is the download of Data Search and Export (CONTRACT.md "Downloads"):
// one report or several, whole or only what changed, as one CSV.
func (s *Server) getReport(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodGet {
		w.Header().Set("Allow", http.MethodGet)
		write(w, http.StatusMethodNotAllowed, simulate.JSONType, map[string]string{"error": "Method not allowed"})
		return
	}
	d, err := s.download(r)
	if err != nil {
		write(w, http.StatusBadRequest, simulate.JSONType, map[string]string{"error": err.Error()})
		return
	}
	w.Header().Set("ETag", d.etag)
	if tag := r.Header.Get("If-None-Match"); tag == "*" || strings.Contains(tag, d.etag) {
		w.WriteHeader(http.StatusNotModified)
		return
	}
	w.Header().Set("Content-Type", "text/csv")
	w.Header().Set("Content-Disposition", `attachment; filename="`+d.name+`"`)
	for _, report := range d.reports {
		if err := s.reg.WriteCSVOf(w, report, d.layout, d.keep); err != nil {
			return // the client left; nothing can be said any more
		}
	}
}

type download struct {
	reports []string
	layout  register.Layout
	keep    func(register.Organisation) bool
	name    string
	etag    string
}

// refusalError is an error in the service's own words, which begin with a capital.
type refusalError string

func (e refusalError) Error() string { return string(e) }

// download reads the parameters; its errors are those of the service.
func (s *Server) download(r *http.Request) (download, error) {
	query, asOf := r.URL.Query(), s.reg.AsOf()
	names := query.Get("report")
	if names == "" {
		return download{}, refusalError("Missing report query parameter")
	}
	s.mu.Lock()
	d := download{reports: strings.Split(names, ","), layout: s.layout}
	s.mu.Unlock()
	var versions strings.Builder
	for _, name := range d.reports {
		report, err := register.ParseReport(name)
		if err != nil {
			return download{}, refusalError("Invalid report name: " + name)
		}
		fmt.Fprintf(&versions, "%s-%d-", name, s.reg.Version(report))
	}
	since, err := s.since(query.Get("lastChangeStart"), query.Get("lastChangePeriod"), len(d.reports))
	if err != nil {
		return download{}, err
	}
	d.name = strings.Join(d.reports, "_")
	if !since.IsZero() {
		d.keep = func(o register.Organisation) bool { return !o.LastChange.Before(since) }
		d.name += "_changes_" + since.Time().Format("20060102") + "_to_" + asOf.Time().Format("20060102")
	}
	d.name += ".csv"
	day := "" // the flag of amended rows, and so the old file, depends on the day
	if d.layout == register.Legacy {
		day = asOf.String()
	}
	d.etag = fmt.Sprintf(`"%s%s-%s-%s"`, versions.String(), d.layout, since, day)
	return d, nil
}

// since reads from which day on changes are wanted; zero: everything.
func (s *Server) since(start, period string, reports int) (profile.Date, error) {
	asOf := s.reg.AsOf()
	switch {
	case start == "" && period == "":
		return profile.Date{}, nil
	case start != "" && (period != "" || reports > 1):
		return profile.Date{}, refusalError("Conflicting query parameters: lastChangeStart")
	case start != "":
		day, err := profile.ParseDate(start)
		if err != nil || day.After(asOf) {
			return profile.Date{}, refusalError("Invalid lastChangeStart query parameter: " + start)
		}
		return day, nil
	}
	n, known := map[string]int{"7": 7, "30": 30, "90": 90}[period]
	if !known || reports < 2 {
		return profile.Date{}, refusalError("Invalid lastChangePeriod query parameter: " + period)
	}
	return asOf.AddDays(-n), nil
}

func timestamp(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000+00:00") }
