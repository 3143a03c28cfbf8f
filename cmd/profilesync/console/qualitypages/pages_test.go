package qualitypages

import (
	"testing"
	"time"

	"github.com/profilesync/profilesync/cmd/profilesync/console/page"
	"github.com/profilesync/profilesync/cmd/profilesync/console/pagetest"
	"github.com/profilesync/profilesync/connectors/postgres/qualitystore"
	"github.com/profilesync/profilesync/connectors/postgres/servicestore"
	"github.com/profilesync/profilesync/reconcile/profile"
	"github.com/profilesync/profilesync/reconcile/quality"
	"github.com/profilesync/profilesync/reconcile/runs"
	"github.com/profilesync/profilesync/reconcile/services"
)

var at = time.Date(2026, 11, 18, 9, 30, 0, 0, time.UTC)

func pages() map[string]page.Page {
	findings := []qualitystore.Found{
		{
			Finding: quality.Finding{Code: "FA420", Kind: quality.OpenAllHours, Service: "service 123 (type 148)", Detail: "it is <b>open</b>"},
			Name:    "Jasons Pharmacy & <Sons>", Owner: quality.OwnerDoSLead, FirstSeen: at,
		},
		{
			Finding: quality.Finding{Code: "FA421", Kind: quality.WrongZCode, About: "Z10", Detail: "of another type"},
			Owner:   quality.OwnerDoSLead, FirstSeen: at, Gone: at.Add(time.Hour),
		},
	}
	refused := found{findings: findings[:1], mayRun: true, codes: "FA420 R?"}.page()
	refused.Errors = []page.FieldError{{Field: "codes", Text: "ODS code \"R?\": want only letters and digits"}}
	refused.EachForm(func(f page.Form) page.Form { return f.Marked(&refused) })
	choose := page.Form{Action: "/records", Get: true, Fields: []page.Field{{Kind: page.Choice, Name: "report", Label: "Report"}}}
	return map[string]page.Page{
		"checks": found{findings: findings, mayRun: true, filter: qualitystore.Filter{Gone: true}}.page(), "checks-none": found{}.page(),
		"checks-refused": refused,
		"quarantine": quarantinePage([]qualitystore.Quarantined{{
			Source: profile.SourceODS, Report: "etr", Code: "RR8", Line: 12, Field: "postcode", Value: `LS9"<x>`, Reason: "have it corrected",
			LastSeen: at,
		}}, choose),
		"quarantine-none": quarantinePage(nil, choose),
		"contradictions": contradictionsPage([]qualitystore.Contradiction{{
			Source: profile.SourceODS, Report: "etr", Code: "RR8", Name: "A trust", Status: profile.StatusOpen, Closed: "2026-03-31",
		}}, choose),
		"flags": flagsPage([]qualitystore.Flagged{
			{Source: profile.SourceODS, Report: "etr", Code: "RR8", Name: "A trust", Status: profile.StatusOpen, Flag: string(runs.Deleted)},
			{
				Source: profile.SourceODS, Report: "etr", Code: "RVJ", Status: profile.StatusOpen, Flag: "not-known-yet",
				MissingSince: "2026-11-17",
			},
		}, choose),
		"owners": ownersPage([]servicestore.OwnedSite{
			{Code: "RR801", Name: "A site", Owner: "RR8", ByCode: "RR8", Before: "RVJ", Problem: services.OwnerChanged},
		}, changedDays),
	}
}

func TestPages(t *testing.T) {
	t.Parallel()
	for name, p := range pages() {
		pagetest.Golden(t, name, p)
	}
}

func TestPagesInBrowser(t *testing.T) {
	t.Parallel()
	pagetest.Look(t, pages())
}
