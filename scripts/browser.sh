#!/usr/bin/env bash
# The browser tests need Debian's chromium: installed where we are root and apt-get is there, else those tests say why they are skipped.
set -u
command -v chromium >/dev/null 2>&1 && exit 0
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
  echo "installing chromium for the browser tests"
  log=$(mktemp)
  { apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends chromium fonts-dejavu-core; } >"$log" 2>&1 ||
    echo "chromium could not be installed ($log): browser tests will be skipped"
else
  echo "no chromium here and no right to install it: browser tests will be skipped"
fi
exit 0
