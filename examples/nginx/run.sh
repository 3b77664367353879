#!/bin/sh
# Starts nginx in the foreground, with media below ROOT/media behind Cenotaph's gate.
#
#   CENOTAPH=127.0.0.1:8080 KEY=cnt_… ROOT=/srv LISTEN=127.0.0.1:8000 examples/nginx/run.sh
#
# NGINX names the program, if it is not on the path.
set -eu
: "${CENOTAPH:?host and port of the service}" "${KEY:?an API key with any scope}"
: "${ROOT:?the folder that has media/, as an absolute path}" "${LISTEN:?host and port to listen on}"

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'kill "$nginx" 2>/dev/null; wait "$nginx"; exit' INT TERM
umask 077
chmod 711 "$work" # nginx' workers run as another user when it is started by root
sed -e "s|CENOTAPH|$CENOTAPH|; s|KEY|$KEY|; s|LISTEN|$LISTEN|; s|TEMPORARY|$work|; s|ROOT|$ROOT|" \
    "$(dirname "$0")/nginx.conf" > "$work/nginx.conf"
"${NGINX:-nginx}" -p "$work" -e stderr -c "$work/nginx.conf" &
nginx=$!
wait "$nginx"
