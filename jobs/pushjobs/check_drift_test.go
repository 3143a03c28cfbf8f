package pushjobs

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"testing"

	"github.com/riverqueue/river"
	"github.com/stretchr/testify/require"

	"github.com/profilesync/profilesync/reconcile/profile"
	"github.com/profilesync/profilesync/reconcile/push"
	"github.com/profilesync/profilesync/reconcile/runs"
)

// recordedCheck is a drift check over pushes that it keeps by type, in the
// order of codes.
type recordedCheck struct {
	pushes map[profile.OrgType][]push.Push

	pages   []int
	drifted []push.Drifted
	seen    []profile.ODSCode
	partly  []profile.ODSCode
	ended   []push.DriftResult
	repair  []bool
}

func (l *recordedCheck) Page(_ context.Context, t profile.OrgType, after profile.ODSCode, most int) (page []push.Push, _ error) {
	for _, p := range l.pushes[t] {
		if p.Code() > after && len(page) < most {
			page = append(page, p)
		}
	}
	l.pages = append(l.pages, len(page))
	return page, nil
}

func (l *recordedCheck) Found(_ context.Context, drifted []push.Drifted, seen, partly []profile.ODSCode) error {
	l.drifted, l.seen, l.partly = append(l.drifted, drifted...), append(l.seen, seen...), append(l.partly, partly...)
	return nil
}

func (l *recordedCheck) End(ctx context.Context, r push.DriftResult, repair bool) (push.DriftResult, error) {
	l.ended, l.repair = append(l.ended, r), append(l.repair, repair)
	if repair {
		r.Repaired = len(l.drifted)
	}
	return r, ctx.Err()
}

// directory shows the entries it was given, and everything else correctly.
type directory struct {
	routes map[profile.OrgType]push.Route
	shown  map[profile.ODSCode]push.Shown
	err    error
	asked  []int
}

func (d *directory) Route(t profile.OrgType) (push.Route, bool) {
	route, ok := d.routes[t]
	return route, ok
}

func (d *directory) ShowMany(_ context.Context, codes []profile.ODSCode, _ profile.OrgType) (all []push.Shown, _ error) {
	d.asked = append(d.asked, len(codes))
	for _, code := range slices.Backward(codes) {
		shown, given := d.shown[code]
		if !given {
			shown = push.Shown{Entries: entry(values(map[profile.Field]string{fName: "Boots", fPhone: "0113"}))}
		}
		shown.Code = code
		all = append(all, shown)
	}
	return all, d.err
}

func pushesOf(n int) (all []push.Push) {
	for i := range n {
		all = append(all, push.Push{Desired: desiredState(profile.ODSCode(fmt.Sprintf("FA%04d", i)), "Boots", "0113")})
	}
	return all
}

// newCheck returns a check of n pharmacies: the sink shows some of them with
// differences, and does not show others.
func newCheck(n, differing, missing int) (DriftChecker, *recordedCheck, *directory) {
	check := &recordedCheck{pushes: map[profile.OrgType][]push.Push{profile.Pharmacy: pushesOf(n)}}
	d := &directory{routes: map[profile.OrgType]push.Route{profile.Pharmacy: tagged}, shown: map[profile.ODSCode]push.Shown{}}
	for i, p := range check.pushes[profile.Pharmacy][:differing+missing] {
		d.shown[p.Code()] = push.Shown{}
		if i < differing {
			d.shown[p.Code()] = push.Shown{Entries: entry(values(map[profile.Field]string{fName: "BOOTS", fPhone: "0999"}))}
		}
	}
	return DriftChecker{
		Name: push.SinkWebsite, Directory: d, Guard: runs.DefaultGuard(), Progress: func(int) {},
		Begin: func(context.Context, push.Sink, []profile.ODSCode, string) (DriftCheck, error) {
			return check, nil
		},
	}, check, d
}

func TestDriftIsReadPageByPage(t *testing.T) {
	t.Parallel()
	checker, check, d := newCheck(250, 3, 2)
	var progress []int
	checker.Progress = func(checked int) { progress = append(progress, checked) }
	result, err := checker.Check(t.Context(), nil, true, "test")
	require.NoError(t, err)
	require.Equal(t, push.DriftResult{
		Sink: push.SinkWebsite, State: push.DriftDone, Checked: 250, Missing: 2, Drifted: 3, Repaired: 5,
	}, result)
	require.Equal(t, []int{100, 100, 50, 0}, check.pages)
	require.Equal(t, []int{100, 100, 50}, d.asked)
	require.Equal(t, []int{100, 200, 250}, progress)
	require.Len(t, check.seen, 245)
	phone := push.Difference{Field: fPhone, Want: "0113", Shown: "0999"}
	require.Equal(t, []push.Difference{phone}, check.drifted[0].Differences, "the case of a name is noise")
	require.True(t, check.drifted[4].Missing)
}

