package jobs

import (
	"github.com/riverqueue/river"

	"github.com/profilesync/profilesync/jobs/casejobs"
	"github.com/profilesync/profilesync/jobs/peoplejobs"
	"github.com/profilesync/profilesync/jobs/pushjobs"
	"github.com/profilesync/profilesync/jobs/qualityjobs"
	"github.com/profilesync/profilesync/jobs/runjobs"
)

// Kinds lists every kind of job.
func Kinds() (kinds []string) {
	for _, args := range []river.JobArgs{
		Tick{},
		Housekeeping{},
		runjobs.PullODS{},
		runjobs.PullERS{},
		runjobs.Reconcile{},
		pushjobs.PushDoS{},
		pushjobs.PushWebsite{},
		pushjobs.CheckDrift{},
		qualityjobs.CheckQuality{},
		peoplejobs.Remind{},
		peoplejobs.Deactivate{},
		peoplejobs.SendMail{},
		peoplejobs.WatchMail{},
		peoplejobs.Report{},
		peoplejobs.RefreshCalendar{},
		casejobs.LookAtCases{},
		casejobs.TellCases{},
	} {
		kinds = append(kinds, args.Kind())
	}
	return kinds
}
