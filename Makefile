# Crieur. `make run` and `make test` do everything on a Debian or Ubuntu
# machine with Go, Node and make; `make help` lists the rest.

GO        ?= go
CONFIG    ?=
DEMO      ?= 1
GOFUMPT    = $(GO) run mvdan.cc/gofumpt@v0.12.0
STATICCHECK = $(GO) run honnef.co/go/tools/cmd/staticcheck@v0.8.2
MODULES    = $(patsubst %/go.mod,%,$(shell git ls-files '*go.mod'))
ENGINE     = services/impact/engine/node_modules/.package-lock.json

.PHONY: help run build test test-slow check bench setup setup-tests fmt clean

help: ## list the targets
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 14

run: bin/crieur $(ENGINE) ## start everything, with the demonstration (DEMO=0: without; CONFIG=file)
	bin/crieur run $(if $(filter 0,$(DEMO)),,--demo) $(if $(CONFIG),--config $(CONFIG))

build: bin/crieur ## build the one binary into bin/

bin/crieur: FORCE
	@command -v $(GO) >/dev/null || { echo "Go is missing. Install it from your distribution (Debian: apt-get install golang, 1.26 or later)." >&2; exit 1; }
	$(GO) build -trimpath -o bin/crieur ./services/crieur

FORCE:

# ClickHouse, as a library, from npm's lock file.
$(ENGINE): services/impact/engine/package-lock.json
	@command -v npm >/dev/null || { echo "npm is missing: sudo apt-get install npm" >&2; exit 1; }
	npm ci --no-audit --no-fund --prefix services/impact/engine
	@touch $@

setup: $(ENGINE) ## install the embedded ClickHouse

setup-tests: setup ## install the programs that tests talk to
	.ci/peers

test: setup-tests ## run every test
	CI=$${CI:-} $(GO) test -p 1 -timeout 20m work
	$(GO) test -race -run Acceptance -timeout 10m ./events/bus

test-slow: setup ## run the tests with slow peers, and the fuzzers for a minute each
	.ci/peers slow
	CRIEUR_SLOW=1 $(GO) test -timeout 120m work
	.ci/fuzz 60s

check: ## what to run before each commit
	@test -z "$$($(GOFUMPT) -l . | tee /dev/stderr)"
	$(GO) build work
	$(GO) vet work
	@for m in $(MODULES); do echo "$$m"; (cd $$m && GOWORK=off $(GO) build ./... && GOWORK=off $(GO) mod tidy -diff && GOWORK=off $(STATICCHECK) ./...) || exit 1; done
	$(GO) test -race -timeout 40m work

bench: setup ## measure, as ratios to limits measured in the same run
	.ci/bench

fmt: ## format
	$(GOFUMPT) -w .

clean: ## remove what was built, not the data
	rm -rf bin
