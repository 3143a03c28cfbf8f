# Works with GNU make 3.81 (macOS) and any POSIX shell. A fresh machine needs make, git and Go.

# go.mod names the first Go whose standard library has no known vulnerability. An older one fetches it from the module
# proxy by itself, unless the machine says GOTOOLCHAIN=local, as some packages of Go do: so it is said here again.
# 'make GOTOOLCHAIN=local' forbids it.
export GOTOOLCHAIN := auto

# The tools' versions stand here and nowhere else.
GOLANGCI_LINT_VERSION := v2.15.0
GOVULNCHECK_VERSION   := v1.9.0
SQLC_VERSION          := v1.31.1

# Settings, each to be given on the command line: make fuzz FUZZTIME=5m
RACE      ?=
FUZZTIME  ?= 20s
FUZZFLOOR ?= 1000
FUZZPACKAGES ?= ./...
ROUNDS    ?= 200
SEED      ?= 1
MUTANTS   ?=
TESTFLAGS ?=
LINTFLAGS ?=

BIN       := .local/bin
VERSION   := $(shell git describe --tags --always --dirty 2>/dev/null || echo dev)
# Not every make gives what it exports to $(shell) as well.
GOVERSION := $(firstword $(shell GOTOOLCHAIN=$(GOTOOLCHAIN) go env GOVERSION))

# Tools live outside the tree, so that a fresh clone builds none again. The name carries the tool's version and Go's:
# a new one of either is another file, and the linter refuses code of a newer Go than the one it was built with.
TOOLS         ?= $(or $(XDG_CACHE_HOME),$(HOME)/.cache)/profilesync/tools
GOLANGCI_LINT := $(TOOLS)/golangci-lint-$(GOLANGCI_LINT_VERSION)-$(GOVERSION)
GOVULNCHECK   := $(TOOLS)/govulncheck-$(GOVULNCHECK_VERSION)-$(GOVERSION)
SQLC          := $(TOOLS)/sqlc-$(SQLC_VERSION)-$(GOVERSION)

# Linking is a good part of the tests' time, and half of it is what only a debugger reads.
GOTEST := go test -ldflags=-w $(if $(RACE),-race) $(TESTFLAGS)

.DEFAULT_GOAL := help
.PHONY: help build test test-short race soak mutants chaos lint vuln fuzz bench demo run generate generate-check deps deps-web deps-prometheus deps-shells

help: ## print this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-15s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))

build: ## build .local/bin/profilesync and .local/bin/simulator
	@mkdir -p $(BIN)
	go build -trimpath -buildvcs=false -ldflags '-X main.version=$(VERSION)' -o $(BIN)/ ./cmd/profilesync ./cmd/simulator

# Uncached: some tests run binaries, of whose code Go's test cache knows nothing.
test: deps deps-web deps-prometheus deps-shells ## every test, on a real Postgres (RACE=1 adds the race detector, which needs a C compiler)
	@web=$$($(web_ready) && echo 1 || true); prometheus=$$($(prometheus_ready) && echo 1 || true); \
	shells=$$($(shells_ready) && echo 1 || true); \
	echo '$(GOTEST) -count=1 -timeout 60m ./...'; \
	PROFILESYNC_WANT_WEB=$$web PROFILESYNC_WANT_PROMETHEUS=$$prometheus PROFILESYNC_WANT_SHELLS=$$shells \
		$(GOTEST) -count=1 -timeout 60m ./...

test-short: ## the tests that need nothing but Go
	$(GOTEST) -short ./...

# cmd/e2e is left out: it runs the program as a process of its own, built without the detector, which would see nothing of it.
race: deps ## every test but cmd/e2e's under the race detector (needs a C compiler)
	go test -race -count=1 -timeout 60m ./connectors/... ./jobs/... ./reconcile/... ./cmd/profilesync/... ./cmd/internal/... ./cmd/simulator/...

# Those that "make test" runs on part of the list of pharmacies, or with fewer rounds.
WHOLE := ^(TestEveryPharmacyArrivesAtBothSinksOnce|TestTheFirstLoadThroughEveryFault|TestNoEditIsLostWithTheReplyToACommit|$\
	TestADeadSinkDoesNotSlowTheOther|TestAKilledRunIsFinishedByTheNextCommand)$$

soak: deps ## the whole simulated year: 12,000 organisations, 20,000 people, 200 kills; all pharmacies through every fault; an hour with three daemons that are killed (long)
	PROFILESYNC_SOAK=1 go test -count=1 -v -run 'TestYear' -timeout 6h ./jobs/year
	PROFILESYNC_SOAK=1 go test -count=1 -v -run '$(WHOLE)' -timeout 60m ./cmd/e2e
	PROFILESYNC_SOAK_MINUTES=60 go test -count=1 -v -run '^TestAnyDaemonAnswers$$' -timeout 90m ./cmd/e2e

