# Needs Go, git and make. Every other tool is built by hack/programs, once, into
# a cache outside of the work tree, at the version that hack/tools/go.mod names.

VERSION ?= 0.1.0
IMG ?= ghcr.io/barq-db/barq-operator:v$(VERSION)
# Where the Operator Lifecycle Manager finds this version. IMG and DATABASE_IMG may be by
# digest, which a bundle needs to be mirrored; without the latter it is that of config/.
CHANNELS ?= candidate,stable
DEFAULT_CHANNEL ?= stable
DATABASE_IMG ?=
BUNDLE_IMG ?= ghcr.io/barq-db/barq-operator-bundle:v$(VERSION)
CATALOG_IMG ?= ghcr.io/barq-db/barq-operator-catalog:v$(VERSION)
CONTAINER_TOOL ?= docker
# The agent has a version of its own, so that an upgrade of the operator restarts no database for it.
AGENT_VERSION := $(shell sed -n 's/^const version = "\(.*\)"$$/\1/p' cmd/barq-agent/main.go)
AGENT_IMG ?= ghcr.io/barq-db/barq-agent:v$(AGENT_VERSION)

GO ?= go
# Without cgo nothing depends on a C compiler or on the machine's C library.
CGO_ENABLED ?= 0
export CGO_ENABLED

# The date is the commit's, so that one commit always gives one binary.
COMMIT := $(shell git rev-parse HEAD 2>/dev/null || echo unknown)
DATE := $(shell git log -1 --format=%cI 2>/dev/null || echo unknown)
VERSION_PACKAGE := github.com/barq-db/barq-operator/internal/version
LDFLAGS := -X $(VERSION_PACKAGE).Version=$(VERSION) -X $(VERSION_PACKAGE).Commit=$(COMMIT) -X $(VERSION_PACKAGE).Date=$(DATE)

# A cluster for the demo to run on, in place of a node of this machine; or anything, to have the nodes simulated.
DEMO_KUBECONFIG ?=
DEMO_SIMULATED ?=
# The manifest that the demo applies on simulated nodes; empty for config/samples/barqcluster.yaml.
DEMO_SAMPLE ?=
# How long each step of the demo may take; empty for three minutes, and five on simulated nodes.
DEMO_TIMEOUT ?=
export DEMO_KUBECONFIG DEMO_SIMULATED DEMO_SAMPLE DEMO_TIMEOUT

# The version of Kubernetes of test clusters, of those that test/cluster/components pins; the newest if it is empty.
KUBERNETES_VERSION ?=
export KUBERNETES_VERSION

# Further flags for every go test, for instance GO_TEST_FLAGS='-run TestScale -count=1'.
GO_TEST_FLAGS ?=
# In how many processes at once test-integration and e2e run their tests, each with a cluster of its own, and
# without GO_TEST_FLAGS or E2E_TEST_FLAGS; empty for one.
SHARDS ?=
# Not empty for the short form of these suites and of test-image. CONTRIBUTING.md says what it leaves out.
SHORT ?=

# $(call program,module,name) is the shell text that gives the path of a tool.
program = $$(GO="$(GO)" hack/programs/programs.sh $(1) $(2))

# The prerequisites of a goal are steps in an order.
.NOTPARALLEL:
.DEFAULT_GOAL := help

##@ The two commands

.PHONY: demo
demo: ## Show the operator, and a database that is asked, killed and poisoned: on a node of this machine (Linux, root), with DEMO_KUBECONFIG=path on that cluster, else with simulated nodes
	@GO="$(GO)" hack/demo/demo.sh up

.PHONY: test
test: test-unit test-chart test-image test-conformance test-agent test-cluster test-integration test-adversary ## Run every test, those against a real Kubernetes API too

##@ Develop

.PHONY: generate
generate: ## Generate the deep copies of the API types, the table of what a change of each field does, and the code of the contract of gRPC
	$(GO) run ./hack/effects
	cd hack/contract && GO="$(GO)" $(GO) run . ../../internal/barq/rpc barq.proto
	controller_gen=$(call program,hack/tools,controller-gen) && \
	"$$controller_gen" object paths=./api/... output:object:dir=./api/v1alpha1

