package websitetest

import (
	"encoding/json"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// Refuse makes the website refuse every document with a text that holds the given words,
// and name the place (CONTRACT.md "Answers"). Empty words end that.
func (s *Server) Refuse(words string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.refused = words
}

// unwanted lists the texts of a document that hold the words.
func unwanted(body []byte, words string) (faults []fault) {
	var document any
	if words == "" || json.Unmarshal(body, &document) != nil {
		return nil
	}
	var walk func(at string, value any)
	walk = func(at string, value any) {
		switch value := value.(type) {
		case string:
			if strings.Contains(value, words) {
				faults = append(faults, fault{at, "NOT_ACCEPTED", "this text is not accepted"})
			}
		case []any:
			for i, row := range value {
				walk(at+"/"+strconv.Itoa(i), row)
			}
		case map[string]any:
			for _, key := range slices.Sorted(maps.Keys(value)) {
				walk(at+"/"+key, value[key])
			}
		}
	}
	walk("", document)
	return faults
}