func TestDriftAlarms(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		profiles, differing, missing int
		reason                       string
	}{
		"10 %":               {200, 15, 5, ""},
		"more than 10 %":     {200, 15, 6, "the sink differs for 21 of 200 profiles: nothing is repaired until a person has looked"},
		"few of few":         {20, 5, 5, ""},
		"all missing":        {200, 0, 200, "the sink shows none of 200 profiles: nothing is repaired until a person has looked"},
		"all missing of few": {8, 0, 8, ""},
		"nothing to check":   {0, 0, 0, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, repair := range []bool{true, false} {
				checker, check, _ := newCheck(c.profiles, c.differing, c.missing)
				result, err := checker.Check(t.Context(), nil, repair, "test")
				require.NoError(t, err)
				require.Equal(t, c.reason, result.Reason)
				require.Equal(t, c.reason != "", result.State == push.DriftAlarm)
				require.Equal(t, []bool{repair && c.reason == ""}, check.repair)
				require.Len(t, check.drifted, c.differing+c.missing, "differences are stored, repaired or not")
			}
		})
	}
}

func TestDriftOfWhatCannotBeCompared(t *testing.T) {
	t.Parallel()
	checker, check, d := newCheck(6, 6, 0)
	pushes := check.pushes[profile.Pharmacy]
	pushes[0].Held = true
	pushes[1].Desired.Held = []profile.Field{fPhone}
	pushes[2].Desired.Profile.Values.Set(profile.FieldStatus, string(profile.StatusClosed)) // the route does not show it
	d.routes[profile.GPPractice] = push.Route{Name: "blind", Fields: pushedFields}
	result, err := checker.Check(t.Context(), nil, true, "test")
	require.NoError(t, err)
	require.Equal(t, 4, result.Checked)
	require.Equal(t, 3, result.Drifted)
	require.Equal(t, []profile.ODSCode{"FA0001"}, check.seen, "a held field may differ")
	require.Empty(t, result.NotVisible)
}

// What cannot be read is neither drift nor seen: it is counted, by field.
func TestWhatIsNotVisibleIsCounted(t *testing.T) {
	t.Parallel()
	checker, check, d := newCheck(6, 2, 0)
	partly := tagged
	partly.Readable = []profile.Field{fName}
	d.routes[profile.Pharmacy] = partly
	check.pushes[profile.Pharmacy][0].Desired.Held = []profile.Field{fPhone}
	blind := push.Route{Name: "blind", Fields: pushedFields, OnlyLogged: []profile.Field{fName}}
	d.routes[profile.GPPractice] = blind
	check.pushes[profile.GPPractice] = pushesOf(3)
	check.pushes[profile.GPPractice][0].Held = true
	result, err := checker.Check(t.Context(), nil, true, "test")
	require.NoError(t, err)
	require.Equal(t, push.DriftResult{
		Sink: push.SinkWebsite, State: push.DriftDone, Checked: 6, NotVisible: map[string]int{"phone": 5 + 2},
	}, result, "the phones that the sink shows otherwise are not visible along this route")
	require.Equal(t, []profile.ODSCode{"FA0000"}, check.seen, "its phone is held, so nothing else is stated")
	require.Len(t, check.partly, 5)
	require.Equal(t, []int{6}, d.asked, "a route that cannot be read is not asked")
}

// A field that one entry leaves out of its answer is not visible.
func TestAFieldThatIsNotInTheAnswerIsNotVisible(t *testing.T) {
	t.Parallel()
	checker, check, d := newCheck(1, 0, 0)
	whole := entry(values(map[profile.Field]string{fName: "Boots", fPhone: "0113"}))
	part := entry(values(map[profile.Field]string{fName: "Boots"}))
	part[0].NotVisible = []profile.Field{fPhone}
	d.shown["FA0000"] = push.Shown{Entries: slices.Concat(whole, part)}
	result, err := checker.Check(t.Context(), nil, true, "test")
	require.NoError(t, err)
	require.Equal(t, map[string]int{"phone": 1}, result.NotVisible)
	require.Zero(t, result.Drifted)
	require.Empty(t, check.seen)
}

