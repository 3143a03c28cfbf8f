package ers

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/profilesync/profilesync/reconcile/services"
)

// Service asks for one service (A033), with each credential in turn until one sees
// it. Errors are *Error, or those of Turn and the context.
func (a *API) Service(ctx context.Context, id services.ID) (services.Service, error) {
	var found services.Service
	err := a.each(func(by Credential) (err error) {
		found, err = a.service(ctx, by, id)
		return err
	})
	return found, err
}

// Version asks for the version of one service (A037), a number as text. For many
// services Batch costs a twentieth (CONTRACT.md "One service and its version").
// Errors are those of Service.
func (a *API) Version(ctx context.Context, id services.ID) (string, error) {
	var version string
	err := a.each(func(by Credential) (err error) {
		version, err = a.version(ctx, by, id)
		return err
	})
	return version, err
}

// each asks with each credential in turn until one sees the service. If none does,
// the error that one may not see it outweighs the error that another does not know
// it.
func (a *API) each(ask func(Credential) error) error {
	var unseen error
	for _, by := range a.credentials {
		err := ask(by)
		failure, ok := errors.AsType[*Error](err)
		switch {
		case !ok || !failure.NotVisible() && failure.Status != http.StatusNotFound:
			return err
		case unseen == nil || failure.NotVisible():
			unseen = err
		}
	}
	return unseen
}

func (a *API) service(ctx context.Context, by Credential, id services.ID) (services.Service, error) {
	q, err := about("A033", http.MethodGet, "service", id)
	if err != nil {
		return services.Service{}, err
	}
	answer, err := a.ask(ctx, by, q)
	if err != nil {
		return services.Service{}, err
	}
	service, err := decodeService(answer.Body)
	if err == nil {
		err = checkAnswer(service, id, answer.Header)
	}
	if err != nil {
		return services.Service{}, unreadable(by, q, answer, err.Error())
	}
	return service, nil
}

// checkAnswer compares a body with the requested id, and with its ETag if that has the
// right form: of two different versions at most one can be right.
func checkAnswer(service services.Service, id services.ID, header http.Header) error {
	if service.ID != id {
		return fmt.Errorf("it is about service %s", service.ID)
	}
	tag := header.Get("ETag")
	if version, err := parseETag(tag); err == nil && version != service.Version {
		return fmt.Errorf("its version is %s, but %s in its ETag", service.Version, version)
	}
	return nil
}

func (a *API) version(ctx context.Context, by Credential, id services.ID) (string, error) {
	q, err := about("A037", http.MethodHead, "the version of service", id)
	if err != nil {
		return "", err
	}
	answer, err := a.ask(ctx, by, q)
	if err != nil {
		return "", err
	}
	version, err := parseETag(answer.Header.Get("ETag"))
	if err != nil {
		return "", unreadable(by, q, answer, err.Error())
	}
	return version, nil
}

func about(endpoint, method, what string, id services.ID) (question, error) {
	if err := check(id); err != nil {
		return question{}, fmt.Errorf("asking e-RS for %s: %w", what, err)
	}
	return question{
		endpoint: endpoint, method: method, path: []string{"R4", kindOfService, string(id)},
		doing: fmt.Sprintf("asking e-RS for %s %s", what, id),
	}, nil
}

// check keeps everything but digits out of a URL.
func check(id services.ID) error {
	parsed, err := services.ParseID(string(id))
	if err == nil && parsed != id {
		err = fmt.Errorf("e-RS service id %q: want only digits", id)
	}
	return err
}

// parseETag reads only W/"7": a strong one belongs to another kind of answer, not to a
// version (CONTRACT.md "One service and its version").
func parseETag(tag string) (string, error) {
	version, weak := strings.CutPrefix(tag, `W/"`)
	version, closed := strings.CutSuffix(version, `"`)
	if !weak || !closed || !digits(version) {
		return "", fmt.Errorf("ETag %.60q: want a weak one with a number, like W/\"7\"", tag)
	}
	return version, nil
}
