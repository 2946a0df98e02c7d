# Ready: it sees all data served, and serves some of it, or has a copy of its primary's data where it is a replica.
# So pods are replaced one by one without a moment at which one pod alone has some of the data.
export REDISCLI_AUTH="$(sed -n 's/^requirepass //p' /run/secrets/valkey/valkey-auth.conf)"
valkey-cli -p 6379 CLUSTER INFO | grep -q '^cluster_state:ok' || exit 1
# While a cluster is formed, those that will be replicas are primaries without slots for a moment.
valkey-cli -p 6379 CLUSTER NODES | grep -Eq 'myself,(slave|master .* connected [0-9])' || exit 1
! valkey-cli -p 6379 INFO replication | grep -q '^master_link_status:down'
