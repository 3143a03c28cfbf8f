package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"strings"

	"github.com/profilesync/profilesync/connectors/ers"
	"github.com/profilesync/profilesync/connectors/postgres"
	"github.com/profilesync/profilesync/jobs"
	"github.com/profilesync/profilesync/reconcile/runs"
	"github.com/profilesync/profilesync/reconcile/services"
)

// The ways of authentication.
const (
	ersJWT  = "jwt"
	ersNone = "none"
)

// ersApplication is one of the credentials, as the setting states it.
type ersApplication struct {
	Name       string `json:"name"` // default the client id
	ClientID   string `json:"client_id"`
	KeyID      string `json:"key_id"`
	PrivateKey string `json:"private_key"` // PEM
}

// asksERS reports whether e-RS is configured.
func (c *config) asksERS() bool { return c.ERSAuth == ersNone || c.ERSCredentials != "" }

// checkERS refuses settings that would only fail at the first pull.
func (c *config) checkERS() error {
	var errs []error
	for name, address := range map[string]string{"ERS_URL": c.ERSURL, "ERS_TOKEN_URL": c.ERSTokenURL} {
		if u, err := url.Parse(address); err != nil || u.Host == "" {
			errs = append(errs, fmt.Errorf("setting PROFILESYNC_%s=%s: want an address like https://host/path", name, address))
		}
	}
	if c.ERSAuth != ersJWT && c.ERSAuth != ersNone {
		errs = append(errs, fmt.Errorf("setting PROFILESYNC_ERS_AUTH=%s: want jwt or none", c.ERSAuth))
	}
	if c.ERSPerSecond <= 0 {
		errs = append(errs, fmt.Errorf("setting PROFILESYNC_ERS_REQUESTS_PER_SECOND=%g: want more than 0", c.ERSPerSecond))
	}
	if _, err := c.ersColumns(); err != nil {
		errs = append(errs, fmt.Errorf("setting PROFILESYNC_ERS_COLUMNS: %w", err))
	}
	if _, err := c.ersCredentials(); err != nil {
		errs = append(errs, fmt.Errorf("setting PROFILESYNC_ERS_CREDENTIALS (or _FILE): %w", err))
	}
	return errors.Join(errs...)
}

func (c *config) ersColumns() (columns ers.Columns, err error) {
	if c.ERSColumns == "" {
		return columns, nil
	}
	return parseColumns(strings.NewReader(c.ERSColumns))
}

func parseColumns(from io.Reader) (columns ers.Columns, err error) {
	decoder := json.NewDecoder(from)
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&columns); err != nil {
		return columns, fmt.Errorf("want a JSON object of columns, as {\"ID\": \"service_id\"}: %w", err)
	}
	return columns, nil
}

// ersCredentials are the applications, one JSON object after the other. An error
// never repeats what stands there.
func (c *config) ersCredentials() (credentials []ers.Credential, err error) {
	if c.ERSAuth == ersNone {
		return []ers.Credential{{Name: ersNone}}, nil
	}
	decoder := json.NewDecoder(strings.NewReader(c.ERSCredentials.reveal()))
	for n := 1; ; n++ {
		var a ersApplication
		err := decoder.Decode(&a)
		if errors.Is(err, io.EOF) {
			return credentials, nil
		}
		if err != nil {
			return nil, fmt.Errorf("application %d: want a JSON object with name, client_id, key_id and private_key", n)
		}
		if a.Name == "" {
			a.Name = a.ClientID
		}
		tokens, err := ers.Application{TokenURL: c.ERSTokenURL, ClientID: a.ClientID, KeyID: a.KeyID, PrivateKey: a.PrivateKey}.Tokens()
		if err != nil {
			return nil, fmt.Errorf("application %d (%s): %w", n, a.Name, err)
		}
		credentials = append(credentials, ers.Credential{Name: a.Name, Tokens: tokens})
	}
}

