package serve

import (
	"github.com/profilesync/profilesync/cmd/internal/admin"
	"github.com/profilesync/profilesync/cmd/profilesync/wiring"
	"github.com/profilesync/profilesync/connectors/ods"
	"github.com/profilesync/profilesync/jobs"
	"github.com/profilesync/profilesync/jobs/queue"
	"github.com/profilesync/profilesync/reconcile/profile"
	"github.com/profilesync/profilesync/reconcile/services"
)

// systems are the outside systems whose breakers are counted, as the connectors name them.
func systems() []string {
	return []string{
		"DoS ingest", "GOV.UK Notify", "GOV.UK Notify (reading)", "ODS API", "ODS downloads", "change events of DoS", "e-RS",
		"services of DoS by ODS code", "website", "website (reading)",
	}
}

// expected is what the daemon will count.
func expected() admin.Expected {
	return admin.Expected{
		Jobs: jobs.Kinds(), Outcomes: queue.Outcomes(), Systems: systems(),
		Reports: map[profile.Source][]string{
			profile.SourceODS: append(ods.Reports(), wiring.ReportOfAPI), profile.SourceERS: {services.ReportServices},
		},
	}
}
