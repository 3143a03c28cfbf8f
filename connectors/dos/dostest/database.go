package dostest

import (
	"fmt"
	"hash/fnv"
	"slices"
	"strconv"
	"strings"
	"sync"
)

// Types and statuses of services (CONTRACT.md "Services and their ids").
const (
	TypePharmacy      = 13
	TypeUrgent        = 131
	TypeEnhanced      = 132
	TypeDistance      = 134
	TypeVariant       = 137
	TypePressure      = 148
	TypeContraception = 149

	StatusActive        = 1
	StatusClosed        = 2
	StatusCommissioning = 3
)

// Service is a row of the DoS database.
type Service struct {
	ID        string   `json:"id"` // empty: the next free one
	Name      string   `json:"name"`
	ODSCode   string   `json:"odsCode"` // begins with the code of the pharmacy
	Type      int      `json:"type"`    // 0: TypePharmacy
	Status    int      `json:"status"`  // 0: StatusActive
	Address   string   `json:"address"` // lines joined by $
	Postcode  string   `json:"postcode"`
	Phone     string   `json:"phone"` // the public one
	Web       string   `json:"web"`
	Weekly    string   `json:"weekly"`           // lines like "mon 09:00-13:00", by day and opening
	Specified string   `json:"specified"`        // lines like "2026-12-25 closed" or "2026-12-24 10:00-16:00", by date
	ZCodes    []string `json:"zCodes,omitempty"` // "360=14167"

	// What no event changes.
	BankHoliday  string `json:"bankHoliday,omitempty"` // hours for bank holidays in general: "10:00-16:00"
	OpenAllHours bool   `json:"openAllHours,omitempty"`
}

// database holds the services by the first five characters of their codes.
type database struct {
	variants bool
	unknown  map[string]bool // postcodes, compact

	mu     sync.Mutex
	byCode map[string][]*Service
	order  []*Service
	latest map[string]int64 // sequence numbers stored by the ingest
}

func newDatabase(o Options) *database {
	d := &database{
		variants: o.Variants, unknown: make(map[string]bool),
		byCode: make(map[string][]*Service), latest: make(map[string]int64),
	}
	for _, postcode := range o.UnknownPostcodes {
		d.unknown[compact(postcode)] = true
	}
	return d
}

// Seed adds an active service of type 13 for each code that has none yet, blank except
// for its name, and with Options.Variants the derived ones.
func (s *Server) Seed(codes ...string) {
	s.services.mu.Lock()
	defer s.services.mu.Unlock()
	for _, code := range codes {
		s.services.seed(code)
	}
}

// AddService adds a service and returns its id.
func (s *Server) AddService(service Service) string {
	s.services.mu.Lock()
	defer s.services.mu.Unlock()
	return s.services.add(service)
}

// Services returns the services whose code begins with this one, in the order in which
// they were added; for an empty code it returns all.
func (s *Server) Services(code string) []Service {
	s.services.mu.Lock()
	defer s.services.mu.Unlock()
	var found []Service
	for _, service := range s.services.find(code) {
		found = append(found, service.clone())
	}
	return found
}

// Change changes every service whose code begins with this one behind our back, and
// returns their number. Id and code do not change.
func (s *Server) Change(code string, change func(*Service)) int {
	s.services.mu.Lock()
	defer s.services.mu.Unlock()
	found := s.services.find(code)
	for _, service := range found {
		id, odsCode := service.ID, service.ODSCode
		change(service)
		service.ID, service.ODSCode = id, odsCode
	}
	return len(found)
}

func (s *Service) clone() Service {
	copied := *s
	copied.ZCodes = slices.Clone(s.ZCodes)
	return copied
}

func (d *database) seed(code string) {
	for _, service := range d.byCode[stem(code)] {
		if service.ODSCode == code {
			return
		}
	}
	d.add(Service{ODSCode: code, Name: "Pharmacy: " + code})
	if d.variants {
		for _, service := range variantsOf(code) {
			d.add(service)
		}
	}
}

func (d *database) add(service Service) string {
	if service.ID == "" {
		service.ID = strconv.Itoa(100_001 + len(d.order))
	}
	if service.Type == 0 {
		service.Type = TypePharmacy
	}
	if service.Status == 0 {
		service.Status = StatusActive
	}
	row := service.clone()
	d.byCode[stem(row.ODSCode)] = append(d.byCode[stem(row.ODSCode)], &row)
	d.order = append(d.order, &row)
	return row.ID
}

// find is the prefix match of the read API. A code of fewer than five characters finds
// only itself, so that no read scans all rows.
func (d *database) find(code string) []*Service {
	if code == "" {
		return d.order
	}
	same := d.byCode[stem(code)]
	if len(code) <= codeLength {
		return same
	}
	return slices.DeleteFunc(slices.Clone(same), func(s *Service) bool { return !strings.HasPrefix(s.ODSCode, code) })
}

// stem returns the part of a code by which services are matched.
func stem(code string) string { return code[:min(len(code), codeLength)] }

// variantsOf applies a fixed rule: by a hash of the code, a third of the pharmacies
// have Pharmacy First, half have blood pressure (half of these in commissioning), and a
// fifth have contraception.
func variantsOf(code string) []Service {
	h := fnv.New32a()
	h.Write([]byte(code)) // never fails
	sum := h.Sum32()
	var derived []Service
	if sum%3 == 0 {
		derived = append(derived, Service{ODSCode: code + "M06", Type: TypeEnhanced, Name: "PF++: " + code})
	}
	switch sum % 4 {
	case 0:
		derived = append(derived, Service{
			ODSCode: code + "BPS", Type: TypePressure, Name: "BP Check: " + code, ZCodes: []string{PressureZCode},
		})
	case 1:
		derived = append(derived, Service{
			ODSCode: code + "BPS", Type: TypePressure, Name: "BP Check: " + code, Status: StatusCommissioning,
		})
	}
	if sum%5 == 0 {
		derived = append(derived, Service{
			ODSCode: code + "CON", Type: TypeContraception, Name: "Contraception: " + code, ZCodes: []string{ContraceptionZCode},
		})
	}
	return derived
}

// number stores a sequence number, and reports whether it is stale: lower than the
// latest of the code, which is 0 before the first.
func (d *database) number(code string, sequence int64) (latest int64, stale bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	latest = d.latest[code]
	if sequence < latest {
		return latest, true
	}
	d.latest[code] = sequence
	return latest, false
}

// set changes one field of a service, by its name here or in profiles.
func (s *Service) set(field, value string) error {
	targets := map[string]*string{
		"name": &s.Name, "address": &s.Address, "postcode": &s.Postcode, "phone": &s.Phone,
		"web": &s.Web, "website": &s.Web, "weekly": &s.Weekly, "specified": &s.Specified,
	}
	target, known := targets[field]
	if !known {
		return fmt.Errorf("field %q: want name, address, postcode, phone, web, weekly or specified", field)
	}
	*target = value
	return nil
}
