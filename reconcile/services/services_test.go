package services_test

import (
	"fmt"
	"maps"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/profilesync/profilesync/reconcile/profile"
	"github.com/profilesync/profilesync/reconcile/runs"
	"github.com/profilesync/profilesync/reconcile/services"
)

// ersDay is a day of these tests.
func ersDay(n int) profile.Date { return profile.NewDate(2026, 11, n) }

func ersService(id, name string, sites ...profile.ODSCode) services.Service {
	return services.Service{ID: services.ID(id), Version: "1", Name: name, Sites: sites}.Canonical()
}

func TestAnAnswerUpdatesTheEntry(t *testing.T) {
	t.Parallel()
	service := ersService("1", "Clinic", "R0A01")
	seen := services.Entry{ID: "1", State: services.Active, Credential: "ours", Version: "1", Hash: service.Hash()}
	as := func(state services.State, since int) services.Entry {
		e := seen
		if e.State = state; since > 0 {
			e.MissingSince = ersDay(since)
		}
		return e
	}
	known := services.Entry{ID: "1", State: services.Known}
	unseen := services.Entry{ID: "1", State: services.Missing, MissingSince: ersDay(5)}
	pending := seen
	pending.Pending = services.Missing
	relabelled, restamped := service, service
	relabelled.AppointmentTypes = []services.Coding{{Code: "X", Display: "New label"}}
	restamped.Version = "2"
	found := func(s services.Service) services.Answer {
		return services.Answer{ID: "1", Outcome: services.OutcomeFound, Credential: "ours", Service: s}
	}
	says := func(o services.Outcome) services.Answer {
		return services.Answer{ID: "1", Outcome: o}
	}
	const miss, gone, hidden = services.Missing, services.Gone, services.NotVisible
	for name, test := range map[string]struct {
		entry  services.Entry
		answer services.Answer
		want   services.Entry
		facts  bool
		news   bool
	}{
		"seen for the first time": {known, found(service), seen, true, true},
		"the same":                {seen, found(service), seen, false, false},
		"a label, no version":     {seen, found(relabelled), seen, true, true},
		"a version, no facts":     {seen, found(restamped), seen, true, true},
		"absent":                  {seen, says(services.OutcomeAbsent), as(miss, 5), false, true},
		"never seen and absent":   {known, says(services.OutcomeAbsent), unseen, false, true},
		"absent again that day":   {as(miss, 5), says(services.OutcomeAbsent), as(miss, 5), false, false},
		"absent on another day":   {as(miss, 4), says(services.OutcomeAbsent), as(miss, 4), false, false},
		"unknown on another day":  {as(miss, 4), says(services.OutcomeUnknown), as(gone, 4), false, true},
		"unknown the same day":    {as(miss, 5), says(services.OutcomeUnknown), as(miss, 5), false, false},
		"unknown at first":        {seen, says(services.OutcomeUnknown), as(miss, 5), false, true},
		"gone stays gone":         {as(gone, 1), says(services.OutcomeAbsent), as(gone, 1), false, false},
		"gone is not unseen":      {as(gone, 1), says(services.OutcomeNotVisible), as(gone, 1), false, false},
		"returned":                {as(gone, 1), found(service), seen, false, true},
		"not missing after all":   {as(miss, 4), found(service), seen, false, true},
		"what waited is settled":  {pending, found(service), seen, false, true},
		"not visible":             {seen, says(services.OutcomeNotVisible), as(hidden, 0), false, true},
		"still not visible":       {as(hidden, 0), says(services.OutcomeNotVisible), as(hidden, 0), false, false},
		"unreadable says nothing": {seen, says(services.OutcomeUnreadable), seen, false, false},
	} {
		look, news := test.entry.Sighting(test.answer, ersDay(5))
		test.want.Version, test.want.Hash = look.Version, look.Hash
		require.Equal(t, test.want, look.Entry, name)
		require.Equal(t, test.facts, look.Service != nil, name)
		require.Equal(t, test.news, news, name)
	}
}

func TestGoneServicesAreAskedForOnceAWeek(t *testing.T) {
	t.Parallel()
	for id := range 200 {
		asked := 0
		for day := 1; day <= 7; day++ {
			if services.AsksForGone(services.ID(fmt.Sprint(id)), ersDay(day)) {
				asked++
			}
		}
		require.Equal(t, 1, asked)
	}
}

