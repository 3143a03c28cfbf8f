package ods

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"iter"
	"slices"

	"github.com/profilesync/profilesync/connectors/ods/internal/canonical"
	"github.com/profilesync/profilesync/connectors/ods/internal/fhir"
	"github.com/profilesync/profilesync/connectors/ods/internal/spool"
	"github.com/profilesync/profilesync/reconcile/profile"
)

// Delta holds some records of the register: those that changed, or that were
// requested. Absence from it means nothing, so it is not a Listing. It keeps a
// temporary file until Close.
type Delta struct {
	name    string
	spool   *spool.Spool
	newest  profile.Date
	missing []profile.ODSCode
}

// envelope is one line of a delta: the organisation as received, without what a
// reload of the API changes, and what other requests returned about it. The
// code comes first, so that codeOfEnvelope finds it.
type envelope struct {
	Code         profile.ODSCode `json:"code"`
	Parent       *string         `json:"parent,omitempty"` // nil if it was not requested
	Commissioner *string         `json:"commissioner,omitempty"`
	Successor    *string         `json:"successor,omitempty"`
	Notes        []profile.Note  `json:"notes,omitempty"` // what could not be read of other requests
	Organization json.RawMessage `json:"organization"`
}

// envelopeStart precedes the code of every line.
const envelopeStart = `{"code":"`

func (d *Delta) saw(raw json.RawMessage) {
	var org fhir.Organization
	if err := json.Unmarshal(raw, &org); err != nil || org.ResourceType != "Organization" {
		return // Record will reject it
	}
	if changed := org.LastChange(); changed.After(d.newest) {
		d.newest = changed
	}
}

// Name returns the address the delta came from.
func (d *Delta) Name() string { return d.name }

// Newest returns the latest day on which the register changed one of the
// records, zero if there is none: the watermark after this delta.
func (d *Delta) Newest() profile.Date { return d.newest }

// Missing returns the codes that were looked up and not found, in order. They
// may be archived, deleted or never issued (CONTRACT.md "Absent codes").
func (d *Delta) Missing() []profile.ODSCode { return slices.Clone(d.missing) }

// Size returns its size in bytes.
func (d *Delta) Size() int64 { return d.spool.Size() }

// Content returns a new reader of the spooled records, to be stored.
func (d *Delta) Content() io.Reader { return d.spool.Content() }

// Close removes the temporary file.
func (d *Delta) Close() error { return d.spool.Close() }

// Rows yields the position, code and hash of every record. An error ends it.
func (d *Delta) Rows() iter.Seq2[profile.Row, error] { return d.spool.Rows(envelopeRow) }

func envelopeRow(line []byte) (profile.ODSCode, profile.Hash) {
	return codeOfEnvelope(line), spool.HashOf(line)
}

func codeOfEnvelope(line []byte) profile.ODSCode {
	rest, ok := bytes.CutPrefix(line, []byte(envelopeStart))
	code, _, closed := bytes.Cut(rest[:min(len(rest), maxCodeField)], []byte{'"'})
	if !ok || !closed {
		return ""
	}
	return canonical.Code(string(code))
}

// Raw returns the bytes of one row as they were spooled.
func (d *Delta) Raw(row profile.Row) ([]byte, error) { return d.spool.Bytes(row) }

// Record decodes one row. A record that cannot be read is a
// *profile.Rejected, to be quarantined; every other error is about reading
// the local copy.
func (d *Delta) Record(row profile.Row) (profile.Record, error) {
	raw, err := d.spool.Bytes(row)
	if err != nil {
		return profile.Record{}, fmt.Errorf("%s: %w", d.name, err)
	}
	var e envelope
	if err := json.Unmarshal(raw, &e); err != nil {
		return profile.Record{}, fmt.Errorf("%s: line %d: %w", d.name, row.Line, err)
	}
	record, bad := fhir.Decode(e.Organization)
	if bad != nil {
		bad.Line, bad.Raw, bad.Code = row.Line, raw, row.Code
		return profile.Record{}, bad
	}
	if record.Code != row.Code {
		return profile.Record{}, &profile.Rejected{
			Code: row.Code, Line: row.Line, Field: "identifier", Value: record.Code.String(), Raw: raw,
			Reason: "want " + row.Code.String() + ", which was looked up",
		}
	}
	e.addTo(&record)
	return record, nil
}

// addTo adds to a record what other requests returned.
func (e *envelope) addTo(record *profile.Record) {
	record.Notes = append(record.Notes, e.Notes...)
	for _, of := range []struct {
		field profile.Field
		value *string
	}{{profile.FieldParent, e.Parent}, {profile.FieldCommissioner, e.Commissioner}, {profile.FieldSuccessor, e.Successor}} {
		if of.value != nil {
			canonical.SetCodes(record, of.field, *of.value)
		}
	}
}

// leaveOut leaves a field unstated, and notes why.
func (e *envelope) leaveOut(f profile.Field, why string) {
	e.Notes = append(e.Notes, profile.Note{Field: f.String(), Reason: why, LeftOut: true})
}

// append writes one record to the delta, before its rows are read.
func (d *Delta) append(e envelope) error {
	d.saw(e.Organization)
	line, err := json.Marshal(e)
	if err != nil {
		return fmt.Errorf("spooling %s: %w", e.Code, err)
	}
	_, err = d.spool.Write(append(line, '\n'))
	return err
}
