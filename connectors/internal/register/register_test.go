package register_test

import (
	"bytes"
	"encoding/csv"
	"io"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/profilesync/profilesync/connectors/internal/register"
	"github.com/profilesync/profilesync/connectors/realdata"
	"github.com/profilesync/profilesync/reconcile/profile"
)

func text(t require.TestingT, r *register.Register, report register.Report, layout register.Layout) []byte {
	var out bytes.Buffer
	require.NoError(t, r.WriteCSV(&out, string(report), layout))
	return out.Bytes()
}

func rows(t require.TestingT, r *register.Register, report register.Report, layout register.Layout) [][]string {
	reader := csv.NewReader(bytes.NewReader(text(t, r, report, layout)))
	reader.FieldsPerRecord = 27
	all, err := reader.ReadAll()
	require.NoError(t, err)
	return all
}

func TestTheSameSeedGivesTheSameRegister(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		options := register.Options{Seed: rapid.Uint64().Draw(t, "seed"), Size: rapid.IntRange(1, 800).Draw(t, "size")}
		report := rapid.SampledFrom(register.Reports()).Draw(t, "report")
		month := profile.NewDate(2026, 6, 1)
		a, b := register.New(options), register.New(options)
		require.Equal(t, a.Churn(month), b.Churn(month))
		require.Equal(t, a.Recode(month), b.Recode(month))
		for _, layout := range []register.Layout{register.Legacy, register.DSE} {
			require.Equal(t, text(t, a, report, layout), text(t, b, report, layout))
		}
	})
}

func TestAnotherSeedGivesAnotherRegister(t *testing.T) {
	t.Parallel()
	a, b := register.New(register.Options{Seed: 1, Size: 500}), register.New(register.Options{Seed: 2, Size: 500})
	require.NotEqual(t, text(t, a, register.Dispensaries, register.DSE), text(t, b, register.Dispensaries, register.DSE))
}

func TestCodesHaveTheRealFormats(t *testing.T) {
	t.Parallel()
	r := register.New(register.Options{Seed: 3, Size: 60_000})
	formats := map[register.Report]*regexp.Regexp{
		register.Dispensaries: regexp.MustCompile(`^F[A-Z][A-Z0-9]\d\d$`),
		register.Practices:    regexp.MustCompile(`^([A-Z]\d{5}|(ALD|GUE|JER)\d{3})$`),
		register.Branches:     regexp.MustCompile(`^([A-Z0-9]{6}0\d\d|[A-Z]\d[A-Z]\d[A-Z])$`),
		register.Dentists:     regexp.MustCompile(`^V\d{5}$`),
		register.OpticalSites: regexp.MustCompile(`^(TP[A-Z0-9]{3}|[A-Z]\d[A-Z]\d[A-Z])$`),
		register.OpticalHQs:   regexp.MustCompile(`^(T[A-Z0-9]\d{3}|[A-Z]\d[A-Z]\d[A-Z])$`),
		register.PharmacyHQs:  regexp.MustCompile(`^(P[A-Z0-9]{3}|[A-Z]\d[A-Z]\d[A-Z])$`),
		register.Trusts:       regexp.MustCompile(`^(R[A-Z0-9]{2}|[A-Z]\d[A-Z]\d[A-Z])$`),
		register.TrustSites:   regexp.MustCompile(`^([A-Z][A-Z0-9]{4}|[A-Z]\d[A-Z]\d[A-Z][A-Z0-9]{2})$`),
	}
	r.Churn(r.AsOf().AddDays(30))
	seen := make(map[string]bool)
	for _, report := range register.Reports() {
		codes := r.Codes(report)
		require.True(t, slices.IsSorted(codes), report)
		for _, code := range codes {
			if seen[code] {
				t.Errorf("%s is used twice", code)
			}
			seen[code] = true
			if format, known := formats[report]; known && !format.MatchString(code) {
				t.Errorf("%s %s does not match %s", report, code, format)
			}
		}
	}
}