.PHONY: manifests
manifests: ## Generate the CRD and its reference from api/, the operator's role from internal/, and from them the operator's chart, the schema of the values of barq-db and the list of images
	controller_gen=$(call program,hack/tools,controller-gen) && \
	"$$controller_gen" crd paths=./api/... output:crd:dir=./config/crd/bases && \
	"$$controller_gen" rbac:roleName=barq-operator paths=./internal/... output:rbac:dir=./config/rbac
	$(GO) test ./docs -run TestAPIReferenceIsCurrent -update
	$(GO) run ./hack/valuesschema
	GO="$(GO)" hack/generate-charts.sh
	GO="$(GO)" hack/generate-images.sh

.PHONY: check-generated
check-generated: ## Fail if a generated file is not what its source gives
	GO="$(GO)" MAKE="$(MAKE)" hack/check-generated.sh

.PHONY: fmt
fmt: ## Format the Go code
	golangci_lint=$(call program,hack/tools,golangci-lint) && "$$golangci_lint" fmt && \
	for module in test/e2e test/fuzz hack/image hack/contract; do (cd "$$module" && "$$golangci_lint" fmt) || exit 1; done

.PHONY: lint
lint: ## Check the Go code, its format, that every go.mod is tidy, and the sentences and words of pages, messages and comments
	golangci_lint=$(call program,hack/tools,golangci-lint) && "$$golangci_lint" run && \
	for module in test/e2e test/fuzz hack/image hack/contract; do (cd "$$module" && "$$golangci_lint" run) || exit 1; done
	for module in $$(find . -name go.mod -not -path './.*/*'); do \
		echo "$(GO) mod tidy -diff in $${module%/go.mod}" && \
		(cd "$${module%/go.mod}" && $(GO) mod tidy -diff) || exit 1; \
	done
	vale=$(call program,hack/tools/vale,vale) && git ls-files -z --cached --others --exclude-standard '*.md' '*.go' | xargs -0 "$$vale" && \
	messages=$$(mktemp -d) && trap 'rm -rf "$$messages"' EXIT && \
	$(GO) run ./hack/vale/messages "$$messages" api cmd internal config helm-charts && \
	(cd "$$messages" && "$$vale" --config "$(CURDIR)/.vale.ini" .)

# It asks vuln.go.dev, so .ci/run, which needs no network but the module proxy, does not run it.
.PHONY: vulncheck
vulncheck: ## Look for known vulnerabilities in the operator and in what builds its image
	govulncheck=$(call program,hack/tools/govulncheck,govulncheck) && \
	"$$govulncheck" ./api/... ./cmd/... ./internal/... && \
	cd hack/image && "$$govulncheck" ./...

.PHONY: build
build: ## Build the operator into bin/
	$(GO) build -trimpath -ldflags '$(LDFLAGS)' -o bin/barq-operator ./cmd/barq-operator

.PHONY: run
run: ## Run the operator from source on the cluster of the current kubeconfig
	$(GO) run -ldflags '$(LDFLAGS)' ./cmd/barq-operator

##@ Test

.PHONY: test-unit
test-unit: ## Run the unit tests
	$(GO) test $(GO_TEST_FLAGS) ./api/... ./internal/... ./cmd/... ./hack/programs/... ./hack/shards ./hack/images ./hack/vale ./hack/effects ./hack/valuesschema ./docs/... ./test/bundle/... ./test/markdown/... ./test/barqserver/... ./test/admission/... ./test/arbitrary/... ./test/bench/audit ./test/bench/procfs ./test/bench/report ./test/bench/statistics ./test/machine ./test/chaos/apiproxy ./test/chaos/jumpingclock ./test/chaos/report ./test/forgery ./test/snapshot ./test/objectservers ./test/tenant ./test/wait ./test/adversary/plan
	$(GO) test -short $(GO_TEST_FLAGS) ./test/bench ./test/chaos

