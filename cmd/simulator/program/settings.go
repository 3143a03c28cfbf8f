package program

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/profilesync/profilesync/cmd/simulator/outside"
)

// settle is how long the daemon lets an edit wait for the next one.
const Settle = 10 * time.Second

// unlimited requests a second: nobody's service is to be spared.
const unlimited = "100000"

// pointAt sets everything about the outside systems.
func (p *Program) pointAt(o *outside.Systems, dir string) error {
	for _, s := range []struct{ name, value string }{
		{"ODS_DOWNLOADS_URL", o.RegisterURL},
		{"ODS_API_URL", o.RegisterAPI()},
		{"ODS_REQUESTS_PER_SECOND", unlimited},
		{"DOS_URL", o.DoSURL},
		{"DOS_REQUESTS_PER_SECOND", unlimited},
		{"DOS_READ_URL", o.DoSURL},
		{"DOS_READ_USER", outside.ReadUser},
		{"DOS_READ_REQUESTS_PER_SECOND", unlimited},
		{"DOS_FHIR_URL", o.DoSIngest()},
		{"DOS_FHIR_REQUESTS_PER_SECOND", unlimited}, // as its sandbox, without tokens
		{"WEBSITE_URL", o.WebsiteURL},
		{"WEBSITE_SEARCH_URL", o.WebsiteSearch()},
		{"WEBSITE_REQUESTS_PER_SECOND", unlimited},
		{"ERS_URL", o.ERSAPI()},
		{"ERS_AUTH", "none"}, // as its sandbox
		{"ERS_REQUESTS_PER_SECOND", unlimited},
		{"PUSH_SETTLE", Settle.String()},
		{"PROBE_EVERY", "5s"},
		{"MAIL", "directory"},
		{"MAIL_DIRECTORY", filepath.Join(dir, "mail")},
		{"MAIL_CANARY_PAUSE", "0s"},
	} {
		p.Set(s.name, s.value)
	}
	for _, name := range []string{"ODS_API_KEY", "DOS_API_KEY", "DOS_READ_PASSWORD", "WEBSITE_API_KEY"} {
		file := filepath.Join(dir, strings.ToLower(strings.ReplaceAll(name, "_", "-")))
		if err := os.WriteFile(file, []byte(outside.Key+"\n"), 0o600); err != nil {
			return fmt.Errorf("writing a key of the simulated systems: %w", err)
		}
		p.Set(name+"_FILE", file)
	}
	return nil
}

func (p *Program) Set(name, value string) {
	p.settings = append(p.settings, "PROFILESYNC_"+name+"="+value)
}

// writeSettings writes a file that a shell sources to give its commands the
// same settings. Without them they would ask the real register.
func (p *Program) WriteSettings(path string) error {
	var text strings.Builder
	for _, setting := range p.settings {
		name, value, _ := strings.Cut(setting, "=")
		text.WriteString("export " + name + "='" + strings.ReplaceAll(value, "'", `'\''`) + "'\n")
	}
	if err := os.WriteFile(path, []byte(text.String()), 0o600); err != nil {
		return fmt.Errorf("writing the settings: %w", err)
	}
	return nil
}