// changeLines writes each change as a line.
// planned is a plan of services of which nothing waits.
func planned(asOf profile.Date, items []services.Item) []services.Change {
	changes, _ := services.Plan(asOf, items)
	return changes
}

func changeLines(changes []services.Change) (lines []string) {
	for _, c := range changes {
		line := fmt.Sprintf("%s %s %s", c.Code, c.Service, c.Verb)
		if c.Verb == runs.Update {
			old, from, _ := services.ParseShown(orEmpty(c.Old))
			now, _, _ := services.ParseShown(c.New)
			line += fmt.Sprintf(" %q>%q", old.Name, now.Name)
			if from != "" {
				line += " from " + string(from)
			}
			if now.Withdrawn {
				line += " withdrawn"
			}
		}
		if c.Undone {
			line += " undone"
		}
		lines = append(lines, line)
	}
	return lines
}

func orEmpty(text string) string {
	if text == "" {
		return "{}"
	}
	return text
}

func TestPlanServices(t *testing.T) {
	t.Parallel()
	row := func(name string, withdrawn bool) *services.Shown {
		shown := ersService("1", name).Shown("")
		shown.Withdrawn = withdrawn
		return &shown
	}
	site := func(code profile.ODSCode, r *services.Shown, marks ...services.Mark) services.Site {
		return services.Site{Code: code, Type: profile.TrustSite, Row: r, Marks: marks}
	}
	held := site("A", row("Old", false))
	held.Held = true
	at := func(codes ...profile.ODSCode) *services.Service {
		s := ersService("1", "Clinic", codes...)
		return &s
	}
	change := planned(ersDay(1), []services.Item{{
		ID: "1", State: services.Active, Service: at("A"), Sites: []services.Site{site("A", nil)},
	}})[0]
	type (
		sites = []services.Site
		says  = []string
	)
	old, here, left := row("Old", false), row("Clinic", false), row("Clinic", true)
	rejected := func(value string) services.Mark {
		return services.Mark{Verdict: runs.VerdictRejected, Value: value}
	}
	undone := func(value string) services.Mark {
		return services.Mark{Verdict: runs.VerdictUndone, Value: value}
	}
	movedTo := func(to, from string) says { return says{to + ` 1 update "Clinic">"Clinic" from ` + from} }
	leaves := func(site string) says { return says{site + ` 1 update "Clinic">"Clinic" withdrawn`} }
	const active, missing, gone = services.Active, services.Missing, services.Gone
	for name, test := range map[string]struct {
		was, state services.State
		service    *services.Service
		sites      []services.Site
		want       []string
	}{
		"never seen":              {services.Known, missing, nil, nil, nil},
		"new":                     {active, active, at("A"), sites{site("A", nil)}, says{`A 1 update "">"Clinic"`}},
		"no profile":              {active, active, at("A"), nil, nil},
		"the same":                {active, active, at("A"), sites{site("A", here)}, nil},
		"changed":                 {active, active, at("A"), sites{site("A", old)}, says{`A 1 update "Old">"Clinic"`}},
		"returned":                {gone, active, at("A"), sites{site("A", left)}, says{`A 1 update "Clinic">"Clinic"`}},
		"moved":                   {active, active, at("B"), sites{site("B", nil), site("A", here)}, movedTo("B", "A")},
		"moved back":              {active, active, at("A"), sites{site("B", here), site("A", left)}, movedTo("A", "B")},
		"moved away":              {active, active, at("Z"), sites{site("A", here)}, leaves("A")},
		"one of two sites left":   {active, active, at("A"), sites{site("A", here), site("B", here)}, leaves("B")},
		"one more site":           {active, active, at("A", "B"), sites{site("A", here), site("B", nil)}, says{`B 1 update "">"Clinic"`}},
		"missing":                 {active, missing, at("A"), sites{site("A", here)}, says{"A 1 missing"}},
		"still missing":           {missing, missing, at("A"), sites{site("A", here)}, nil},
		"gone":                    {missing, gone, at("A"), sites{site("A", here), site("B", left)}, leaves("A")},
		"not visible":             {active, services.NotVisible, at("B"), sites{site("A", old)}, nil},
		"held":                    {active, active, at("A"), sites{held}, nil},
		"held at the other end":   {active, active, at("B"), sites{held, site("B", nil)}, nil},
		"rejected":                {active, active, at("A"), sites{site("A", nil, rejected(change.New))}, nil},
		"rejected, another value": {active, active, at("A"), sites{site("A", nil, rejected("{}"))}, says{`A 1 update "">"Clinic"`}},
		"undone":                  {active, active, at("A"), sites{site("A", nil, undone(change.New))}, says{`A 1 update "">"Clinic" undone`}},
		"missing, undone":         {active, missing, at("A"), sites{site("A", here, undone("missing"))}, says{"A 1 missing undone"}},
	} {
		item := services.Item{ID: "1", Previous: test.was, State: test.state, Service: test.service, Sites: test.sites}
		require.Equal(t, test.want, changeLines(planned(ersDay(1), []services.Item{item})), name)
	}
}

