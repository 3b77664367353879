#!/bin/sh
# Starts tusd so that Cenotaph checks every upload before the client is told that it is complete.
#
#   CENOTAPH=http://127.0.0.1:8080 KEY=cnt_… UPLOADS=/srv/tus examples/tusd/run.sh [more of tusd's options]
#
# TUSD names the program, if it is not on the path.
set -eu
: "${CENOTAPH:?the address of the service}" "${KEY:?an API key with the scope upload}"
: "${UPLOADS:?the folder for uploads, as an absolute path}"

# tusd knows one way to authenticate: a password in the address.
hook="${CENOTAPH%%://*}://tusd:$KEY@${CENOTAPH#*://}/hooks/tusd"

exec "${TUSD:-tusd}" -upload-dir "$UPLOADS" -hooks-http "$hook" \
    -hooks-enabled-events pre-create,pre-finish,post-finish "$@"
