package peoplejobs

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"github.com/riverqueue/river"

	"github.com/profilesync/profilesync/reconcile/people"
	"github.com/profilesync/profilesync/reconcile/profile"
)

// RefreshCalendar reads the official list of bank holidays.
type RefreshCalendar struct{}

// Kind names the job.
func (RefreshCalendar) Kind() string { return "refresh_calendar" }

// InsertOpts allows one queued job at a time.
func (RefreshCalendar) InsertOpts() river.InsertOpts { return peopleOpts() }

// CalendarKeeper keeps the official list. Nothing is ever dropped from it.
type CalendarKeeper struct {
	Feed  HolidayFeed
	Store calendarStore
	Now   func() time.Time
}

// HolidayFeed is the official list.
type HolidayFeed interface {
	Pull(ctx context.Context) ([]people.Holiday, error)
}

type calendarStore interface {
	CalendarReader
	SaveHolidays(ctx context.Context, feed, vanished []people.Holiday) error
}

// Refresh reads the list and stores it. Future days that vanished from it are
// kept, and returned so that a person can check them.
func (k *CalendarKeeper) Refresh(ctx context.Context) (vanished []people.Holiday, err error) {
	feed, err := k.Feed.Pull(ctx)
	if err != nil {
		return nil, err
	}
	known, _, err := k.Store.Holidays(ctx)
	if err != nil {
		return nil, err
	}
	_, _, vanished = people.MergeHolidays(known, feed, profile.DateIn(k.Now(), profile.London()))
	return vanished, k.Store.SaveHolidays(ctx, feed, vanished)
}

type refreshCalendarWorker struct {
	river.WorkerDefaults[RefreshCalendar]
	keeper *CalendarKeeper
	log    *slog.Logger
}

func (w *refreshCalendarWorker) Work(ctx context.Context, _ *river.Job[RefreshCalendar]) error {
	vanished, err := w.keeper.Refresh(ctx)
	if err != nil {
		return fmt.Errorf("refreshing the calendar: %w", err)
	}
	for _, day := range vanished {
		w.log.LogAttrs(ctx, slog.LevelError, "a future bank holiday vanished from the official list: it is kept",
			slog.String("date", day.Date.String()), slog.String("title", day.Title))
	}
	return nil
}
