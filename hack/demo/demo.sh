#!/usr/bin/env bash
# Shows the operator at work:
#
#   demo.sh up|shell|down [FOLDER]
#
# up starts a node of this machine and the operator, and shows what test/e2e/cmd/demo does. With
# DEMO_KUBECONFIG=path it does so on that cluster. Where pods cannot run, the nodes are simulated:
# it applies a sample, follows it until it is Ready, and shows what the operator created. What was
# started goes on running. shell gives a shell on the node. down stops and removes everything.
# FOLDER, .cluster-demo if it is missing, belongs to the demo alone: all that runs in it is the demo's.
set -euo pipefail
cd "$(dirname "$0")/../.."
# As make has it: with another value every package is compiled once more.
export CGO_ENABLED=0

sample=${DEMO_SAMPLE:-config/samples/barqcluster.yaml}
timeout=${DEMO_TIMEOUT:-5m}
go=${GO:-go}
folder=${2:-.cluster-demo}
mkdir -p "$folder/logs"
folder=$(cd "$folder" && pwd -P)
own=$folder/demo
log=$folder/logs/operator.log
mode=
# kubectl remembers an API server by its address, and another test cluster may get the same port.
export KUBECONFIG=$folder/kubeconfig PATH=$folder/bin:$PATH KUBECACHEDIR=$own/cache

# shellcheck source=hack/demo/real.sh
. hack/demo/real.sh

heading() { printf '\n==> %s\n' "$1"; }

fail() {
    echo "demo: $1" >&2
    exit 1
}

# cluster runs a command of the test cluster, which must not pass the demo's lock on.
cluster() { "$go" run ./test/cluster/cmd/cluster "$@" --dir "$folder" 9>&-; }

apply() { kubectl apply --server-side --force-conflicts "$@"; }

# operator_pid prints the process id of the demo's operator. It fails if none runs, and if another
# program has the id by now.
operator_pid() {
    local pid
    pid=$(cat "$own/operator.pid" 2>/dev/null) &&
        [[ $(readlink "/proc/$pid/exe") == "$own/barq-operator"* ]] && echo "$pid"
}

# stop_operator gives the operator 20 seconds to finish a Helm step.
stop_operator() {
    stop_process operator operator_pid 20
}

# stop_process stops what a function prints the process id of, and kills it after so many seconds.
stop_process() {
    local pid tenths
    pid=$("$2") || return 0
    echo "stopping the $1 (process $pid)"
    kill "$pid"
    for ((tenths = 0; tenths < $3 * 10; tenths++)); do
        "$2" >/dev/null || return 0
        sleep 0.1
    done
    kill -KILL "$pid"
}

start_operator() {
    echo 'building the operator (minutes the first time)'
    "$go" build -buildvcs=false -o "$own/barq-operator" ./cmd/barq-operator
    echo 'applying its CRD, roles and admission policies'
    apply -k config/crd >/dev/null
    kubectl wait crd/barqclusters.barq.db --for=condition=Established >/dev/null
    apply -f config/default/namespace.yaml >/dev/null
    apply -k config/rbac >/dev/null
    apply -k config/admission >/dev/null
    # The operator acts as its service account: it has the permissions of config/rbac and no others.
    cp "$KUBECONFIG" "$own/operator.kubeconfig"
    kubectl config set users.administrator.act-as system:serviceaccount:barq-system:barq-operator \
        --kubeconfig "$own/operator.kubeconfig" >/dev/null
    # In a session of its own, because Ctrl-C and the end of the terminal must not reach it.
    KUBECONFIG=$own/operator.kubeconfig setsid "$own/barq-operator" --watches-file watches.yaml \
        --metrics-bind-address 0 --health-probe-bind-address 0 \
        --leader-elect --leader-election-namespace barq-system </dev/null >"$log" 2>&1 9>&- &
    echo "$!" >"$own/operator.pid"
    echo "started process $!, log $log"
}

followers=()

# stop_followers returns when they have ended. It does without wait, which can wait for the operator instead
# where a trap has interrupted another wait.
stop_followers() {
    local pid
    for pid in "${followers[@]}"; do
        kill "$pid" 2>/dev/null || true
        while kill -0 "$pid" 2>/dev/null; do sleep 0.1; done
    done
    followers=()
}

