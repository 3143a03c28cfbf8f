package register_test

import (
	"bytes"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/profilesync/profilesync/connectors/internal/register"
	"github.com/profilesync/profilesync/reconcile/profile"
)

func TestAMonthChangesWhatTheRealOneDoes(t *testing.T) {
	t.Parallel()
	r := register.New(register.Options{Seed: 11, Size: 40_000})
	before := snapshot(r)
	size := len(before)
	events := r.Churn(r.AsOf().AddDays(30))
	counts := events.Counts()
	for _, rate := range register.MonthlyRates() {
		want := rate.PerMonth * float64(size) / 370_917 * 30 / 30.44
		got := counts[rate.Kind]
		require.InDelta(t, want, got, 1, "%s", rate.Kind)
	}
	require.Positive(t, counts[register.Activating])

	after := snapshot(r)
	var changed []string
	for code, o := range after {
		if old, was := before[code]; !was || !same(old, o) {
			changed = append(changed, code)
		}
	}
	for code := range before {
		if _, is := after[code]; !is {
			changed = append(changed, code)
		}
	}
	slices.Sort(changed)
	require.Equal(t, events.Codes(), changed, "the events name exactly the organisations that differ")
}

func snapshot(r *register.Register) map[string]register.Organisation {
	all := make(map[string]register.Organisation)
	for _, report := range register.Reports() {
		for o := range r.All(report) {
			all[o.Code] = o
		}
	}
	return all
}

func same(a, b register.Organisation) bool {
	return a.Name == b.Name && a.Postcode == b.Postcode && a.Standing == b.Standing && a.LastChange == b.LastChange &&
		a.Address == b.Address && a.Phone == b.Phone && slices.Equal(a.Operated, b.Operated) && a.ICB == b.ICB
}

func TestWhatChangedIsStampedWithinTheMonth(t *testing.T) {
	t.Parallel()
	r := register.New(register.Options{Seed: 12, Size: 20_000})
	from, to := r.AsOf(), r.AsOf().AddDays(30)
	for _, event := range r.Churn(to) {
		require.True(t, event.On.After(from) && !event.On.After(to))
		if o, found := r.Get(event.Code); found {
			require.Equal(t, event.On, o.LastChange)
		}
	}
	require.Equal(t, to, r.AsOf())
}

func TestPracticesAreDormantBeforeTheyClose(t *testing.T) {
	t.Parallel()
	r := register.New(register.Options{Seed: 13, Size: 20_000})
	before := snapshot(r)
	events := r.ChurnAt(r.AsOf().AddDays(30), []register.Rate{{Kind: register.Closing, PerMonth: 4000}})
	closed := 0
	for _, event := range events {
		if event.Kind != register.Closing || event.Report != register.Practices {
			continue
		}
		closed++
		require.Equal(t, string(profile.Dormant), event.Old)
		require.Equal(t, profile.Dormant, before[event.Code].Standing)
		o, _ := r.Get(event.Code)
		require.Equal(t, 1, o.Closed.AddDays(1).Time().Day(), "closed at the end of a month")
		require.True(t, o.Closed.Before(event.On))
		require.Equal(t, o.Closed, o.Commissioner().To)
	}
	require.Positive(t, closed)
}

func TestDeletionsAreListedAndCodesNeverReused(t *testing.T) {
	t.Parallel()
	r := register.New(register.Options{Seed: 14, Size: 5000})
	rates := []register.Rate{{Kind: register.Removing, PerMonth: 2000}, {Kind: register.Opening, PerMonth: 20_000}}
	events := r.ChurnAt(r.AsOf().AddDays(30), rates)
	deleted := r.Deletions()
	require.Len(t, deleted, events.Counts()[register.Removing])
	require.NotEmpty(t, deleted)
	for _, d := range deleted {
		_, found := r.Get(d.Code)
		require.False(t, found)
	}
}

// mergerDay is the day of the real mass recode.
var mergerDay = profile.NewDate(2026, 4, 1)

func TestTheMergerMovesAboutAQuarterOfTheTrusts(t *testing.T) {
	t.Parallel()
	r := register.New(register.Options{Seed: 15})
	before := rows(t, r, register.Trusts, register.DSE)
	pharmacies := text(t, r, register.Dispensaries, register.DSE)
	events := r.Recode(mergerDay)

	var open, moved int
	after := make(map[string][]string)
	for _, row := range rows(t, r, register.Trusts, register.DSE) {
		after[row[0]] = row
	}
	targets := make(map[string]map[string]bool)
	for _, row := range before {
		now := after[row[0]]
		if row[11] == "" {
			open++
		}
		if row[3] != now[3] {
			if row[11] == "" {
				moved++
			}
			if targets[row[3]] == nil {
				targets[row[3]] = make(map[string]bool)
			}
			targets[row[3]][now[3]] = true
			require.Regexp(t, `^[A-Z]\d[A-Z]\d[A-Z]$`, now[3])
		}
	}
	share := float64(moved) / float64(open)
	require.InDelta(t, 0.27, share, 0.08, "within eight points of the real share, 55 of 205")
	require.Len(t, targets["QM7"], 2, "not a pure rename")
	require.Len(t, events.Codes(register.Closing), 3)
	require.True(t, bytes.Equal(pharmacies, text(t, r, register.Dispensaries, register.DSE)), "other reports are left alone")

	opened := events.Codes(register.Opening)
	future := slices.IndexFunc(opened, func(code string) bool {
		o, _ := r.Get(code)
		return o.Report == register.Trusts && o.Opened.After(r.AsOf())
	})
	require.GreaterOrEqual(t, future, 0, "a new trust is listed before it opens")

	old, _ := r.Get("QMJ")
	require.Equal(t, profile.Inactive, old.Standing)
	require.Equal(t, []register.Succession{{Type: "Successor", Target: "Z9B2Z", Start: mergerDay}}, old.Successions)
	next, _ := r.Get("Z9B2Z")
	require.Len(t, next.Successions, 2)
}

func TestTheMergerCanTakeOtherReports(t *testing.T) {
	t.Parallel()
	r := register.New(register.Options{Seed: 16, Size: 3000})
	events := r.Recode(mergerDay, register.Dispensaries)
	require.Positive(t, events.Counts()[register.Reboarding])
	for _, event := range events {
		require.NotEqual(t, register.Trusts, event.Report)
	}
	require.Empty(t, r.Recode(mergerDay, register.Dispensaries), "a second one finds nothing")
}

func TestScenariosCanBeWritten(t *testing.T) {
	t.Parallel()
	r := register.New(register.Options{Seed: 17, Size: 500})
	code, day := r.Codes(register.Dispensaries)[0], r.AsOf().AddDays(3)
	version := r.Version(register.Dispensaries)
	require.NoError(t, r.Update(code, day, func(o *register.Organisation) { o.Name = "THE SEA SHELL PHARMACY" }))
	require.Greater(t, r.Version(register.Dispensaries), version)
	require.Contains(t, string(text(t, r, register.Dispensaries, register.DSE)), `"`+code+`","THE SEA SHELL PHARMACY"`)
	require.Equal(t, day, r.AsOf())

	o, _ := r.Get(code)
	require.ErrorContains(t, r.Add(o), "taken")
	o.Code = "FZZ99"
	require.NoError(t, r.Add(o))
	require.NoError(t, r.Delete(code, day))
	require.Error(t, r.Delete(code, day))
	require.Error(t, r.Update(code, day, func(*register.Organisation) {}))
	codes := strings.Join(r.Codes(register.Dispensaries), " ")
	require.NotContains(t, codes, code)
	require.Contains(t, codes, "FZZ99")
}
