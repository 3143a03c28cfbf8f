package wiring

import (
	"context"
	"errors"
	"log/slog"
	"net/http"

	"github.com/profilesync/profilesync/cmd/profilesync/settings"
	"github.com/profilesync/profilesync/connectors/ers"
	"github.com/profilesync/profilesync/connectors/postgres/servicestore"
	"github.com/profilesync/profilesync/jobs/runjobs"
	"github.com/profilesync/profilesync/reconcile/services"
)

// ERS returns a client of e-RS under the rate limit that all processes share,
// or settings.ErrNoERS if it is not configured.
func (a *App) ERS() (*ers.API, error) {
	if !a.Settings.AsksERS() {
		return nil, settings.ErrNoERS
	}
	credentials, err := a.Settings.ERSApplications()
	if err != nil {
		return nil, err
	}
	options := ers.Options{
		URL: a.Settings.ERSURL, Credentials: credentials, Answered: a.logERSCall(a.Logger(a.Settings.Level())),
		Turn: func(ctx context.Context, credential string) error {
			return a.Store.Turn(ctx, credential, a.Settings.ERSPerSecond)
		},
	}
	options.Limits.Opened = a.BreakerOpened
	return ers.New(options)
}

// logERSCall logs both ids of every request: e-RS needs them to investigate
// one.
func (a *App) logERSCall(log *slog.Logger) func(context.Context, ers.Call) {
	return func(ctx context.Context, c ers.Call) {
		level := slog.LevelDebug
		if c.Status != http.StatusOK {
			level = slog.LevelWarn
		}
		log.LogAttrs(ctx, level, "e-RS answered", slog.String("credential", c.Credential), slog.String("endpoint", c.Endpoint),
			slog.Int("status", c.Status), slog.String("correlation", c.CorrelationID), slog.String("request", c.RequestID),
			slog.Int64("elapsed_ms", c.Elapsed.Milliseconds()))
		if a.AnsweredERS != nil {
			a.AnsweredERS(c)
		}
	}
}

// concurrentBatches is how many batches are requested concurrently: with ten, the rate
// limit is the only bound as long as e-RS answers within a second.
const concurrentBatches = 10

func (a *App) services() runjobs.Services {
	return runjobs.Services{
		Guard: services.DefaultGuard(), Ahead: concurrentBatches,
		Open: func() (runjobs.ServiceSource, error) {
			api, err := a.ERS()
			if err != nil {
				return nil, err
			}
			return serviceSource{api}, nil
		},
	}
}

// serviceSource translates the connector's results into those of the core.
type serviceSource struct{ api *ers.API }

func (s serviceSource) Batch(ctx context.Context, credential string, ids []services.ID) ([]services.Answer, error) {
	found, err := s.api.Batch(ctx, credential, ids)
	if err != nil {
		return nil, err
	}
	var answers []services.Answer
	for _, service := range found.Services {
		answers = append(answers, services.Answer{
			ID: service.ID, Outcome: services.OutcomeFound, Credential: found.SeenBy[service.ID], Service: service,
		})
	}
	for _, id := range found.Absent {
		answers = append(answers, services.Answer{ID: id, Outcome: services.OutcomeAbsent})
	}
	for _, id := range found.NotVisible {
		answers = append(answers, services.Answer{ID: id, Outcome: services.OutcomeNotVisible})
	}
	for _, r := range found.Refused {
		answers = append(answers, services.Answer{ID: r.ID, Outcome: services.OutcomeUnreadable, Reason: r.Reason})
	}
	for _, u := range found.Unreadable {
		answers = append(answers, services.Answer{ID: u.ID, Outcome: services.OutcomeUnreadable, Reason: u.Reason, Raw: u.Raw})
	}
	return answers, nil
}

// Proof reports a service as unknown only if e-RS itself says so.
func (s serviceSource) Proof(ctx context.Context, id services.ID) (services.Answer, error) {
	answer := services.Answer{ID: id, Outcome: services.OutcomeFound}
	service, err := s.api.Service(ctx, id)
	failure, ok := errors.AsType[*ers.Error](err)
	switch {
	case err == nil:
		answer.Service = service
	case ok && failure.NotFound():
		answer.Outcome = services.OutcomeUnknown
	case ok && failure.NotVisible():
		answer.Outcome = services.OutcomeNotVisible
	case ok && failure.Status == http.StatusNotFound:
		answer.Outcome = services.OutcomeAbsent // any other 404 may mean a wrong address
	default:
		return answer, err
	}
	return answer, nil
}

// codeKinds are the code systems that label services.
var codeKinds = []ers.CodeKind{ers.Specialties, ers.ClinicTypes}

// PullCodes updates the code systems.
func (a *App) PullCodes(ctx context.Context) error {
	api, err := a.ERS()
	if err != nil {
		return err
	}
	for _, kind := range codeKinds {
		system, err := api.CodeSystem(ctx, kind)
		if err != nil {
			return err
		}
		codes := make([]servicestore.Code, 0, len(system.Concepts))
		for _, c := range system.Concepts {
			codes = append(codes, servicestore.Code{
				Kind: string(kind), Code: c.Code, Display: c.Display, From: c.EffectiveFrom, To: c.EffectiveTo, Parents: c.Specialties,
			})
		}
		if _, _, err := a.Store.Services.SaveCodes(ctx, string(kind), codes); err != nil {
			return err
		}
	}
	return nil
}