.PHONY: test-chart
test-chart: ## Run the tests of the chart
	$(GO) test $(GO_TEST_FLAGS) ./test/chart/...

# Compiles the operator for all architectures of the image; minutes the first time.
.PHONY: test-image
test-image: ## Run the tests of the images
	cd hack/image && $(GO) test -timeout 20m $(if $(SHORT),-short) $(GO_TEST_FLAGS) ./...

# BARQ_SERVER_BIN=path holds that barq-server to the suite instead of the stand-in.
.PHONY: test-conformance
test-conformance: ## Run the suite that barq-server, or its stand-in, has to pass
	$(GO) test -timeout 10m -count=1 $(GO_TEST_FLAGS) ./test/conformance

.PHONY: test-agent
test-agent: ## Run the tests of the agent with barq-server, or its stand-in (Linux)
	$(GO) test -timeout 20m -count=1 -v $(GO_TEST_FLAGS) ./test/agent

# Clients to run, of go, python, rust and typescript; empty for all. CLIENTS_CACHE=folder keeps what was built, which takes minutes
# for the one in Rust.
CLIENTS ?=

# It fetches libraries from the registries of four languages, so neither test nor .ci/run runs it.
.PHONY: test-clients
test-clients: ## Run the clients in BARQ_SOURCE, the sources of Barq DB, at barq-server or its stand-in and through the agent (Linux, root; minutes)
	$(if $(BARQ_SOURCE),,$(error BARQ_SOURCE=/path/to/barq-db has to name the sources of Barq DB))
	BARQ_SOURCE='$(abspath $(BARQ_SOURCE))' CLIENTS='$(CLIENTS)' $(if $(BARQ_SERVER_BIN),BARQ_SERVER_BIN='$(abspath $(BARQ_SERVER_BIN))') $(if $(CLIENTS_CACHE),CLIENTS_CACHE='$(abspath $(CLIENTS_CACHE))') \
		$(GO) test -timeout 60m -count=1 -v $(GO_TEST_FLAGS) ./test/clients

# These build and run programs, on which Go's cache of test results does not look;
# without -count=1 a change of the operator would be "tested" by an old result.
.PHONY: test-cluster
test-cluster: ## Run the tests of the test cluster itself, and of the demo on it
	$(GO) test -timeout 40m -count=1 -v $(GO_TEST_FLAGS) ./test/cluster/... ./hack/demo

.PHONY: test-integration
test-integration: ## Run the tests of the operator on a real Kubernetes API
ifdef SHARDS
	$(GO) test -c -o bin/integration.test ./test/integration
	hack/shards/shards.sh $(SHARDS) test/integration $(CURDIR)/bin/integration.test -test.timeout 60m -test.parallel 4 -test.v $(if $(SHORT),-test.short)
else
	$(GO) test -timeout 60m -count=1 -parallel 4 -v $(if $(SHORT),-short) $(GO_TEST_FLAGS) ./test/integration/...
endif

##@ Fuzzing

# How long each target is run for, and a regular expression that names the targets.
FUZZTIME ?= 1m
FUZZ ?= .

# BARQ_SERVER_BIN=path has the targets of test/agent ask that barq-server instead of the stand-in.
.PHONY: fuzz
fuzz: ## Run every fuzz target for FUZZTIME, or those that FUZZ names
	GO="$(GO)" $(if $(BARQ_SERVER_BIN),BARQ_SERVER_BIN=$(abspath $(BARQ_SERVER_BIN))) hack/fuzz.sh $(FUZZTIME) '$(FUZZ)'

# The targets of the operator's own module are run by test-unit.
test: test-fuzz
.PHONY: test-fuzz
test-fuzz: ## Try what fuzzing once found against the API server's own code
	cd test/fuzz && $(GO) test $(GO_TEST_FLAGS) ./...

##@ Adversary

