package e2e

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/profilesync/profilesync/connectors/dos/dostest"
	"github.com/profilesync/profilesync/connectors/ods/odstest"
	"github.com/profilesync/profilesync/reconcile/profile"
)

// madeUpDay is the day of made-up listings.
const madeUpDay = "2026-02-22"

// madeUp writes a made-up listing of a report with the given number of rows,
// most of them active.
func madeUp(t *testing.T, report string, rows int) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), report+"_"+madeUpDay+".csv")
	file, err := os.Create(path)
	require.NoError(t, err)
	require.NoError(t, odstest.WriteListing(file, report, rows, 11))
	require.NoError(t, file.Close())
	return path
}

// newStockedSite returns a site with made-up pharmacies, which DoS knows, and nothing
// pushed yet.
func newStockedSite(t *testing.T, rows int) (*site, sinks) {
	t.Helper()
	s, x := newSite(t).withSinks()
	s.reconcile(0, madeUp(t, "edispensary", rows), madeUpDay)
	x.dos.Seed(s.codes()...)
	return s, x
}

// phones returns the phone numbers that both sinks show, without spaces, which
// DoS does not keep.
func (x sinks) phones(code string) [2]string {
	return [2]string{bare(x.inDoS(code).Phone), bare(x.onWebsite(code).contact("Telephone"))}
}

func bare(phone string) string { return strings.ReplaceAll(phone, " ", "") }

// showPhone waits until both sinks show a phone number.
func (x sinks) showPhone(code, phone string) {
	x.t.Helper()
	x.until("both show "+phone, func() bool { return x.phones(code) == [2]string{bare(phone), bare(phone)} })
}

func TestAToBToAEndsWithA(t *testing.T) {
	t.Parallel()
	s, x := newStockedSite(t, 20)
	s.serve()
	s.waitUntilPushed()
	code := s.codes()[0]
	began := time.Now()
	for _, phone := range []string{"0113 496 0001", "0113 496 0002", "0113 496 0001"} {
		s.edit(code, "phone", phone)
		x.showPhone(code, phone)
	}
	require.Less(t, time.Since(began), 5*time.Minute, "DoS still remembers the first body")
	s.waitUntilPushed()
	x.requireRising(code)
	require.Len(t, x.dos.Effects(code), 4, "the creation and each edit")
	require.Len(t, x.website.Effects(code), 4)
	require.Zero(t, x.dos.Summary().Effects[dostest.Duplicate])
}

func TestTwoEditorsAtOnceEndWithTheLastState(t *testing.T) {
	t.Parallel()
	s, x := newStockedSite(t, 20)
	s.serve()
	code := s.codes()[1]
	first, second := s.connect(), s.connect()
	done := make(chan error, 2)
	ctx := t.Context()
	go func() {
		done <- repeated(60, func() error {
			_, err := first.Exec(ctx, `update profile set phone = '0113 496 ' || to_char(version, 'FM0000') where code = $1`, code)
			return err
		})
	}()
	go func() {
		done <- repeated(60, func() error {
			_, err := second.Exec(ctx, `update profile set phone = '0114 496 ' || to_char(version, 'FM0000'),
				website = 'https://www.example.org/' || version where code = $1`, code)
			return err
		})
	}()
	require.NoError(t, <-done)
	require.NoError(t, <-done)
	s.waitUntilPushed()
	require.Equal(t, 121, s.count("select version from profile where code = $1", code), "both saved every time")
	x.awaitDoS()
	x.showPhone(code, s.field(code, "phone"))
	require.Equal(t, s.field(code, "website"), x.inDoS(code).Web)
	require.Equal(t, s.field(code, "website"), x.onWebsite(code).contact("Website"))
	x.requireRising(code)
}

func repeated(times int, do func() error) error {
	for range times {
		if err := do(); err != nil {
			return err
		}
	}
	return nil
}

// The audit rows of a long transaction are older than rows that were read long
// before it commits.
func TestAnEditThatCommitsLateIsNotMissed(t *testing.T) {
	t.Parallel()
	s, x := newStockedSite(t, 20)
	s.serve()
	s.waitUntilPushed()
	codes := s.codes()
	late, err := s.connect().Begin(t.Context())
	require.NoError(t, err)
	_, err = late.Exec(t.Context(), "update profile set phone = '0113 496 0099' where code = $1", codes[0])
	require.NoError(t, err)
	for _, code := range codes[1:4] {
		s.edit(code, "phone", "0113 496 0011")
		x.showPhone(code, "0113 496 0011")
	}
	require.NotContains(t, x.phones(codes[0]), "01134960099")
	require.NoError(t, late.Commit(t.Context()))
	x.showPhone(codes[0], "0113 496 0099")
	s.waitUntilPushed()
	for _, code := range codes[:4] {
		require.Len(t, x.website.Effects(code), 2, "once each")
		x.requireRising(code)
	}
}

func TestAnEditingSessionMakesOnePush(t *testing.T) {
	t.Parallel()
	s, x := newStockedSite(t, 20)
	s.with("PUSH_SETTLE=2s").serve()
	s.waitUntilPushed()
	code := s.codes()[0]
	conn := s.connect()
	for i := range 20 {
		_, err := conn.Exec(t.Context(), "update profile set phone = '0113 496 ' || to_char($2::int, 'FM0000') where code = $1", code, i)
		require.NoError(t, err)
	}
	x.showPhone(code, "0113 496 0019")
	s.waitUntilPushed()
	require.Len(t, x.dos.Effects(code), 2, "the creation, and all saves together")
	require.Len(t, x.website.Effects(code), 2)
	require.Equal(t, 4, s.count("select count(*) from push_attempt where code = $1", code))
}

// Other edits would wait for an hour.
func TestAClosureOfTodayDoesNotWait(t *testing.T) {
	t.Parallel()
	s, x := newStockedSite(t, 20)
	s.with("PUSH_SETTLE=1h").serve()
	s.waitUntilPushed()
	codes := s.codes()
	s.edit(codes[0], "phone", "0113 496 0001")
	s.edit(codes[1], "phone", "0113 496 0002")
	s.dispatched()
	require.Equal(t, 4, s.count("select count(*) from push where state = 'wanted' and due_at > now() + interval '50 minutes'"))

	today := profile.DateIn(time.Now(), profile.London())
	_, err := s.connect().Exec(t.Context(), "insert into dated_opening_period (code, date) values ($1, $2::date)", codes[1], today.String())
	require.NoError(t, err)
	s.edit(codes[2], "hidden", "true")
	x.showPhone(codes[1], "0113 496 0002")
	x.until("DoS shows the closure", func() bool { return x.inDoS(codes[1]).Specified == today.String()+" closed" })
	x.until("a hidden profile is pushed at once", func() bool { return x.onWebsite(codes[2]).Status == "Hidden" })
	require.NotContains(t, x.phones(codes[0]), "01134960001", "the other edit still waits")
	require.Equal(t, 2, s.count("select count(*) from push where state = 'wanted' and code = $1", codes[0]))
}
