package wiring

import (
	"context"
	"fmt"
	"io"
	"iter"
	"path/filepath"

	"github.com/profilesync/profilesync/cmd/internal/spool"
	"github.com/profilesync/profilesync/connectors/ers"
	"github.com/profilesync/profilesync/connectors/postgres/servicestore"
	"github.com/profilesync/profilesync/reconcile/profile"
)

// ImportedExtract is the result of an import. Odd rows are kept as reported.
type ImportedExtract struct {
	servicestore.Imported

	Odd int `json:"odd"`
}

// ImportExtract imports an extract into the register, under the lock of e-RS,
// so that no run sees half of it. The file is read before that, so that a slow
// disk does not hold the lock.
func (a *App) ImportExtract(ctx context.Context, path string, columns ers.Columns, actor string) (done ImportedExtract, err error) {
	file, err := a.spoolFile(ctx, path)
	if err != nil {
		return done, fmt.Errorf("opening the extract: %w", err)
	}
	defer func() { _ = file.Close() }() // only read
	return a.importSpooled(ctx, filepath.Base(path), file, columns, actor)
}

// ImportExtractFrom imports an extract that somebody sends, under the name that they give
// it, as ImportExtract does.
func (a *App) ImportExtractFrom(ctx context.Context, name string, from io.Reader, columns ers.Columns, actor string) (
	done ImportedExtract, err error,
) {
	file, err := spool.Copy(ctx, from, a.Settings.FileLimit())
	if err != nil {
		return done, err
	}
	defer func() { _ = file.Close() }() // only read
	return a.importSpooled(ctx, filepath.Base(name), file, columns, actor)
}

func (a *App) importSpooled(ctx context.Context, name string, file *spool.File, columns ers.Columns, actor string) (
	done ImportedExtract, err error,
) {
	extract, err := ers.OpenExtract(name, file, file.Size(), columns)
	if err != nil {
		return done, err
	}
	err = a.WithRegister(ctx, func(register *servicestore.Session) error {
		done.Imported, err = register.ImportExtract(ctx, actor, extractRows(extract, a.Today(), &done.Odd))
		return err
	})
	return done, err
}

// WithRegister calls work with the register of services, under the lock of
// e-RS.
func (a *App) WithRegister(ctx context.Context, work func(register *servicestore.Session) error) error {
	session, err := a.Store.Services.Lock(ctx)
	if err != nil {
		return err
	}
	defer session.Close() //nolint:contextcheck // the lock is released even if the context has ended
	return work(session)
}

// PullRegister imports the extract that the setting names, if any. One that was
// imported before changes nothing.
func (a *App) PullRegister(ctx context.Context) error {
	if a.Settings.ERSExtract == "" {
		return nil
	}
	columns, err := a.Settings.ExtractColumns()
	if err != nil {
		return err
	}
	_, err = a.ImportExtract(ctx, a.Settings.ERSExtract, columns, "schedule")
	return err
}

// extractRows converts the rows for the store, and counts those that are odd as
// of today.
func extractRows(extract *ers.Extract, today profile.Date, odd *int) iter.Seq2[servicestore.ExtractRow, error] {
	return func(yield func(servicestore.ExtractRow, error) bool) {
		for row, err := range extract.Rows() {
			stored := servicestore.ExtractRow{Line: row.Line, ID: row.ID, Site: row.Site, Provider: row.Provider, Specialty: row.Specialty}
			if len(row.Odd(today)) > 0 {
				*odd++
			}
			stored.Reported = map[string]string{
				"name": row.Name, "specialty": row.Specialty, "appointment_type": row.AppointmentType, "bookable": row.Bookable,
				"published": row.Published, "unpublished": row.Unpublished, "from": row.From, "to": row.To,
			}
			if !yield(stored, err) {
				return
			}
		}
	}
}