func TestParentsExist(t *testing.T) {
	t.Parallel()
	r := register.New(register.Options{Seed: 4, Size: 3000})
	for _, report := range register.Reports() {
		for o := range r.All(report) {
			for _, rel := range o.Relationships() {
				if rel.Code != "RE6" && o.Archived() || strings.HasPrefix(rel.Target, "7A") || rel.Target == "Q99" {
					continue // boards of the past, and Wales
				}
				_, found := r.Get(rel.Target)
				require.True(t, found, "%s %s %s", o.Code, rel.Code, rel.Target)
			}
			got, found := r.Get(o.Code)
			require.True(t, found)
			require.Equal(t, o, got)
		}
	}
}

func TestInstanceIDsAreUniqueAndStable(t *testing.T) {
	t.Parallel()
	r := register.New(register.Options{Seed: 5, Size: 2000})
	before := relationships(t, r)
	r.ChurnAt(r.AsOf().AddDays(30), []register.Rate{{Kind: register.Reparenting, PerMonth: 30_000}})
	after := relationships(t, r)
	require.Greater(t, len(after), len(before))
	for id, rel := range before {
		if rel.Target != after[id].Target {
			t.Errorf("relationship %d changed its target", id)
		}
	}
}

func relationships(t *testing.T, r *register.Register) map[int]register.Relationship {
	t.Helper()
	all := make(map[int]register.Relationship)
	for _, report := range register.Reports() {
		for o := range r.All(report) {
			for _, rel := range o.Relationships() {
				if _, twice := all[rel.ID]; twice {
					t.Fatalf("relationship id %d is used twice", rel.ID)
				}
				all[rel.ID] = rel
			}
		}
	}
	return all
}

func TestBothLayoutsStateTheSameFacts(t *testing.T) {
	t.Parallel()
	r := register.New(register.Options{Seed: 6, Size: 20_000})
	r.Churn(r.AsOf().AddDays(60))
	status := map[string]string{"A": "ACTIVE", "C": "INACTIVE", "D": "DORMANT", "P": "PROPOSED", "": ""}
	for _, report := range register.Reports() {
		dse := make(map[string][]string)
		for _, row := range rows(t, r, report, register.DSE) {
			dse[row[0]] = row
		}
		for _, old := range rows(t, r, report, register.Legacy) {
			row, listed := dse[old[0]]
			if !listed {
				require.NotEmpty(t, old[11])
				require.LessOrEqual(t, old[11], "20170331", "only the archived are left out")
				continue
			}
			delete(dse, old[0])
			require.Equal(t, strings.TrimSpace(old[1]), row[1])
			require.Equal(t, squeeze(old[9]), squeeze(row[9]))
			require.Equal(t, squeeze(old[17]), squeeze(row[17]))
			require.Equal(t, old[10:12], row[10:12])
			require.Equal(t, status[old[12]], row[12])
			require.Equal(t, old[23], row[23])
			require.Subset(t, words(old[1:2], old[4:9]), words(row[4:9]), "%v\n%v", old, row)
			require.Equal(t, "1", row[21])
			require.Empty(t, row[8])
			require.NotEmpty(t, row[7])
			if old[2] != "W00" {
				require.Equal(t, old[2:4], row[2:4])
			}
			if report != register.TrustSites {
				require.Equal(t, old[14:17], row[14:17])
			}
		}
		require.Empty(t, dse, "today's file lists organisations that the old one does not")
	}
}

func TestTodaysLayoutLeavesOutTheArchived(t *testing.T) {
	t.Parallel()
	r := register.New(register.Options{Seed: 18, Size: 10_000})
	for _, report := range register.Reports() {
		for _, row := range rows(t, r, report, register.DSE) {
			if row[11] != "" && report != register.Trusts {
				require.Greater(t, row[11], "20170331", row[0])
			}
		}
	}
	require.Less(t, len(rows(t, r, register.Practices, register.DSE)), r.Len(register.Practices))
}

