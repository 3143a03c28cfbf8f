package upkeep

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/profilesync/profilesync/cmd/profilesync/actions"
	"github.com/profilesync/profilesync/cmd/profilesync/settings"
	"github.com/profilesync/profilesync/cmd/profilesync/wiring"
	"github.com/profilesync/profilesync/connectors/ers"
	"github.com/profilesync/profilesync/connectors/postgres/servicestore"
	"github.com/profilesync/profilesync/reconcile/profile"
	"github.com/profilesync/profilesync/reconcile/services"
)

// ServiceFilter picks services of the register.
type ServiceFilter struct {
	State services.State  // empty means all
	Site  profile.ODSCode // empty means all
	Most  int
}

// RegisteredServices lists the register of e-RS services.
func (u Upkeep) RegisteredServices(ctx context.Context, f ServiceFilter) ([]servicestore.RegisteredService, error) {
	if err := u.Ready(ctx); err != nil {
		return nil, err
	}
	return u.App.Store.Services.RegisteredServices(ctx, f.State, f.Site, f.Most)
}

// AddedService is a service that a person added to the register.
type AddedService struct {
	ID    services.ID     `json:"id"`
	Site  profile.ODSCode `json:"site"`
	Name  string          `json:"name"`
	Added bool            `json:"added"` // false: the register has it already
}

// AddService adds a service of a site to the register, if e-RS confirms it.
func (u Upkeep) AddService(ctx context.Context, id services.ID, site profile.ODSCode) (done AddedService, err error) {
	actor, err := u.Begin(ctx)
	if err != nil {
		return done, err
	}
	if err := u.RequireProfiles(ctx, []profile.ODSCode{site}); err != nil {
		return done, err
	}
	api, err := u.App.ERS()
	if err != nil {
		return done, err
	}
	service, err := api.Service(ctx, id)
	if err != nil {
		return done, refusedByERS(err)
	}
	if !service.AtSite(site) {
		return done, &actions.Error{Kind: actions.Conflict, Text: fmt.Sprintf("according to e-RS, service %s (%s) is at %v, not at %s: "+
			"it is not added", id, service.Name, service.Sites, site)}
	}
	done = AddedService{ID: id, Site: site, Name: service.Name}
	err = u.App.WithRegister(ctx, func(register *servicestore.Session) error {
		done.Added, err = register.AddService(ctx, id, site, actor)
		return err
	})
	return done, err
}

// refusedByERS tells what e-RS refuses from what failed.
func refusedByERS(err error) error {
	if answer, ok := errors.AsType[*ers.Error](err); ok && (answer.NotFound() || answer.NotVisible()) {
		return &actions.Error{Kind: actions.Missing, Text: err.Error(), Err: err}
	}
	return err
}

// Extract is an EBSX05 extract that is imported.
type Extract struct {
	Path    string    // of the file, where it is read here
	Name    string    // of the file, where it is sent
	Sent    io.Reader // nil: it is read from its path
	Columns string    // a JSON object from facts to column headers; empty for those of the settings
}

// ParseColumns returns the columns of the extract.
func (e Extract) ParseColumns(a *wiring.App) (ers.Columns, error) {
	if e.Columns == "" {
		return a.Settings.ExtractColumns()
	}
	columns, err := settings.ParseExtractColumns(strings.NewReader(e.Columns))
	if err == nil {
		err = columns.Check()
	}
	if err != nil {
		err = &actions.Error{Kind: actions.Invalid, Field: "columns", Text: ": " + err.Error(), Err: err}
	}
	return columns, err
}

// ImportExtract imports an extract into the register.
func (u Upkeep) ImportExtract(ctx context.Context, e Extract) (done wiring.ImportedExtract, err error) {
	columns, err := e.ParseColumns(u.App)
	if err != nil {
		return done, err
	}
	actor, err := u.Begin(ctx)
	if err != nil {
		return done, err
	}
	if e.Sent != nil {
		return u.App.ImportExtractFrom(ctx, e.Name, e.Sent, columns, actor)
	}
	return u.App.ImportExtract(ctx, e.Path, columns, actor)
}

// Codes lists the code systems of e-RS. An empty kind means all.
func (u Upkeep) Codes(ctx context.Context, kind string) ([]servicestore.Code, error) {
	if err := u.Ready(ctx); err != nil {
		return nil, err
	}
	return u.App.Store.Services.Codes(ctx, kind)
}

// PullCodes pulls the code systems from e-RS.
func (u Upkeep) PullCodes(ctx context.Context) error {
	if _, err := u.Begin(ctx); err != nil {
		return err
	}
	return u.App.PullCodes(ctx)
}