// What makes no sense in a sink's answers stops nothing else: it is named, and the
// rest is compared and repaired.
func TestWhatCannotBeReadIsNamed(t *testing.T) {
	t.Parallel()
	checker, check, d := newCheck(250, 3, 2)
	bad := func(code profile.ODSCode, part string) []push.Unreadable {
		return []push.Unreadable{{Code: code, Part: part, Reason: "nonsense"}}
	}
	good := values(map[profile.Field]string{fName: "Boots"})
	d.shown["FA0100"] = push.Shown{Unreadable: bad("FA0100", "")}
	d.shown["FA0101"] = push.Shown{
		Entries: []push.Entry{{Values: good, NotVisible: []profile.Field{fPhone}}}, Unreadable: bad("FA0101", "phone"),
	}
	differing := d.shown["FA0000"]
	differing.Unreadable = bad("FA0000", "email")
	d.shown["FA0000"] = differing
	d.shown["FA0240"] = push.Shown{Unreadable: bad("FA0240", "")}
	check.pushes[profile.Pharmacy][240].Held = true
	result, err := checker.Check(t.Context(), nil, true, "test")
	require.NoError(t, err)
	unreadable := slices.Concat(bad("FA0000", "email"), bad("FA0100", ""), bad("FA0101", "phone"))
	require.Equal(t, push.DriftResult{
		Sink: push.SinkWebsite, State: push.DriftDone, Checked: 248, Missing: 2, Drifted: 3, Repaired: 7, Unreadable: unreadable,
		NotVisible: map[string]int{"phone": 1},
	}, result, "the store repairs less: it leaves out what only could not be read")
	require.Len(t, check.seen, 242)
	require.NotContains(t, check.seen, profile.ODSCode("FA0101"), "a part of it was not seen")
}

func TestManyAnswersThatMakeNoSenseAreAnAlarm(t *testing.T) {
	t.Parallel()
	for bad, alarm := range map[int]string{
		20: "", 21: "the sink's answers about 21 of 200 profiles make no sense: nothing is repaired until a person has looked",
	} {
		checker, check, d := newCheck(200, 0, 0)
		for _, p := range check.pushes[profile.Pharmacy][:bad] {
			d.shown[p.Code()] = push.Shown{Unreadable: []push.Unreadable{{Code: p.Code(), Reason: "nonsense"}}}
		}
		result, err := checker.Check(t.Context(), nil, true, "test")
		require.NoError(t, err)
		require.Equal(t, alarm, result.Reason)
		require.Equal(t, []bool{alarm == ""}, check.repair)
	}
}

func TestACheckThatFailsEndsAsFailed(t *testing.T) {
	t.Parallel()
	for _, cause := range []error{answers(push.AnswerDown), push.ErrNotRead, context.Canceled} {
		checker, check, d := newCheck(50, 0, 0)
		d.err = cause
		ctx, cancel := context.WithCancel(t.Context())
		cancel() // the daemon stops
		result, err := checker.Check(ctx, nil, true, "test")
		require.ErrorIs(t, err, cause)
		require.ErrorContains(t, err, "reading what website shows: ")
		require.Equal(t, push.DriftFailed, result.State)
		require.Equal(t, []bool{false}, check.repair)
		require.Equal(t, err.Error(), check.ended[0].Reason)
		require.Empty(t, check.seen)
	}
}

func TestTheDriftJob(t *testing.T) {
	t.Parallel()
	var log lines
	work := func(checker DriftChecker, sink push.Sink) error {
		w := &checkDriftWorker{checkers: map[push.Sink]DriftChecker{checker.Name: checker}, log: slog.New(&log)}
		return w.Work(t.Context(), &river.Job[CheckDrift]{Args: CheckDrift{Sink: sink}})
	}
	var cancelled *river.JobCancelError
	checker, _, _ := newCheck(20, 1, 0)
	require.ErrorAs(t, work(checker, push.SinkDoS), &cancelled, "not configured")
	require.NoError(t, work(checker, push.SinkWebsite))
	require.Equal(t, []string{"drift checked"}, log.at(slog.LevelInfo))

	alarming, _, _ := newCheck(20, 11, 0)
	require.NoError(t, work(alarming, push.SinkWebsite), "an alarm does not fail the job")
	require.Equal(t, []string{"drift checked"}, log.at(slog.LevelError))

	unreadable, _, d := newCheck(20, 0, 0)
	d.err = fmt.Errorf("website: %w", push.ErrNotRead)
	require.ErrorAs(t, work(unreadable, push.SinkWebsite), &cancelled, "retrying would not help")
	d.err = errors.New("timeout")
	cancelled = nil
	err := work(unreadable, push.SinkWebsite)
	require.ErrorContains(t, err, "timeout")
	require.NotErrorAs(t, err, &cancelled, "it is retried")
}
