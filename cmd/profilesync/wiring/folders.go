package wiring

import (
	"os"

	"github.com/profilesync/profilesync/cmd/profilesync/settings"
)

// Folders are those that this program writes to, by what they hold: temporary files,
// reports, mail, and the private database.
func (a *App) Folders() map[string]string {
	folders := map[string]string{"temporary": os.TempDir()}
	if a.Settings.ReportDirectory != "" {
		folders["reports"] = a.Settings.ReportDirectory
	}
	if a.Settings.Mail == settings.MailDirectory {
		folders["mail"] = a.Settings.MailDirectory
	}
	if a.private {
		folders["database"] = a.Settings.LocalDir
	}
	return folders
}
