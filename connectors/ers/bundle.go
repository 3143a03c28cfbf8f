package ers

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"github.com/profilesync/profilesync/reconcile/services"
)

// Unreadable is a service in e-RS's answer that we cannot read. It exists: that it is
// in no other list proves nothing.
type Unreadable struct {
	ID     services.ID
	Reason string
	Raw    []byte // the resource as it was received
}

// bundle is the answer of A035 (CONTRACT.md "Asking for many"). Its URLs are never
// read: they name another environment, and in one recorded answer another service.
type bundle struct {
	ResourceType string `json:"resourceType"`
	Total        *int   `json:"total"`
	Entry        many[struct {
		Resource json.RawMessage `json:"resource"`
		Search   struct {
			Mode string `json:"mode"`
		} `json:"search"`
	}] `json:"entry"`
}

// contents holds the services of a bundle, each once, in the order of their ids.
type contents struct {
	services   []services.Service
	unreadable []Unreadable
}

// decodeBundle refuses a bundle that cannot prove absence: one without a total, with
// fewer services than its total, or with a service without an id. A total of 0
// without entry is a valid answer (CONTRACT.md "Asking for many").
func decodeBundle(body []byte) (contents, error) {
	var b bundle
	if err := json.Unmarshal(body, &b); err != nil {
		return contents{}, fmt.Errorf("want a Bundle: %w", err)
	}
	if b.ResourceType != "" && b.ResourceType != "Bundle" {
		return contents{}, fmt.Errorf("it is a %.40q, want a Bundle", b.ResourceType)
	}
	if b.Total == nil {
		return contents{}, errors.New("the bundle has no total")
	}
	var c contents
	matches := 0
	for _, entry := range b.Entry {
		if mode := entry.Search.Mode; mode != "" && mode != "match" {
			continue
		}
		matches++
		if err := c.add(entry.Resource); err != nil {
			return contents{}, err
		}
	}
	if matches < *b.Total {
		return contents{}, fmt.Errorf("the bundle says that it has %d services, and has %d", *b.Total, matches)
	}
	c.sort()
	return c, nil
}

func (c *contents) add(raw []byte) error {
	service, err := decodeService(raw)
	switch {
	case err == nil:
		c.services = append(c.services, service)
	case service.ID == "":
		return fmt.Errorf("a service of the bundle: %w", err)
	default:
		c.unreadable = append(c.unreadable, Unreadable{ID: service.ID, Reason: err.Error(), Raw: raw})
	}
	return nil
}

// sort sorts the services, and keeps the newest version of one that is there twice.
func (c *contents) sort() {
	slices.SortStableFunc(c.services, func(a, b services.Service) int {
		return cmp.Or(compareIDs(a.ID, b.ID), compareNumbers(b.Version, a.Version))
	})
	c.services = slices.CompactFunc(c.services, func(a, b services.Service) bool { return a.ID == b.ID })
}

func compareIDs(a, b services.ID) int { return compareNumbers(string(a), string(b)) }

// compareNumbers orders texts of digits.
func compareNumbers(a, b string) int {
	return cmp.Or(cmp.Compare(len(a), len(b)), cmp.Compare(a, b))
}