# How many records of releases a tenant forges, and the seed of an earlier run to make the same again; random if empty.
ADVERSARY_N ?= 10000
ADVERSARY_SEED ?=

.PHONY: adversary
adversary: ## Let a tenant forge ADVERSARY_N records of releases on a real Kubernetes API (an hour), and look whether anything else was touched
	$(GO) test -timeout 0 -count=1 -v ./test/adversary -forgeries '$(ADVERSARY_N)' $(if $(ADVERSARY_SEED),-seed '$(ADVERSARY_SEED)')

.PHONY: test-adversary
test-adversary: ## Do the same with few forgeries, always the same ones
	$(GO) test -timeout 10m -count=1 -v $(GO_TEST_FLAGS) ./test/adversary -seed 8

##@ End to end

# What a failed run leaves: logs, events and objects.
E2E_ARTIFACTS ?= $(CURDIR)/test/output/e2e

# With GOGC=400 the API server and the kubelet collect garbage seldom, which is half of their work otherwise.
.PHONY: e2e
e2e: bin/e2e ## Run the end-to-end tests on a real node of this machine (Linux, root), or with KUBECONFIG=path on that cluster
	$(E2E_START) env GOGC=400 BARQ_E2E_ARTIFACTS=$(E2E_ARTIFACTS) BARQ_OPERATOR_BIN=$(CURDIR)/bin/e2e/barq-operator BARQ_AGENT_BIN=$(CURDIR)/bin/e2e/barq-agent $(E2E_SERVER) \
		$(E2E_CLUSTER) $(CURDIR)/bin/e2e/e2e.test -test.v -test.timeout 90m -test.parallel 4 $(if $(SHORT),-test.short) $(E2E_TEST_FLAGS)

# Only the command line counts: the KUBECONFIG of a shell often names a cluster that no
# test should touch.
E2E_START := cd test/e2e &&
ifeq ($(origin KUBECONFIG),command line)
E2E_CLUSTER := KUBECONFIG=$(abspath $(KUBECONFIG))
else ifdef SHARDS
E2E_START := hack/shards/shards.sh $(SHARDS) test/e2e
E2E_CLUSTER = $(CURDIR)/bin/e2e/node run --artifacts $(E2E_ARTIFACTS)/{} --
else
E2E_CLUSTER = $(CURDIR)/bin/e2e/node run --artifacts $(E2E_ARTIFACTS) --
endif

# The database is BARQ_IMAGE if that is set, else BARQ_SERVER_BIN, else the stand-in.
ifdef BARQ_SERVER_BIN
E2E_SERVER = BARQ_SERVER_BIN=$(abspath $(BARQ_SERVER_BIN))
else
E2E_SERVER = BARQ_SERVER_BIN=$(CURDIR)/bin/e2e/barq-server
endif

# Built before they are run, because a node has no network to fetch modules from.
.PHONY: bin/e2e
bin/e2e:
	@echo "building the operator, the agent, the stand-in, the node and the tests (minutes the first time)"
	$(GO) build -trimpath -ldflags '$(LDFLAGS)' -o bin/e2e/barq-operator ./cmd/barq-operator
	$(GO) build -trimpath -ldflags '-s -w' -o bin/e2e/barq-agent ./cmd/barq-agent
	$(GO) build -trimpath -o bin/e2e/barq-server ./test/barqserver/cmd/barq-server
	cd test/e2e && $(GO) build -o $(CURDIR)/bin/e2e/node ./cmd/node && $(GO) test -c -o $(CURDIR)/bin/e2e/e2e.test .

# Azurite takes npm. Tests leave it out where there is none, but not in CI.
bin/e2e: bin/e2e/objectservers
.PHONY: bin/e2e/objectservers
bin/e2e/objectservers:
	GO="$(GO)" hack/programs/programs.sh hack/tools/objectservers >/dev/null
	hack/tools/azurite/azurite.sh >/dev/null || [ $$? -eq 3 ]

