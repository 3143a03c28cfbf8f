package program

import (
	"crypto/rand"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/profilesync/profilesync/cmd/simulator/outside"
)

// EditDelay is how long the daemon lets an edit wait for the next one.
const EditDelay = 10 * time.Second

// unlimited is a number of requests a second that nothing reaches: the services are
// simulated.
const unlimited = "100000"

// pushWorkers are more than the default: the simulated sinks have no limit, and many
// pushes at a time share statements.
const pushWorkers = "64"

// pointAt sets the addresses and keys of the outside systems, and what makes a
// demonstration quick.
func (p *Program) pointAt(systems *outside.Systems, dir string) error {
	for _, s := range []struct{ name, value string }{
		{"ODS_DOWNLOADS_URL", systems.RegisterURL},
		{"ODS_API_URL", systems.RegisterAPI()},
		{"ODS_REQUESTS_PER_SECOND", unlimited},
		{"DOS_URL", systems.DoSURL},
		{"DOS_REQUESTS_PER_SECOND", unlimited},
		{"DOS_READ_URL", systems.DoSURL},
		{"DOS_READ_USER", outside.ReadUser},
		{"DOS_READ_REQUESTS_PER_SECOND", unlimited},
		{"DOS_FHIR_URL", systems.DoSIngest()},
		{"DOS_FHIR_REQUESTS_PER_SECOND", unlimited}, // without tokens, as its sandbox
		{"WEBSITE_URL", systems.WebsiteURL},
		{"WEBSITE_SEARCH_URL", systems.WebsiteSearch()},
		{"WEBSITE_REQUESTS_PER_SECOND", unlimited},
		{"ERS_URL", systems.ERSAPI()},
		{"ERS_AUTH", "none"}, // as its sandbox
		{"ERS_REQUESTS_PER_SECOND", unlimited},
		{"PUSH_WORKERS", pushWorkers},
		{"PUSH_SETTLE", EditDelay.String()},
		{"PROBE_EVERY", "5s"},
		{"API_ADDRESS", "off"}, // unless people are let in
		{"MAIL", "directory"},
		{"MAIL_DIRECTORY", filepath.Join(dir, "mail")},
		{"MAIL_CANARY_PAUSE", "0s"},
	} {
		p.Set(s.name, s.value)
	}
	for _, name := range []string{"ODS_API_KEY", "DOS_API_KEY", "DOS_READ_PASSWORD", "WEBSITE_API_KEY"} {
		if err := p.setSecret(dir, name, outside.Key); err != nil {
			return err
		}
	}
	for _, name := range []string{"REPORT_KEYS", "REPORT_TOKENS"} { // at least 32 characters, and new for each start
		if err := p.setSecret(dir, name, rand.Text()+rand.Text()); err != nil {
			return err
		}
	}
	return nil
}

// setSecret writes a secret to a file in a folder, and names the file.
func (p *Program) setSecret(dir, name, value string) error {
	file := filepath.Join(dir, strings.ToLower(strings.ReplaceAll(name, "_", "-")))
	if err := os.WriteFile(file, []byte(value+"\n"), 0o600); err != nil {
		return fmt.Errorf("writing a key: %w", err)
	}
	p.Set(name+"_FILE", file)
	return nil
}

// Set sets PROFILESYNC_NAME to a value.
func (p *Program) Set(name, value string) {
	p.settings = append(p.settings, "PROFILESYNC_"+name+"="+value)
}

// WriteSettings writes a file that a shell can source, so that the commands it runs
// have the same settings. Without them they would ask the real register.
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
