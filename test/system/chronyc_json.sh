#!/bin/sh
# chronyc_json.sh - see chronyc_json.py.
exec python3 "$(dirname "$0")/chronyc_json.py"
