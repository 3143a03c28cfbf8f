package serve

import (
	"context"
	"log/slog"
	"net/http"

	"github.com/profilesync/profilesync/cmd/profilesync/settings"
	"github.com/profilesync/profilesync/cmd/profilesync/wiring"
	"github.com/profilesync/profilesync/connectors/notify"
)

// receipts returns the handler of delivery receipts; nil unless a token is set
// for them.
func receipts(a *wiring.App, log *slog.Logger) (http.Handler, error) {
	if a.Settings.NotifyCallbackToken == "" {
		return nil, nil //nolint:nilnil // receipts are off
	}
	handler, err := notify.Receipts(a.Settings.NotifyCallbackToken.Reveal(), func(ctx context.Context, r notify.Receipt) error {
		err := a.Store.People.RecordStatus(ctx, r.Acceptance)
		if err != nil {
			log.ErrorContext(ctx, "recording a delivery receipt", "error", err)
		}
		return err
	})
	if err != nil {
		return nil, settings.Error{Err: err}
	}
	return handler, nil
}
