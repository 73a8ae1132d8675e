# The demo on nodes whose pods run: a node of this machine, or the cluster of DEMO_KUBECONFIG. Read by demo.sh.

bin=$PWD/bin/demo
# started is the process id of the node, if this run has started it.
started=
node_log=$folder/logs/node.log

# why_simulated prints why pods cannot run here, and fails if they can.
why_simulated() {
    local missing=() packages=() each
    if [ -n "${DEMO_SAMPLE:-}" ]; then
        echo 'DEMO_SAMPLE names a manifest'
    elif [ -n "${DEMO_SIMULATED:-}" ]; then
        echo 'DEMO_SIMULATED is set'
    elif [ "$(uname)" != Linux ]; then
        echo 'a real node takes Linux'
    elif [ "$(id -u)" -ne 0 ]; then
        echo 'a real node takes root'
    else
        for each in containerd:containerd runc:runc ip:iproute2 iptables:iptables busybox:busybox-static \
            nsenter:util-linux /usr/lib/cni/bridge:containernetworking-plugins; do
            command -v "${each%:*}" >/dev/null || {
                missing+=("${each%:*}")
                packages+=("${each#*:}")
            }
        done
        if [ "${#missing[@]}" -gt 0 ]; then
            echo "a real node takes ${missing[*]} (apt-get install ${packages[*]})"
        elif ! unshare --mount --net --pid --ipc --fork mount -t tmpfs none /mnt 2>/dev/null; then
            echo 'root may not make namespaces and mounts here, which a real node takes'
        else
            return 1
        fi
    fi
}

# node_pid prints the process id of the demo's node. It fails if none runs, and if another program has
# the id by now.
node_pid() {
    local pid
    pid=$(cat "$own/node.pid" 2>/dev/null) || return
    # Right after its start it is not yet the node's program.
    if [ "$pid" = "$started" ]; then
        kill -0 "$pid" 2>/dev/null && echo "$pid"
    else
        [[ $(readlink "/proc/$pid/exe") == "$bin/node"* ]] && echo "$pid"
    fi
}

# inside runs a command in the namespaces of the node, with what the node tells its commands.
inside() {
    local outside child
    outside=$(node_pid) || fail 'no node of the demo runs; make demo starts one'
    for child in $(cat "/proc/$outside/task/"*/children); do
        # The other child is what cleans up after the node.
        [ "$(readlink "/proc/$child/ns/pid")" != "$(readlink /proc/self/ns/pid)" ] || continue
        nsenter --target "$child" --mount --net --pid --ipc \
            bash -c 'cd "$1" && . "$2" && shift 2 && exec "$@"' _ "$PWD" "$own/environment" "$@"
        return
    done
    fail "the node, process $outside, has no namespaces yet"
}

build_real() {
    echo "building the operator, the agent, the stand-in of Barq DB and the demo (minutes the first time)"
    mkdir -p "$bin"
    "$go" build -buildvcs=false -ldflags '-s -w' -o "$bin/" ./cmd/barq-operator ./cmd/barq-agent ./test/barqserver/cmd/barq-server
    (cd test/e2e && "$go" build -buildvcs=false -ldflags '-s -w' -o "$bin/" ./cmd/node ./cmd/demo)
    export BARQ_OPERATOR_BIN=$bin/barq-operator BARQ_AGENT_BIN=$bin/barq-agent
    if [ -n "${BARQ_SERVER_BIN:-}" ]; then
        BARQ_SERVER_BIN=$(realpath -e "$BARQ_SERVER_BIN") || fail "BARQ_SERVER_BIN names no file"
        echo "the database is the barq-server that BARQ_SERVER_BIN names: $BARQ_SERVER_BIN"
    else
        BARQ_SERVER_BIN=$bin/barq-server
        echo 'the database is the stand-in test/barqserver; BARQ_SERVER_BIN=path takes a real barq-server'
    fi
    export BARQ_SERVER_BIN
}

# start_node starts a node that goes on running, and returns when it takes pods.
start_node() {
    rm -f "$own/environment"
    : >"$node_log"
    # In a session of its own, because Ctrl-C and the end of the terminal must not reach it. With GOGC=400 the
    # API server and the kubelet collect garbage seldom.
    GOGC=400 setsid "$bin/node" run --bare --artifacts "$folder/node" -- \
        bash -c 'export -p >"$1.new" && mv "$1.new" "$1" && exec sleep infinity' _ "$own/environment" \
        </dev/null >"$node_log" 2>&1 9>&- &
    started=$!
    echo "$started" >"$own/node.pid"
    tail --pid="$started" --lines=+1 --follow "$node_log" 9>&- &
    followers=($!)
    while node_pid >/dev/null && [ ! -e "$own/environment" ]; do sleep 0.1; done
    # It may not have shown the last lines yet.
    sleep 0.3
    stop_followers
    [ -e "$own/environment" ] || fail "the node has ended; its log $node_log ends with the lines above"
}

stop_node() {
    stop_process node node_pid 60
}

up_on_node() {
    heading 'Programs'
    build_real
    heading 'A Kubernetes node of this machine, in namespaces of its own'
    start_node
    inside "$bin/demo" run || {
        local status=$?
        node_pid >/dev/null || tail -n 5 "$node_log"
        return "$status"
    }
}

up_on_given() {
    heading "Cluster of $DEMO_KUBECONFIG"
    [ -r "$DEMO_KUBECONFIG" ] || fail "DEMO_KUBECONFIG names no file: $DEMO_KUBECONFIG"
    cp "$DEMO_KUBECONFIG" "$own/given.kubeconfig"
    build_real
    on_given run
}

# on_given runs the demo's program with the cluster of DEMO_KUBECONFIG.
on_given() {
    local kubectl
    [ -x "$bin/demo" ] || build_real
    kubectl=$(GO=$go hack/programs/programs.sh test/cluster/components kubectl 9>&-)
    KUBECONFIG=$own/given.kubeconfig PATH=${kubectl%/*}:$PATH "$bin/demo" "$1"
}
