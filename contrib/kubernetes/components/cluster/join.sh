# Beside the server: forms the cluster once, then tells the other nodes this one's address.
set -eu
export REDISCLI_AUTH="$(sed -n 's/^requirepass //p' /run/secrets/valkey/valkey-auth.conf)"

ask() { # ask NUMBER COMMAND...: ask the pod of this number
    host=$NAME-$1.$SERVICE
    shift
    timeout 5 valkey-cli -h "$host" -p 6379 "$@" 2>/dev/null | tr -d '\r'
}

address() { ask "$1" CONFIG GET cluster-announce-ip | sed -n 2p; }

known() { ask "$1" CLUSTER INFO | sed -n 's/^cluster_known_nodes://p'; }

form() { # once all are there, and none knows another; a node with data is refused
    places=
    for number in 0 1 2 3 4 5; do
        [ "$(known $number)" = 1 ] || return 1
        places="$places $(address $number):6379"
    done
    # shellcheck disable=SC2086 # a list of words
    valkey-cli --cluster create $places --cluster-replicas 1 --cluster-yes
}

meet() { # nodes that were stopped together come back with other addresses, and do not find each other
    nodes=$(ask "$ME" CLUSTER NODES)
    for number in 0 1 2 3 4 5; do
        place=$(address $number)
        case "$nodes" in
            *" $place:6379"*) ;;
            *) [ -z "$place" ] || ask "$ME" CLUSTER MEET "$place" 6379 >&2 || true ;;
        esac
    done
}

ME=${POD##*-}
while sleep 5; do
    case "$(known "$ME")" in
        '') ;;
        1) [ "$ME" != 0 ] || form || true ;;
        *) meet ;;
    esac
done
