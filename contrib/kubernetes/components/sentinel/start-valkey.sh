# Starts as what it was last: sentinels write `replicaof` into /data/valkey.conf. All else comes from the ConfigMaps.
# At the very first start, pod 0 is the primary. One that comes back as primary beside another is made a replica.
set -eu
role=
if [ -f /data/valkey.conf ]; then
    role=$(grep '^replicaof ' /data/valkey.conf || true)
elif [ "$ANNOUNCE" != "$FIRST" ]; then
    role="replicaof $FIRST 6379"
fi
printf '%s\n' \
    'include /etc/valkey/valkey.conf' 'include /etc/sentinel/replica.conf' \
    "replica-announce-ip $ANNOUNCE" "$role" > /data/valkey.conf.new
mv /data/valkey.conf.new /data/valkey.conf
exec valkey-server /data/valkey.conf
