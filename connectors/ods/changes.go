package ods

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/profilesync/profilesync/connectors/internal/httpx"
	"github.com/profilesync/profilesync/connectors/ods/internal/canonical"
	"github.com/profilesync/profilesync/connectors/ods/internal/fhir"
	"github.com/profilesync/profilesync/reconcile/profile"
)

// inScope are the primary roles whose changes are pulled: those of the reports.
// Most of the register is schools and care homes, which get no profile.
var inScope = []string{"RO177", "RO182", "RO94", "RO96", "RO110", "RO167", "RO197", "RO198"}

// maxSweeps is how often a search is repeated if its count changes meanwhile.
const maxSweeps = 3

// Changes pulls every organisation in scope that the register changed after the
// day since, with its relationships and, for closed ones, its successor. Start
// some days before the watermark: changes are stamped late
// (CONTRACT.md "Changes").
//
// The pages are not a snapshot. They are read again if the number of records
// differs from the register's count; if it keeps differing, that is an error.
func (a *API) Changes(ctx context.Context, since profile.Date) (*Delta, error) {
	if since.IsZero() {
		return nil, errors.New("pulling changes: want the day since when")
	}
	query := func() url.Values {
		return url.Values{"lastChangeDate": {"gt" + since.String()}, "roleCode": {strings.Join(inScope, ",")}}
	}
	return a.delta(ctx, func(found *finds) error {
		for range maxSweeps {
			if err := found.reset(); err != nil {
				return err
			}
			if err := a.search(ctx, "Organization", query(), found.add); err != nil {
				return err
			}
			total, err := a.count(ctx, "Organization", query())
			if err != nil {
				return err
			}
			if total == found.count {
				return nil
			}
		}
		return fmt.Errorf("changes since %s kept moving while they were read; pull them again later", since)
	})
}

// Lookup pulls the organisations with these codes, of any type. The delta's
// Missing names those that were not found.
func (a *API) Lookup(ctx context.Context, codes []profile.ODSCode) (*Delta, error) {
	var missing []profile.ODSCode
	d, err := a.delta(ctx, func(found *finds) error {
		wanted := slices.Compact(slices.Sorted(slices.Values(codes)))
		for batch := range slices.Chunk(wanted, batchSize) {
			if err := a.lookupBatch(ctx, batch, found); err != nil {
				return err
			}
		}
		for _, code := range wanted {
			if found.codes[code] {
				continue
			}
			there, err := a.lookupOne(ctx, code, found)
			if err != nil {
				return err
			}
			if !there {
				missing = append(missing, code)
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	d.missing = missing
	return d, nil
}

// lookupBatch looks up several codes per request; codes that it does not find
// are looked up one by one.
func (a *API) lookupBatch(ctx context.Context, codes []profile.ODSCode, found *finds) error {
	if len(codes) == 1 {
		return nil
	}
	return a.search(ctx, "Organization", url.Values{"identifier": {joined(codes)}}, func(e entry) error {
		var org fhir.Organization
		if err := json.Unmarshal(e.Resource, &org); err == nil && !slices.Contains(codes, org.Code()) {
			return nil
		}
		return found.add(e)
	})
}

// lookupOne looks up one code. An answer that is not that organisation becomes a row
// that Record rejects.
func (a *API) lookupOne(ctx context.Context, code profile.ODSCode, found *finds) (there bool, err error) {
	var raw json.RawMessage
	err = a.get(ctx, a.address(nil, "Organization", code.String()), &raw)
	if status, ok := errors.AsType[*httpx.StatusError](err); ok && status.Status == http.StatusNotFound {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("looking up %s: %w", code, err)
	}
	wrapped, err := newEnvelope(raw)
	if err != nil {
		return false, err
	}
	wrapped.Code = code
	return true, found.append(wrapped)
}

func joined(codes []profile.ODSCode) string {
	parts := make([]string, 0, len(codes))
	for _, code := range codes {
		parts = append(parts, code.String())
	}
	return strings.Join(parts, ",")
}

// Deletion is an organisation that was deleted from the register. The register
// reports no change for it (CONTRACT.md "Deletions").
type Deletion struct {
	Code profile.ODSCode
	On   profile.Date // zero if not stated
}

// Deletions reads the list of deleted organisations, in its order. Entries
// without a code are left out, since they match nothing.
func (a *API) Deletions(ctx context.Context) ([]Deletion, error) {
	var list struct {
		ResourceType string `json:"resourceType"`
		Entry        []struct {
			Date string `json:"date"`
			Item struct {
				Identifier fhir.Identifier `json:"identifier"`
			} `json:"item"`
		} `json:"entry"`
	}
	if err := a.get(ctx, a.address(nil, "List", "Organization-deletion"), &list); err != nil {
		return nil, fmt.Errorf("pulling deletions: %w", err)
	}
	if list.ResourceType != "List" {
		return nil, fmt.Errorf("pulling deletions: answer is a %q, want a List", list.ResourceType)
	}
	deletions := make([]Deletion, 0, len(list.Entry))
	for _, entry := range list.Entry {
		if code := canonical.Code(entry.Item.Identifier.Value); code != "" {
			on, _ := fhir.Day(entry.Date)
			deletions = append(deletions, Deletion{Code: code, On: on})
		}
	}
	return deletions, nil
}