# follow waits until a BarqCluster is Ready, and meanwhile prints a line for each change.
follow() {
    local in=(-n "$1") name=$2 line last='' waiter operator status=0
    operator=$(operator_pid) || operator=''
    local columns=:.metadata.name,:.status.phase,':.status.conditions[?(@.type=="Ready")].message'
    kubectl get bqc "$name" "${in[@]}" --watch --no-headers -o custom-columns="$columns" > >(
        while IFS= read -r line; do
            [ "$line" = "$last" ] || printf '%4d s  %s\n' "$SECONDS" "$line"
            last=$line
        done
    ) &
    followers=($!)
    kubectl wait "bqc/$name" "${in[@]}" --for=condition=Ready --timeout="$timeout" &
    waiter=$!
    followers+=("$waiter")
    # Without a substitution: a trap that interrupts one can lose what its own substitutions print.
    while kill -0 "$waiter" 2>/dev/null && kill -0 "$operator" 2>/dev/null; do sleep 0.1; done
    if ! operator_pid >/dev/null; then
        stop_followers
        tail -n 5 "$log"
        fail "the operator has ended; its log $log ends with the lines above"
    fi
    wait "$waiter" || status=$?
    stop_followers
    if [ "$status" -ne 0 ]; then
        kubectl describe bqc "$name" "${in[@]}"
        fail "BarqCluster $1/$name is not Ready after $timeout; DEMO_TIMEOUT=10m waits longer"
    fi
}

show() {
    local in=(-n "$1") name=$2
    heading "BarqCluster $name, and what the operator created for it"
    kubectl get bqc "$name" "${in[@]}"
    kubectl get statefulset,pod,service,serviceaccount,pvc "${in[@]}" \
        -l "app.kubernetes.io/name=barq-db,app.kubernetes.io/instance=$name"
    heading "The environment of its containers"
    kubectl set env "statefulset/$name" "${in[@]}" --list
    heading "Its status and events"
    kubectl describe bqc "$name" "${in[@]}"
}

show_hints() {
    stop_followers
    heading 'What was started goes on running'
    case $mode in
    simulated) printf '  %s\n' "export KUBECONFIG=$KUBECONFIG PATH=$folder/bin:\$PATH" 'kubectl get bqc -A -w' "tail -f $log" ;;
    given) printf '  %s\n' 'kubectl get bqc -n barq-demo -w    # with the kubeconfig that you gave' ;;
    node) node_pid >/dev/null && printf '  %s\n' 'make demo-shell   # a shell on the node: kubectl get bqc -n barq-demo' ;;
    esac
    echo '  make demo-down    # stops and removes it'
}

up_simulated() {
    [ -r "$sample" ] || fail "there is no sample $sample; name a manifest in DEMO_SAMPLE"
    grep -Eq 'kind"?: *"?BarqCluster\b' "$sample" ||
        fail "the sample $sample holds no BarqCluster; name a manifest that does in DEMO_SAMPLE"
    heading 'Test cluster'
    stop_node
    cluster up --tools '' >/dev/null
    trap show_hints EXIT
    heading 'Operator'
    stop_operator
    start_operator
    heading "Sample $sample"
    SECONDS=0
    apply -f "$sample"
    local clusters namespace name
    clusters=$(kubectl get -f "$sample" --no-headers -o custom-columns=:.kind,:.metadata.namespace,:.metadata.name |
        awk '$1 == "BarqCluster" { print $2, $3 }')
    while read -r namespace name; do follow "$namespace" "$name"; done <<<"$clusters"
    while read -r namespace name; do show "$namespace" "$name"; done <<<"$clusters"
    printf '\nThe nodes are simulated: no container runs. The rest of Kubernetes and the operator are real.\n'
}

up() {
    local why
    trap 'trap "" INT TERM HUP; trap - EXIT; stop_followers; down; exit 130' INT TERM HUP
    if [ -z "${DEMO_KUBECONFIG:-}" ] && why=$(why_simulated); then
        mode=simulated
        echo "demo: no document is written, no pod killed and no request refused, because the nodes are simulated: $why"
        up_simulated
        return
    fi
    down
    mkdir -p "$own" "$folder/logs"
    trap show_hints EXIT
    if [ -n "${DEMO_KUBECONFIG:-}" ]; then
        mode=given
        up_on_given
    else
        mode=node
        up_on_node
    fi
}

# down stops and removes all but the lock.
down() {
    stop_operator
    stop_node
    if [ -e "$own/given.kubeconfig" ]; then
        on_given remove || fail "the cluster still has the demo; if there is no such cluster any more, remove $own/given.kubeconfig"
    fi
    if [ -e "$folder/owner.pid" ]; then cluster down; fi
    rm -rf "$own" "${folder:?}"/{node,logs,bin,state,kubeconfig,owner.pid}
}

# It disturbs no other.
if [ "${1:-}" = shell ]; then
    inside bash
    exit
fi
exec 9>"$folder/demo.lock"
flock --nonblock 9 || fail "another demo is at work in $folder: wait for it, or press Ctrl-C there"
case ${1:-} in
up) up ;;
down)
    down
    rm -f "$folder/demo.lock"
    rmdir "$folder"
    echo 'nothing of the demo is left'
    ;;
*) fail 'write demo.sh up, demo.sh shell or demo.sh down' ;;
esac
