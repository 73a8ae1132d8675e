# The operator's image for who has a container engine. `make image` makes the same one
# without, and a test compares the two: the program, the chart that it renders and the
# file that ties them together. The certificates of public authorities are in the
# program, so there is nothing below it.
#
# Cross-compiled rather than emulated, so that one machine builds for all.
FROM --platform=$BUILDPLATFORM golang:1.26.8-bookworm@sha256:a688600ca24f8a4d3ca77f95b0dd40704a9fc787c826660eb7ba0b641b8b175d AS build
ARG TARGETOS
ARG TARGETARCH
WORKDIR /src

# The modules change less often than the code: they get a layer of their own.
COPY go.mod go.sum ./
RUN go mod download

COPY api/ api/
COPY cmd/ cmd/
COPY internal/ internal/
ARG VERSION=0.0.0-development
ARG COMMIT=unknown
ARG DATE=unknown
RUN CGO_ENABLED=0 GOOS=$TARGETOS GOARCH=$TARGETARCH go build -trimpath -buildvcs=false \
    -ldflags "-s -w \
      -X github.com/barq-db/barq-operator/internal/version.Version=$VERSION \
      -X github.com/barq-db/barq-operator/internal/version.Commit=$COMMIT \
      -X github.com/barq-db/barq-operator/internal/version.Date=$DATE" \
    -o /barq-operator ./cmd/barq-operator

FROM scratch
ARG VERSION=0.0.0-development
ARG COMMIT=unknown
ARG DATE=unknown
LABEL org.opencontainers.image.title="Barq DB operator" \
      org.opencontainers.image.description="Runs Barq DB, a vector database, on Kubernetes" \
      org.opencontainers.image.source="https://github.com/barq-db/barq-operator" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="$VERSION" \
      org.opencontainers.image.revision="$COMMIT" \
      org.opencontainers.image.created="$DATE"
WORKDIR /
COPY LICENSE /licenses/LICENSE
COPY helm-charts/barq-db/ /helm-charts/barq-db/
COPY watches.yaml /watches.yaml
COPY --from=build /barq-operator /barq-operator
# An engine would add its own, of folders that are not there.
ENV PATH=/
USER 65532:65532
ENTRYPOINT ["/barq-operator"]
