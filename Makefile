# The only door: people and CI call the same targets. `make` alone lists them.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DELETE_ON_ERROR:
.DEFAULT_GOAL := help
.NOTPARALLEL: # the tests measure time, and golangci-lint refuses to run twice at once

# Static, so that a machine without a C compiler builds the same binary.
GO_BUILD := CGO_ENABLED=0 go build -trimpath -buildvcs=false
# What `sluice version` says; nothing where there is no git.
VERSION ?= $(shell git describe --tags --always --dirty 2>/dev/null)
COMMIT = $(shell git rev-parse HEAD 2>/dev/null)
DATE = $(shell TZ=UTC git log -1 --date=format-local:%Y-%m-%dT%H:%M:%SZ --format=%cd 2>/dev/null)
LDFLAGS = -X sluice/pkg/version.release=$(VERSION) -X sluice/pkg/version.commit=$(COMMIT) -X sluice/pkg/version.date=$(DATE)
NPM := npm --prefix web
LINT := scripts/golangci-lint.sh
SOAK ?= 5m
# A module of its own: what it breaks networks with stays out of the gateway's.
SOAK_MODULE := scripts/soak
# So does the certificate authority that ACME is tested with.
ACME_MODULE := scripts/acme

# The page is built by a file that appears last and a stamp that npm leaves
# alone, so that both steps are skipped while nothing has changed.
WEB_MODULES := web/node_modules/.installed
WEB_PAGE := web/dist/index.html
WEB_SOURCES := $(shell find web \( -name node_modules -o -name dist -o -name test -o -name e2e \) -prune \
	-o -type f ! -name '*.go' -print)

##@ Use

.PHONY: build
build: $(WEB_PAGE) ## build the page and bin/sluice
	$(GO_BUILD) -ldflags '$(LDFLAGS)' -o bin/sluice ./cmd/sluice

.PHONY: demo
demo: build ## run the gateway with a clip published into it; prints where to watch
	@bin/sluice demo $(ARGS)

.PHONY: run
run: build ## run the gateway for your encoder; ARGS="--http :9090" passes flags
	@bin/sluice serve --log-format console $(ARGS)

##@ Verify

.PHONY: test
test: test-tools build $(WEB_MODULES) ## install what the tests need and run every test
	scripts/test.sh

.PHONY: check
check: check-format check-go check-systems check-imports check-page check-scripts tidy-check ## formatting, linters, other systems, import directions, page, scripts, go.mod
	@echo "== all checks passed"

.PHONY: fuzz
fuzz: ## run every fuzz target; FUZZTIME=30s each, PKG=./pkg/flv for one package
	scripts/fuzz.sh $(PKG)

.PHONY: soak
soak: test-tools build ## cut, stall, attack and kill the gateway under strict viewers; SOAK=2h, ARGS="--seed 7"
	go -C $(SOAK_MODULE) build -o ../../bin/soak .
	bin/soak --duration $(SOAK) --binary bin/sluice --clip pkg/push/demo.flv $(ARGS)

.PHONY: bench
bench: build ## what streams and viewers cost, beside other servers; ARGS="--runs 5 --json FILE", ARGS="compare OLD NEW", ARGS=--help
	scripts/install-test-tools.sh bench || true # what is not here is left out
	go build -o bin/bench ./scripts/bench
	bin/bench $(ARGS)

.PHONY: microbench
microbench: ## run the micro benchmarks; BENCH=regexp, COUNT=n, PKG=./pkg/cmaf
	scripts/microbench.sh $(PKG)

.PHONY: benchcmp
benchcmp: build ## compare the micro benchmarks with the last commit's, or the one's before if nothing has changed; BASE=commit, BENCH, COUNT, PKG
	scripts/benchcmp.sh $(PKG)

.PHONY: vulncheck
vulncheck: ## look for known vulnerabilities in what the gateway is built of; needs the internet, or GOVULNDB
	go -C scripts/tools tool govulncheck -C ../.. ./...

##@ Give away

.PHONY: release
release: $(WEB_MODULES) ## build the archives of a version for all systems into dist/; VERSION=v0.1.0
	$(NPM) run build
	go run -buildvcs=false ./scripts/release -version '$(VERSION)' -date '$(DATE)' -ldflags '$(LDFLAGS)'

.PHONY: release-check
release-check: ## build the last commit as a release twice, and compare
	scripts/release-check.sh

##@ Keep

.PHONY: fmt
fmt: $(WEB_MODULES) ## format the Go code and the page
	$(LINT) fmt
	$(LINT) -C $(SOAK_MODULE) fmt
	$(LINT) -C $(ACME_MODULE) fmt
	$(NPM) run format

.PHONY: tidy-check
tidy-check: ## fail when go.mod or go.sum are not tidy
	go mod tidy -diff
	go -C $(SOAK_MODULE) mod tidy -diff
	go -C $(ACME_MODULE) mod tidy -diff

.PHONY: clean
clean: ## remove what was built; tools and npm packages stay
	rm -rf bin/sluice bin/soak dist
	find web/dist -mindepth 1 ! -name .gitkeep -delete

.PHONY: clean-all
clean-all: clean ## remove tools and npm packages too
	rm -rf bin web/node_modules

.PHONY: help
help: ## list the targets
	@awk 'BEGIN { FS = ":.*## " } \
		/^##@ / { printf "\n%s\n", substr($$0, 5) } \
		/^[a-z-]+:.*## / { printf "  make %-13s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

# What the targets above are made of.

$(WEB_MODULES): web/package.json web/package-lock.json
	$(NPM) ci --include=dev --no-audit --no-fund
	@touch $@

$(WEB_PAGE): $(WEB_MODULES) $(WEB_SOURCES)
	$(NPM) run build
	@touch $@

.PHONY: test-tools
test-tools:
	scripts/install-test-tools.sh

.PHONY: check-format
check-format:
	$(LINT) fmt --diff
	$(LINT) -C $(SOAK_MODULE) fmt --diff
	$(LINT) -C $(ACME_MODULE) fmt --diff

.PHONY: check-go
check-go:
	go vet ./...
	$(LINT) config verify
	$(LINT) run
	go -C $(SOAK_MODULE) vet ./...
	$(LINT) -C $(SOAK_MODULE) run
	go -C $(ACME_MODULE) vet ./...
	$(LINT) -C $(ACME_MODULE) run

# Linux is what the tests run on.
.PHONY: check-systems
check-systems:
	GOOS=darwin go build -o /dev/null ./cmd/sluice
	GOOS=windows go build -o /dev/null ./cmd/sluice

.PHONY: check-imports
check-imports:
	go run -buildvcs=false ./scripts/importgate

.PHONY: check-page
check-page: $(WEB_MODULES)
	$(NPM) run check

.PHONY: check-scripts
check-scripts:
	scripts/check-scripts.sh
	go test ./scripts/...