// errNoERS says what is missing.
const errNoERS = "setting PROFILESYNC_ERS_CREDENTIALS (or _FILE) is missing: e-RS cannot be asked without"

// services is the run that asks e-RS for all services, or for those of sites.
func (f scopeFlags) services(a *app, run runs.Run) ([]scope, error) {
	switch {
	case len(f.Files) > 0:
		return nil, exitError{exitUsage, "--files: e-RS has no listings; see `profilesync ers register import`"}
	case f.Report != "" && f.Report != services.ReportServices:
		return nil, exitError{exitUsage, "--report: e-RS has one, " + services.ReportServices}
	case !a.config.asksERS():
		return nil, exitError{exitUsage, errNoERS}
	}
	run.Report = services.ReportServices
	return []scope{{run: run}}, nil
}

// ersAPI asks e-RS under the limit that all processes share.
func (a *app) ersAPI() (*ers.API, error) {
	if !a.config.asksERS() {
		return nil, exitError{exitUsage, errNoERS}
	}
	credentials, err := a.config.ersCredentials()
	if err != nil {
		return nil, err
	}
	log, err := newLogger(a.stderr, a.config.LogLevel)
	if err != nil {
		return nil, err
	}
	return ers.New(ers.Options{
		URL: a.config.ERSURL, Credentials: credentials, Answered: a.tellERS(log),
		Turn: func(ctx context.Context, credential string) error {
			return a.store.Turn(ctx, credential, a.config.ERSPerSecond)
		},
	})
}

// tellERS logs both ids of every request: e-RS asks for them when it is to look
// into one.
func (a *app) tellERS(log *slog.Logger) func(context.Context, ers.Call) {
	return func(ctx context.Context, c ers.Call) {
		level := slog.LevelDebug
		if c.Status != http.StatusOK {
			level = slog.LevelWarn
		}
		log.LogAttrs(ctx, level, "e-RS answered", slog.String("credential", c.Credential), slog.String("endpoint", c.Endpoint),
			slog.Int("status", c.Status), slog.String("correlation", c.CorrelationID), slog.String("request", c.RequestID),
			slog.Int64("elapsed_ms", c.Elapsed.Milliseconds()))
		if a.answeredERS != nil {
			a.answeredERS(c)
		}
	}
}

// ahead is how many batches are on their way at a time: e-RS may take a second
// for each before the rate limit is not the only bound.
const ahead = 10

func (a *app) services() jobs.Services {
	return jobs.Services{
		Guard: services.DefaultGuard(), Ahead: ahead,
		Open: func() (jobs.ServiceSource, error) {
			api, err := a.ersAPI()
			if err != nil {
				return nil, err
			}
			return serviceSource{api}, nil
		},
	}
}

// serviceSource says in the core's words what the connector found.
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

// Proof takes only e-RS's own word that it does not know a service.
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
		answer.Outcome = services.OutcomeAbsent // a 404 that does not say so may be a wrong address
	default:
		return answer, err
	}
	return answer, nil
}

// codeKinds are the code systems that label services.
var codeKinds = []ers.CodeKind{ers.Specialties, ers.ClinicTypes}

// pullCodes brings the code systems up to date.
func (a *app) pullCodes(ctx context.Context) error {
	api, err := a.ersAPI()
	if err != nil {
		return err
	}
	for _, kind := range codeKinds {
		system, err := api.CodeSystem(ctx, kind)
		if err != nil {
			return err
		}
		codes := make([]postgres.Code, 0, len(system.Concepts))
		for _, c := range system.Concepts {
			codes = append(codes, postgres.Code{
				Kind: string(kind), Code: c.Code, Display: c.Display, From: c.EffectiveFrom, To: c.EffectiveTo, Parents: c.Specialties,
			})
		}
		if _, _, err := a.store.SaveCodes(ctx, string(kind), codes); err != nil {
			return err
		}
	}
	return nil
}
