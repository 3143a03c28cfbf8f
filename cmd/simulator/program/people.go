package program

import (
	"context"
	"crypto/rand"
	"strings"
	"time"

	"github.com/profilesync/profilesync/cmd/simulator/identity"
)

// People are who can sign in to a demonstration's console: one who may do everything,
// one who starts reconciliations, and one who decides on what waits. The password of
// each is demo.
func People() []identity.Person {
	return []identity.Person{
		{Subject: "p-ada", Login: "ada", Password: demoPassword, Groups: []string{"administrators"}},
		{Subject: "p-ben", Login: "ben", Password: demoPassword, Groups: []string{"reconcilers"}},
		{Subject: "p-cleo", Login: "cleo", Password: demoPassword, Groups: []string{"approvers"}},
	}
}

// ConsoleAddress is where make run serves the console.
const ConsoleAddress = "127.0.0.1:8384"

const demoPassword = "demo"

// Verbs says what each group of People may do.
const Verbs = "administrators=read,reconcile,approve,administer,people;reconcilers=read,reconcile;approvers=read,approve"

// WhoSignsIn says the names and the password of People.
func WhoSignsIn() string {
	names := []string{}
	for _, person := range People() {
		names = append(names, person.Login)
	}
	return strings.Join(names[:len(names)-1], ", ") + " or " + names[len(names)-1] + ", password " + demoPassword
}

// LetPeopleIn serves an identity provider until Close, and lets its people sign in to
// the console, which is served at an address of loopback. The client's secret goes to a
// file in a folder.
func (p *Program) LetPeopleIn(ctx context.Context, dir, address string) (*identity.Provider, error) {
	client := identity.Client{ID: "console", Secret: rand.Text(), Redirects: []string{"http://" + address + "/sign-in/callback"}}
	provider, err := identity.Serve(ctx, client, People(), time.Now)
	if err != nil {
		return nil, err
	}
	p.Set("API_ADDRESS", address)
	p.Set("API_PUBLIC_URL", "http://"+address)
	p.Set("OIDC_ISSUER", provider.Issuer())
	p.Set("OIDC_CLIENT_ID", client.ID)
	p.Set("OIDC_VERBS", Verbs)
	return provider, p.setSecret(dir, "OIDC_CLIENT_SECRET", client.Secret)
}
