#!/bin/sh
# install-deps.sh SECTION... - install the Debian packages of these sections of packages.txt that are missing.
#
# Silent when nothing is missing. Without root it installs nothing: it prints the line to run and fails.
# No service is started: a machine's own policy-rc.d is respected, else one that forbids it stands during the install.
set -eu
list=$(dirname "$0")/packages.txt
policy=/usr/sbin/policy-rc.d

# Packages of one section that are not installed.
missing()
{
	sed -n "/^\[$1\]/,/^\[/{/^[^#[]/p}" "$list" | while read -r first rest; do
		case $first in
		command:*)
			command -v "${first#command:}" >/dev/null || echo "$rest"
			;;
		*)
			case $(dpkg-query -W -f='${db:Status-Abbrev}' "$first" 2>/dev/null) in
			?i*) ;;
			*) echo "$first" ;;
			esac
			;;
		esac
	done
}

# Is there a list of packages to install from? A fresh container has none.
known()
{
	for package; do
		apt-cache policy "$package" 2>/dev/null | grep -q 'Candidate: [0-9]' || return 1
	done
}

want=$(for section; do missing "$section"; done | sort -u | tr '\n' ' ')
want=${want% }
[ -n "$want" ] || exit 0

if ! command -v apt-get >/dev/null; then
	echo "install-deps.sh: this is no Debian or Ubuntu; install by hand what these packages hold: $want" >&2
	exit 1
fi
if [ "$(id -u)" -ne 0 ]; then
	echo "Packages are missing. Run this line, then the same command again:" >&2
	echo "  sudo apt-get update && sudo apt-get install -y --no-install-recommends $want" >&2
	exit 1
fi

echo "installing: $want"
if [ ! -e $policy ]; then
	trap 'rm -f $policy' EXIT
	trap 'exit 1' HUP INT TERM
	printf '#!/bin/sh\nexit 101\n' >$policy
	chmod 755 $policy
fi
export DEBIAN_FRONTEND=noninteractive
# shellcheck disable=SC2086 # a list of words
known $want || apt-get update -q
# shellcheck disable=SC2086
apt-get install -q -y --no-install-recommends $want || {
	apt-get update -q # the list was too old: it names versions that are gone
	apt-get install -q -y --no-install-recommends $want
}
# What tests start themselves does not run at the next start of the machine either.
for service in nginx:nginx-light owhttpd:owhttpd owserver:owserver owserver.socket:owserver; do
	case " $want " in
	*" ${service#*:} "*)
		if command -v systemctl >/dev/null; then systemctl disable "${service%:*}" >/dev/null 2>&1 || true; fi
		;;
	esac
done
