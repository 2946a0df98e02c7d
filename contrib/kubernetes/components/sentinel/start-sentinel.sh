# A sentinel keeps what it knows in its file: only the first start writes it.
set -eu
if [ ! -f /data/sentinel.conf ]; then
    cat /etc/sentinel/sentinel.conf /run/secrets/valkey/sentinel-auth.conf > /data/sentinel.conf.new
    printf '\nsentinel announce-ip %s\n' "$ANNOUNCE" >> /data/sentinel.conf.new
    mv /data/sentinel.conf.new /data/sentinel.conf
fi
exec valkey-server /data/sentinel.conf --sentinel