.PHONY: test-node
test-node: bin/e2e ## Run the tests of the real node itself (Linux, root)
	cd test/e2e && $(GO) test -timeout 20m -count=1 -v $(GO_TEST_FLAGS) ./node/... ./volumedriver/... ./digits ./cmd/...

##@ Benchmarks

# Who is measured and what (all and everything if empty), how many clusters at a time, further numbers for installs alone, how often everything is
# measured, how many workers each contender has, and further flags: BENCH_FLAGS='--period 1m' (go run ./test/bench/cmd/bench --help).
BENCH_CONTENDERS ?=
BENCH_MEASURE ?=
BENCH_N ?= 50,200,1000
BENCH_INSTALL_N ?= 500
BENCH_ROUNDS ?= 3
BENCH_WORKERS ?= 4
BENCH_IDLE ?= 5m
BENCH_OUTPUT ?= test/output/bench
BENCH_FLAGS ?=

# Built before it is run, because go run would end at a SIGTERM without passing it on.
.PHONY: bench
bench: ## Measure the operator against the stock one and a bare client (Linux; hours), and write docs/benchmarks.md
	$(GO) build -o bin/bench ./test/bench/cmd/bench
	bin/bench $(if $(BENCH_CONTENDERS),--contenders '$(BENCH_CONTENDERS)') $(if $(BENCH_MEASURE),--measure '$(BENCH_MEASURE)') --n '$(BENCH_N)' $(if $(BENCH_INSTALL_N),--install-only '$(BENCH_INSTALL_N)') --rounds '$(BENCH_ROUNDS)' --workers '$(BENCH_WORKERS)' --idle '$(BENCH_IDLE)' \
		--output '$(BENCH_OUTPUT)' --docs docs $(BENCH_FLAGS)

.PHONY: test-bench
test-bench: ## Run the tests of the benchmarks, with few clusters
	$(GO) test -timeout 20m -count=1 -v $(GO_TEST_FLAGS) ./test/bench/...

##@ Faults

# How many BarqClusters there are in most rows, while the operator is killed, and that can never work; and further flags:
# CHAOS_FLAGS='--faults killed --seed 1' (go run ./test/chaos/cmd/chaos --help).
CHAOS_N ?= 50
CHAOS_KILLED ?= 500
CHAOS_BAD ?= 10000
CHAOS_OUTPUT ?= test/output/chaos
CHAOS_FLAGS ?=

# Built before it is run, because go run would end at a SIGTERM without passing it on.
.PHONY: chaos
chaos: ## Let things go wrong while BarqClusters are installed, changed and deleted (Linux; an hour), and write docs/reliability.md
	$(GO) build -o bin/chaos ./test/chaos/cmd/chaos
	bin/chaos --n '$(CHAOS_N)' --killed '$(CHAOS_KILLED)' --bad '$(CHAOS_BAD)' --output '$(CHAOS_OUTPUT)' --docs docs $(CHAOS_FLAGS)

# How often chaos-data kills the server, the agent or both, and how often the node loses power.
AGENT_KILLS ?= 1000

.PHONY: chaos-data
chaos-data: ## Kill Barq DB and its agent, let the node lose power and throw volumes away, again and again while clients write, and look for each document (Linux, root; an hour)
	AGENT_KILLS='$(AGENT_KILLS)' $(GO) test -timeout 3h -count=1 -v -run 'TestNoAcknowledgedWriteIsLostByAKill|TestNoAnsweredWriteIsLostWithThePower|TestNoArchivedWriteIsLostWithTheVolume' ./test/agent

# How many documents bench-agent writes 20 times, and how many it measures the agent itself with.
AGENT_BENCH ?= 100000
AGENT_BENCH_MANY ?= 1000000

.PHONY: bench-agent
bench-agent: ## Measure what a history of rewrites takes once the agent has compacted it, and what the agent takes (Linux; minutes)
	AGENT_BENCH='$(AGENT_BENCH)' AGENT_BENCH_MANY='$(AGENT_BENCH_MANY)' $(GO) test -timeout 2h -count=1 -v -run 'TestAHistoryOfRewrites|TestManyDocuments|TestTheDoor(IsQuick|TakesWrites)|TestTheArchive|TestWhatADayOfTheArchiveCosts' ./test/agent

