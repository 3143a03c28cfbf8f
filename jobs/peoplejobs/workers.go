// Package peoplejobs holds the jobs that concern people: reminders, idle
// accounts, mail, the calendar and the daily change report.
//
//	remind.go, deactivate.go        which letters are due; they wait in the outbox
//	send_mail.go, watch_mail.go     letters are sent, and their status is followed
//	report.go                       the daily change report, frozen and delivered
//	refresh_calendar.go             bank holidays
package peoplejobs

import (
	"errors"
	"log/slog"

	"github.com/riverqueue/river"
)

// Workers is what the jobs need; parts that are not configured are nil.
type Workers struct {
	Reminders  *Reminders
	Inactivity *Inactivity
	MailSender *MailSender
	Watch      *MailWatch
	Calendar   *CalendarKeeper
	Reporter   *Reporter
	Log        *slog.Logger
}

// Add adds the workers to those of the queue.
func (w Workers) Add(workers *river.Workers) error {
	return errors.Join(
		river.AddWorkerSafely(workers, &remindWorker{reminders: w.Reminders}),
		river.AddWorkerSafely(workers, &deactivateWorker{inactivity: w.Inactivity}),
		river.AddWorkerSafely(workers, &sendMailWorker{sender: w.MailSender}),
		river.AddWorkerSafely(workers, &watchMailWorker{watch: w.Watch}),
		river.AddWorkerSafely(workers, &reportWorker{reporter: w.Reporter}),
		river.AddWorkerSafely(workers, &refreshCalendarWorker{keeper: w.Calendar, log: w.Log}),
	)
}