// ersModel is the register and the profiles as the store keeps them.
type ersModel struct {
	services map[services.ID]services.Service
	states   map[services.ID]services.State
	rows     services.Rows
}

var ersProfiles = []profile.ODSCode{"A", "B", "C"}

func ersModels() *rapid.Generator[*ersModel] {
	return rapid.Custom(func(t *rapid.T) *ersModel {
		m := &ersModel{
			map[services.ID]services.Service{}, map[services.ID]services.State{}, services.Rows{},
		}
		for n := range rapid.IntRange(1, 5).Draw(t, "services") {
			id := services.ID(fmt.Sprint(n + 8))
			m.redraw(t, id)
			m.states[id] = services.Active
		}
		return m
	})
}

func (m *ersModel) redraw(t *rapid.T, id services.ID) {
	codes := rapid.SampledFrom([]profile.ODSCode{"A", "B", "C", "Z"}) // Z has no profile
	sites := rapid.SliceOfNDistinct(codes, 1, 3, rapid.ID[profile.ODSCode]).Draw(t, "sites")
	m.services[id] = ersService(string(id), rapid.SampledFrom([]string{"Heart <&>", "Ears"}).Draw(t, "name"), sites...)
}

// items returns what the store would load; states are those after the run.
func (m *ersModel) items(states map[services.ID]services.State) (items []services.Item) {
	for id, service := range m.services {
		item := services.Item{ID: id, Previous: m.states[id], State: states[id], Service: &service}
		for _, code := range ersProfiles {
			row, there := m.rows[code][id]
			if !there && !service.AtSite(code) {
				continue
			}
			site := services.Site{Code: code, Type: profile.TrustSite}
			if there {
				site.Row = &row
			}
			item.Sites = append(item.Sites, site)
		}
		items = append(items, item)
	}
	return items
}

func (m *ersModel) apply(t require.TestingT, changes []services.Change) {
	for _, c := range changes {
		if c.Verb == runs.Missing {
			m.states[c.Service] = services.Missing
			if c.New == "" {
				m.states[c.Service] = services.Active
			}
			continue
		}
		shown, _, err := services.ParseShown(c.New)
		require.NoError(t, err)
		m.put(c.Code, c.Service, shown)
		if _, from, err := services.ParseShown(orEmpty(c.Old)); err == nil && from != "" {
			left := m.rows[from][c.Service]
			left.Withdrawn = true
			m.put(from, c.Service, left)
		}
	}
}

func (m *ersModel) put(code profile.ODSCode, id services.ID, shown services.Shown) {
	if m.rows[code] == nil {
		m.rows[code] = map[services.ID]services.Shown{}
	}
	m.rows[code][id] = shown
}

// live returns what the public sees.
func (m *ersModel) live() map[string]services.Shown {
	live := map[string]services.Shown{}
	for code, rows := range m.rows {
		for id, row := range rows {
			if !row.Withdrawn {
				live[string(code)+" "+string(id)] = row
			}
		}
	}
	return live
}

// redrawAll draws what e-RS says next: other facts, other states.
func (m *ersModel) redrawAll(t *rapid.T) map[services.ID]services.State {
	states := map[services.ID]services.State{}
	for _, id := range slices.SortedFunc(maps.Keys(m.services), services.CompareIDs) {
		states[id] = rapid.SampledFrom([]services.State{
			services.Active, services.Active, services.Missing, services.Gone, services.NotVisible,
		}).Draw(t, "state")
		if states[id] == services.Active && rapid.Bool().Draw(t, "other facts") {
			m.redraw(t, id)
		}
	}
	return states
}