mutants: deps ## take the fence of each write out of the code, and break statements and triggers, one at a time, and want the test of each to fail (half an hour)
	go test -tags mutants -count=1 -v -run '^TestMutants$$' -timeout 120m ./connectors/postgres/mutants

# A round that goes wrong prints its seed, and what was done in it. Disks are full only for root, who can make small ones.
chaos: deps ## ROUNDS (200) rounds from SEED (1): everything fails while people edit, and must be whole in the end (an hour); MUTANTS=1: planted defects must be found
	PROFILESYNC_CHAOS_ROUNDS=$(ROUNDS) PROFILESYNC_CHAOS_SEED=$(SEED) go test $(if $(MUTANTS),-tags mutants) -count=1 -v \
		-run '^TestChaos$(if $(MUTANTS),Mutants)$$' -timeout 3h ./cmd/e2e

# The linter's cache remembers the paths of the checkout that filled it, and then misses the exclusions of another one.
lint: $(GOLANGCI_LINT) ## golangci-lint with .golangci.yml (LINTFLAGS=--fix mends what it can)
	GOLANGCI_LINT_CACHE='$(CURDIR)/.local/lint' $(GOLANGCI_LINT) run $(LINTFLAGS) ./...

# The records of the Go project's database are a module, so the same proxy brings them as brings the code, and the verdict
# is the same on every machine. govulncheck ends with 3 where our code calls something vulnerable. Then it must find what
# is known of an old excelize, pinned back: a check that finds nothing at all is none.
PINNED_BACK := github.com/xuri/excelize/v2@v2.10.1

vuln: $(GOVULNCHECK) ## fail on any known vulnerability that our code calls, and where an older excelize would not be found
	@set -e; copy=$$(mktemp -d); trap 'rm -rf "$$copy"' EXIT; \
	go mod download -json golang.org/x/vulndb@latest >"$$copy/records" || { cat "$$copy/records"; exit 1; }; \
	field() { sed -n 's/^.*"'$$1'": "\(.*\)".*/\1/p' "$$copy/records"; }; \
	echo "records: golang.org/x/vulndb $$(field Version); Go: $(GOVERSION)"; \
	$(GOVULNCHECK) -db "file://$$(field Dir)/data/osv" ./...; \
	cp -R go.mod go.sum cmd connectors jobs reconcile "$$copy"; \
	go -C "$$copy" get $(PINNED_BACK); \
	found=$$($(GOVULNCHECK) -C "$$copy" -db "file://$$(field Dir)/data/osv" ./cmd/internal/render) && status=0 || status=$$?; \
	[ $$status = 3 ] && printf '%s' "$$found" | grep -q 'Found in: $(PINNED_BACK)' || \
		{ printf '%s\n' "$$found" "status $$status: nothing found in $(PINNED_BACK), so the check is worth nothing"; exit 1; }; \
	echo 'checked: the same check finds $(PINNED_BACK)'

# Making an input that is new smaller can take all the time, so that is bounded. A target that hardly ran fails.
fuzz: ## every fuzz target for FUZZTIME (20s) each, with its executions: fewer than FUZZFLOOR (1000) fail
	@set -e; out=$$(mktemp); trap 'rm -f "$$out"' EXIT; few=0; \
	for package in $$(go list $(FUZZPACKAGES)); do \
		listed=$$(go test -list '^Fuzz' "$$package"); \
		for target in $$(printf '%s\n' "$$listed" | grep '^Fuzz' || true); do \
			go test -run '^$$' -fuzz "^$$target\$$" -fuzztime $(FUZZTIME) -fuzzminimizetime 10x "$$package" >"$$out" 2>&1 || \
				{ cat "$$out"; echo "$$package $$target: FAILED"; exit 1; }; \
			executions=$$(sed -n 's/.*execs: \([0-9]*\).*/\1/p' "$$out" | tail -n 1); \
			printf '%9s executions: %s %s\n' "$${executions:-0}" "$$package" "$$target"; \
			[ "$${executions:-0}" -ge $(FUZZFLOOR) ] || few=$$((few + 1)); \
		done; \
	done; \
	[ $$few = 0 ] || { echo "$$few targets had fewer than $(FUZZFLOOR) executions"; exit 1; }

