package history

import (
	"bytes"
	"encoding/json"
	"time"

	"github.com/profilesync/profilesync/reconcile/profile"
	"github.com/profilesync/profilesync/reconcile/runs"
)

// Created is what the audit has for a field in the row of a creation.
const Created = "profile"

// Change is one row of the audit of a profile: a field, a part of it, or the creation.
type Change struct {
	ID int64 `json:"change"`
	// Transaction is the number of the transaction that wrote it: what one person saved
	// at once has one number.
	Transaction string `json:"transaction"`
	// At is when that transaction began.
	At    time.Time `json:"at"`
	Field string    `json:"field"`
	Old   string    `json:"old"` // empty for none; a part as JSON
	New   string    `json:"new"` // empty for none; a part as JSON; the name for a creation
	Actor string    `json:"actor"`
	// Role is the database role that the writer logged in as; empty for rows from before it
	// was kept.
	Role string `json:"database_role,omitempty"`
	// Run is the run that wrote it; 0 for everybody else.
	Run    runs.ID `json:"run,omitempty"`
	Reason string  `json:"reason,omitempty"`
}

// Of is the field of the change; NoField for a creation, and for a field that this
// version does not know.
func (c Change) Of() profile.Field {
	f, _ := profile.ParseField(c.Field)
	return f
}

// Standing is a profile with its parts, at one moment.
type Standing struct { //nolint:recvcheck // only what changes it takes a pointer
	Code   profile.ODSCode
	Values profile.Values // without the fields that are parts
	Parts  []Part         // in no order
}

// Part is one row of a field that the database keeps in a table of its own, as the audit
// writes it.
type Part struct {
	Field profile.Field
	JSON  string
}

// facts is the part without what says nothing. What older versions did not write, and
// newer ones write empty, is the same; so is the order of its names. A text that is no
// object is itself.
func (p Part) facts() string {
	said := map[string]any{}
	if json.Unmarshal([]byte(p.JSON), &said) != nil {
		return p.JSON
	}
	for name, value := range said {
		switch v := value.(type) {
		case nil:
			delete(said, name)
		case string:
			if v == "" {
				delete(said, name)
			}
		case bool:
			if !v {
				delete(said, name)
			}
		case []any:
			if len(v) == 0 {
				delete(said, name)
			}
		}
	}
	var text bytes.Buffer
	encoder := json.NewEncoder(&text) // writes the names in order
	_ = encoder.Encode(said)          //nolint:errchkjson // what was JSON can be written as JSON
	return text.String()
}