func TestABoardLiesInOneRegion(t *testing.T) {
	t.Parallel()
	r := register.New(register.Options{Seed: 19, Size: 20_000})
	region, regions := make(map[string]string), make(map[string]bool)
	for _, report := range []register.Report{register.Trusts, register.TrustSites, register.Practices, register.Dentists} {
		for _, row := range rows(t, r, report, register.DSE) {
			if before, met := region[row[3]]; met {
				require.Equal(t, before, row[2])
			}
			region[row[3]] = row[2]
			regions[row[2]] = true
		}
	}
	require.Len(t, region, 43, "42 boards, and none for Wales")
	require.Len(t, regions, 8, "seven regions, and none for Wales")
}

func squeeze(s string) string { return strings.ReplaceAll(s, " ", "") }

func words(parts ...[]string) []string {
	joined := strings.Join(slices.Concat(parts...), " ")
	return strings.Fields(strings.ReplaceAll(joined, "-", " "))
}

func TestFilesAreQuotedWithCRLFAndNoHeader(t *testing.T) {
	t.Parallel()
	r := register.New(register.Options{Seed: 7, Size: 300})
	for _, report := range register.Reports() {
		for _, line := range strings.SplitAfter(strings.TrimSuffix(string(text(t, r, report, register.Legacy)), "\r\n"), "\r\n") {
			require.Equal(t, 27, strings.Count(line, `","`)+1)
			require.True(t, strings.HasPrefix(line, `"`))
		}
	}
	require.ErrorContains(t, r.WriteCSV(io.Discard, "edispensry", register.DSE), `report "edispensry"`)
}

// figures are the shares of a file that the generator must reproduce.
type figures struct {
	active, closed, other, contradictions, noPhone, sharedNames, ampersand, oddPhone, sharedPostcodes, strays float64
}

func measure(all [][]string) figures {
	var f figures
	names, postcodes, active := make(map[string]int), make(map[string]int), 0.0
	usual := regexp.MustCompile(`^(\d{5} \d{6}|\d{4} \d{7}|\d{3} \d{8})?$`)
	for _, row := range all {
		switch status := row[12]; {
		case status == "A", status == "ACTIVE", status == "" && row[11] == "":
			active++
			f.contradictions += count(row[11] != "")
			f.noPhone += count(row[17] == "")
			names[row[1]]++
			postcodes[row[9]]++
		case status == "C", status == "INACTIVE", status == "":
			f.closed++
		default:
			f.other++
		}
		f.ampersand += count(strings.Contains(row[1], "&"))
		f.oddPhone += count(!usual.MatchString(row[17]))
		f.strays += count(slices.ContainsFunc(row, func(v string) bool { return v != strings.TrimSpace(v) }))
	}
	total := float64(len(all))
	return figures{
		active: active / total, closed: f.closed / total, other: f.other / total,
		contradictions: f.contradictions / total, noPhone: f.noPhone / active, sharedNames: shared(names) / active,
		ampersand: f.ampersand / total, oddPhone: f.oddPhone / total, sharedPostcodes: shared(postcodes) / active,
		strays: f.strays / total,
	}
}

func count(yes bool) float64 {
	if yes {
		return 1
	}
	return 0
}

func shared(times map[string]int) (n float64) {
	for _, k := range times {
		if k > 1 {
			n += float64(k)
		}
	}
	return n
}

// The tolerance is four points around the real share, nine for the 273 trusts. Rare
// dirt (less than one in a hundred) may have half to one and a half times its rate.
func requireClose(t *testing.T, what string, rows int, want, got float64) {
	t.Helper()
	if want < 0.01 {
		require.LessOrEqual(t, math.Abs(got-want), want/2+0.0006, "%s: real %.5f, made up %.5f", what, want, got)
		return
	}
	require.InDelta(t, want, got, max(0.04, 1.5/math.Sqrt(float64(rows))), "%s: real %.4f, made up %.4f", what, want, got)
}

