package ods

import (
	"time"

	"github.com/profilesync/profilesync/connectors/internal/httpx"
)

// Limits bound what we ask of the register's services. The zero value keeps
// their fair use: 5 requests a second (CONTRACT.md "Limits").
type Limits struct {
	PerSecond float64       // requests a second, retries included
	Timeout   time.Duration // of one attempt, its body included
	MaxBytes  int64         // of one answer
}

// Client is the client of one of the register's services; name is for errors.
func (l Limits) Client(name string) *httpx.Client {
	return httpx.New(httpx.Options{Name: name, Rate: l.PerSecond, Timeout: l.Timeout, MaxBody: l.MaxBytes})
}