func TestServicesSettleInOneRun(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		m := ersModels().Draw(t, "model")
		for day := range 3 {
			states := m.redrawAll(t)
			changes := planned(ersDay(day+1), m.items(states))
			items := rapid.Permutation(m.items(states)).Draw(t, "permuted")
			for n := range items {
				items[n].Sites = rapid.Permutation(items[n].Sites).Draw(t, "permuted sites")
			}
			require.Equal(t, changes, planned(ersDay(day+1), items), "the order does not matter")
			m.apply(t, changes)
			m.states = states
			require.Empty(t, planned(ersDay(day+1), m.items(states)), "a second run finds nothing")
			for id, service := range m.services {
				for _, code := range ersProfiles {
					_, live := m.live()[string(code)+" "+string(id)]
					if states[id] == services.Active {
						require.Equal(t, service.AtSite(code), live)
					}
				}
			}
		}
	})
}

// Absence never takes a service away, however many are absent.
func TestAbsenceTakesNothingAway(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		m := ersModels().Draw(t, "model")
		m.apply(t, planned(ersDay(1), m.items(m.states)))
		before := m.live()
		states := map[services.ID]services.State{}
		for id := range m.services {
			states[id] = rapid.SampledFrom([]services.State{services.Missing, services.NotVisible}).Draw(t, "state")
		}
		m.apply(t, planned(ersDay(2), m.items(states)))
		require.Equal(t, before, m.live())
	})
}

func TestUndoOfServicesRestoresWhatWasShown(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		m := ersModels().Draw(t, "model")
		m.apply(t, planned(ersDay(1), m.items(m.states)))
		before := m.live()
		states := m.redrawAll(t)
		changes := planned(ersDay(2), m.items(states))
		m.apply(t, changes)
		after := m.live()
		now := maps.Clone(states)
		back, left := services.Undo(changes, m.rows, now)
		require.Empty(t, left)
		m.apply(t, back)
		require.Equal(t, before, m.live())
		for _, c := range back {
			code, value := c.Reproposed()
			at := slices.IndexFunc(changes, func(o services.Change) bool {
				is, what := o.Decision()
				return o.Service == c.Service && is == code && what == value
			})
			require.GreaterOrEqual(t, at, 0, "an undone change is recognised when it is proposed again")
			if c.Verb == runs.Missing {
				now[c.Service] = services.Active
			}
		}
		again, left := services.Undo(back, m.rows, now)
		require.Empty(t, left)
		m.apply(t, again)
		require.Equal(t, after, m.live(), "an undo can be undone")
	})
}

func TestUndoOfServicesLeavesWhatWasEditedSince(t *testing.T) {
	t.Parallel()
	shown := ersService("1", "Clinic").Shown("")
	rows := services.Rows{"A": {"1": shown}}
	applied := planned(ersDay(1), []services.Item{{
		ID: "1", State: services.Active, Service: new(ersService("1", "Clinic", "A")), Sites: []services.Site{{Code: "A"}},
	}})
	edited := shown
	edited.Hours = "by hand"
	_, left := services.Undo(applied, services.Rows{"A": {"1": edited}}, nil)
	require.Equal(t, applied, left)
	_, left = services.Undo(applied, services.Rows{}, nil)
	require.Equal(t, applied, left)
	back, left := services.Undo(applied, rows, nil)
	require.Empty(t, left)
	require.Equal(t, []string{`A 1 update "Clinic">"Clinic" withdrawn`}, changeLines(back))
	mark := []services.Change{{Code: "A", Service: "1", Verb: runs.Missing, New: "2026-11-01"}}
	_, left = services.Undo(mark, rows, map[services.ID]services.State{"1": services.Gone})
	require.Equal(t, mark, left, "the service is gone by now")
}

func TestApproveServicesTakesWhatStillFollows(t *testing.T) {
	t.Parallel()
	a := services.Change{Code: "A", Service: "1", Verb: runs.Missing, New: "2026-11-01"}
	b := a
	b.Service = "2"
	fresh := a
	fresh.Reason = runs.BecauseDrift
	apply, left := services.Approve([]services.Change{a, b}, []services.Change{fresh})
	require.Equal(t, []services.Change{a}, apply)
	require.Equal(t, []services.Change{b}, left)
}

