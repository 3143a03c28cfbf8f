package ods

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/profilesync/profilesync/connectors/ods/internal/fhir"
	"github.com/profilesync/profilesync/connectors/ods/internal/spool"
	"github.com/profilesync/profilesync/reconcile/profile"
)

// finds are the organisations that a search has found so far, each once. They
// are spooled, so that a delta of the whole register fits.
type finds struct {
	spool *spool.Spool
	codes map[profile.ODSCode]bool
	ids   map[string]bool
	count int
}

func (f *finds) reset() error {
	s, err := spool.New()
	if err != nil {
		return err
	}
	if f.spool != nil {
		_ = f.spool.Close() // it was only a copy
	}
	*f = finds{spool: s, codes: map[profile.ODSCode]bool{}, ids: map[string]bool{}}
	return nil
}

// add adds one entry of a search; one that was added before is skipped, and so is
// what a search gives beside its matches. A match that is no Organization counts
// and becomes a row that Record rejects: it is named and left out.
func (f *finds) add(e entry) error {
	var head struct {
		ResourceType string `json:"resourceType"`
		ID           string `json:"id"`
	}
	_ = json.Unmarshal(e.Resource, &head) // what cannot be read of it, Record will reject
	isOrganization := head.ResourceType == "Organization"
	if !isOrganization && !e.isMatch(head.ResourceType) {
		return nil
	}
	key := head.ResourceType + "/" + head.ID
	if head.ID != "" && f.ids[key] {
		return nil
	}
	f.ids[key] = true
	f.count++
	wrapped, err := newEnvelope(e.Resource)
	if err != nil {
		return err
	}
	if !isOrganization {
		wrapped.Code = "" // its id is none of ours
	}
	return f.append(wrapped)
}

func (f *finds) append(e envelope) error {
	f.codes[e.Code] = true
	line, err := json.Marshal(e)
	if err != nil {
		return fmt.Errorf("spooling %s: %w", e.Code, err)
	}
	_, err = f.spool.Write(append(line, '\n'))
	return err
}

// newEnvelope removes what changes although the organisation does not: a reload
// of the API changes meta, and text repeats the rest for people. What is no
// organisation is kept as it came: Record will reject it.
func newEnvelope(raw json.RawMessage) (envelope, error) {
	var org fhir.Organization
	_ = json.Unmarshal(raw, &org) // the code may be readable although something else is not
	var parts map[string]json.RawMessage
	if err := json.Unmarshal(raw, &parts); err != nil {
		return envelope{Code: org.Code(), Organization: raw}, nil //nolint:nilerr // it is no resource at all
	}
	delete(parts, "meta")
	delete(parts, "text")
	kept, err := json.Marshal(parts)
	if err != nil {
		return envelope{}, fmt.Errorf("spooling a record: %w", err)
	}
	return envelope{Code: org.Code(), Organization: kept}, nil
}

// delta runs a search, then requests more about what it found.
func (a *API) delta(ctx context.Context, search func(*finds) error) (*Delta, error) {
	var found finds
	if err := found.reset(); err != nil {
		return nil, err
	}
	defer func() { _ = found.spool.Close() }() // it was only a copy
	if err := search(&found); err != nil {
		return nil, err
	}
	if err := found.spool.Measure(); err != nil {
		return nil, err
	}
	s, err := spool.New()
	if err != nil {
		return nil, err
	}
	d := &Delta{name: a.base.String(), spool: s}
	if err := a.complete(ctx, found.spool, d); err != nil {
		_ = s.Close() // err says more
		return nil, err
	}
	return d, s.Measure()
}

// complete writes the found organisations to the delta, batch by batch.
func (a *API) complete(ctx context.Context, from *spool.Spool, d *Delta) error {
	batch := make([]envelope, 0, batchSize)
	for row, err := range from.Rows(envelopeRow) {
		if err != nil {
			return err
		}
		line, err := from.Bytes(row)
		if err != nil {
			return err
		}
		var e envelope
		if err := json.Unmarshal(line, &e); err != nil {
			return fmt.Errorf("spooling line %d: %w", row.Line, err)
		}
		if batch = append(batch, e); len(batch) == batchSize {
			if err := a.flush(ctx, batch, d); err != nil {
				return err
			}
			batch = batch[:0]
		}
	}
	return a.flush(ctx, batch, d)
}

func (a *API) flush(ctx context.Context, batch []envelope, d *Delta) error {
	if err := a.fillRelations(ctx, batch); err != nil {
		return err
	}
	for _, e := range batch {
		if err := d.append(e); err != nil {
			return err
		}
	}
	return nil
}
