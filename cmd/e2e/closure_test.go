package e2e

import (
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// A place that a person has confirmed to be closed is shown as closed, which is no drift;
// taken back, it is shown again.
func TestAConfirmedClosureReachesTheWebsite(t *testing.T) {
	t.Parallel()
	s, x := newStockedSite(t, 20)
	s.serve()
	s.waitUntilPushed()
	code, because := s.codes()[0], []string{"--reason", "the shop is empty", "--actor", "Jo Close"}
	step := func(name string, more ...string) string {
		return s.exits(0, append(append([]string{"closure", name, code}, because...), more...)...).out
	}
	is := func(status string) {
		x.until("the website shows "+status, func() bool { return x.onWebsite(code).Status == status })
		s.waitUntilPushed()
		_, rows := s.drift(0, "website")
		require.Empty(t, rows)
	}
	require.Contains(t, step("say"), "Jo Close")
	require.Contains(t, step("confirm", "--successor", s.codes()[1]), s.codes()[1])
	is("Closed")
	shown := s.exits(0, "profile", "show", code).out
	require.Regexp(t, `closure +confirmed by Jo Close: the shop is empty +since 20`, shown)
	require.Regexp(t, `followed by +`+s.codes()[1]+` +as Jo Close said`, shown)
	why := list[whyStep](t, s.exits(0, "profile", "why", code, "status", "--format", "json"))
	require.Equal(t, []string{"stands", "created", "said", "confirmed"}, kindsOf(why)[:4])
	require.Equal(t, "Jo Close confirmed that it has closed, which sinks are told, and that "+s.codes()[1]+
		" follows it: the shop is empty", why[3].Text)
	require.Contains(t, s.exits(0, "profile", "why", code, "status").out, `website: sent "closed"`)
	require.Contains(t, s.exits(0, "profile", "why", code, "hidden").out, "the shop is empty")
	require.Equal(t, "open", one[string](s, "select status from profile where code = $1", code))
	step("take-back")
	is("Visible")
	why = list[whyStep](t, s.exits(0, "profile", "why", code, "status", "--format", "json"))
	require.Equal(t, "Jo Close took back that it has closed: the shop is empty", why[4].Text)
	require.NotContains(t, s.exits(0, "profile", "show", code).out, "Jo Close")
	require.Empty(t, s.exits(0, "closure", "list", "--format", "json").out)
	all := s.exits(0, "closure", "list", "--all", "--format", "json").out
	require.Equal(t, 1, strings.Count(all, `"state":`))
	require.Contains(t, all, `{"state":"taken-back","code":"`+code+`",`)
	require.Contains(t, all, `"successor":"`+s.codes()[1]+`"`)
	require.Contains(t, s.exits(0, "closure", "list", "--state", "taken-back", "--code", code).out, "the shop is empty")
	require.NotContains(t, s.exits(0, "closure", "list", "--all", "--code", s.codes()[1]).out, code)
	require.Contains(t, s.exits(1, append([]string{"closure", "take-back", code}, because...)...).err, "nothing to take back")
	require.Contains(t, s.exits(2, "closure", "confirm", code).err, "--reason")
}

func kindsOf(steps []whyStep) (kinds []string) {
	for _, step := range steps {
		kinds = append(kinds, step.Kind)
	}
	return kinds
}

// The register's desk reads that a place has closed when that is confirmed, again a week
// later, and that it is over when it was taken back; a preview shows each before.
func TestTheRegistersDeskIsAskedToCloseAPlace(t *testing.T) {
	t.Parallel()
	p := newCaseSite(t)
	p.env = append(p.env, `LISTS={"service-desk":"desk@example.nhs.uk","register-desk":"register@example.nhs.uk"}`)
	p.began("2026-06-01T05:00:00Z")
	p.caseDay(0, "closures-held", 1)
	codes := p.codes()
	named := func(code string) string { return p.field(code, "name") + " (" + code + ")" }
	step := func(instant, name string, more ...string) {
		args := append([]string{"closure", name, codes[0], "--reason", "the shop is empty", "--actor", "jo"}, more...)
		p.at(instant).exits(0, args...)
		p.at(instant).exits(0, "cases", "look")
	}
	step("2026-06-01T12:00:00Z", "say")
	may := p.exits(3, "cases", "list", "--kind", "closed-in-reality", "--format", "json").out
	require.Contains(t, may, named(codes[0])+" may have closed")
	step("2026-06-01T13:00:00Z", "confirm", "--successor", codes[1])
	p.exits(0, "cases", "list", "--kind", "closed-in-reality")
	reads := func(instant string, count int, news string) {
		t.Helper()
		preview := p.at(instant).exits(0, "cases", "letters", "--preview", "--full").out
		want := news + named(codes[0]) + " has closed, as a person confirmed on 1 June 2026, and is open in the register; " +
			"it is followed by " + named(codes[1])
		_, desk, _ := strings.Cut(preview, "list-register-desk:\n")
		desk, _, _ = strings.Cut(desk, "\n\n")
		require.Contains(t, desk, want)
		d := p.at(instant).serve()
		p.eventually(count, "select count(*) from letter where list = 'register-desk' and kind = 'cases' and state = 'delivered'")
		d.stop()
		told := p.messages()["cases"]
		require.Condition(t, func() bool {
			return slices.ContainsFunc(told, func(m string) bool {
				return strings.Contains(m, "register@example.nhs.uk") && strings.Contains(strings.ReplaceAll(m, "=\r\n", ""), want)
			})
		}, "%v", told)
	}
	reads("2026-06-02T07:05:00Z", 1, "New: ")
	require.NotContains(t, p.at("2026-06-08T06:00:00Z").exits(0, "cases", "letters", "--preview").out, "register-desk", "one a week")
	reads("2026-06-09T07:05:00Z", 2, "Overdue since 5 June 2026: ")
	step("2026-06-09T09:00:00Z", "take-back")
	p.at("2026-06-10T07:00:00Z").exits(0, "mail", "resume") // the pause after the first ten of a text
	reads("2026-06-10T07:05:00Z", 3, "Ended: ")
}