func TestTheGuardOfServices(t *testing.T) {
	t.Parallel()
	guard := services.DefaultGuard()
	for name, test := range map[string]struct {
		losses, of, all int
		withheld        bool
	}{
		"two of three":     {2, 3, 1000, false},
		"three of three":   {3, 3, 1000, true},
		"three of ten":     {3, 10, 1000, false},
		"four of ten":      {4, 10, 1000, true},
		"ten of forty":     {10, 40, 40, false},
		"eleven of all":    {11, 40, 40, true},
		"two in a hundred": {20, 100, 1000, false},
		"over 2 % of all":  {21, 100, 1000, true},
	} {
		withheld := guard.Judge([]services.SiteLosses{{Code: "A", Losses: test.losses, Of: test.of}}, test.all)
		require.Equal(t, test.withheld, len(withheld) == 1, name)
	}
	sites := []services.SiteLosses{{Code: "A", Losses: 4, Of: 10}, {Code: "B", Losses: 1, Of: 10}}
	require.Equal(t, sites[:1], guard.Judge(sites, 1000), "the other site goes on")
}

func TestMoreLossesNeverLetALossThrough(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		var sites []services.SiteLosses
		for n := range rapid.IntRange(1, 6).Draw(t, "sites") {
			of := rapid.IntRange(1, 40).Draw(t, "services")
			losses := rapid.IntRange(0, of).Draw(t, "losses")
			sites = append(sites, services.SiteLosses{Code: profile.ODSCode(fmt.Sprint(n)), Of: of, Losses: losses})
		}
		guard := services.DefaultGuard()
		all := rapid.IntRange(1, 2000).Draw(t, "all")
		before := guard.Judge(sites, all)
		more := slices.Clone(sites)
		more[rapid.IntRange(0, len(more)-1).Draw(t, "where")].Losses += rapid.IntRange(1, 50).Draw(t, "more")
		after := guard.Judge(more, all)
		for _, w := range before {
			require.True(t, slices.ContainsFunc(after, func(s services.SiteLosses) bool { return s.Code == w.Code }))
		}
	})
}

func TestOwnersOfSites(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		site, operator, owner, before profile.ODSCode
		status                        profile.Status
		want                          services.OwnerProblem
	}{
		"legacy":                   {"R6901", "", "R69", "", profile.StatusOpen, services.NoOwnerProblem},
		"legacy, operator agrees":  {"R6901", "R69", "R69", "", profile.StatusOpen, services.NoOwnerProblem},
		"legacy, taken over":       {"R6901", "R70", "R70", "", profile.StatusOpen, services.OwnerChanged},
		"legacy, owner closed":     {"R6901", "", "R69", "", profile.StatusClosed, services.OwnerClosed},
		"legacy, owner unknown":    {"R6901", "", "R69", "", "", services.OwnerUnknown},
		"dormant is not closed":    {"R6901", "", "R69", "", profile.StatusDormant, services.NoOwnerProblem},
		"ANANA names nothing":      {"A1B2C", "", "", "", "", services.OwnerUnknown},
		"ANANA with an operator":   {"A1B2C", "R70", "R70", "", profile.StatusOpen, services.NoOwnerProblem},
		"taken over recently":      {"A1B2C", "R70", "R70", "R69", profile.StatusOpen, services.OwnerChanged},
		"and given back":           {"A1B2C", "R70", "R70", "R70", profile.StatusOpen, services.NoOwnerProblem},
		"taken over and closed":    {"A1B2C", "R70", "R70", "R69", profile.StatusClosed, services.OwnerClosed},
		"another form of code":     {"AB1234", "", "", "", "", services.OwnerUnknown},
		"operator that has closed": {"A1B2C", "R70", "R70", "", profile.StatusClosed, services.OwnerClosed},
	} {
		owner, byCode := services.SiteOwner(test.site, test.operator)
		require.Equal(t, test.owner, owner, name)
		require.Equal(t, test.want, services.JudgeOwner(owner, byCode, test.before, test.status), name)
	}
}

func TestShownHasLabelsOrCodes(t *testing.T) {
	t.Parallel()
	s := ersService("1", "Clinic", "A")
	s.AppointmentTypes = []services.Coding{{Code: "NEW_CODE"}, {Code: "DAY_CASE", Display: "Day case"}}
	s.RequestFlows = []services.Coding{{Code: "BOOKABLE", Display: "Bookable"}}
	s.Bookable = []services.Coding{{Code: "DIRECTLY_BOOKABLE", Display: "Directly Bookable"}}
	shown := s.Shown("Heart")
	require.Equal(t, "Day case, NEW_CODE", shown.Kind)
	require.Equal(t, "Bookable, Directly Bookable", shown.Booking)
	require.Equal(t, "Heart", shown.Specialty)
	_, _, err := services.ParseShown("[]")
	require.Error(t, err)
}
