# What a node knows of the cluster is in /data/nodes.conf. All else comes from the ConfigMaps.
set -eu
printf '%s\n' \
    'include /etc/valkey/valkey.conf' 'include /etc/cluster/cluster.conf' \
    "cluster-announce-hostname $POD.$SERVICE" "cluster-announce-ip $ADDRESS" > /data/valkey.conf.new
mv /data/valkey.conf.new /data/valkey.conf
sh /etc/cluster/join.sh &
exec valkey-server /data/valkey.conf