.PHONY: test-chaos
test-chaos: ## Run the tests of the fault suite, and most faults with few BarqClusters
	$(GO) test -timeout 30m -count=1 -v $(GO_TEST_FLAGS) ./test/chaos/...

##@ Test cluster

.PHONY: cluster-up
cluster-up: ## Start a test cluster; its kubeconfig and tools are in .cluster/
	$(GO) run ./test/cluster/cmd/cluster up --dir .cluster

.PHONY: cluster-down
cluster-down: ## Stop the test cluster
	$(GO) run ./test/cluster/cmd/cluster down --dir .cluster

##@ Demo

.PHONY: demo-shell
demo-shell: ## Open a shell on the node of the demo
	@hack/demo/demo.sh shell

.PHONY: demo-down
demo-down: ## Stop and remove what the demo left running
	@GO="$(GO)" hack/demo/demo.sh down

##@ Ship

.PHONY: bundle
bundle: manifests ## Generate and validate the bundle for the Operator Lifecycle Manager
	GO="$(GO)" hack/generate-bundle.sh $(VERSION) $(CHANNELS) $(DEFAULT_CHANNEL) $(IMG) $(AGENT_IMG) $(DATABASE_IMG)

.PHONY: bundle-build
bundle-build: ## Build the image of the bundle
	$(CONTAINER_TOOL) build -f bundle.Dockerfile -t $(BUNDLE_IMG) .

.PHONY: catalog
catalog: ## Write dist/catalog, from which the Operator Lifecycle Manager installs BUNDLE_IMG
	GO="$(GO)" hack/generate-catalog.sh config/catalog/template.yaml bundle $(BUNDLE_IMG) dist/catalog

.PHONY: catalog-build
catalog-build: ## Build the image of dist/catalog
	$(CONTAINER_TOOL) build -f dist/catalog.Dockerfile -t $(CATALOG_IMG) dist

# What the end-to-end tests of these take: the lifecycle manager, opm, the scorecard, and
# the operator as a version that comes after this one.
bin/e2e: bin/e2e/barq-operator-next
e2e: export BARQ_OPERATOR_NEXT_BIN = $(CURDIR)/bin/e2e/barq-operator-next
.PHONY: bin/e2e/barq-operator-next
bin/e2e/barq-operator-next:
	$(GO) build -trimpath -ldflags '$(LDFLAGS) -X $(VERSION_PACKAGE).Version=99.0.0' -o $@ ./cmd/barq-operator
	for module in test/e2e/lifecyclemanager hack/tools/opm hack/tools/operator-sdk; do \
		GO="$(GO)" hack/programs/programs.sh "$$module" >/dev/null || exit 1; \
	done

.PHONY: dist
dist: manifests dist/install.yaml ## Write dist/install.yaml, which installs the operator from IMG

.PHONY: dist/install.yaml
dist/install.yaml:
	kustomize=$(call program,hack/tools,kustomize) && \
	mkdir -p dist && cd dist && rm -f kustomization.yaml && \
	"$$kustomize" create --resources ../config/default && \
	"$$kustomize" edit set image ghcr.io/barq-db/barq-operator=$(IMG) && \
	"$$kustomize" build . > install.yaml

.PHONY: docker-build
docker-build: ## Build the operator's image IMG
	$(CONTAINER_TOOL) build --build-arg VERSION=$(VERSION) --build-arg COMMIT=$(COMMIT) --build-arg DATE=$(DATE) -t $(IMG) .

.PHONY: docker-push
docker-push: ## Push the operator's image IMG
	$(CONTAINER_TOOL) push $(IMG)

.PHONY: image
image: ## Build IMG without a container engine, for amd64 and arm64, into dist/image, with its bills of materials
	cd hack/image && $(GO) run ./cmd/program-image build barq-operator --version '$(VERSION)' --commit '$(COMMIT)' --date '$(DATE)'