func realData(t *testing.T, parts ...string) [][]string {
	t.Helper()
	file, err := os.Open(realdata.Path(t, parts...))
	require.NoError(t, err)
	defer file.Close()
	all, err := csv.NewReader(file).ReadAll()
	require.NoError(t, err)
	return all
}

func TestProportionsAreTheRealOnes(t *testing.T) {
	t.Parallel()
	r := register.New(register.Options{Seed: 8})
	for _, c := range []struct {
		report register.Report
		layout register.Layout
		file   string
		names  bool // whether shared names and postcodes must agree as well
	}{
		{register.Dispensaries, register.Legacy, "legacy/edispensary_2025-04-10.csv", true},
		{register.Practices, register.Legacy, "legacy/epraccur_2025-05-25.csv", false},
		{register.Dentists, register.Legacy, "legacy/egdpprac_2019-03-02.csv", true},
		{register.TrustSites, register.Legacy, "legacy/etrust_2018-09-15.csv", true},
		{register.Trusts, register.DSE, "dse/etr_2025-12-29.csv", true},
	} {
		t.Run(string(c.report), func(t *testing.T) {
			t.Parallel()
			measured := realData(t, "ods", filepath.FromSlash(c.file))
			n, want := len(measured), measure(measured)
			got := measure(rows(t, r, c.report, c.layout))
			requireClose(t, "active", n, want.active, got.active)
			requireClose(t, "closed", n, want.closed, got.closed)
			requireClose(t, "dormant and proposed", n, want.other, got.other)
			requireClose(t, "active with a close date", n, want.contradictions, got.contradictions)
			requireClose(t, "active without a phone", n, want.noPhone, got.noPhone)
			requireClose(t, "fields with stray spaces", n, want.strays, got.strays)
			if c.report != register.Trusts { // two of them have a "&", and a third has a phone layout of its own
				requireClose(t, "names with &", n, want.ampersand, got.ampersand)
				requireClose(t, "odd phones", n, want.oddPhone, got.oddPhone)
			}
			if c.names {
				requireClose(t, "shared names", n, want.sharedNames, got.sharedNames)
				requireClose(t, "shared postcodes", n, want.sharedPostcodes, got.sharedPostcodes)
			}
		})
	}
}

func TestSmallRegistersHaveDirtToo(t *testing.T) {
	t.Parallel()
	r := register.New(register.Options{Seed: 9, Size: 100})
	var contradictions, spaces int
	for o := range r.All(register.Dispensaries) {
		if o.Standing == profile.Active && !o.Closed.IsZero() {
			contradictions++
			require.False(t, o.Closed.After(r.AsOf()))
		}
		if o.Postcode != o.Clean().Postcode {
			spaces++
		}
	}
	require.Equal(t, 1, contradictions)
	require.Equal(t, 1, spaces)
}

func TestThreeHundredThousandOfOneReport(t *testing.T) {
	t.Parallel()
	r := register.New(register.Options{Seed: 10, Counts: map[register.Report]int{register.Dispensaries: 300_000}})
	require.Equal(t, 300_000, r.Len(register.Dispensaries))
	var lines lineCounter
	require.NoError(t, r.WriteCSV(&lines, "edispensary", register.Legacy))
	require.Equal(t, 300_000, int(lines))
}

type lineCounter int

func (n *lineCounter) Write(p []byte) (int, error) {
	*n += lineCounter(bytes.Count(p, []byte("\n")))
	return len(p), nil
}

func BenchmarkWriteCSV(b *testing.B) {
	r := register.New(register.Options{Seed: 1, Counts: map[register.Report]int{register.Dispensaries: 20_000}})
	b.ReportAllocs()
	for b.Loop() {
		if err := r.WriteCSV(io.Discard, "edispensary", register.DSE); err != nil {
			b.Fatal(err)
		}
	}
}
