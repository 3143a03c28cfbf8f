package register

import "slices"

// form is a format of codes: a prefix, then an alphabet for each position, with
// the share of a report's codes in this format
// (connectors/ods/CONTRACT.md "Codes").
type form struct {
	prefix    string
	alphabets []string
	share     float64
	under     Report // codes start with that of an organisation of this report
}

const (
	digits   = "0123456789"
	letters  = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
	alphanum = digits + letters
)

// anana returns the format of new organisations since April 2020: letters and
// digits in turn. It does not show what kind of organisation it names.
func anana(share float64) form {
	return form{alphabets: []string{letters, digits, letters, digits, letters}, share: share}
}

// legacy returns a format of the years before, from a prefix and its alphabets.
func legacy(share float64, prefix string, alphabets ...string) form {
	return form{prefix: prefix, alphabets: alphabets, share: share}
}

// The last form of a list is that of new organisations: practices, pharmacies
// and dentists are still numbered the old way.
var (
	subICBForms      = []form{legacy(0.9, "", digits, digits, letters), anana(0.1)}
	pharmacyHQForms  = []form{legacy(0.9, "P", alphanum, alphanum, alphanum), anana(0.1)}
	opticalHQForms   = []form{legacy(0.7, "T", alphanum, digits, digits, digits), anana(0.3)}
	opticalSiteForms = []form{legacy(0.7, "TP", alphanum, alphanum, alphanum), anana(0.3)}
	trustForms       = []form{legacy(0.993, "R", alphanum, alphanum), anana(0.007)}
	siteForms        = []form{{alphabets: []string{alphanum, alphanum}, share: 0.85, under: Trusts}, anana(0.15)}
	branchForms      = []form{{prefix: "0", alphabets: []string{digits, digits}, share: 0.98, under: Practices}, anana(0.02)}
	dentistForms     = []form{legacy(1, "V", digits, digits, digits, digits, digits)}
	dispensaryForms  = []form{legacy(1, "F", letters, "0123456789ABCDEFGHJKLMNPQRTVWXY", digits, digits)}
	practiceForms    = []form{
		legacy(0.4906, "", "ABCDEFGHJKLMNP", "8", digits, digits, digits, digits),
		legacy(0.0457, "W", digits, digits, digits, digits, digits),
		legacy(0.001, "ALD", digits, digits, digits),
		legacy(0.003, "GUE", digits, digits, digits),
		legacy(0.003, "JER", digits, digits, digits),
		legacy(0.4567, "Y", digits, digits, digits, digits, digits),
	}
)

func (f form) space() int {
	n := 1
	for _, a := range f.alphabets {
		n *= len(a)
	}
	return n
}

// fit returns the form, or a wider one with the same prefix if a register larger
// than the real one would run out of codes.
func (f form) fit(want, parents int) form {
	room := func(f form) bool { return want <= f.space()*parents*7/10 }
	if room(f) {
		return f
	}
	wide := form{prefix: f.prefix, under: f.under, alphabets: slices.Clone(f.alphabets)}
	for i := range wide.alphabets {
		wide.alphabets[i] = alphanum
	}
	if room(wide) {
		return wide
	}
	return anana(f.share)
}

func (f form) draw(d draw, pools map[Report][]string) string {
	code := make([]byte, 0, 12)
	if f.under != "" {
		code = append(code, f.parent(d, pools[f.under])...)
	}
	code = append(code, f.prefix...)
	for _, a := range f.alphabets {
		code = append(code, a[d.IntN(len(a))])
	}
	return string(code)
}

// parent picks the organisation whose code begins another code. It skips codes in
// the newest form, since no others are issued under them.
func (f form) parent(d draw, pool []string) string {
	for {
		if code := d.pick(pool); len(code) != len("A9A9A") {
			return code
		}
	}
}

// makeCodes returns n sorted codes for the report, none of them already taken.
func makeCodes(s *spec, n int, d draw, pools map[Report][]string, taken map[string]bool) []string {
	codes := make([]string, 0, n)
	for i, f := range s.forms {
		want := min(int(f.share*float64(n)+0.5), n-len(codes))
		if i == len(s.forms)-1 {
			want = n - len(codes)
		}
		parents := 1
		if f.under != "" {
			parents = len(pools[f.under])
		}
		f = f.fit(want, parents)
		for end := len(codes) + want; len(codes) < end; {
			if code := f.draw(d, pools); !taken[code] {
				taken[code] = true
				codes = append(codes, code)
			}
		}
	}
	slices.Sort(codes)
	return codes
}