.PHONY: image-push
image-push: image ## Push what make image built as IMG
	cd hack/image && $(GO) run ./cmd/program-image push $(IMG)

.PHONY: docker-build-agent
docker-build-agent: ## Build the agent's image AGENT_IMG
	$(CONTAINER_TOOL) build -f agent.Dockerfile --build-arg VERSION=$(AGENT_VERSION) --build-arg COMMIT=$(COMMIT) --build-arg DATE=$(DATE) -t $(AGENT_IMG) .

.PHONY: agent-image
agent-image: ## Build AGENT_IMG without a container engine, for amd64 and arm64, into dist/agent, with its bills of materials
	cd hack/image && $(GO) run ./cmd/program-image build barq-agent --output ../../dist/agent --version '$(AGENT_VERSION)' --commit '$(COMMIT)' --date '$(DATE)'

.PHONY: agent-image-push
agent-image-push: agent-image ## Push what make agent-image built as AGENT_IMG
	cd hack/image && $(GO) run ./cmd/program-image push --layout ../../dist/agent/image $(AGENT_IMG)

# What the end-to-end test of the manifests takes beside them: the operator as a version
# that came before this one.
bin/e2e: bin/e2e/barq-operator-before dist/install.yaml
e2e: export BARQ_OPERATOR_BEFORE_BIN = $(CURDIR)/bin/e2e/barq-operator-before
.PHONY: bin/e2e/barq-operator-before
bin/e2e/barq-operator-before:
	$(GO) build -trimpath -ldflags '$(LDFLAGS) -X $(VERSION_PACKAGE).Version=0.0.1' -o $@ ./cmd/barq-operator

# What the end-to-end test of upgrades takes beside it: the operator of a former commit. A checkout without that commit has all other tests.
bin/e2e: bin/e2e/former/barq-operator
e2e: export BARQ_OPERATOR_FORMER = $(CURDIR)/bin/e2e/former
bin/e2e/former/barq-operator: hack/former-operator.sh
	-GO="$(GO)" hack/former-operator.sh $(@D)

# The chart to package, and where to: a folder, and a registry. CHART_SIGN_KEY is the name of the key
# that signs it, in the file CHART_KEYRING as `gpg --export-secret-keys` writes it; CHART_PASSPHRASE_FILE
# holds its passphrase. Without a key the package is not signed.
CHART ?= helm-charts/barq-operator
CHART_PACKAGES ?= dist/charts
CHART_REGISTRY ?= oci://ghcr.io/barq-db/charts
CHART_PUSH_FLAGS ?=
CHART_SIGN_KEY ?=
CHART_KEYRING ?=
CHART_PASSPHRASE_FILE ?=

.PHONY: chart-package
chart-package: ## Package the operator's chart as VERSION, signed if CHART_SIGN_KEY names a key
	helm=$(call program,hack/tools,helm) && \
	"$$helm" package $(CHART) --version $(VERSION) --app-version $(VERSION) --destination $(CHART_PACKAGES) \
		$(if $(CHART_SIGN_KEY),--sign --key '$(CHART_SIGN_KEY)' --keyring '$(CHART_KEYRING)') \
		$(if $(CHART_PASSPHRASE_FILE),--passphrase-file '$(CHART_PASSPHRASE_FILE)')

.PHONY: chart-push
chart-push: ## Push the packaged chart, and its signature if there is one, to CHART_REGISTRY
	helm=$(call program,hack/tools,helm) && \
	"$$helm" push $(CHART_PUSH_FLAGS) $(CHART_PACKAGES)/barq-operator-$(VERSION).tgz $(CHART_REGISTRY)

.PHONY: help
help:
	@awk 'BEGIN { FS = ":.*## " } \
		/^##@ / { printf "\n%s\n", substr($$0, 5) } \
		/^[a-z-]+:.*## / { printf "  %-18s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))
