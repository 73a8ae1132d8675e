# The agent's image for who has a container engine. `make agent-image` makes the same one
# without, and a test compares the two. The charts' init container copies the program from
# here, so it is static and there is nothing below it. Its version is in its sources.
#
# Cross-compiled rather than emulated, so that one machine builds for all.
FROM --platform=$BUILDPLATFORM golang:1.26.8-bookworm@sha256:a688600ca24f8a4d3ca77f95b0dd40704a9fc787c826660eb7ba0b641b8b175d AS build
ARG TARGETOS
ARG TARGETARCH
WORKDIR /src

# The modules change less often than the code: they get a layer of their own.
COPY go.mod go.sum ./
RUN go mod download

COPY cmd/ cmd/
COPY internal/ internal/
RUN CGO_ENABLED=0 GOOS=$TARGETOS GOARCH=$TARGETARCH go build -trimpath -buildvcs=false -ldflags "-s -w" \
    -o /barq-agent ./cmd/barq-agent

FROM scratch
ARG VERSION=0.0.0-development
ARG COMMIT=unknown
ARG DATE=unknown
LABEL org.opencontainers.image.title="Barq DB agent" \
      org.opencontainers.image.description="Starts, stops and keeps Barq DB and its log" \
      org.opencontainers.image.source="https://github.com/barq-db/barq-operator" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="$VERSION" \
      org.opencontainers.image.revision="$COMMIT" \
      org.opencontainers.image.created="$DATE"
WORKDIR /
COPY LICENSE /licenses/LICENSE
COPY --from=build /barq-agent /barq-agent
# An engine would add its own, of folders that are not there.
ENV PATH=/
USER 65532:65532
ENTRYPOINT ["/barq-agent"]
