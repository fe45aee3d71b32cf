#!/usr/bin/env bash
# Makes the private .venv and installs huelab into it, again only when pyproject.toml, constraints.txt or the folder changed.
# usage: scripts/venv.sh [dev]
set -euo pipefail
cd "$(dirname "$0")/.."
python=${PYTHON:-python3}
wanted=${1:-run} # the dev tools come on top of what a run needs

"$python" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] < (3, 14))' || {
  echo "huelab needs Python 3.11, 3.12 or 3.13; $python is $("$python" --version 2>&1). Name another: make PYTHON=python3.12 …" >&2
  exit 2
}
pins=$(cat pyproject.toml constraints.txt | sha256sum | cut -c1-16)
stamp=.venv/huelab-installed # one line: what was installed, pins, folder (a virtual environment does not survive being moved)
have=$(cat "$stamp" 2>/dev/null || true)
case "$have" in "$wanted $pins $PWD" | "dev $pins $PWD") exit 0 ;; esac

case "$have" in
  *" $PWD") ;;
  *)
    echo "making .venv with $("$python" --version 2>&1)"
    rm -rf .venv
    "$python" -m venv .venv || { echo "python -m venv failed; on Debian or Ubuntu: apt-get install python3-venv" >&2; exit 1; }
    ;;
esac
[ "${have%% *}" = dev ] && wanted=dev
extras=""
[ "$wanted" = dev ] && extras="[dev]"
echo "installing huelab$extras into .venv (a few minutes, once)"
rm -f "$stamp"
.venv/bin/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e ".$extras"
echo "$wanted $pins $PWD" >"$stamp"