bench: deps ## listings of 300,000, what is withheld, pushes, services, letters, reports and comparing, as ratios to bounds of the same run (minutes)
	go test -run '^$$' -bench 'Listing|Withheld|Push|Services|Report' -benchtime 1x -timeout 40m ./cmd/e2e
	go test -run '^$$' -bench 'Reminders' -benchtime 1x -timeout 20m ./connectors/postgres/peoplestore
	go test -run '^$$' -bench Compute -cpu 1 ./reconcile/runs

demo: deps build ## the whole main job once, all outside systems simulated, with a summary at the end
	@$(BIN)/simulator demo --profilesync $(BIN)/profilesync

run: deps build ## the same set-up, staying up as the daemon
	@$(BIN)/simulator run --profilesync $(BIN)/profilesync

GENERATED := dbsql *store/*sql/

# sqlc leaves files of deleted queries behind, so its folders are removed, once the SQL is known to compile.
generate: $(SQLC) ## write the Go of the SQL under connectors/postgres, below each room's SQL
	cd connectors/postgres && $(SQLC) compile && rm -rf $(GENERATED) && $(SQLC) generate

generate-check: $(SQLC) ## fail where the generated Go under connectors/postgres is not what the SQL gives
	@set -e; copy=$$(mktemp -d); trap 'rm -rf "$$copy"' EXIT; \
	cp -R connectors/postgres "$$copy/postgres"; \
	(cd "$$copy/postgres" && rm -rf $(GENERATED) && $(SQLC) generate); \
	diff -ru connectors/postgres "$$copy/postgres" || { echo 'run: make generate'; exit 1; }

# Installed by the module proxy's ordinary client, moved into place whole: a half-built tool never has the name.
# GOTOOLCHAIN keeps a tool's own go.mod from choosing another Go than ours.
define install
	@echo 'building $(notdir $@)'
	@mkdir -p '$@.new' && GOTOOLCHAIN=$(GOVERSION) GOFLAGS= GOBIN='$(abspath $@.new)' go install $(1) && \
		mv '$@.new'/* '$@' && rmdir '$@.new'
endef

$(GOLANGCI_LINT):
	$(call install,github.com/golangci/golangci-lint/v2/cmd/golangci-lint@$(GOLANGCI_LINT_VERSION))
$(GOVULNCHECK):
	$(call install,golang.org/x/vuln/cmd/govulncheck@$(GOVULNCHECK_VERSION))
$(SQLC):
	$(call install,github.com/sqlc-dev/sqlc/cmd/sqlc@$(SQLC_VERSION))

# Postgres' server binaries: PG_BINDIR if set, else PATH, else the places that connectors/postgres/local looks in.
PG_PLACES ?= /usr/lib/postgresql/*/bin /usr/pgsql-*/bin /usr/lib*/postgresql*/bin /usr/libexec/postgresql* \
	/opt/homebrew/opt/postgresql*/bin /usr/local/opt/postgresql*/bin /home/linuxbrew/.linuxbrew/opt/postgresql*/bin \
	/opt/local/lib/postgresql*/bin /Applications/Postgres.app/Contents/Versions/*/bin /usr/local/pgsql/bin

define postgres_functions
found() { \
	for d in "$$@"; do [ -x "$$d/initdb" ] && [ -x "$$d/postgres" ] && return 0; done; return 1; \
}; \
have() { found $$(printf '%s' "$$PATH" | tr ':' ' ') $(PG_PLACES); }; \
by_apt() { \
	dir=/etc/postgresql-common/createcluster.d; \
	$$1 mkdir -p $$dir && echo 'create_main_cluster = false' | $$1 tee $$dir/profilesync.conf >/dev/null && \
	$$1 apt-get update -q && $$1 env DEBIAN_FRONTEND=noninteractive apt-get install -y -q postgresql; \
}; \
by_brew() { brew install postgresql@16; }; \
install_postgres() { \
	if command -v brew >/dev/null && [ "$$(uname)" = Darwin ]; then by_brew; \
	elif ! command -v apt-get >/dev/null; then return 1; \
	elif [ "$$(id -u)" = 0 ]; then by_apt ''; \
	elif command -v sudo >/dev/null; then echo 'installing with sudo'; by_apt sudo; \
	else return 1; fi; \
}
endef

# The tests of the report's page and of GOV.UK Notify's own client want a browser, Node and axe-core. Where they cannot
# be had, those two tests say so.
AXE_CORE_VERSION := 4.14.1
AXE_CORE         := $(TOOLS)/axe-core-$(AXE_CORE_VERSION)

# Where they were found, no test may do without them.
web_ready = { [ -n "$$PROFILESYNC_CHROMIUM" ] || command -v chromium-headless-shell || command -v chromium || \
	command -v google-chrome || [ "$$(uname)" = Darwin ]; } >/dev/null 2>&1 && [ -d '$(AXE_CORE)' ] && command -v node >/dev/null 2>&1

deps-web: ## a headless browser, Node and axe-core, installed where missing
	@have() { command -v "$$1" >/dev/null 2>&1; }; \
	want=''; have npm || want='nodejs npm'; \
	have chromium || have chromium-headless-shell || have google-chrome || [ "$$(uname)" = Darwin ] || want="$$want chromium-headless-shell"; \
	as=''; [ "$$(id -u)" = 0 ] || as=sudo; \
	if [ -n "$$want" ]; then \
		echo "installing $$want"; \
		{ $$as apt-get update -q && $$as env DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends $$want; } || \
			echo "NOT INSTALLED: $$want"; \
	fi; \
	[ -d '$(AXE_CORE)' ] || { rm -rf '$(AXE_CORE).new' && mkdir -p '$(AXE_CORE).new' && \
		npm install --prefix '$(AXE_CORE).new' --ignore-scripts --no-audit --no-fund --no-save --silent axe-core@$(AXE_CORE_VERSION) && \
		mv '$(AXE_CORE).new' '$(AXE_CORE)'; } || echo 'NOT INSTALLED: axe-core'

# The tests of alerts and dashboards want promtool and a real Prometheus. Where they cannot be had, those tests say so. On
# Debian the package would start a service: only its two programs are taken out of it.
PROMETHEUS := $(TOOLS)/prometheus

prometheus_ready = { command -v prometheus && command -v promtool || { [ -x '$(PROMETHEUS)/prometheus' ] && \
	[ -x '$(PROMETHEUS)/promtool' ]; }; } >/dev/null 2>&1

define prometheus_functions
by_download() { \
	dir=$$(mktemp -d) && (cd "$$dir" && apt-get download -q prometheus && dpkg -x prometheus_*.deb unpacked) && \
	rm -rf '$(PROMETHEUS)' && mkdir -p '$(PROMETHEUS).new' && \
	mv "$$dir/unpacked/usr/bin/prometheus" "$$dir/unpacked/usr/bin/promtool" '$(PROMETHEUS).new' && \
	mv '$(PROMETHEUS).new' '$(PROMETHEUS)'; status=$$?; rm -rf "$$dir" '$(PROMETHEUS).new'; return $$status; \
}; \
install_prometheus() { \
	if command -v brew >/dev/null && [ "$$(uname)" = Darwin ]; then brew install prometheus; \
	elif ! command -v apt-get >/dev/null; then return 1; \
	else by_download || { { [ "$$(id -u)" = 0 ] && apt-get update -q || sudo apt-get update -q; } && by_download; }; fi; \
}
endef

deps-prometheus: ## promtool and prometheus for the tests of alerts, without a service, where missing
	@$(prometheus_functions); \
	{ $(prometheus_ready); } && exit 0; \
	echo 'no prometheus and promtool found: taking them out of the prometheus package'; \
	install_prometheus && { $(prometheus_ready); } || echo 'NOT INSTALLED: prometheus'

# The tests of completion and of the manual page want zsh, fish and groff. Where they cannot be had, those tests say so.
shells_ready = { command -v zsh && command -v fish && command -v groff; } >/dev/null 2>&1

deps-shells: ## zsh, fish and groff for the tests of completion and of the manual page, where missing
	@{ $(shells_ready); } && exit 0; \
	echo 'installing zsh, fish and groff'; \
	as=''; [ "$$(id -u)" = 0 ] || as=sudo; \
	if command -v brew >/dev/null && [ "$$(uname)" = Darwin ]; then brew install fish groff; \
	else $$as apt-get update -q && $$as env DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends zsh fish groff-base; fi; \
	{ $(shells_ready); } || echo 'NOT INSTALLED: zsh, fish or groff'

# On Debian the package would create and start a cluster of its own on port 5432; the file written first keeps it from that.
deps: ## Postgres' server binaries, installed where missing
	@$(postgres_functions); \
	if [ -n "$$PG_BINDIR" ]; then found "$$PG_BINDIR" || \
		{ echo "PG_BINDIR=$$PG_BINDIR holds no initdb and postgres" >&2; exit 1; }; exit 0; fi; \
	have && exit 0; \
	echo 'no Postgres server binaries found: installing the postgresql package'; \
	install_postgres && have && exit 0; \
	echo 'Postgres could not be installed. Ways out:' >&2; \
	echo '  install a Postgres server (15 or newer) by hand, e.g. as root: apt-get install postgresql, dnf install postgresql-server, apk add postgresql' >&2; \
	echo '  or say where its binaries are: make PG_BINDIR=/path/to/bin ...' >&2; \
	echo '  or run what needs no database: make test-short' >&2; \
	exit 1
