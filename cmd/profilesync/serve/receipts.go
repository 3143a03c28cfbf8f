package serve

import (
	"context"
	"log/slog"
	"net/http"

	"github.com/profilesync/profilesync/cmd/internal/links"
	"github.com/profilesync/profilesync/cmd/profilesync/settings"
	"github.com/profilesync/profilesync/cmd/profilesync/wiring"
	"github.com/profilesync/profilesync/connectors/notify"
)

// receipts returns the handler of delivery receipts; nil unless a token is set
// for them.
func receipts(a *wiring.App, log *slog.Logger) http.Handler {
	if a.Settings.NotifyCallbackToken == "" {
		return nil
	}
	tokens := settings.Rotating("NOTIFY_CALLBACK_TOKEN")
	return notify.Receipts(func() ([]string, error) {
		text, err := tokens()
		var accepted []string
		if err == nil {
			accepted, err = links.Split(text)
		}
		if err != nil {
			log.Error("reading the tokens of delivery receipts", "error", err)
		}
		return accepted, err
	}, func(ctx context.Context, r notify.Receipt) error {
		err := a.Store.People.RecordStatus(ctx, r.Acceptance)
		if err != nil {
			log.ErrorContext(ctx, "recording a delivery receipt", "error", err)
		}
		return err
	})
}
